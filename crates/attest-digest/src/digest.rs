use std::fmt;
use std::str::FromStr;

use crate::Algorithm;

/// A claim about some bytes: an algorithm and a value of its length. Shown as `sha256:<hex>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    value: Box<[u8]>,
}

/// Why some text or bytes are no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDigest {
    /// There is no `algorithm:` before the value.
    #[error("expected `<algorithm>:<hex>`, found `{found}`")]
    NoAlgorithm {
        /// The text that was found.
        found: String,
    },
    /// The algorithm is unknown.
    #[error(transparent)]
    UnknownAlgorithm(#[from] crate::UnknownAlgorithm),
    /// The value is not lower-case hexadecimal.
    #[error("expected lower-case hexadecimal digits, found `{found}`")]
    NotHex {
        /// The text that was found.
        found: String,
    },
    /// The value is longer or shorter than the algorithm makes them.
    #[error("expected {expected} bytes for {algorithm}, found {found}")]
    WrongLength {
        /// The algorithm that was named.
        algorithm: Algorithm,
        /// The length of its digests, in bytes.
        expected: usize,
        /// The length that was found, in bytes.
        found: usize,
    },
}

impl Digest {
    /// Takes raw bytes as a claim.
    ///
    /// # Errors
    /// [`InvalidDigest::WrongLength`] when the length is not the algorithm's.
    pub fn from_bytes(algorithm: Algorithm, value: &[u8]) -> Result<Self, InvalidDigest> {
        if value.len() != algorithm.digest_len() {
            return Err(InvalidDigest::WrongLength {
                algorithm,
                expected: algorithm.digest_len(),
                found: value.len(),
            });
        }
        Ok(Self {
            algorithm,
            value: value.into(),
        })
    }

    /// Takes lower-case hexadecimal digits as a claim.
    ///
    /// # Errors
    /// [`InvalidDigest::NotHex`] or [`InvalidDigest::WrongLength`].
    pub fn from_hex(algorithm: Algorithm, text: &str) -> Result<Self, InvalidDigest> {
        let not_hex = || InvalidDigest::NotHex { found: text.to_owned() };
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(not_hex());
        }
        Self::from_bytes(algorithm, &hex::decode(text).map_err(|_| not_hex())?)
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The raw value, of the algorithm's length.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.value
    }

    /// The value as lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(&self.value)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let (algorithm, value) = text
            .split_once(':')
            .ok_or_else(|| InvalidDigest::NoAlgorithm { found: text.to_owned() })?;
        Self::from_hex(algorithm.parse()?, value)
    }
}

/// Claims about one piece of bytes by several algorithms, at most one each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DigestSet([Option<Digest>; Algorithm::ALL.len()]);

impl DigestSet {
    /// The claim by `algorithm`, if there is one.
    #[must_use]
    pub fn of(&self, algorithm: Algorithm) -> Option<&Digest> {
        self.0[algorithm as usize].as_ref()
    }

    /// The claims, in the order of their algorithms.
    pub fn iter(&self) -> impl Iterator<Item = &Digest> + '_ {
        self.0.iter().flatten()
    }

    /// Whether there is no claim at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl FromIterator<Digest> for DigestSet {
    fn from_iter<I: IntoIterator<Item = Digest>>(digests: I) -> Self {
        let mut set = Self::default();
        for digest in digests {
            let place = digest.algorithm as usize;
            set.0[place] = Some(digest);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn text_and_digest_are_two_forms_of_one_thing() {
        assert_eq!(EMPTY.parse::<Digest>().unwrap().to_string(), EMPTY);
    }

    #[test]
    fn each_way_to_be_wrong_has_its_own_error() {
        let no_algorithm = "e3b0".parse::<Digest>().unwrap_err();
        assert!(matches!(no_algorithm, InvalidDigest::NoAlgorithm { .. }));
        let upper = EMPTY.replace("e3b0", "E3B0").parse::<Digest>().unwrap_err();
        assert!(matches!(upper, InvalidDigest::NotHex { .. }));
        assert_eq!(
            "sha256:00".parse::<Digest>().unwrap_err(),
            InvalidDigest::WrongLength {
                algorithm: Algorithm::Sha256,
                expected: 32,
                found: 1
            }
        );
    }
}
