use std::fmt;
use std::str::FromStr;

use crate::error::visible;

/// The name of a Python project, kept as it was written.
///
/// ASCII letters, digits and `.`, `-`, `_`, of which none stands first or last (the name format of PyPA's "Names and
/// normalization"). Two names are equal when they are after normalisation.
#[derive(Debug, Clone)]
pub struct ProjectName(String);

/// Why some text is no [`ProjectName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a name of letters, digits, `.`, `-` and `_`, found `{}`", visible(.found))]
pub struct InvalidName {
    /// The text that was found.
    pub found: String,
}

impl ProjectName {
    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In lower case, each run of `.`, `-` and `_` as one `-` (PEP 503).
    #[must_use]
    pub fn normalised(&self) -> String {
        self.joined('-')
    }

    /// The same with `_`: as it stands in the file name of a wheel or an sdist.
    #[must_use]
    pub fn escaped(&self) -> String {
        self.joined('_')
    }

    fn joined(&self, separator: char) -> String {
        let mut normalised = String::with_capacity(self.0.len());
        let mut words = self.0.split(['.', '-', '_']).filter(|word| !word.is_empty());
        normalised.extend(words.next().map(str::to_ascii_lowercase));
        for word in words {
            normalised.push(separator);
            normalised.push_str(&word.to_ascii_lowercase());
        }
        normalised
    }
}

impl FromStr for ProjectName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_separator = |byte: u8| matches!(byte, b'.' | b'-' | b'_');
        let allowed = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || is_separator(byte));
        let ends = [text.bytes().next(), text.bytes().next_back()];
        match allowed && ends.into_iter().all(|end| end.is_some_and(|byte| !is_separator(byte))) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidName { found: text.to_owned() }),
        }
    }
}

impl PartialEq for ProjectName {
    fn eq(&self, other: &Self) -> bool {
        self.normalised() == other.normalised()
    }
}

impl Eq for ProjectName {}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> ProjectName {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_compared_as_pep_503_says() {
        for text in [
            "friendly-bard",
            "Friendly-Bard",
            "FRIENDLY.BARD",
            "friendly--bard",
            "FrIeNdLy-._.-bArD",
        ] {
            assert_eq!(name(text).normalised(), "friendly-bard");
            assert_eq!(name(text).escaped(), "friendly_bard");
            assert_eq!(name(text), name("friendly_bard"));
        }
        assert_ne!(name("friendlybard"), name("friendly-bard"));
    }

    #[test]
    fn a_name_with_anything_else_is_rejected() {
        for found in ["", "-a", "a_", ".", "a b", "a/b", "é", "a\n"] {
            let error = found.parse::<ProjectName>().unwrap_err();
            assert_eq!(error, InvalidName { found: found.into() });
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "[a-zA-Z0-9]([a-zA-Z0-9._-]{0,12}[a-zA-Z0-9])?") {
            let normalised = name(&text).normalised();
            prop_assert_eq!(name(&normalised).normalised(), normalised);
        }
    }
}
