use std::fmt;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::expectation::is_builder;

/// The largest file of roots of trust, in bytes: thousands of builders.
const MAX_BYTES: usize = 1 << 20;

/// How much memory a compiled pattern may take, in bytes: a thousand times what an identity needs.
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// A level of the build track of SLSA: 1, 2 or 3.
///
/// Source: <https://slsa.dev/spec/v1.2/build-track-basics>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "u8")]
pub struct BuildLevel(u8);

/// Who signed provenance, as it was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildSigner<'a> {
    /// Somebody with a certificate.
    Certificate {
        /// The subject alternative name.
        identity: &'a str,
        /// The OIDC issuer.
        issuer: &'a str,
    },
    /// Whoever has a key.
    Key {
        /// The SHA-256 of its `SubjectPublicKeyInfo`, in lower-case hexadecimal.
        sha256: &'a str,
    },
}

/// Up to which level each pair of signer and builder is believed. Provenance never says its own level.
///
/// A file of TOML or JSON:
///
/// ```
/// let roots = attest_provenance::RootsOfTrust::parse(br#"
///     [[root]]
///     certificate-identity-regexp = 'https://github\.com/example/builders/\.github/workflows/build\.yml@refs/tags/v\d+'
///     certificate-oidc-issuer = "https://token.actions.githubusercontent.com"
///     builder-id = "https://github.com/example/builders/.github/workflows/build.yml"
///     level = 3
/// "#)?;
/// # Ok::<(), attest_provenance::InvalidRoots>(())
/// ```
#[derive(Debug, Clone)]
pub struct RootsOfTrust(Vec<Root>);

#[derive(Debug, Clone)]
struct Root {
    signer: Signer,
    builder_id: String,
    level: BuildLevel,
}

#[derive(Debug, Clone)]
enum Signer {
    Certificate { identity: Identity, issuer: String },
    Key { sha256: String },
}

#[derive(Debug, Clone)]
enum Identity {
    Exact(String),
    Pattern(Regex),
}

/// Why a file says nothing about levels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRoots {
    /// More bytes than are read.
    #[error("expected at most {MAX_BYTES} bytes of roots of trust, found {found}")]
    TooLarge {
        /// What was found, in bytes.
        found: usize,
    },
    /// Neither TOML nor JSON of the right fields.
    #[error("expected roots of trust: {detail}")]
    Malformed {
        /// What the parser said.
        detail: String,
    },
    /// One root does not say whom it is about.
    #[error("expected in root {number} {expected}")]
    Incomplete {
        /// Which one, from 1.
        number: usize,
        /// What belongs there.
        expected: &'static str,
    },
    /// A regular expression that is none, or is too large.
    #[error("expected a regular expression in root {number}: {detail}")]
    NotAPattern {
        /// Which root, from 1.
        number: usize,
        /// What the parser said.
        detail: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RootsWire {
    root: Vec<RootWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RootWire {
    certificate_identity: Option<String>,
    certificate_identity_regexp: Option<String>,
    certificate_oidc_issuer: Option<String>,
    /// `sha256:` and the digest of the key.
    key: Option<String>,
    builder_id: String,
    level: BuildLevel,
}

impl RootsOfTrust {
    /// Reads a file of TOML, or of JSON with the same fields.
    ///
    /// # Errors
    /// [`InvalidRoots`] says what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidRoots> {
        let found = bytes.len();
        if found > MAX_BYTES {
            return Err(InvalidRoots::TooLarge { found });
        }
        let malformed = |detail: &dyn ToString| InvalidRoots::Malformed {
            detail: detail.to_string().trim_end().to_owned(),
        };
        let text = std::str::from_utf8(bytes).map_err(|error| malformed(&error))?;
        let wire: RootsWire = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text).map_err(|error| malformed(&error))?,
            false => toml::from_str(text).map_err(|error| malformed(&error))?,
        };
        let numbered = wire.root.into_iter().enumerate();
        numbered
            .map(|(index, root)| Root::read(index + 1, root))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The highest level up to which this signer is believed for this builder.
    #[must_use]
    pub fn level(&self, signer: BuildSigner<'_>, builder_id: &str) -> Option<BuildLevel> {
        let believed = self
            .0
            .iter()
            .filter(|root| root.signer.is(signer) && is_builder(&root.builder_id, builder_id));
        believed.map(|root| root.level).max()
    }
}

impl Root {
    fn read(number: usize, wire: RootWire) -> Result<Self, InvalidRoots> {
        let incomplete = |expected| Err(InvalidRoots::Incomplete { number, expected });
        let identity = match (wire.certificate_identity, wire.certificate_identity_regexp) {
            (Some(identity), None) => Some(Identity::Exact(identity)),
            (None, Some(pattern)) => Some(Identity::Pattern(anchored(number, &pattern)?)),
            (None, None) => None,
            (Some(_), Some(_)) => return incomplete("either certificate-identity or certificate-identity-regexp"),
        };
        let signer = match (identity, wire.certificate_oidc_issuer, wire.key) {
            (Some(identity), Some(issuer), None) => Signer::Certificate { identity, issuer },
            (None, None, Some(key)) => match key.strip_prefix("sha256:").filter(|hex| is_sha256(hex)) {
                Some(hex) => Signer::Key { sha256: hex.to_owned() },
                None => return incomplete("a key as `sha256:` and 64 lower-case hexadecimal digits"),
            },
            _ => return incomplete("a certificate identity with its OIDC issuer, or a key"),
        };
        if wire.builder_id.is_empty() {
            return incomplete("a builder-id");
        }
        Ok(Self {
            signer,
            builder_id: wire.builder_id,
            level: wire.level,
        })
    }
}

impl Signer {
    fn is(&self, found: BuildSigner<'_>) -> bool {
        match (self, found) {
            (
                Self::Certificate { identity, issuer },
                BuildSigner::Certificate {
                    identity: name,
                    issuer: by,
                },
            ) => issuer == by && identity.is(name),
            (Self::Key { sha256 }, BuildSigner::Key { sha256: found }) => sha256 == found,
            _ => false,
        }
    }
}

impl Identity {
    fn is(&self, found: &str) -> bool {
        match self {
            Self::Exact(identity) => identity == found,
            Self::Pattern(pattern) => pattern.is_match(found),
        }
    }
}

/// The whole text has to match, as everywhere in the toolkit.
fn anchored(number: usize, pattern: &str) -> Result<Regex, InvalidRoots> {
    let compile = |pattern: &str| {
        let mut builder = RegexBuilder::new(pattern);
        builder
            .size_limit(MAX_COMPILED_BYTES)
            .dfa_size_limit(MAX_COMPILED_BYTES);
        builder.build().map_err(|error| InvalidRoots::NotAPattern {
            number,
            // The parser draws a picture over several lines; its last line says what is wrong.
            detail: error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
        })
    };
    // Alone first: what only fits together inside of the anchors would not be anchored.
    compile(pattern)?;
    compile(&format!(r"\A(?:{pattern})\z"))
}

fn is_sha256(hex: &str) -> bool {
    hex.len() == 64 && hex.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

impl BuildLevel {
    /// Takes a number.
    ///
    /// # Errors
    /// When it is not 1, 2 or 3: everything has level 0.
    pub fn new(number: u8) -> Result<Self, String> {
        match number {
            1..=3 => Ok(Self(number)),
            found => Err(format!("expected a build level of 1, 2 or 3, found `{found}`")),
        }
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for BuildLevel {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        Self::new(number)
    }
}

impl fmt::Display for BuildLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
