use std::cmp::Ordering;
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

    /// Which of two versions is the later one: numbers by their value, a release after its candidates (Semantic Versioning 2,
    /// section 11, for any count of numbers). Versions that differ only in what does not count are told apart bytewise.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Ordering {
        let ((numbers, candidate), (others, other_candidate)) = (self.parts(), other.parts());
        numbers
            .cmp(&others)
            .then_with(|| candidate.is_empty().cmp(&other_candidate.is_empty()))
            .then_with(|| candidate.cmp(&other_candidate))
            .then_with(|| self.cmp(other))
    }

    /// The numbers, and what follows them up to the build metadata.
    fn parts(&self) -> (Vec<Identifier<'_>>, Vec<Identifier<'_>>) {
        let version = self.0.split('+').next().unwrap_or_default();
        let end = version.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (numbers, candidate) = version.split_at(end.unwrap_or(version.len()));
        (
            identifiers(numbers),
            identifiers(candidate.trim_start_matches(['-', '~', '_'])),
        )
    }

    /// The version.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A part of a version between dots. Numbers come before words.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    /// By length, then by digits: without leading zeros that is the order of the values, however long they are.
    Number(usize, &'a str),
    Word(&'a str),
}

impl<'a> Identifier<'a> {
    fn of(part: &'a str) -> Self {
        let digits = part.trim_start_matches('0');
        match part.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Self::Number(digits.len(), digits),
            false => Self::Word(part),
        }
    }
}

fn identifiers(text: &str) -> Vec<Identifier<'_>> {
    let parts = text.split('.').filter(|part| !part.is_empty());
    parts.map(Identifier::of).collect()
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
    fn later_versions_come_after_earlier_ones() {
        let ordered = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.9.0",
            "1.10.0-rc.1",
            "1.10.0",
            "2026.2",
            "2026.11",
        ];
        let versions = ordered.map(|text| text.parse::<Version>().unwrap());
        for (index, version) in versions.iter().enumerate() {
            for (other_index, other) in versions.iter().enumerate() {
                assert_eq!(version.precedence(other), index.cmp(&other_index), "{version} {other}");
            }
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
