use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Error;

/// What an image runs on: `linux/amd64`, `linux/arm/v7`, `windows/amd64`.
///
/// The names are Go's (`GOOS`, `GOARCH`). Ordered by operating system, architecture and variant, as text: the order in which
/// an index names its images.
///
/// Source: OCI image-spec 1.1, `image-index.md`, "platform".
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "PlatformWire", into = "PlatformWire")]
pub struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
    os_version: Option<String>,
    os_features: Vec<String>,
}

/// In the order of Go's structure.
#[derive(Clone, Deserialize, Serialize)]
struct PlatformWire {
    architecture: String,
    os: String,
    #[serde(rename = "os.version", default, skip_serializing_if = "Option::is_none")]
    os_version: Option<String>,
    #[serde(rename = "os.features", default, skip_serializing_if = "Vec::is_empty")]
    os_features: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
}

pub(super) const KEYS: [&str; 5] = ["architecture", "os", "os.version", "os.features", "variant"];

/// No name of a platform comes near it; keeps errors short.
const MAX_NAME: usize = 64;

/// What BuildKit gives to its attestations, so that nobody runs them.
const UNKNOWN: &str = "unknown";

impl Platform {
    /// The operating system.
    #[must_use]
    pub fn os(&self) -> &str {
        &self.os
    }

    /// The architecture.
    #[must_use]
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The variant of the architecture, such as `v7`.
    #[must_use]
    pub fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    /// The version of the operating system, which Windows needs.
    #[must_use]
    pub fn os_version(&self) -> Option<&str> {
        self.os_version.as_deref()
    }

    /// Whether this is `unknown/unknown`, which stands for no platform at all.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.os == UNKNOWN && self.architecture == UNKNOWN
    }

    /// Whether both are the same once the usual variant is filled in: `linux/arm64` is `linux/arm64/v8`.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        (self.os(), self.architecture(), self.usual_variant())
            == (other.os(), other.architecture(), other.usual_variant())
    }

    /// As containerd fills it in: `v8` for arm64, `v7` for arm, `v1` for amd64.
    fn usual_variant(&self) -> Option<&str> {
        let usual = match self.architecture() {
            "arm64" => Some("v8"),
            "arm" => Some("v7"),
            "amd64" => Some("v1"),
            _ => None,
        };
        self.variant().or(usual)
    }

    fn key(&self) -> (&str, &str, Option<&str>, Option<&str>, &[String]) {
        (
            self.os(),
            self.architecture(),
            self.variant(),
            self.os_version(),
            &self.os_features,
        )
    }
}

impl Ord for Platform {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Platform {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// Reads `os/architecture` or `os/architecture/variant`.
impl FromStr for Platform {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || Error::Platform { found: text.to_owned() };
        let mut names = text.split('/');
        let (Some(os), Some(architecture)) = (names.next(), names.next()) else {
            return Err(invalid());
        };
        let variant = names.next();
        let is_valid = names.next().is_none() && [os, architecture].into_iter().chain(variant).all(is_name);
        match is_valid {
            true => Ok(Self {
                os: os.to_owned(),
                architecture: architecture.to_owned(),
                variant: variant.map(str::to_owned),
                os_version: None,
                os_features: Vec::new(),
            }),
            false => Err(invalid()),
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(is_plain)
}

impl TryFrom<PlatformWire> for Platform {
    type Error = Error;

    fn try_from(wire: PlatformWire) -> Result<Self, Error> {
        let parts = [&wire.os, &wire.architecture].into_iter().chain(&wire.variant);
        let text: Vec<&str> = parts.map(String::as_str).filter(|part| !part.is_empty()).collect();
        let platform: Self = text.join("/").parse()?;
        Ok(Self {
            os_version: wire.os_version.filter(|version| !version.is_empty()),
            os_features: wire.os_features,
            ..platform
        })
    }
}

impl From<Platform> for PlatformWire {
    fn from(platform: Platform) -> Self {
        Self {
            architecture: platform.architecture,
            os: platform.os,
            os_version: platform.os_version,
            os_features: platform.os_features,
            variant: platform.variant,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn the_usual_variant_makes_no_other_platform_and_another_one_does() {
        for (first, second, same) in [
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/arm", "linux/arm/v7", true),
            ("linux/arm", "linux/arm/v6", false),
            ("linux/amd64", "linux/amd64/v1", true),
            ("linux/amd64", "linux/amd64/v3", false),
            ("linux/amd64", "linux/arm64", false),
            ("linux/amd64", "windows/amd64", false),
        ] {
            assert_eq!(platform(first).is_same_as(&platform(second)), same, "{first} {second}");
        }
    }

    #[test]
    fn what_names_no_platform_is_rejected() {
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/amd64/",
            "linux/arm/v7/x",
            "Linux/amd64",
            "linux/a b",
        ] {
            let error = text.parse::<Platform>().unwrap_err();
            assert!(matches!(error, Error::Platform { found } if found == text));
        }
    }

    #[test]
    fn the_keys_are_written_in_the_order_of_go_and_the_empty_ones_left_out() {
        let json = r#"{"architecture":"amd64","os":"windows","os.version":"10.0.20348.1"}"#;
        let read: Platform = serde_json::from_str(json).unwrap();
        assert_eq!(read.os_version(), Some("10.0.20348.1"));
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        let json = r#"{"architecture":"arm","os":"linux","variant":"v6"}"#;
        let read: Platform = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }

    proptest! {
        #[test]
        fn whatever_parses_is_shown_as_it_was(text in "[a-z0-9/._ ]{0,12}") {
            if let Ok(platform) = text.parse::<Platform>() {
                prop_assert_eq!(platform.to_string(), text);
            }
        }
    }
}
