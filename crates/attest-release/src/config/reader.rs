//! TOML in, values or problems out: every problem is kept with its place, so that all of them can be told at once.

use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::keys::Table;
use super::problem::{Problem, ProblemKind, nearest};

/// The text of a file, and what was found wrong with it so far.
pub(super) struct Source<'a> {
    file: &'a str,
    text: &'a str,
    problems: RefCell<Vec<(usize, ProblemKind)>>,
}

/// A table of the file whose keys are all known.
#[derive(Clone)]
pub(super) struct Section<'a> {
    source: &'a Source<'a>,
    path: String,
    table: Option<&'a DeTable<'a>>,
    span: Range<usize>,
}

/// A value with the place where it stands and the key it belongs to.
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) offset: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            problems: RefCell::default(),
        }
    }

    pub(super) fn report(&self, offset: usize, kind: impl Into<ProblemKind>) {
        self.problems.borrow_mut().push((offset, kind.into()));
    }

    /// The text at `span`.
    pub(super) fn excerpt(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    pub(super) fn is_clean(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// The problems, in the order of the file.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(offset, _)| *offset);
        problems
            .into_iter()
            .map(|(offset, kind)| {
                let (line, column) = line_and_column(self.text, offset);
                Problem {
                    file: self.file.to_owned(),
                    line,
                    column,
                    kind,
                }
            })
            .collect()
    }
}

impl<'a> Section<'a> {
    /// A table of the file; keys that are not in `known` are problems. `None` stands for a table that is not there.
    pub(super) fn new(source: &'a Source<'a>, found: Option<(&'a DeTable<'a>, Range<usize>)>, known: Table) -> Self {
        let (table, span) = found.map_or((None, 0..0), |(table, span)| (Some(table), span));
        for key in table.into_iter().flat_map(DeTable::keys) {
            if !known.keys.contains(&key.get_ref().as_ref()) {
                let kind = ProblemKind::UnknownKey {
                    key: join(known.path, key.get_ref()),
                    nearest: nearest(key.get_ref(), known.keys.iter().copied()),
                };
                source.report(key.span().start, kind);
            }
        }
        Self {
            source,
            path: known.path.to_owned(),
            table,
            span,
        }
    }

    pub(super) fn source(&self) -> &'a Source<'a> {
        self.source
    }

    /// Where the table begins.
    pub(super) fn offset(&self) -> usize {
        self.span.start
    }

    pub(super) fn key_path(&self, key: &str) -> String {
        join(&self.path, key)
    }

    pub(super) fn value(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table?.get(key)
    }

    /// Reports that `key` is missing, unless the table itself is.
    pub(super) fn missing(&self, key: &str) {
        self.source.report(
            self.span.start,
            ProblemKind::MissingKey {
                key: self.key_path(key),
            },
        );
    }

    pub(super) fn table(&self, key: &str, known: Table) -> Self {
        let found = self.value(key).and_then(|value| match value.get_ref() {
            DeValue::Table(table) => Some((table, value.span())),
            _ => self.wrong_type(key, "a table", value),
        });
        Self::new(self.source, found, known)
    }

    pub(super) fn tables(&self, key: &str, known: Table) -> Vec<Self> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            return self.wrong_type(key, "an array of tables", value).unwrap_or_default();
        };
        array
            .iter()
            .filter_map(|item| match item.get_ref() {
                DeValue::Table(table) => Some(Self::new(self.source, Some((table, item.span())), known)),
                _ => self.wrong_type(key, "an array of tables", item),
            })
            .collect()
    }

    pub(super) fn boolean(&self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        value
            .get_ref()
            .as_bool()
            .or_else(|| self.wrong_type(key, "true or false", value))
    }

    pub(super) fn integer(&self, key: &str) -> Option<Located<u64>> {
        let value = self.value(key)?;
        let integer = value.get_ref().as_integer().and_then(|integer| {
            let digits = integer.as_str().trim_start_matches('+');
            u64::from_str_radix(digits, integer.radix()).ok()
        });
        let offset = value.span().start;
        let located = integer.map(|value| Located { value, offset });
        located.or_else(|| self.wrong_type(key, "a whole number", value))
    }

    pub(super) fn text(&self, key: &str) -> Option<Located<&'a str>> {
        let value = self.value(key)?;
        self.text_of(key, value)
    }

    pub(super) fn texts(&self, key: &str) -> Option<Vec<Located<&'a str>>> {
        let value = self.value(key)?;
        let Some(array) = value.get_ref().as_array() else {
            return self.wrong_type(key, "an array of strings", value);
        };
        Some(array.iter().filter_map(|item| self.text_of(key, item)).collect())
    }

    /// A table whose keys are the user's own, with strings as values.
    pub(super) fn entries(&self, key: &str) -> Vec<(Located<&'a str>, Located<&'a str>)> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(table) = value.get_ref().as_table() else {
            return self.wrong_type(key, "a table of strings", value).unwrap_or_default();
        };
        table
            .iter()
            .filter_map(|(name, value)| {
                let value = self.text_of(&join(key, name.get_ref()), value)?;
                Some((located(name), value))
            })
            .collect()
    }

    /// The value of `key` as `parse` reads it; what it cannot read is a problem.
    pub(super) fn parsed<T, E: Into<ProblemKind>>(&self, key: &str, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        let text = self.text(key)?;
        self.accept(text.offset, parse(text.value))
    }

    /// Each value of the array `key` as `parse` reads it; what it cannot read is a problem.
    pub(super) fn all_parsed<T, E: Into<ProblemKind>>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<Located<T>>> {
        let parsed = self.texts(key)?.into_iter().filter_map(|text| {
            let value = self.accept(text.offset, parse(text.value))?;
            let offset = text.offset;
            Some(Located { value, offset })
        });
        Some(parsed.collect())
    }

    /// The value, or nothing and a report.
    pub(super) fn accept<T, E: Into<ProblemKind>>(&self, offset: usize, result: Result<T, E>) -> Option<T> {
        result.map_err(|problem| self.source.report(offset, problem)).ok()
    }

    fn text_of(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Located<&'a str>> {
        let offset = value.span().start;
        let located = value.get_ref().as_str().map(|value| Located { value, offset });
        located.or_else(|| self.wrong_type(key, "a string", value))
    }

    fn wrong_type<T>(&self, key: &str, expected: &'static str, value: &Spanned<DeValue<'_>>) -> Option<T> {
        let kind = ProblemKind::WrongType {
            key: self.key_path(key),
            expected,
            found: type_name(value.get_ref()),
        };
        self.source.report(value.span().start, kind);
        None
    }
}

fn located<'a>(name: &'a Spanned<DeString<'a>>) -> Located<&'a str> {
    Located {
        value: name.get_ref(),
        offset: name.span().start,
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// Both from 1; the column counts characters.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}
