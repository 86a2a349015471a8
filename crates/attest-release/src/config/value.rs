use std::fmt;
use std::str::FromStr;

use super::problem::ProblemKind;

/// A path inside the project, with `/` between its parts: never absolute, never upwards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectPath(String);

impl ProjectPath {
    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl FromStr for ProjectPath {
    type Err = ProblemKind;

    fn from_str(text: &str) -> Result<Self, ProblemKind> {
        let text = text.strip_prefix("./").unwrap_or(text);
        let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
        let is_drive = text.as_bytes().get(1) == Some(&b':');
        let is_foreign = text.contains(|c: char| c == '\\' || c.is_control());
        match text.split('/').all(is_part) && !is_drive && !is_foreign {
            true => Ok(Self(text.to_owned())),
            false => Err(ProblemKind::Unusable {
                key: "path".to_owned(),
                expected: "a path inside the project, with `/` between its parts",
                found: text.escape_debug().to_string(),
            }),
        }
    }
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<std::path::Path> for ProjectPath {
    fn as_ref(&self) -> &std::path::Path {
        self.0.as_ref()
    }
}

/// A pattern of paths inside the project: `*` and `?` stand for parts of one name, `[…]` for one of some characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    path: ProjectPath,
    compiled: glob::Pattern,
    required: bool,
}

impl Pattern {
    /// A pattern that somebody asked for: it has to match.
    pub(super) fn required(key: &str, text: &str) -> Result<Self, ProblemKind> {
        Self::new(key, text, true)
    }

    /// A pattern of ours: what it matches is welcome, in upper or lower case, and nobody misses what it does not.
    pub(super) fn welcome(text: &str) -> Self {
        Self::new("archive.files", text, false).expect("our own patterns are patterns")
    }

    fn new(key: &str, text: &str, required: bool) -> Result<Self, ProblemKind> {
        let unusable = |expected| ProblemKind::Unusable {
            key: key.to_owned(),
            expected,
            found: text.escape_debug().to_string(),
        };
        let path: ProjectPath = text
            .parse()
            .map_err(|_| unusable("a pattern of paths inside the project, with `/` between their parts"))?;
        if text.contains("**") {
            return Err(unusable("a pattern without `**`"));
        }
        let compiled = glob::Pattern::new(path.as_str()).map_err(|_| unusable("a pattern with closed brackets"))?;
        Ok(Self {
            path,
            compiled,
            required,
        })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.path.as_str()
    }

    /// Whether it is an error when nothing matches.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Whether `path`, inside the project and with `/` between its parts, is meant.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.compiled.matches_with(path, self.options())
    }

    pub(crate) fn options(&self) -> glob::MatchOptions {
        glob::MatchOptions {
            case_sensitive: self.required,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_inside_the_project() {
        for text in ["/etc/passwd", "../x", "a/../b", "a//b", "", ".", "C:/x", "a\\b", "a\nb"] {
            assert!(
                matches!(text.parse::<ProjectPath>(), Err(ProblemKind::Unusable { .. })),
                "{text}"
            );
        }
        assert_eq!("./a/b".parse::<ProjectPath>().unwrap().as_str(), "a/b");
    }

    #[test]
    fn a_star_does_not_cross_a_slash() {
        let pattern = Pattern::required("files", "docs/*.md").unwrap();
        assert!(pattern.matches("docs/a.md"));
        assert!(!pattern.matches("docs/deep/a.md"));
        assert!(!pattern.matches("docs/A.MD"));
        assert!(Pattern::welcome("README*").matches("Readme.md"));
    }
}
