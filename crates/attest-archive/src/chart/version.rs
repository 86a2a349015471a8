use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use semver::{BuildMetadata, Prerelease, Version};

use super::ChartError;

/// The version of a chart that others made: as Helm reads it, with a `v` before it or numbers left out.
///
/// Ordered as SemVer orders versions (section 11), and equal ones by their text, so that the order is total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooseVersion {
    version: Version,
    text: String,
}

impl LooseVersion {
    /// Reads a version, or says nothing when Helm would not read it either.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (numbers, prerelease, build) = parts(text.strip_prefix('v').unwrap_or(text));
        let mut numbers = numbers.split('.');
        let mut number = |default: Option<u64>| match numbers.next() {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
            Some(_) => None,
            None => default,
        };
        let (major, minor, patch) = (number(None)?, number(Some(0))?, number(Some(0))?);
        if numbers.next().is_some() || build.is_some_and(|build| BuildMetadata::new(build).is_err() || build.is_empty())
        {
            return None;
        }
        let pre = match prerelease {
            Some("") => return None,
            Some(text) => Prerelease::new(text).ok()?,
            None => Prerelease::EMPTY,
        };
        Some(Self {
            version: Version {
                pre,
                ..Version::new(major, minor, patch)
            },
            text: text.to_owned(),
        })
    }

    /// The version as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// A version of SemVer 2 to the letter: what a chart that is packed here may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrictVersion(Version);

impl FromStr for StrictVersion {
    type Err = ChartError;

    fn from_str(text: &str) -> Result<Self, ChartError> {
        let invalid = |_| ChartError::Version { found: text.to_owned() };
        Version::parse(text).map(Self).map_err(invalid)
    }
}

impl fmt::Display for StrictVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Before the first `-`, between it and `+`, after that.
pub(super) fn parts(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, build) = match text.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (text, None),
    };
    match rest.split_once('-') {
        Some((numbers, prerelease)) => (numbers, Some(prerelease), build),
        None => (rest, None, build),
    }
}

impl LooseVersion {
    pub(super) fn precedence(&self) -> &Version {
        &self.version
    }
}

impl Ord for LooseVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.version
            .cmp(&other.version)
            .then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for LooseVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for LooseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> LooseVersion {
        LooseVersion::parse(text).unwrap()
    }

    #[test]
    fn a_version_may_have_a_v_and_may_leave_numbers_out() {
        for (text, strict) in [
            ("v1.2.3", "1.2.3"),
            ("1", "1.0.0"),
            ("1.2-rc.1+b", "1.2.0-rc.1"),
            ("01.2.3", "1.2.3"),
        ] {
            assert_eq!(version(text).precedence().to_string(), strict);
        }
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in [
            "",
            "v",
            "1.2.3.4",
            "1..2",
            "a",
            "1.2.3-",
            "1.2.3+",
            "1.2.3-é",
            " 1.2.3",
            "1.x",
            "99999999999999999999",
        ] {
            assert_eq!(LooseVersion::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_strict_version_is_one_of_semver_to_the_letter() {
        for text in ["1.2.3", "1.2.3-rc.1+build.7"] {
            assert_eq!(text.parse::<StrictVersion>().unwrap().to_string(), text);
        }
        for text in ["v1.2.3", "1.2", "1.2.03", "1.2.3 "] {
            let error = text.parse::<StrictVersion>().unwrap_err();
            assert!(matches!(error, ChartError::Version { found } if found == text));
        }
    }

    #[test]
    fn versions_have_the_order_of_semver() {
        let mut versions = ["1.10.0", "v1.9.0", "1.10.0-rc.1", "1.10.0-rc.10", "1.10.0-rc.2", "2"].map(version);
        versions.sort();
        let order = versions.map(|version| version.to_string());
        assert_eq!(
            order,
            ["v1.9.0", "1.10.0-rc.1", "1.10.0-rc.2", "1.10.0-rc.10", "1.10.0", "2"]
        );
    }
}
