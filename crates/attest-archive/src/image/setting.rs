use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::{Annotations, Error};

/// How the containers of an image are started.
///
/// Source: OCI image-spec 1.1, `config.md`, "config".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The program, and arguments that always come first. Takes the command of a base image away, as in a Dockerfile.
    pub entrypoint: Option<Vec<String>>,
    /// Arguments that whoever starts the container may replace.
    pub command: Option<Vec<String>>,
    /// Environment variables, beside those of a base image or in their place.
    pub environment: Vec<Assignment>,
    /// Who runs it.
    pub user: Option<Word>,
    /// Where it runs.
    pub directory: Option<ContainerPath>,
    /// Labels, beside those of a base image or in their place.
    pub labels: BTreeMap<String, String>,
    /// The ports that it listens on.
    pub ports: BTreeSet<Port>,
    /// The places of its data.
    pub volumes: BTreeSet<ContainerPath>,
    /// The signal that stops it.
    pub stop_signal: Option<StopSignal>,
}

/// `KEY=VALUE`, where the value may be empty and may hold further equals signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    key: String,
    value: String,
}

/// A port and its protocol: `8080/tcp`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port(String);

/// An absolute path in a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerPath(String);

/// Some text without white space and control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word(String);

/// `SIGTERM`, `SIGRTMIN+3` or a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopSignal(String);

/// The name of an image in a layout, `org.opencontainers.image.ref.name`: `v1.2.0`, `example.org/app:v1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag(String);

/// The longest tag; a name of a registry, a path and a tag are shorter together.
const MAX_TAG: usize = 512;

impl Assignment {
    /// What stands before the first equals sign.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What stands behind it.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Several as a map. Of a key that is there twice, the last holds.
    pub fn map(several: impl IntoIterator<Item = Self>) -> Annotations {
        several.into_iter().map(|each| (each.key, each.value)).collect()
    }
}

impl FromStr for Assignment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() && !text.contains('\0') => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(expected("KEY=VALUE", text)),
        }
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// A number alone is a TCP port.
impl FromStr for Port {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
        match number.parse::<u16>() {
            Ok(number) if number > 0 && is_plain && matches!(protocol, "tcp" | "udp" | "sctp") => {
                Ok(Self(format!("{number}/{protocol}")))
            }
            _ => Err(expected("a port such as `8080` or `53/udp`", text)),
        }
    }
}

impl FromStr for ContainerPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // A Windows container has drives.
        let is_drive = matches!(text.as_bytes(), [b'A'..=b'Z' | b'a'..=b'z', b':', b'\\' | b'/', ..]);
        match (text.starts_with('/') || is_drive) && !text.contains(char::is_control) {
            true => Ok(Self(text.to_owned())),
            false => Err(expected("an absolute path in the container", text)),
        }
    }
}

impl FromStr for Word {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            true => Ok(Self(text.to_owned())),
            false => Err(expected("a word without spaces", text)),
        }
    }
}

impl FromStr for StopSignal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_named = text.strip_prefix("SIG").is_some_and(|name| {
            let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-');
            !name.is_empty() && name.bytes().all(is_plain)
        });
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && matches!(text.parse(), Ok(1..=64_u8));
        match is_named || is_number {
            true => Ok(Self(text.to_owned())),
            false => Err(expected("a signal such as `SIGTERM` or `15`", text)),
        }
    }
}

impl FromStr for Tag {
    type Err = Error;

    /// The grammar of `annotations.md`: letters and digits, joined by one of `-._:@/+`, or by `--`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let is_separator = |byte: u8| matches!(byte, b'-' | b'.' | b'_' | b':' | b'@' | b'/' | b'+');
        let bytes = text.as_bytes();
        let is_known = bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || is_separator(*byte));
        let is_joined = bytes
            .windows(2)
            .all(|pair| pair == b"--" || !(is_separator(pair[0]) && is_separator(pair[1])));
        let is_framed = [bytes.first(), bytes.last()]
            .into_iter()
            .all(|end| end.is_some_and(u8::is_ascii_alphanumeric));
        match is_known && is_joined && is_framed && !text.contains("---") && text.len() <= MAX_TAG {
            true => Ok(Self(text.to_owned())),
            false => Err(expected("a tag such as `v1.2.0`", text)),
        }
    }
}

macro_rules! shown_as_text {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

shown_as_text!(Port, ContainerPath, Word, StopSignal, Tag);

fn expected(expected: &'static str, found: &str) -> Error {
    let found = found.to_owned();
    Error::Setting { expected, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T: FromStr<Err = Error> + fmt::Debug>(texts: &[&str]) {
        for text in texts {
            let error = text.parse::<T>().unwrap_err();
            assert!(
                matches!(error, Error::Setting { found, .. } if found == *text),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_well_formed_is_kept() {
        let assignment: Assignment = "A=b=c".parse().unwrap();
        assert_eq!((assignment.key(), assignment.value()), ("A", "b=c"));
        assert_eq!("8080".parse::<Port>().unwrap().as_str(), "8080/tcp");
        assert_eq!("53/udp".parse::<Port>().unwrap().as_str(), "53/udp");
        for signal in ["SIGTERM", "SIGRTMIN+3", "15"] {
            assert_eq!(signal.parse::<StopSignal>().unwrap().as_str(), signal);
        }
        for tag in ["v1.2.0", "latest", "example.org/app:v1", "a--b", "1.0+build"] {
            assert_eq!(tag.parse::<Tag>().unwrap().as_str(), tag);
        }
    }

    #[test]
    fn what_is_malformed_is_rejected() {
        refused::<Assignment>(&["", "A", "=b", "A=\0"]);
        refused::<Port>(&["", "0", "65536", "+80", "80/", "80/http", "tcp"]);
        refused::<ContainerPath>(&["", "data", "./data", "/a\n"]);
        refused::<Word>(&["", "a b", "a\t"]);
        refused::<StopSignal>(&["", "TERM", "SIG", "SIGterm", "0", "65", "+9"]);
        refused::<Tag>(&["", "-a", "a-", "a..b", "a---b", "a b", "a:/b", "\u{e9}"]);
    }
}
