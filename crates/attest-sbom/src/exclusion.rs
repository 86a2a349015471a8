use std::fmt;
use std::str::FromStr;

use glob::MatchOptions;

/// Which files somebody does not want to have read: a pattern of paths, by which a directory stands for everything in it.
///
/// `*` and `?` stand for parts of one name, `[…]` for one of some characters, `**` for any number of directories.
///
/// ```
/// use attest_sbom::Exclusion;
/// let exclusion: Exclusion = "*/testdata".parse().unwrap();
/// assert!(exclusion.covers("web/testdata") && exclusion.covers("web/testdata/a/package.json"));
/// assert!(!exclusion.covers("testdata/package.json"));
/// assert!("../other".parse::<Exclusion>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// As it was written.
    text: String,
    compiled: glob::Pattern,
}

impl Exclusion {
    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same pattern for a tree in which everything lies in `directory`.
    #[must_use]
    pub fn below(&self, directory: &str) -> Self {
        let compiled = format!("{}/{}", glob::Pattern::escape(directory), self.compiled.as_str());
        Self {
            text: self.text.clone(),
            compiled: glob::Pattern::new(&compiled).expect("a directory before a pattern is one"),
        }
    }

    /// Whether the pattern means `path` or a directory that it lies in.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(end, _)| end);
        let mut parts = ends.chain([path.len()]).map(|end| &path[..end]);
        parts.any(|part| self.compiled.matches_with(part, OPTIONS))
    }
}

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

impl FromStr for Exclusion {
    type Err = InvalidExclusion;

    fn from_str(text: &str) -> Result<Self, InvalidExclusion> {
        let pattern = text.strip_prefix("./").unwrap_or(text);
        let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
        let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
        let is_path = pattern.split('/').all(is_part) && !pattern.contains(|c: char| c == '\\' || c.is_control());
        match (is_path, glob::Pattern::new(pattern)) {
            (true, Ok(compiled)) => Ok(Self {
                text: text.to_owned(),
                compiled,
            }),
            _ => Err(InvalidExclusion),
        }
    }
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A text that is no [`Exclusion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidExclusion;

impl InvalidExclusion {
    /// What a text has to be.
    pub const EXPECTED: &'static str = "a pattern of paths inside of what is read, with `/` between their parts, such as `testdata` or `*/fixtures/**/*.jar`";
}

impl fmt::Display for InvalidExclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", Self::EXPECTED)
    }
}

impl std::error::Error for InvalidExclusion {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_stands_for_everything_in_it_and_for_nothing_beside_it() {
        for (pattern, path, expected) in [
            ("fixtures", "fixtures/a/Cargo.lock", true),
            ("fixtures/", "fixtures", true),
            ("fixtures", "fixtures-too/a", false),
            ("fixtures", "web/fixtures/a", false),
            ("**/fixtures", "web/fixtures/a", true),
            ("**/fixtures", "fixtures/a", true),
            ("*/fixtures", "web/deep/fixtures/a", false),
            ("**/*.jar", "a/b/c.jar", true),
            ("./a/b", "a/b/c", true),
            (".*", ".github/x.yml", true),
        ] {
            let exclusion: Exclusion = pattern.parse().unwrap();
            assert_eq!(exclusion.covers(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_pattern_can_be_moved_below_a_directory_whatever_that_is_called() {
        let exclusion = "**/a".parse::<Exclusion>().unwrap().below("app[1]*");
        assert!(exclusion.covers("app[1]*/x/a/b"));
        assert!(!exclusion.covers("app1/x/a/b"));
        assert_eq!(exclusion.as_str(), "**/a");
    }

    #[test]
    fn what_leads_out_or_is_no_pattern_is_refused() {
        for text in ["", "/", "/etc", "..", "a/../b", "a//b", "a\\b", "[a", "a\nb", "x**"] {
            assert_eq!(text.parse::<Exclusion>(), Err(InvalidExclusion), "{text:?}");
        }
    }
}
