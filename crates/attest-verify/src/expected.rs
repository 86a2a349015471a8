use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::InvalidExpectation;

/// The longest pattern, in bytes. An anchored identity of a workflow has about 150.
const MAX_PATTERN_BYTES: usize = 4096;

/// How much memory a compiled pattern may take, in bytes: a thousand times what an identity needs, and compiled at once.
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// Nobody is called this. A pattern that matches one of them expects just anybody.
const NONSENSE: [&str; 3] = [
    "",
    "\u{1}",
    "\u{1}\u{2}\u{1}\u{2}\u{1}\u{2}\u{1}\u{2}\u{1}\u{2}\u{1}\u{2}\u{1}\u{2}",
];

/// A text that has to be found: exactly this one, or any that a pattern matches in full.
///
/// # Patterns
/// A pattern is a regular expression in the syntax of the `regex` crate, and matches **the whole text**: it stands between
/// `\A(?:` and `)\z`, so that `release-tag.yml@v1` does not accept `release-tag.yml@v1@evil`. Matching takes time linear in
/// the text, whatever the pattern; there are no backreferences and no look-around. A pattern that matches everything is
/// refused: it expects nothing.
#[derive(Debug, Clone)]
pub struct Expected(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Exact(String),
    Pattern { source: String, anchored: Regex },
}

impl Expected {
    /// Exactly this text.
    ///
    /// # Errors
    /// When it is empty or has white space around it.
    pub fn exact(text: &str) -> Result<Self, InvalidExpectation> {
        Self::exact_of("a value", text)
    }

    /// Any text that the pattern matches in full.
    ///
    /// # Errors
    /// When it is no regular expression, too long, or matches anything.
    pub fn pattern(pattern: &str) -> Result<Self, InvalidExpectation> {
        Self::pattern_of("a value", pattern)
    }

    pub(crate) fn exact_of(what: &'static str, text: &str) -> Result<Self, InvalidExpectation> {
        meaningful(what, text).map(|text| Self(Kind::Exact(text)))
    }

    pub(crate) fn pattern_of(what: &'static str, pattern: &str) -> Result<Self, InvalidExpectation> {
        let source = meaningful(what, pattern)?;
        if source.len() > MAX_PATTERN_BYTES {
            return Err(InvalidExpectation::PatternTooLong {
                limit: MAX_PATTERN_BYTES,
                found: source.len(),
            });
        }
        // Alone first: what only fits together inside of the anchors would not be anchored.
        compile(&source)?;
        let anchored = compile(&format!(r"\A(?:{source})\z"))?;
        match NONSENSE.iter().any(|nonsense| anchored.is_match(nonsense)) {
            true => Err(InvalidExpectation::MatchesAnything { what, pattern: source }),
            false => Ok(Self(Kind::Pattern { source, anchored })),
        }
    }

    /// The text, or the pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Kind::Exact(text) | Kind::Pattern { source: text, .. } => text,
        }
    }

    /// Whether it is a pattern.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        matches!(self.0, Kind::Pattern { .. })
    }

    /// Whether a text is what is expected.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match &self.0 {
            Kind::Exact(expected) => expected == text,
            Kind::Pattern { anchored, .. } => anchored.is_match(text),
        }
    }
}

impl PartialEq for Expected {
    fn eq(&self, other: &Self) -> bool {
        self.is_pattern() == other.is_pattern() && self.as_str() == other.as_str()
    }
}

impl Eq for Expected {}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Exact(text) => write!(f, "`{text}`"),
            Kind::Pattern { source, .. } => write!(f, "matching `{source}`"),
        }
    }
}

fn compile(pattern: &str) -> Result<Regex, InvalidExpectation> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES)
        .build()
        .map_err(|error| InvalidExpectation::NotAPattern {
            pattern: pattern.to_owned(),
            // The parser draws a picture over several lines; its last line says what is wrong.
            detail: error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
        })
}

fn meaningful(what: &'static str, text: &str) -> Result<String, InvalidExpectation> {
    if text.is_empty() {
        return Err(InvalidExpectation::Empty { what });
    }
    if text.trim() != text {
        let found = text.to_owned();
        return Err(InvalidExpectation::Padded { what, found });
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_text_is_no_pattern() {
        let expected = Expected::exact("https://example.com/.*").unwrap();
        assert!(expected.matches("https://example.com/.*"));
        assert!(!expected.matches("https://example.com/app"));
    }

    #[test]
    fn a_pattern_matches_the_whole_text_or_not_at_all() {
        let expected = Expected::pattern("https://example.com/app/release-(tag|branch).yml@v1").unwrap();
        assert!(expected.matches("https://example.com/app/release-tag.yml@v1"));
        for other in [
            "https://example.com/app/release-tag.yml@v1@evil",
            "https://evil.example.org/?https://example.com/app/release-tag.yml@v1",
            "https://example.com/app/release-tag.yml@v1\n",
        ] {
            assert!(!expected.matches(other), "{other:?}");
        }
    }

    #[test]
    fn every_alternative_of_a_pattern_is_anchored() {
        let expected = Expected::pattern("a@example.com|b@example.com").unwrap();
        assert!(expected.matches("b@example.com"));
        assert!(!expected.matches("a@example.com.example.org"));
        assert!(!expected.matches("not-b@example.com"));
    }

    #[test]
    fn a_flag_does_not_move_the_anchors() {
        let expected = Expected::pattern("(?m)^a$").unwrap();
        assert!(!expected.matches("a\nb"));
        assert!(!expected.matches("b\na"));
    }

    #[test]
    fn what_only_fits_together_inside_of_the_anchors_is_no_pattern() {
        for pattern in ["a)|(?:b", "(", "a(?=b)", r"(a)\1", "(?x) a # b"] {
            let error = Expected::pattern(pattern).unwrap_err();
            assert!(matches!(error, InvalidExpectation::NotAPattern { .. }), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_matches_anything_is_refused() {
        for pattern in [".*", ".+", "[^@]+", "(?s:.*)", "a*", "|a", r"[\s\S]{1,99}"] {
            let error = Expected::pattern(pattern).unwrap_err();
            assert!(matches!(error, InvalidExpectation::MatchesAnything { .. }), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_is_bounded() {
        let long = "a".repeat(MAX_PATTERN_BYTES + 1);
        assert_eq!(
            Expected::pattern(&long).unwrap_err(),
            InvalidExpectation::PatternTooLong {
                limit: MAX_PATTERN_BYTES,
                found: MAX_PATTERN_BYTES + 1
            }
        );
        assert!(matches!(
            Expected::pattern("((a{1,100}){1,100}){1,100}").unwrap_err(),
            InvalidExpectation::NotAPattern { .. }
        ));
    }

    #[test]
    fn a_text_and_a_pattern_of_one_spelling_differ() {
        let (text, pattern) = (Expected::exact("a").unwrap(), Expected::pattern("a").unwrap());
        assert_ne!(text, pattern);
        assert_eq!(
            (text.to_string(), pattern.to_string()),
            ("`a`".to_owned(), "matching `a`".to_owned())
        );
    }
}
