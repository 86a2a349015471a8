use std::fmt;
use std::ops::Range;

use attest_digest::{Algorithm, Algorithms, Hasher};

use super::share::shares;
use super::{Piece, Shard};

/// The pieces of a whole tree with their lengths, in the order of the manifest: what every machine finds out before it hashes
/// its share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    pieces: Vec<Piece>,
    lengths: Vec<u64>,
}

/// SHA-256 over the names and lengths of all pieces: machines that saw different trees have different ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingDigest(String);

impl Listing {
    /// Puts what was found in a tree in order.
    #[must_use]
    pub fn new(mut found: Vec<(Piece, u64)>) -> Self {
        found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let (pieces, lengths) = found.into_iter().unzip();
        Self { pieces, lengths }
    }

    /// The pieces.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Their lengths, in bytes.
    #[must_use]
    pub fn lengths(&self) -> &[u64] {
        &self.lengths
    }

    /// All of their bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lengths.iter().fold(0, |sum, length| sum.saturating_add(*length))
    }

    /// The share of a machine: a run of pieces.
    #[must_use]
    pub fn share(&self, shard: Shard) -> Range<usize> {
        self.shares(shard.count()).swap_remove(shard.index() as usize)
    }

    /// The shares of so many machines, in one pass.
    pub(super) fn shares(&self, count: u32) -> Vec<Range<usize>> {
        let mut lengths = vec![0; count as usize];
        for share in shares(&self.lengths, count) {
            lengths[share as usize] += 1;
        }
        // Shares are in order, so each begins where those before it end.
        let mut end = 0;
        let share = |length: usize| {
            let start = end;
            end += length;
            start..end
        };
        lengths.into_iter().map(share).collect()
    }

    /// The digest of all of it.
    #[must_use]
    pub fn digest(&self) -> ListingDigest {
        let mut hasher = Hasher::new(&Algorithms::one(Algorithm::Sha256));
        for (piece, length) in self.pieces.iter().zip(&self.lengths) {
            // No name holds a NUL byte, so nothing can be read in two ways.
            hasher.update(piece.name().as_bytes());
            hasher.update(b"\0");
            hasher.update(length.to_string().as_bytes());
            hasher.update(b"\0");
        }
        let measured = hasher.finish();
        let digest = measured.digest(Algorithm::Sha256);
        ListingDigest(digest.expect("SHA-256 was asked for").to_string())
    }
}

impl ListingDigest {
    pub(super) fn claimed(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for ListingDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
