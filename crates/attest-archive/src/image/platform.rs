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

/// What Go and containerd know, once spelled as they do.
const SYSTEMS: [&str; 17] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];
const ARCHITECTURES: [&str; 24] = [
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "arm64",
    "arm64be",
    "armbe",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "mipsle",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// Names of an architecture that mean a variant of it.
const ARM_WITH_VARIANT: [&str; 2] = ["armhf", "armel"];

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

    /// Whether both are the same in containerd's eyes: `linux/arm64` is `linux/arm64/v8`, and `linux/x86_64` is `linux/amd64`.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.normalized() == other.normalized()
    }

    /// Whether a machine of this platform runs what is for `other`: the same one, or any variant where this one names none.
    #[must_use]
    pub fn runs(&self, other: &Self) -> bool {
        let ((own_os, own_architecture, _), (os, architecture, _)) = (self.normalized(), other.normalized());
        let is_of_any_variant = self.variant.is_none() && !ARM_WITH_VARIANT.contains(&self.architecture());
        self.is_same_as(other) || is_of_any_variant && (own_os, own_architecture) == (os, architecture)
    }

    /// The same, and what is spelled in a way that not everybody understands alike may be run, too.
    #[must_use]
    pub fn may_run(&self, other: &Self) -> bool {
        let ((own_os, own_architecture, _), (os, architecture, _)) = (self.normalized(), other.normalized());
        let is_known = (SYSTEMS.contains(&os), ARCHITECTURES.contains(&architecture));
        match is_known {
            (true, true) => self.runs(other),
            (false, true) => architecture == own_architecture,
            (true, false) => os == own_os,
            (false, false) => !other.is_unknown(),
        }
    }

    /// The one spelling of what has several. Source: containerd, `platforms`, `normalizeOS` and `normalizeArch`.
    fn normalized(&self) -> (&str, &str, Option<&str>) {
        let os = match self.os() {
            "macos" => "darwin",
            os => os,
        };
        let (architecture, variant) = match (self.architecture(), self.variant()) {
            ("i386", _) => ("386", None),
            ("x86_64" | "x86-64" | "amd64", None | Some("v1")) => ("amd64", None),
            ("x86_64" | "x86-64", variant) => ("amd64", variant),
            ("aarch64" | "arm64", None | Some("8" | "v8" | "v8.0")) => ("arm64", None),
            ("aarch64" | "arm64", Some("9" | "9.0" | "v9.0")) => ("arm64", Some("v9")),
            ("aarch64", variant) => ("arm64", variant),
            ("armhf", _) | ("arm", None | Some("7")) => ("arm", Some("v7")),
            ("armel", _) | ("arm", Some("6")) => ("arm", Some("v6")),
            ("arm", Some("5")) => ("arm", Some("v5")),
            ("arm", Some("8")) => ("arm", Some("v8")),
            as_it_is => as_it_is,
        };
        (os, architecture, variant)
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
        // An empty name stays one: a variant must not be read as an architecture.
        let variant = wire.variant.as_deref().filter(|variant| !variant.is_empty());
        let parts = [&*wire.os, &*wire.architecture].into_iter().chain(variant);
        let platform: Self = parts.collect::<Vec<_>>().join("/").parse()?;
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
    fn every_spelling_of_a_platform_is_that_platform() {
        for (spelling, usual) in [
            ("linux/x86_64", "linux/amd64"),
            ("linux/x86-64/v1", "linux/amd64"),
            ("linux/x86_64/v3", "linux/amd64/v3"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/aarch64/8", "linux/arm64/v8"),
            ("linux/arm64/v8.0", "linux/arm64"),
            ("linux/arm64/9", "linux/arm64/v9"),
            ("linux/i386/v1", "linux/386"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/armel/v7", "linux/arm/v6"),
            ("linux/arm/7", "linux/arm"),
            ("linux/arm/5", "linux/arm/v5"),
            ("linux/arm/8", "linux/arm/v8"),
            ("macos/aarch64", "darwin/arm64"),
        ] {
            assert!(platform(spelling).is_same_as(&platform(usual)), "{spelling} {usual}");
            assert!(platform(usual).may_run(&platform(spelling)), "{spelling} {usual}");
        }
    }

    #[test]
    fn a_machine_may_run_any_variant_unless_it_names_one_and_what_nobody_is_sure_to_understand() {
        for (machine, image, may) in [
            ("linux/amd64", "linux/amd64/v3", true),
            ("linux/amd64/v2", "linux/x86_64/v3", false),
            ("linux/arm", "linux/armel", true),
            ("linux/armhf", "linux/arm/v6", false),
            ("linux/arm64", "linux/arm64/v9", true),
            ("linux/amd64", "linux/x64", true),
            ("linux/amd64", "gnu-linux/amd64", true),
            ("linux/amd64", "gnu-linux/arm64", false),
            ("linux/amd64", "windows/x64", false),
            ("linux/amd64", "linux/arm64", false),
            ("linux/amd64", "unknown/unknown", false),
            ("linux/amd64", "linux/unknown", true),
        ] {
            assert_eq!(platform(machine).may_run(&platform(image)), may, "{machine} {image}");
        }
    }

    #[test]
    fn a_variant_is_not_read_as_an_architecture_where_that_is_empty() {
        for json in [
            r#"{"architecture":"amd64","os":"","variant":"v1"}"#,
            r#"{"architecture":"","os":"linux","variant":"amd64"}"#,
        ] {
            let error = serde_json::from_str::<Platform>(json).unwrap_err();
            assert!(error.to_string().contains("expected a platform"), "{error}");
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
