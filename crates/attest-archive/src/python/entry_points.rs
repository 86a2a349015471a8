use std::collections::BTreeSet;

use super::text::{InvalidText, text};
use crate::error::visible;

/// The most bytes that `entry_points.txt` may have. It is held in memory; the longest have some ten kilobytes.
pub const MAX_ENTRY_POINTS_BYTES: usize = 1024 * 1024;

/// Why some bytes are no `entry_points.txt`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEntryPoints {
    /// It is too long, or no text.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// A line is neither a group nor an entry point.
    #[error("expected `[group]` or `name = module:object` in line {line}, found `{}`", visible(.found))]
    Line {
        /// The line, from one.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// An entry point stands before the first group.
    #[error("expected a group before line {line}")]
    NoGroup {
        /// The line, from one.
        line: usize,
    },
    /// A group or an entry point is there twice.
    #[error("expected `{}` once, found it again in line {line}", visible(.found))]
    Twice {
        /// The line, from one.
        line: usize,
        /// The group or the name.
        found: String,
    },
    /// What an entry point leads to is not `module` or `module:object`, with extras after it or not.
    #[error("expected `module:object` in line {line}, found `{}`", visible(.found))]
    Object {
        /// The line, from one.
        line: usize,
        /// What stands there.
        found: String,
    },
}

/// Holds an `entry_points.txt` to its form.
///
/// Source: PyPA entry points specification, "File format".
///
/// # Errors
/// [`InvalidEntryPoints`], for the first line that is wrong.
pub fn check_entry_points(bytes: &[u8]) -> Result<(), InvalidEntryPoints> {
    let text = text(bytes, MAX_ENTRY_POINTS_BYTES)?;
    let mut seen = Seen::default();
    for (index, content) in text.split('\n').enumerate() {
        seen.line(content, index + 1)?;
    }
    Ok(())
}

/// What came before.
#[derive(Default)]
struct Seen {
    groups: BTreeSet<String>,
    names: BTreeSet<String>,
    indent: usize,
}

impl Seen {
    fn line(&mut self, content: &str, line: usize) -> Result<(), InvalidEntryPoints> {
        let found = || content.trim().to_owned();
        let text = content.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            return Ok(());
        }
        // A line that is indented further than the one before goes on with its value.
        let indent = content.chars().take_while(|c| c.is_whitespace()).count();
        if indent > self.indent && !self.names.is_empty() {
            return Err(InvalidEntryPoints::Line { line, found: found() });
        }
        self.indent = indent;
        if let Some(group) = text.strip_prefix('[') {
            return match group.strip_suffix(']') {
                Some(group) if !group.is_empty() && !group.contains(['[', ']']) => self.group(group, line),
                _ => Err(InvalidEntryPoints::Line { line, found: found() }),
            };
        }
        let Some((name, object)) = text.split_once('=') else {
            return Err(InvalidEntryPoints::Line { line, found: found() });
        };
        self.entry(name.trim(), object.trim(), line)
    }

    fn group(&mut self, group: &str, line: usize) -> Result<(), InvalidEntryPoints> {
        self.names.clear();
        match self.groups.insert(group.to_owned()) {
            true => Ok(()),
            false => Err(InvalidEntryPoints::Twice {
                line,
                found: group.to_owned(),
            }),
        }
    }

    fn entry(&mut self, name: &str, object: &str, line: usize) -> Result<(), InvalidEntryPoints> {
        if self.groups.is_empty() {
            return Err(InvalidEntryPoints::NoGroup { line });
        }
        if name.is_empty() {
            return Err(InvalidEntryPoints::Line {
                line,
                found: format!("{name}= {object}"),
            });
        }
        if !is_reference(object) {
            return Err(InvalidEntryPoints::Object {
                line,
                found: object.to_owned(),
            });
        }
        match self.names.insert(name.to_owned()) {
            true => Ok(()),
            false => Err(InvalidEntryPoints::Twice {
                line,
                found: name.to_owned(),
            }),
        }
    }
}

fn is_reference(text: &str) -> bool {
    let (object, extras) = match text.split_once('[') {
        Some((object, extras)) => (object.trim(), extras.strip_suffix(']')),
        None => (text, Some("")),
    };
    let is_extra = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ',' | ' ');
    if !extras.is_some_and(|extras| extras.chars().all(is_extra)) {
        return false;
    }
    let (module, attribute) = match object.split_once(':') {
        Some((module, attribute)) => (module.trim(), Some(attribute.trim())),
        None => (object, None),
    };
    is_dotted(module) && attribute.is_none_or(is_dotted)
}

/// Identifiers joined by full stops. Python's identifiers may have letters of any script.
fn is_dotted(text: &str) -> bool {
    text.split('.').all(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .is_some_and(|first| first == '_' || first.is_alphabetic())
            && letters.all(|c| c == '_' || c.is_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "# scripts\n[console_scripts]\nfoo = foomod:main\nfoo bar=foo.mod:a.b [x,y-z]\r\n\n[pytest11]\nfoo = nbval.plugin\n";

    fn error(text: &str) -> InvalidEntryPoints {
        check_entry_points(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_the_specification_shows_is_accepted() {
        assert_eq!(check_entry_points(GOOD.as_bytes()), Ok(()));
        assert_eq!(check_entry_points(b""), Ok(()));
        assert_eq!(check_entry_points(b"[x]\n  a = b\n  c = d"), Ok(()));
    }

    #[test]
    fn each_way_to_be_wrong_has_its_own_error() {
        for found in ["[a", "[]", "a b", "[a]b", "[a]]"] {
            let (line, found) = (2, found.to_owned());
            assert_eq!(
                error(&format!("[x]\n{found}\n")),
                InvalidEntryPoints::Line { line, found }
            );
        }
        assert_eq!(error("a = b"), InvalidEntryPoints::NoGroup { line: 1 });
        let found = "bar = c".to_owned();
        assert_eq!(
            error("[x]\na = b\n bar = c"),
            InvalidEntryPoints::Line { line: 3, found }
        );
        let found = "a".to_owned();
        assert_eq!(error("[x]\na = b\na = c"), InvalidEntryPoints::Twice { line: 3, found });
        let found = "x".to_owned();
        assert_eq!(error("[x]\n[x]"), InvalidEntryPoints::Twice { line: 2, found });
        for found in [
            "",
            "a-b:c",
            "a:",
            ":c",
            "a:b:c",
            "a b",
            "a.:c",
            "1a:b",
            "a:b [x",
            "a:b [x] y",
        ] {
            let (line, found) = (2, found.to_owned());
            assert_eq!(
                error(&format!("[x]\nn = {found}")),
                InvalidEntryPoints::Object { line, found }
            );
        }
        assert_eq!(
            check_entry_points(b"[x\xff]").unwrap_err(),
            InvalidEntryPoints::Text(InvalidText::NotUtf8 { offset: 2 })
        );
        let (limit, found) = (MAX_ENTRY_POINTS_BYTES, MAX_ENTRY_POINTS_BYTES + 1);
        assert_eq!(
            error(&"\n".repeat(found)),
            InvalidEntryPoints::Text(InvalidText::TooLong { limit, found })
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[a.:=,\\[\\] #\n]{0,24}") {
            let _ = check_entry_points(&bytes);
            let _ = check_entry_points(text.as_bytes());
        }
    }
}
