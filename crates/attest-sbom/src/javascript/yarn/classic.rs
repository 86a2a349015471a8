//! `yarn.lock` of Yarn 1 in, its entries out: a grammar of its own, which only looks like YAML.
//!
//! Source: `src/lockfile/parse.js` and `stringify.js` of Yarn 1. A line is indented by two blanks for each level; names are
//! quoted as in JSON where they must be.

use std::borrow::Cow;

/// A package, as it is locked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// What was asked for: `name@range`.
    pub(super) patterns: Vec<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) version: Option<Cow<'a, str>>,
    pub(super) resolved: Option<Cow<'a, str>>,
    pub(super) integrity: Option<Cow<'a, str>>,
    /// Names and ranges.
    pub(super) dependencies: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) optional_dependencies: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// A line that is none of this grammar, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotUnderstood {
    /// From one.
    pub(super) line: usize,
    pub(super) expected: &'static str,
}

pub(super) fn entries(text: &str) -> Result<Vec<Entry<'_>>, NotUnderstood> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut section = String::new();
    for (number, line) in text.lines().enumerate() {
        let not_understood = |expected| NotUnderstood {
            line: number + 1,
            expected,
        };
        let content = line.trim_start_matches(' ').trim_end();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if ["<<<<<<<", "=======", ">>>>>>>"]
            .iter()
            .any(|mark| line.starts_with(mark))
        {
            return Err(not_understood("a lock file without conflicts of a merge"));
        }
        let (words, opens) = words(content).ok_or_else(|| not_understood("names, in quotes or without blanks"))?;
        let line = Line {
            indent: line.len() - line.trim_start_matches(' ').len(),
            words,
            opens,
        };
        line.add(&mut entries, &mut section)
            .ok_or_else(|| not_understood("an entry, indented by two blanks for each level"))?;
    }
    Ok(entries)
}

/// A line, as its words; `opens` if something follows below it.
struct Line<'a> {
    indent: usize,
    words: Vec<Cow<'a, str>>,
    opens: bool,
}

impl<'a> Line<'a> {
    /// Puts what it says where it belongs; nothing if it belongs nowhere. `section` is the field that the lines below are of.
    fn add(self, entries: &mut Vec<Entry<'a>>, section: &mut String) -> Option<()> {
        let mut words = self.words.into_iter();
        match (self.indent, entries.last_mut()) {
            (0, _) if self.opens => {
                section.clear();
                entries.push(Entry {
                    patterns: words.collect(),
                    ..Entry::default()
                });
            }
            (2, Some(entry)) => {
                let name = words.next().unwrap_or_default();
                *section = if self.opens { name.to_string() } else { String::new() };
                entry.field(&name, words.next());
            }
            (4, Some(entry)) => entry.dependency(section, words),
            // Deeper lines belong to fields that are not read.
            (indent, Some(_)) if indent > 4 && indent % 2 == 0 => {}
            _ => return None,
        }
        Some(())
    }
}

impl<'a> Entry<'a> {
    fn field(&mut self, name: &str, value: Option<Cow<'a, str>>) {
        let field = match name {
            "name" => &mut self.name,
            "version" => &mut self.version,
            "resolved" => &mut self.resolved,
            "integrity" => &mut self.integrity,
            _ => return,
        };
        *field = value;
    }

    fn dependency(&mut self, section: &str, mut words: impl Iterator<Item = Cow<'a, str>>) {
        let table = match section {
            "dependencies" => &mut self.dependencies,
            "optionalDependencies" => &mut self.optional_dependencies,
            _ => return,
        };
        if let (Some(name), Some(range)) = (words.next(), words.next()) {
            table.push((name, range));
        }
    }
}

/// The words of a line, and whether it ends with a colon: whether something follows below it.
fn words(line: &str) -> Option<(Vec<Cow<'_, str>>, bool)> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if rest.is_empty() || rest == ":" {
            return (!words.is_empty()).then_some((words, rest == ":"));
        }
        let (word, after) = match rest.starts_with('"') {
            true => quoted(rest)?,
            false => {
                let end = rest.find([' ', ',']).unwrap_or(rest.len());
                // Only the colon that ends the line ends a word: ranges have colons, too.
                let word = rest[..end]
                    .strip_suffix(':')
                    .filter(|_| end == rest.len())
                    .unwrap_or(&rest[..end]);
                (Cow::Borrowed(word), &rest[word.len()..])
            }
        };
        words.push(word);
        rest = after;
    }
}

/// A text of JSON, and what stands after it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })? + 1;
    let inner = &text[1..end];
    let word = match inner.contains('\\') {
        true => Cow::Owned(serde_json::from_str(&text[..=end]).ok()?),
        false => Cow::Borrowed(inner),
    };
    Some((word, &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_entry_has_patterns_fields_and_dependencies() {
        let text = "# yarn lockfile v1\n\n\n\"@a/b@1 || 2\", \"c@npm:@a/b@^1.0.0\", d@^1.0.0:\r\n  version \"1.0.0\"\r\n  \
                    resolved \"https://example.com/\\\"x\"\n  uid abc\n  dependencies:\n    e \"^1\"\n    \"@f/g\" \"2 - 3\"\n    h \"\"\n  \
                    optionalDependencies:\n    i latest\n  prebuiltVariants:\n    x \"y\"\n";
        let word = |text: &'static str| Cow::Borrowed(text);
        let expected = Entry {
            patterns: vec![word("@a/b@1 || 2"), word("c@npm:@a/b@^1.0.0"), word("d@^1.0.0")],
            version: Some(word("1.0.0")),
            resolved: Some(word("https://example.com/\"x")),
            dependencies: vec![
                (word("e"), word("^1")),
                (word("@f/g"), word("2 - 3")),
                (word("h"), word("")),
            ],
            optional_dependencies: vec![(word("i"), word("latest"))],
            ..Entry::default()
        };
        assert_eq!(entries(text).unwrap(), [expected]);
    }

    #[test]
    fn what_is_no_entry_is_refused_with_its_line() {
        for (text, line) in [
            ("a@1:\n  version \"1\n", 2),
            ("  version \"1\"\n", 1),
            ("a@1\n", 1),
            ("a@1:\n   version \"1\"\n", 2),
            ("a@1:\n<<<<<<< HEAD\n", 2),
            (":\n", 1),
        ] {
            assert_eq!(entries(text).unwrap_err().line, line, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([ \"\\\\:,@a-c#\n\r<=]|\\PC){0,80}") {
            let _ = entries(&text);
        }

        #[test]
        fn what_is_quoted_is_read_back(pattern in "[^\n\r]{1,20}") {
            let text = format!("{}:\n  version \"1\"\n", serde_json::to_string(&pattern).unwrap());
            let read = entries(&text).unwrap();
            prop_assert_eq!(&read[0].patterns, &vec![Cow::Owned::<str>(pattern)]);
        }
    }
}
