use std::fmt;
use std::str::FromStr;

/// A hash function, named as in-toto names it.
///
/// Source: in-toto attestation framework, `spec/v1/digest_set.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4), 32 bytes.
    Sha256,
    /// SHA-384 (FIPS 180-4), 48 bytes.
    Sha384,
    /// SHA-512 (FIPS 180-4), 64 bytes.
    Sha512,
    /// BLAKE3, 32 bytes. An extra for speed; no Sigstore format carries it.
    Blake3,
}

impl Algorithm {
    /// Every algorithm, in their order.
    pub const ALL: [Self; 4] = [Self::Sha256, Self::Sha384, Self::Sha512, Self::Blake3];

    /// The lower-case name: `sha256`, `sha384`, `sha512` or `blake3`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Blake3 => "blake3",
        }
    }

    /// The length of a digest in bytes.
    #[must_use]
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake3 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown digest algorithm `{found}`, expected one of sha256, sha384, sha512, blake3")]
pub struct UnknownAlgorithm {
    /// The word that was found.
    pub found: String,
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm { found: name.to_owned() })
    }
}

/// A set of algorithms that is never empty, in their order, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Algorithms(Vec<Algorithm>);

impl Algorithms {
    /// Only `algorithm`.
    #[must_use]
    pub fn one(algorithm: Algorithm) -> Self {
        Self(vec![algorithm])
    }

    /// `first` and `rest`, sorted, each once.
    #[must_use]
    pub fn new(first: Algorithm, rest: &[Algorithm]) -> Self {
        let mut all: Vec<_> = std::iter::once(first).chain(rest.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// Whether `algorithm` is one of them.
    #[must_use]
    pub fn contains(&self, algorithm: Algorithm) -> bool {
        self.0.contains(&algorithm)
    }

    /// The algorithms, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Algorithm> + '_ {
        self.0.iter().copied()
    }
}

/// Reads a comma-separated list, such as `sha256,sha512`.
impl FromStr for Algorithms {
    type Err = UnknownAlgorithm;

    fn from_str(list: &str) -> Result<Self, UnknownAlgorithm> {
        let all: Vec<Algorithm> = list.split(',').map(str::parse).collect::<Result<_, _>>()?;
        // `split` yields at least one item, and each parsed.
        Ok(Self::new(all[0], &all[1..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back_to_its_algorithm() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
        }
    }

    #[test]
    fn an_unknown_word_is_named_in_the_error() {
        let error = "md5".parse::<Algorithm>().unwrap_err();
        assert_eq!(error.found, "md5");
    }

    #[test]
    fn a_list_is_sorted_and_without_doubles() {
        let list: Algorithms = "sha512,sha256,sha512".parse().unwrap();
        assert_eq!(list, Algorithms::new(Algorithm::Sha256, &[Algorithm::Sha512]));
        assert!("".parse::<Algorithms>().is_err());
        assert!("sha256,".parse::<Algorithms>().is_err());
    }
}
