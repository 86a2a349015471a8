use std::collections::BTreeMap;

use super::fields::{Document, Shape};
use super::metadata::{LIMITS, SHAPES};
use super::{ChartError, StrictVersion};
use crate::yaml::{Mark, Node, NodeContent, Value, quoted, scalar};

/// What a `Chart.yaml` is to say instead of what it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The version of the chart.
    pub version: Option<StrictVersion>,
    /// The version of what it installs.
    pub app_version: Option<String>,
}

impl Stamp {
    /// The bytes of a `Chart.yaml` with these fields: everything else, comments too, as it is written. A field that is not
    /// there is put before the version.
    ///
    /// The result is read again: it says what was asked, and in every other field what it said before.
    ///
    /// # Errors
    /// [`ChartError::Stamp`] when a field cannot be replaced where it stands; otherwise as for [`super::Metadata::parse`].
    pub fn apply(&self, bytes: &[u8]) -> Result<Vec<u8>, ChartError> {
        let mut text = bytes.to_vec();
        if let Some(version) = &self.version {
            text = replaced(&text, "version", &version.to_string())?;
        }
        if let Some(version) = &self.app_version {
            text = replaced(&text, "appVersion", version)?;
        }
        Ok(text)
    }
}

const FILE: Document<'static> = Document { file: "Chart.yaml" };

fn replaced(bytes: &[u8], field: &'static str, value: &str) -> Result<Vec<u8>, ChartError> {
    let node = FILE.parse(bytes, LIMITS)?;
    FILE.refuse_other_case(&node, "", SHAPES.iter().map(|(name, _)| *name))?;
    let before = other_fields(&node, field)?;
    // It was read as UTF-8.
    let text = String::from_utf8_lossy(bytes);
    let edit = Edit {
        text: text.strip_prefix('\u{feff}').unwrap_or(&text),
        field,
        value,
    };
    let edited = edit.of(&node)?;
    let mark_of_order = &text[..text.len() - edit.text.len()];
    let edited = format!("{mark_of_order}{edited}").into_bytes();
    let says_so = |node: &Node| said(node, field).as_deref() == Some(value);
    // An anchor may have gone with what was replaced.
    let node = FILE.parse(&edited, LIMITS).ok().filter(says_so);
    let after = node.map(|node| other_fields(&node, field)).transpose()?;
    match after == Some(before) {
        true => Ok(edited),
        false => Err(edit.refused("another field repeats it, or its place is not clear")),
    }
}

/// What is said by all fields but one.
fn other_fields(node: &Node, field: &str) -> Result<(BTreeMap<String, Value>, Vec<String>), ChartError> {
    let shapes: Vec<(&'static str, Shape)> = SHAPES.into_iter().filter(|(name, _)| *name != field).collect();
    let fields = FILE.fields(node, "", &shapes)?;
    let unknown = fields.unknown.into_iter().filter(|name| name != field);
    Ok((fields.known, unknown.collect()))
}

fn said(node: &Node, field: &str) -> Option<String> {
    let entries = FILE.entries(node, "").ok()?;
    let (_, value) = entries.into_iter().find(|(key, _)| *key == field)?;
    FILE.text(value, field).ok()
}

struct Edit<'a> {
    text: &'a str,
    field: &'static str,
    value: &'a str,
}

impl Edit<'_> {
    fn of(&self, node: &Node) -> Result<String, ChartError> {
        let NodeContent::Map(entries) = &node.content else {
            return Err(self.refused("the document is no mapping"));
        };
        match entries.iter().find(|(key, _)| key.text() == Some(self.field)) {
            Some((key, value)) if value.start == value.end => self.after(key),
            Some((_, value)) => self.instead_of(value),
            None => self.inserted(node, entries),
        }
    }

    /// In place of what is written. What was in quotes stays in quotes.
    fn instead_of(&self, value: &Node) -> Result<String, ChartError> {
        let start = self.offset(value.start);
        let written = &self.text[start..self.offset(value.end)];
        let one_line = || self.refused("it is no scalar in one line");
        // The parser lets what is in quotes end after the blanks and the comment that follow it.
        let (length, new) = match written.chars().next() {
            Some(quote @ ('"' | '\'')) => (in_quotes(written, quote).ok_or_else(one_line)?, quoted(self.value)),
            Some('|' | '>' | '[' | '{') | None => return Err(one_line()),
            Some(_) => (written.trim_end().len(), scalar(self.value)),
        };
        let end = start + length;
        Ok(format!("{}{new}{}", &self.text[..start], &self.text[end..]))
    }

    /// After a key that has no value.
    fn after(&self, key: &Node) -> Result<String, ChartError> {
        let end = self.offset(key.end);
        let colon = self.text[end..].find(':').map(|at| end + at + 1);
        let colon = colon.ok_or_else(|| self.refused("its key has no value"))?;
        let (before, after) = self.text.split_at(colon);
        Ok(format!("{before} {}{after}", scalar(self.value)))
    }

    /// Before the version, or before the first field.
    fn inserted(&self, node: &Node, entries: &[(Node, Node)]) -> Result<String, ChartError> {
        let version = entries.iter().find(|(key, _)| key.text() == Some("version"));
        let (key, _) = version
            .or(entries.first())
            .ok_or_else(|| self.refused("there is no other field"))?;
        let at = self.offset(key.start);
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let (field, value, margin) = (self.field, scalar(self.value), &self.text[line..at]);
        let is_flow = self.text[self.offset(node.start)..].starts_with('{');
        let ending = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let new = match (is_flow, margin.trim_start_matches(' ')) {
            (true, _) => format!("{field}: {value}, "),
            (false, "") => format!("{field}: {value}{ending}{margin}"),
            (false, _) => return Err(self.refused("the fields do not begin their lines")),
        };
        Ok(format!("{}{new}{}", &self.text[..at], &self.text[at..]))
    }

    /// The parser counts characters.
    fn offset(&self, mark: Mark) -> usize {
        let found = self.text.char_indices().nth(mark.index);
        found.map_or(self.text.len(), |(offset, _)| offset)
    }

    fn refused(&self, problem: &'static str) -> ChartError {
        let field = self.field;
        ChartError::Stamp { field, problem }
    }
}

/// How many bytes of a text stand in the quotes that it begins with, quotes included.
fn in_quotes(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' if quote == '"' => drop(characters.next()),
            '\'' if quote == c && characters.next_if(|(_, next)| *next == c).is_some() => {}
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Metadata;
    use super::*;

    fn stamped(text: &str, version: Option<&str>, app_version: Option<&str>) -> Result<String, ChartError> {
        let stamp = Stamp {
            version: version.map(|text| text.parse().unwrap()),
            app_version: app_version.map(str::to_owned),
        };
        stamp
            .apply(text.as_bytes())
            .map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn only_the_scalar_changes() {
        for (before, after) in [
            (
                "name: a\nversion: 0.0.0 # now\nappVersion: 'x'\n",
                "name: a\nversion: 2.0.0 # now\nappVersion: \"1.10\"\n",
            ),
            (
                "# é\r\nversion: \"0\"\r\nappVersion: x\r\n",
                "# é\r\nversion: \"2.0.0\"\r\nappVersion: \"1.10\"\r\n",
            ),
            (
                "\u{feff}appVersion:\nversion: 1\n",
                "\u{feff}appVersion: \"1.10\"\nversion: 2.0.0\n",
            ),
            ("{version: 1, appVersion: x}", "{version: 2.0.0, appVersion: \"1.10\"}"),
            ("# c\n\nname: a\n", "# c\n\nversion: 2.0.0\nname: a\n"),
            ("  name: a\r\n", "  version: 2.0.0\r\n  name: a\r\n"),
            (
                "appVersion: # none\nversion: '1''\"#' # is ''\n",
                "appVersion: \"1.10\" # none\nversion: \"2.0.0\" # is ''\n",
            ),
            (
                "appVersion: \"a\\\"#\"   # \"b\"\nversion: 0\n",
                "appVersion: \"1.10\"   # \"b\"\nversion: 2.0.0\n",
            ),
            ("{name: a}", "{version: 2.0.0, name: a}"),
            ("version: !!str 1\n", "version: 2.0.0\n"),
        ] {
            let app_version = before.contains("appVersion").then_some("1.10");
            assert_eq!(stamped(before, Some("2.0.0"), app_version).unwrap(), after, "{before}");
        }
        let text = stamped("name: a\nversion: 1.0.0\n", None, Some("nightly")).unwrap();
        assert_eq!(text, "name: a\nappVersion: nightly\nversion: 1.0.0\n");
    }

    #[test]
    fn what_has_no_clear_place_is_refused() {
        for text in [
            "name: a\nversion: |\n  1.0.0\n",
            "version: [1]\n",
            "version: &v 1.0.0\nappVersion: *v\n",
            "? name\n: a\n",
        ] {
            let error = stamped(text, Some("2.0.0"), None).unwrap_err();
            assert!(
                matches!(error, ChartError::Stamp { field: "version", .. }),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_key_that_helm_takes_for_the_field_is_refused() {
        for text in ["name: a\nVersion: 1.0.0\n", "version: 1.0.0\nVERSION: 1.0.0\n"] {
            let error = stamped(text, Some("2.0.0"), None).unwrap_err();
            assert!(
                matches!(
                    error,
                    ChartError::FieldCase {
                        expected: "version",
                        ..
                    }
                ),
                "{text}: {error}"
            );
        }
        let text = "versions: 1.0.0\nversion: 1.0.0\n";
        assert_eq!(
            stamped(text, Some("2.0.0"), None).unwrap(),
            "versions: 1.0.0\nversion: 2.0.0\n"
        );
    }

    #[test]
    fn a_file_that_is_no_chart_is_refused_as_such() {
        assert!(matches!(
            stamped("- a\n", Some("2.0.0"), None),
            Err(ChartError::Field { .. })
        ));
        assert!(matches!(
            stamped("a: 1\na: 2\n", Some("2.0.0"), None),
            Err(ChartError::Yaml { .. })
        ));
    }

    proptest! {
        #[test]
        fn what_is_stamped_is_said_and_nothing_else_changes(
            app in any::<String>(), comment in "[^\\r\\n\\pC]{0,10}", quote in "['\"]?", last in any::<bool>(),
        ) {
            let own = format!("version: {quote}0.1.0{quote} # {comment}\n");
            let rest = "apiVersion: v2\nname: app\ndescription: \"é 0.1.0\"\n";
            let text = if last { format!("{rest}{own}") } else { format!("{own}{rest}") };
            let new = stamped(&text, Some("1.2.3-rc.1+b.5"), Some(&app)).unwrap();
            let metadata = Metadata::parse(new.as_bytes()).unwrap();
            prop_assert_eq!(metadata.version().as_str(), "1.2.3-rc.1+b.5");
            prop_assert_eq!(metadata.app_version(), Some(&*app));
            let comment = format!(" # {comment}\n");
            prop_assert!(new.contains(&comment));
            prop_assert!(new.contains("description: \"é 0.1.0\"\n"));
        }
    }
}
