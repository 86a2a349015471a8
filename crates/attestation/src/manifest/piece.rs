use std::cmp::Ordering;
use std::ops::Range;

use super::{TreeManifestError, TreePath};

/// What one digest of a manifest is of: a file, or a range of the bytes of one. Ordered by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Piece {
    name: Box<str>,
    path_len: usize,
    range: Option<Range<u64>>,
}

/// A piece with its digest, which for every algorithm of a manifest has 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    piece: Piece,
    digest: [u8; 32],
}

impl Piece {
    /// A whole file.
    #[must_use]
    pub fn file(path: &TreePath) -> Self {
        Self {
            name: path.as_str().into(),
            path_len: path.as_str().len(),
            range: None,
        }
    }

    /// Some of the bytes of a file: `path:start:end`, the end not among them (OMS specification 1.0, section 6.3.2).
    #[must_use]
    pub fn range(path: &TreePath, range: Range<u64>) -> Self {
        Self {
            name: format!("{path}:{}:{}", range.start, range.end).into(),
            path_len: path.as_str().len(),
            range: Some(range),
        }
    }

    pub(super) fn parse_file(name: &str) -> Result<Self, TreeManifestError> {
        Ok(Self::file(&TreePath::parse(name)?))
    }

    /// A path may hold colons itself: the last two count.
    pub(super) fn parse_range(name: &str) -> Result<Self, TreeManifestError> {
        let invalid = || TreeManifestError::Range { name: name.to_owned() };
        let (rest, end) = name.rsplit_once(':').ok_or_else(invalid)?;
        let (path, start) = rest.rsplit_once(':').ok_or_else(invalid)?;
        let (start, end) = (number(start).ok_or_else(invalid)?, number(end).ok_or_else(invalid)?);
        match start < end {
            true => Ok(Self::range(&TreePath::parse(path)?, start..end)),
            false => Err(invalid()),
        }
    }

    /// The name in the manifest.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.name[..self.path_len]
    }

    /// Which of its bytes, where not all.
    #[must_use]
    pub fn bytes(&self) -> Option<&Range<u64>> {
        self.range.as_ref()
    }
}

/// In the one spelling of a number.
fn number(text: &str) -> Option<u64> {
    let value: u64 = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}

impl Ord for Piece {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.name, self.path_len).cmp(&(&other.name, other.path_len))
    }
}

impl PartialOrd for Piece {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Resource {
    /// A piece, and what its bytes hash to.
    #[must_use]
    pub fn new(piece: Piece, digest: [u8; 32]) -> Self {
        Self { piece, digest }
    }

    /// What it is of.
    #[must_use]
    pub fn piece(&self) -> &Piece {
        &self.piece
    }

    /// The raw digest.
    #[must_use]
    pub fn digest_bytes(&self) -> &[u8; 32] {
        &self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_from_the_right_and_only_in_its_one_spelling() {
        let piece = Piece::parse_range("a:1:2/b:0:10").unwrap();
        assert_eq!((piece.path(), piece.bytes()), ("a:1:2/b", Some(&(0..10))));
        for name in [
            "a", "a:1", "a:1:1", "a:2:1", "a:01:2", "a:+1:2", "a:1:2x", ":1:2", "../a:1:2",
        ] {
            assert!(Piece::parse_range(name).is_err(), "{name}");
        }
    }
}
