use std::num::NonZeroU64;
use std::ops::Range;

use attest_digest::Algorithm;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Piece, TreeManifestError, TreePath};

/// How a tree is read: everything that somebody else needs to get the same pieces and digests.
///
/// Source: OMS specification 1.0, section 5.2.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serialization {
    method: Method,
    algorithm: Algorithm,
    allow_symlinks: bool,
    ignore_paths: Vec<TreePath>,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// A whole file.
    Files,
    /// At most so many bytes of a file, one range after the other. A file without bytes has none.
    Shards {
        /// The length of every range but the last.
        size: NonZeroU64,
    },
}

impl Serialization {
    /// What is left out unless somebody says otherwise (section 6.2): the files of git.
    pub const DEFAULT_IGNORED: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

    /// # Errors
    /// [`TreeManifestError::UnsupportedAlgorithm`] for an algorithm that has no name in a manifest.
    pub fn new(
        method: Method,
        algorithm: Algorithm,
        allow_symlinks: bool,
        mut ignore_paths: Vec<TreePath>,
    ) -> Result<Self, TreeManifestError> {
        if !matches!(algorithm, Algorithm::Sha256 | Algorithm::Blake3) {
            return Err(TreeManifestError::UnsupportedAlgorithm {
                found: algorithm.to_string(),
            });
        }
        ignore_paths.sort_unstable();
        ignore_paths.dedup();
        Ok(Self {
            method,
            algorithm,
            allow_symlinks,
            ignore_paths,
        })
    }

    /// What a piece is.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// What pieces are hashed with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether a symbolic link stands for the file that it leads to; else there must be none.
    #[must_use]
    pub fn allow_symlinks(&self) -> bool {
        self.allow_symlinks
    }

    /// What is left out, sorted: each path, and everything below it.
    #[must_use]
    pub fn ignore_paths(&self) -> &[TreePath] {
        &self.ignore_paths
    }

    /// The pieces of a file of so many bytes.
    pub fn pieces<'a>(&self, path: &'a TreePath, size: u64) -> impl Iterator<Item = Piece> + use<'a> {
        let (whole, step) = match self.method {
            Method::Files => (Some(Piece::file(path)), None),
            Method::Shards { size } => (None, Some(size.get())),
        };
        let ranges = step.into_iter().flat_map(move |step| ranges(size, step));
        whole
            .into_iter()
            .chain(ranges.map(move |range| Piece::range(path, range)))
    }

    /// How many pieces that makes, however many bytes there are.
    #[must_use]
    pub fn count_pieces(&self, size: u64) -> u64 {
        match self.method {
            Method::Files => 1,
            Method::Shards { size: step } => size.div_ceil(step.get()),
        }
    }

    /// What a piece is called by, so that it tells what it was made with. The reference implementation compares it.
    pub(super) fn resource_algorithm(&self) -> String {
        match self.method {
            Method::Files => self.algorithm.to_string(),
            Method::Shards { size } => format!("{}-sharded-{size}", self.algorithm),
        }
    }
}

fn ranges(size: u64, step: u64) -> impl Iterator<Item = Range<u64>> {
    let count = size.div_ceil(step);
    (0..count).map(move |place| place * step..size.min((place + 1).saturating_mul(step)))
}

/// As it is written. Fields that are not known are passed over, as the specification demands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SerializationWire {
    method: String,
    hash_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "whole_number")]
    shard_size: Option<NonZeroU64>,
    allow_symlinks: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ignore_paths: Vec<String>,
}

/// The reference implementation writes its numbers as protobuf's `Struct` keeps them: `1000000000.0`.
fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU64>, D::Error> {
    /// Below this every whole number has a place of its own among the floating ones.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = Option::<serde_json::Number>::deserialize(deserializer)?;
    let Some(number) = number else { return Ok(None) };
    let whole = number.as_u64().or_else(|| {
        let float = number
            .as_f64()
            .filter(|float| float.fract() == 0.0 && (1.0..EXACT).contains(float))?;
        format!("{float:.0}").parse().ok()
    });
    let size = whole.and_then(NonZeroU64::new);
    let expected = || serde::de::Error::custom(format_args!("expected a positive whole number, found `{number}`"));
    size.map(Some).ok_or_else(expected)
}

impl From<&Serialization> for SerializationWire {
    fn from(serialization: &Serialization) -> Self {
        let (method, shard_size) = match serialization.method {
            Method::Files => ("files", None),
            Method::Shards { size } => ("shards", Some(size)),
        };
        let ignored = serialization.ignore_paths.iter();
        Self {
            method: method.to_owned(),
            hash_type: serialization.algorithm.to_string(),
            shard_size,
            allow_symlinks: serialization.allow_symlinks,
            ignore_paths: ignored.map(|path| path.as_str().to_owned()).collect(),
        }
    }
}

impl TryFrom<SerializationWire> for Serialization {
    type Error = TreeManifestError;

    fn try_from(wire: SerializationWire) -> Result<Self, TreeManifestError> {
        let method = match (wire.method.as_str(), wire.shard_size) {
            ("files", _) => Method::Files,
            ("shards", Some(size)) => Method::Shards { size },
            ("shards", None) => {
                return Err(TreeManifestError::Malformed {
                    detail: "missing field `shard_size`".to_owned(),
                });
            }
            _ => return Err(TreeManifestError::UnsupportedMethod { found: wire.method }),
        };
        let unknown = || TreeManifestError::UnsupportedAlgorithm {
            found: wire.hash_type.clone(),
        };
        let algorithm = wire.hash_type.parse().map_err(|_| unknown())?;
        // A path that leads elsewhere leaves nothing out of this tree: nothing is checked less for it.
        let ignored = wire.ignore_paths.iter().filter_map(|path| TreePath::parse(path).ok());
        Self::new(method, algorithm, wire.allow_symlinks, ignored.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_positive_whole_number_however_it_is_written() {
        let read = |size: &str| {
            let text =
                format!(r#"{{"method":"shards","hash_type":"sha256","shard_size":{size},"allow_symlinks":false}}"#);
            let wire: SerializationWire = serde_json::from_str(&text).ok()?;
            wire.shard_size.map(NonZeroU64::get)
        };
        assert_eq!(read("1000000000"), Some(1_000_000_000));
        assert_eq!(read("1000000000.0"), Some(1_000_000_000));
        assert_eq!(read("1e9"), Some(1_000_000_000));
        for wrong in ["0", "-1", "1.5", "1e300", "\"1\"", "9007199254740992.0"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_file_is_cut_into_ranges_that_meet() {
        let ranges: Vec<_> = ranges(25, 10).collect();
        assert_eq!(ranges, [0..10, 10..20, 20..25]);
        assert_eq!(super::ranges(20, 10).last(), Some(10..20));
        assert_eq!(super::ranges(0, 10).count(), 0);
        assert_eq!(
            super::ranges(u64::MAX, u64::MAX - 1).last(),
            Some(u64::MAX - 1..u64::MAX)
        );
    }
}
