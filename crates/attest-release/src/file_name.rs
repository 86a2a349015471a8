use std::borrow::Borrow;
use std::fmt;

/// The longest name, in bytes. Every file system takes 255; what is appended (`.sigstore.json`, a temporary suffix) needs room.
pub const MAX_FILE_NAME_BYTES: usize = 200;

/// The name of one file, fit for every operating system: no path, no leading dot, nothing that a shell or Windows trips over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(String);

/// Why some text is no file name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFileName {
    /// It is empty.
    #[error("expected a file name, found nothing")]
    Empty,
    /// It is too long.
    #[error("expected a file name of at most {MAX_FILE_NAME_BYTES} bytes, found {found}")]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// It holds a character that some operating system does not take.
    #[error("expected a file name without `{character}`, found `{name}`")]
    Character {
        /// The name.
        name: String,
        /// The character, escaped when it cannot be shown.
        character: String,
    },
    /// It begins with a dot or a hyphen, or ends in a dot or a space.
    #[error(
        "expected a file name that begins with neither dot, hyphen nor space and ends in neither dot nor space, found `{name}`"
    )]
    Edge {
        /// The name.
        name: String,
    },
    /// Windows keeps the name for a device.
    #[error("expected a file name that Windows does not reserve, found `{name}`")]
    Reserved {
        /// The name.
        name: String,
    },
}

impl FileName {
    /// Takes a name that is fit for every operating system.
    ///
    /// # Errors
    /// [`InvalidFileName`] says what is wrong with it.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidFileName> {
        let name = name.into();
        if name.is_empty() {
            return Err(InvalidFileName::Empty);
        }
        if name.len() > MAX_FILE_NAME_BYTES {
            return Err(InvalidFileName::TooLong { found: name.len() });
        }
        if let Some(character) = name.chars().find(|c| c.is_control() || "/\\<>:\"|?*".contains(*c)) {
            let character = character.escape_debug().to_string();
            return Err(InvalidFileName::Character { name, character });
        }
        if name.starts_with(['.', '-', ' ']) || name.ends_with(['.', ' ']) {
            return Err(InvalidFileName::Edge { name });
        }
        if is_reserved(&name) {
            return Err(InvalidFileName::Reserved { name });
        }
        Ok(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the name is on a file system that does not tell upper from lower case.
    #[must_use]
    pub fn case_folded(&self) -> String {
        self.0.to_lowercase()
    }
}

/// The devices of DOS, with any extension.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<std::path::Path> for FileName {
    fn as_ref(&self) -> &std::path::Path {
        self.0.as_ref()
    }
}

impl Borrow<str> for FileName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for FileName {
    type Err = InvalidFileName;

    fn from_str(text: &str) -> Result<Self, InvalidFileName> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_be_wrong_has_its_own_error() {
        assert_eq!(FileName::new(""), Err(InvalidFileName::Empty));
        assert_eq!(
            FileName::new("a".repeat(201)),
            Err(InvalidFileName::TooLong { found: 201 })
        );
        for (name, character) in [("a/b", "/"), ("a\\b", "\\\\"), ("a\nb", "\\n"), ("a*", "*")] {
            assert_eq!(
                FileName::new(name),
                Err(InvalidFileName::Character {
                    name: name.to_owned(),
                    character: character.to_owned()
                })
            );
        }
        for name in [".", "..", ".env", "-rf", "a.", "a "] {
            assert_eq!(
                FileName::new(name),
                Err(InvalidFileName::Edge { name: name.to_owned() })
            );
        }
        for name in ["con", "NUL.txt", "Com1.tar.gz"] {
            assert_eq!(
                FileName::new(name),
                Err(InvalidFileName::Reserved { name: name.to_owned() })
            );
        }
    }

    #[test]
    fn ordinary_names_are_taken() {
        for name in [
            "app-1.2.0-linux-amd64.tar.gz",
            "SHA256SUMS",
            "console",
            "com",
            "größe.zip",
        ] {
            assert_eq!(FileName::new(name).unwrap().as_str(), name);
        }
    }
}
