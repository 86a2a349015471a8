use std::fmt;
use std::path::{Component, Path, PathBuf};

/// The longest path in a tree, in bytes: what Linux takes for a whole path (`PATH_MAX`).
pub const MAX_TREE_PATH_LEN: usize = 4096;

/// A path below the root of a tree in its one spelling: relative, parts separated by `/`, none of them empty, `.` or `..`.
///
/// Ordered by bytes. Source: OMS specification 1.0, section 6.1.2.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(Box<str>);

/// Why some text is no path below a root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a path below the root of the tree, {expected}, found `{found}`")]
pub struct InvalidTreePath {
    /// What a path has to be.
    pub expected: &'static str,
    /// What was found.
    pub found: String,
}

impl TreePath {
    /// Takes a path that is spelled as it has to be. Nothing is put right: two spellings would be two names of one file.
    ///
    /// # Errors
    /// [`InvalidTreePath`] says what it has to be.
    pub fn parse(text: &str) -> Result<Self, InvalidTreePath> {
        let invalid = |expected| {
            Err(InvalidTreePath {
                expected,
                found: text.chars().take(MAX_TREE_PATH_LEN).collect(),
            })
        };
        if text.is_empty() {
            return invalid("not empty");
        }
        if text.len() > MAX_TREE_PATH_LEN {
            return invalid("of at most 4096 bytes");
        }
        if text.contains('\0') {
            return invalid("without a NUL byte");
        }
        if text.starts_with('/') {
            return invalid("relative");
        }
        match text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            true => invalid("without empty parts, `.` and `..`"),
            false => Ok(Self(text.into())),
        }
    }

    /// What the file system calls it, where that is UTF-8.
    ///
    /// # Errors
    /// [`InvalidTreePath`] for what has no spelling in a manifest.
    pub fn of_relative(path: &Path) -> Result<Self, InvalidTreePath> {
        let mut text = String::new();
        for component in path.components() {
            let Some(part) = plain(component) else {
                return Err(InvalidTreePath {
                    expected: "of parts that are UTF-8",
                    found: path.display().to_string(),
                });
            };
            if !text.is_empty() {
                text.push('/');
            }
            text.push_str(part);
        }
        Self::parse(&text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a path of this machine, relative to the root.
    #[must_use]
    pub fn to_relative(&self) -> PathBuf {
        self.0.split('/').collect()
    }

    /// Whether it is `above` or lies below it.
    #[must_use]
    pub fn is_within(&self, above: &Self) -> bool {
        let rest = self.0.strip_prefix(above.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn plain(component: Component<'_>) -> Option<&str> {
    match component {
        Component::Normal(part) => part.to_str(),
        _ => None,
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_that_leaves_the_tree_or_has_a_second_spelling_is_refused() {
        for text in [
            "",
            "/etc/passwd",
            "..",
            "../x",
            "a/../b",
            "a/..",
            "./a",
            "a/.",
            "a//b",
            "a/",
            "a\0b",
        ] {
            assert!(TreePath::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(
            TreePath::parse("a/../b").unwrap_err().to_string(),
            "expected a path below the root of the tree, without empty parts, `.` and `..`, found `a/../b`"
        );
        for text in ["a", "a/b", "..a", "a..", "a b", "a:1:2", "ä/ö", "..."] {
            assert_eq!(TreePath::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_directory_is_above_what_is_in_it_and_not_above_what_begins_like_it() {
        let [git, config, github] = [".git", ".git/config", ".github"].map(|text| TreePath::parse(text).unwrap());
        assert!(git.is_within(&git));
        assert!(config.is_within(&git));
        assert!(!github.is_within(&git));
    }

    proptest! {
        #[test]
        fn what_is_accepted_stays_below_the_root(text in r"[./a\\:-]{0,12}") {
            if let Ok(path) = TreePath::parse(&text) {
                let relative = path.to_relative();
                prop_assert!(relative.components().all(|part| matches!(part, Component::Normal(_))));
                prop_assert_eq!(TreePath::of_relative(&relative).unwrap(), path);
            }
        }
    }
}
