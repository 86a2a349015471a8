use std::fmt;
use std::str::FromStr;

use crate::error::visible;

/// The longest path that is accepted: what Linux takes in one call (`PATH_MAX`).
pub const MAX_PATH_BYTES: usize = 4096;

/// Where a member stands in an archive: relative, UTF-8, components joined by `/`.
///
/// No component is empty, `.` or `..`, and there is no NUL. Paths are ordered by their bytes. A line break is allowed,
/// because file systems allow it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberPath(String);

/// Why some text is no [`MemberPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPath {
    /// There is nothing.
    #[error("expected a path, found nothing")]
    Empty,
    /// It begins with `/`.
    #[error("expected a relative path, found `{}`", visible(.found))]
    Absolute {
        /// The text that was found.
        found: String,
    },
    /// A component is empty, `.` or `..`.
    #[error("expected no component `{component}` in path `{}`", visible(.found))]
    Component {
        /// The text that was found.
        found: String,
        /// The component.
        component: String,
    },
    /// There is a NUL, which no file system can hold.
    #[error("expected no NUL in path `{}`", visible(.found))]
    Nul {
        /// The text that was found.
        found: String,
    },
    /// It is too long.
    #[error("expected a path of at most {limit} bytes, found {found}")]
    TooLong {
        /// The most bytes that are accepted.
        limit: usize,
        /// The bytes that were found.
        found: usize,
    },
}

impl MemberPath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This path with `below` joined to it.
    ///
    /// # Errors
    /// [`InvalidPath`] when `below` is not a path itself, or the whole is too long.
    pub fn join(&self, below: &str) -> Result<Self, InvalidPath> {
        let below: Self = below.parse()?;
        format!("{self}/{below}").parse()
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path without its last component, or none when it has only one.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// The components, in their order.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

/// Whether Windows begins anew there: at a backslash, or at a drive such as `C:`.
pub(crate) fn is_rooted_on_windows(text: &str) -> bool {
    let has_drive = matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    text.starts_with('\\') || has_drive
}

/// Whether some component is `..`, also where a backslash separates them, as on Windows.
pub(crate) fn steps_up(text: &str) -> bool {
    text.split(['/', '\\']).any(|component| component == "..")
}

/// Whether the target of a link leads out on Windows, and elsewhere not.
pub(crate) fn leads_out_on_windows(target: &str) -> bool {
    is_rooted_on_windows(target) || (target.contains('\\') && steps_up(target))
}

impl FromStr for MemberPath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let found = || text.to_owned();
        if text.is_empty() {
            return Err(InvalidPath::Empty);
        }
        if text.len() > MAX_PATH_BYTES {
            return Err(InvalidPath::TooLong {
                limit: MAX_PATH_BYTES,
                found: text.len(),
            });
        }
        if text.starts_with('/') {
            return Err(InvalidPath::Absolute { found: found() });
        }
        if text.contains('\0') {
            return Err(InvalidPath::Nul { found: found() });
        }
        match text.split('/').find(|component| matches!(*component, "" | "." | "..")) {
            Some(component) => Err(InvalidPath::Component {
                found: found(),
                component: component.to_owned(),
            }),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for MemberPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for MemberPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> InvalidPath {
        text.parse::<MemberPath>().unwrap_err()
    }

    fn component(found: &str, component: &str) -> InvalidPath {
        InvalidPath::Component {
            found: found.to_owned(),
            component: component.to_owned(),
        }
    }

    #[test]
    fn each_way_to_be_wrong_has_its_own_error() {
        assert_eq!(error(""), InvalidPath::Empty);
        assert_eq!(error("/a"), InvalidPath::Absolute { found: "/a".into() });
        assert_eq!(error("a\0"), InvalidPath::Nul { found: "a\0".into() });
        for (text, part) in [("a//b", ""), ("a/", ""), ("./a", "."), ("a/../b", ".."), ("..", "..")] {
            assert_eq!(error(text), component(text, part));
        }
    }

    #[test]
    fn the_longest_path_is_accepted_and_one_byte_more_is_not() {
        assert!("a".repeat(MAX_PATH_BYTES).parse::<MemberPath>().is_ok());
        let (limit, found) = (MAX_PATH_BYTES, MAX_PATH_BYTES + 1);
        assert_eq!(error(&"a".repeat(found)), InvalidPath::TooLong { limit, found });
    }

    #[test]
    fn a_line_break_is_allowed_and_made_visible_in_errors() {
        let path: MemberPath = "a\nb".parse().unwrap();
        assert_eq!(path.as_str(), "a\nb");
        assert_eq!(error("a\n/.").to_string(), "expected no component `.` in path `a\\n/.`");
    }

    #[test]
    fn a_path_knows_its_parent_and_its_name() {
        let path: MemberPath = "a/b/c".parse().unwrap();
        assert_eq!(path.file_name(), "c");
        assert_eq!(path.parent().unwrap().as_str(), "a/b");
        assert_eq!("a".parse::<MemberPath>().unwrap().parent(), None);
    }

    proptest! {
        #[test]
        fn whatever_parses_is_kept_and_safe_to_join(text in "[ab./\0\n\u{e9}]{0,8}") {
            if let Ok(path) = text.parse::<MemberPath>() {
                prop_assert_eq!(path.as_str(), &text);
                prop_assert!(path.components().all(|part| !matches!(part, "" | "." | "..")));
                prop_assert!(!std::path::Path::new(&text).is_absolute());
            }
        }
    }
}
