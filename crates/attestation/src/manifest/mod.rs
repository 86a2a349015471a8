//! Tree manifests: one statement about every file of a directory, as OpenSSF Model Signing (OMS) defines it.
//!
//! In: paths and digests that were measured, or a statement from anywhere. Out: a [`TreeManifest`] whose names stay below its
//! root, stand once each and hash to the root digest that was said; and, for a tree that several machines hash, a [`Part`] from
//! each that [`merge`] puts together. No file is opened here.
//!
//! Source: OMS specification 1.0, sections 5 and 6 (`ossf/model-signing-spec`, `spec/v1.0.md`).

mod error;
mod listing;
mod merge;
mod part;
mod path;
mod piece;
mod serialization;
mod share;
mod statement;
#[cfg(test)]
mod tests;

use attest_digest::{Algorithm, Algorithms, Digest, Hasher};

pub use error::TreeManifestError;
pub use listing::{Listing, ListingDigest};
pub use merge::{MergeError, merge};
pub use part::{Part, PartError, Share};
pub use path::{InvalidTreePath, MAX_TREE_PATH_LEN, TreePath};
pub use piece::{Piece, Resource};
pub use serialization::{Method, Serialization};
pub use share::{InvalidShard, MAX_SHARDS, Shard};
pub use statement::SubjectLayout;

use crate::limits;

/// Every file of a tree with its digest, and how the tree was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeManifest {
    name: String,
    serialization: Serialization,
    resources: Vec<Resource>,
}

impl TreeManifest {
    /// A manifest of what was measured, in the order of the names (section 5.2.1: by code point, which is by the bytes of
    /// UTF-8).
    ///
    /// # Errors
    /// [`TreeManifestError`] when there is nothing in it, too much, or something twice.
    pub fn new(
        name: String,
        serialization: Serialization,
        mut resources: Vec<Resource>,
    ) -> Result<Self, TreeManifestError> {
        resources.sort_unstable_by(|a, b| a.piece().cmp(b.piece()));
        Self::listed(name, serialization, resources)
    }

    /// The same in the order in which somebody listed it: the root digest is over that order.
    fn listed(name: String, serialization: Serialization, resources: Vec<Resource>) -> Result<Self, TreeManifestError> {
        if name.is_empty() {
            return Err(TreeManifestError::Nameless);
        }
        check_count(resources.len())?;
        check_unique(&resources)?;
        Ok(Self {
            name,
            serialization,
            resources,
        })
    }

    /// What the tree is called. Informative: a tree may be renamed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the tree was read.
    #[must_use]
    pub fn serialization(&self) -> &Serialization {
        &self.serialization
    }

    /// Every digest, at least one, in the order in which they are listed.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// SHA-256 over all digests, in their order (section 6.5.1): one value that stands for the whole tree.
    #[must_use]
    pub fn root_digest(&self) -> Digest {
        let mut hasher = Hasher::new(&Algorithms::one(Algorithm::Sha256));
        for resource in &self.resources {
            hasher.update(resource.digest_bytes());
        }
        let measured = hasher.finish();
        let digest = measured.digest(Algorithm::Sha256);
        digest.expect("SHA-256 was asked for").clone()
    }
}

fn check_count(found: usize) -> Result<(), TreeManifestError> {
    let limit = limits::MAX_TREE_RESOURCES;
    match found {
        0 => Err(TreeManifestError::Empty),
        found if found > limit => Err(TreeManifestError::TooMany { limit, found }),
        _ => Ok(()),
    }
}

fn check_unique(resources: &[Resource]) -> Result<(), TreeManifestError> {
    let mut pieces: Vec<&Piece> = resources.iter().map(Resource::piece).collect();
    pieces.sort_unstable();
    match pieces.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(TreeManifestError::Duplicate {
            name: pair[0].name().to_owned(),
        }),
        None => Ok(()),
    }
}
