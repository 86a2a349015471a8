use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::error::visible;

/// The most combinations that one file name may stand for. Real ones have a dozen; each part multiplies the others.
pub const MAX_TAGS: usize = 1024;

/// What a wheel runs on: the interpreter, its binary interface and the platform (PEP 425), such as `py3-none-any`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    interpreter: String,
    interface: String,
    platform: String,
}

/// Why some text is no [`Tag`] or no set of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTag {
    /// There are not three parts of letters, digits and `_`.
    #[error("expected three parts such as `py3-none-any`, found `{}`", visible(.found))]
    Parts {
        /// The text that was found.
        found: String,
    },
    /// It stands for too many combinations.
    #[error("expected at most {limit} tags, found {found}")]
    TooMany {
        /// The most that are accepted.
        limit: usize,
        /// How many there are.
        found: usize,
    },
}

impl Tag {
    /// The platform: `any`, `linux_x86_64`.
    #[must_use]
    pub fn platform(&self) -> &str {
        &self.platform
    }

    /// Every tag that a compressed set stands for: `py2.py3-none-any` are two.
    ///
    /// # Errors
    /// [`InvalidTag`].
    pub fn expand(compressed: &str) -> Result<BTreeSet<Self>, InvalidTag> {
        let invalid = || InvalidTag::Parts {
            found: compressed.to_owned(),
        };
        let parts: Vec<Vec<&str>> = compressed.split('-').map(|part| part.split('.').collect()).collect();
        if !parts.iter().flatten().all(|part| is_word(part)) {
            return Err(invalid());
        }
        let [interpreters, interfaces, platforms] = &parts[..] else {
            return Err(invalid());
        };
        let found = parts.iter().map(Vec::len).fold(1, usize::saturating_mul);
        if found > MAX_TAGS {
            return Err(InvalidTag::TooMany { limit: MAX_TAGS, found });
        }
        let mut tags = BTreeSet::new();
        for interpreter in interpreters {
            for interface in interfaces {
                tags.extend(platforms.iter().map(|platform| Self {
                    interpreter: (*interpreter).to_owned(),
                    interface: (*interface).to_owned(),
                    platform: (*platform).to_owned(),
                }));
            }
        }
        Ok(tags)
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// One tag, not compressed.
impl FromStr for Tag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, InvalidTag> {
        let mut tags = Self::expand(text)?;
        match (tags.pop_first(), tags.is_empty()) {
            (Some(tag), true) => Ok(tag),
            _ => Err(InvalidTag::Parts { found: text.to_owned() }),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.interpreter, self.interface, self.platform)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expanded(text: &str) -> Vec<String> {
        Tag::expand(text).unwrap().iter().map(Tag::to_string).collect()
    }

    #[test]
    fn a_compressed_set_is_every_combination() {
        assert_eq!(expanded("py3-none-any"), ["py3-none-any"]);
        assert_eq!(expanded("py2.py3-none-any"), ["py2-none-any", "py3-none-any"]);
        assert_eq!(
            expanded("cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64"),
            ["cp39-abi3-manylinux2014_x86_64", "cp39-abi3-manylinux_2_17_x86_64"]
        );
    }

    #[test]
    fn anything_else_is_rejected() {
        for found in [
            "",
            "py3",
            "py3-none",
            "py3-none-any-x",
            "py3--any",
            "py3.-none-any",
            "py3-none-a b",
            "py3-none-é",
        ] {
            assert_eq!(
                Tag::expand(found).unwrap_err(),
                InvalidTag::Parts { found: found.into() }
            );
        }
        let found = "py2.py3-none-any".to_owned();
        assert_eq!(found.parse::<Tag>().unwrap_err(), InvalidTag::Parts { found });
    }

    #[test]
    fn a_name_that_stands_for_too_many_is_rejected() {
        let many = ["a"; 33].join(".");
        let error = Tag::expand(&format!("{many}-{many}-any")).unwrap_err();
        assert_eq!(
            error,
            InvalidTag::TooMany {
                limit: MAX_TAGS,
                found: 33 * 33
            }
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_back(text in "[a-z0-9_]{1,4}-[a-z0-9_]{1,4}-[a-z0-9_]{1,4}") {
            prop_assert_eq!(text.parse::<Tag>().unwrap().to_string(), text);
        }
    }
}
