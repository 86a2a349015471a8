use std::fmt;
use std::str::FromStr;

/// The longest version, in bytes: it becomes a part of file names.
pub const MAX_VERSION_BYTES: usize = 64;

/// The version of a release, as it stands in file names: `1.4.0`, `2026.11.1`, `1.0.0-rc.1`.
///
/// Not only semantic versions, because Python and calendars have their own; but only characters that are safe in a file
/// name, a URL and a tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(String);

/// Why some text is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a version of at most {MAX_VERSION_BYTES} letters, digits and `.+-_~` that begins with a digit, found `{found}`"
)]
pub struct InvalidVersion {
    /// The text that was found.
    pub found: String,
}

impl Version {
    /// The version that a tag names: `v1.4.0` and `1.4.0` are version `1.4.0`; so is `app-v1.4.0` for a project `app`.
    ///
    /// # Errors
    /// When nothing that looks like a version is left.
    pub fn from_tag(tag: &str, project: &str) -> Result<Self, InvalidVersion> {
        let rest = tag
            .strip_prefix(project)
            .map_or(tag, |rest| rest.trim_start_matches(['-', '/', '@']));
        rest.strip_prefix('v')
            .unwrap_or(rest)
            .parse()
            .map_err(|_| InvalidVersion { found: tag.to_owned() })
    }

    /// The version.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".+-_~".contains(c);
        let begins = text.starts_with(|c: char| c.is_ascii_digit());
        match begins && text.len() <= MAX_VERSION_BYTES && text.chars().all(allowed) && !text.ends_with('.') {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidVersion { found: text.to_owned() }),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_version_with_or_without_prefix() {
        for tag in ["v1.4.0", "1.4.0", "app-v1.4.0", "app/1.4.0", "app@1.4.0"] {
            assert_eq!(Version::from_tag(tag, "app").unwrap().as_str(), "1.4.0", "{tag}");
        }
    }

    #[test]
    fn what_is_no_version_is_named_in_the_error() {
        for text in ["", "v1", "latest", "1/2", "1 2", "1.", "1\n"] {
            assert_eq!(text.parse::<Version>(), Err(InvalidVersion { found: text.to_owned() }));
        }
        assert_eq!(
            Version::from_tag("nightly", "app"),
            Err(InvalidVersion {
                found: "nightly".to_owned()
            })
        );
    }
}
