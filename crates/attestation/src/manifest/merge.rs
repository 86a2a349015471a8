use super::{Listing, Part, Piece, Shard, TreeManifest, TreeManifestError};
use crate::limits;

/// Why parts do not make a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There is none.
    #[error("expected at least one part, found none")]
    Nothing,
    /// Two parts differ in something that all have to have in common.
    #[error("expected parts of one tree, found two with another {what}: {} and {}", shards.0, shards.1)]
    Differs {
        /// What it is.
        what: &'static str,
        /// Whose parts they are.
        shards: (Shard, Shard),
    },
    /// The part of a shard is not there.
    #[error("expected a part from each of {count} shards, found none from {}", shown(missing, *count))]
    Missing {
        /// Which are missing, the first few.
        missing: Vec<u32>,
        /// How many there have to be.
        count: u32,
    },
    /// Two parts are of one shard.
    #[error("expected one part from each shard, found two from {shard}")]
    Twice {
        /// The shard.
        shard: Shard,
    },
    /// A piece stands in two parts, or twice in one.
    #[error("expected every file once, found `{name}` in {} and in {}", shards.0, shards.1)]
    Duplicate {
        /// The name.
        name: String,
        /// Whose parts they are.
        shards: (Shard, Shard),
    },
    /// A part has something that is not in its share, or lacks something that is.
    #[error("expected the part of {shard} to hold its share of the tree, found `{name}` {found}")]
    OutsideShare {
        /// The shard.
        shard: Shard,
        /// The first name that is wrong.
        name: String,
        /// What is wrong.
        found: &'static str,
    },
    /// What the parts hold is not the tree that each of them saw.
    #[error(
        "expected the parts to make the tree that each of them saw ({expected} pieces), found another one ({found} pieces)"
    )]
    NotTheTree {
        /// How many pieces it had.
        expected: usize,
        /// How many the parts have.
        found: usize,
    },
    /// The result is no manifest.
    #[error(transparent)]
    Manifest(#[from] TreeManifestError),
}

impl MergeError {
    /// The unique kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nothing | Self::Missing { .. } => "part-missing",
            Self::Differs { .. } => "parts-differ",
            Self::Twice { .. } => "part-twice",
            Self::Duplicate { .. } => "part-duplicate-file",
            Self::OutsideShare { .. } => "part-outside-share",
            Self::NotTheTree { .. } => "parts-not-the-tree",
            Self::Manifest(error) => error.code(),
        }
    }
}

fn shown(missing: &[u32], count: u32) -> String {
    let shards: Vec<String> = missing.iter().map(|index| format!("{index}/{count}")).collect();
    shards.join(", ")
}

/// How many missing shards are named.
const SHOWN: usize = 10;

/// Puts the parts of all machines together: the manifest that one machine makes of the same tree, byte for byte.
///
/// # Errors
/// [`MergeError`] for anything but one part from each machine, all of the same tree read in the same way, each with its share
/// and nothing else.
pub fn merge(mut parts: Vec<Part>) -> Result<TreeManifest, MergeError> {
    parts.sort_by_key(|part| part.shard);
    let first = parts.first().ok_or(MergeError::Nothing)?;
    for part in &parts {
        check_common(first, part)?;
    }
    check_complete(&parts)?;
    check_count(&parts)?;
    check_shares(&parts)?;
    let first = parts.first().ok_or(MergeError::Nothing)?;
    let (name, serialization) = (first.name.clone(), first.serialization.clone());
    let resources = parts.into_iter().flat_map(|part| part.resources).collect();
    Ok(TreeManifest::new(name, serialization, resources)?)
}

fn check_common(first: &Part, part: &Part) -> Result<(), MergeError> {
    let what = match () {
        () if part.shard.count() != first.shard.count() => "number of shards",
        () if part.serialization != first.serialization => "way of reading it",
        () if part.name != first.name => "name of the tree",
        () if part.listing != first.listing || part.count != first.count => "list of files",
        () => return Ok(()),
    };
    Err(MergeError::Differs {
        what,
        shards: (first.shard, part.shard),
    })
}

fn check_complete(parts: &[Part]) -> Result<(), MergeError> {
    if let Some(pair) = parts.windows(2).find(|pair| pair[0].shard == pair[1].shard) {
        return Err(MergeError::Twice { shard: pair[0].shard });
    }
    let count = parts.first().map_or(0, |part| part.shard.count());
    let mut there = parts.iter().map(|part| part.shard.index()).peekable();
    let missing = (0..count).filter(|index| there.next_if_eq(index).is_none());
    let missing: Vec<u32> = missing.take(SHOWN).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(MergeError::Missing { missing, count }),
    }
}

fn check_count(parts: &[Part]) -> Result<(), MergeError> {
    let (limit, found) = (
        limits::MAX_TREE_RESOURCES,
        parts.iter().map(|part| part.resources.len()).sum(),
    );
    match found > limit {
        true => Err(TreeManifestError::TooMany { limit, found }.into()),
        false => Ok(()),
    }
}

/// That each part holds its share: every machine works out all of them from the same list, and so does this.
fn check_shares(parts: &[Part]) -> Result<(), MergeError> {
    let listing = Listing::new(parts.iter().flat_map(pieces).collect());
    check_duplicates(parts, &listing)?;
    let tree = parts.first().ok_or(MergeError::Nothing)?;
    let is_the_tree = listing.digest() == tree.listing && listing.pieces().len() == tree.count;
    // There is one part from each shard, in their order.
    for (part, share) in parts.iter().zip(listing.shares(tree.shard.count())) {
        let share = &listing.pieces()[share];
        let mut found: Vec<&Piece> = part.resources.iter().map(|resource| resource.piece()).collect();
        found.sort_unstable();
        if found.iter().copied().eq(share.iter()) {
            continue;
        }
        // Of a tree that is not whole, the shares are not known.
        if !is_the_tree {
            break;
        }
        return Err(outside(part.shard, &found, share));
    }
    match is_the_tree {
        true => Ok(()),
        false => Err(MergeError::NotTheTree {
            expected: tree.count,
            found: listing.pieces().len(),
        }),
    }
}

fn pieces(part: &Part) -> impl Iterator<Item = (Piece, u64)> {
    let pieces = part.resources.iter().map(|resource| resource.piece().clone());
    pieces.zip(part.lengths.iter().copied())
}

fn check_duplicates(parts: &[Part], listing: &Listing) -> Result<(), MergeError> {
    let Some(pair) = listing.pieces().windows(2).find(|pair| pair[0] == pair[1]) else {
        return Ok(());
    };
    let holds = |part: &&Part| part.resources.iter().any(|resource| *resource.piece() == pair[0]);
    let mut holders = parts.iter().filter(holds).map(|part| part.shard);
    let first = holders.next().ok_or(MergeError::Nothing)?;
    Err(MergeError::Duplicate {
        name: pair[0].name().to_owned(),
        shards: (first, holders.next().unwrap_or(first)),
    })
}

fn outside(shard: Shard, found: &[&Piece], share: &[Piece]) -> MergeError {
    let foreign = found.iter().find(|piece| share.binary_search(piece).is_err());
    let lacking = share.iter().find(|piece| found.binary_search(piece).is_err());
    let (piece, found) = match (foreign, lacking) {
        (Some(piece), _) => (piece.name(), "of another share"),
        (None, Some(piece)) => (piece.name(), "missing"),
        (None, None) => ("", "in another order"),
    };
    MergeError::OutsideShare {
        shard,
        name: piece.to_owned(),
        found,
    }
}
