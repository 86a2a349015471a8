use attest_digest::Digest;
use serde::{Deserialize, Serialize};

use super::serialization::SerializationWire;
use super::{InvalidShard, Listing, ListingDigest, Method, Piece, Resource, Serialization, Shard, TreeManifestError};
use crate::limits;

/// The schema of a part.
const SCHEMA: &str = "https://attest.dev/schema/tree-part/v1";

/// What one of several machines has hashed of a tree, and what it saw of all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub(super) shard: Shard,
    pub(super) name: String,
    pub(super) serialization: Serialization,
    /// How many pieces the whole tree has.
    pub(super) count: usize,
    pub(super) listing: ListingDigest,
    pub(super) resources: Vec<Resource>,
    /// The lengths of these pieces.
    pub(super) lengths: Vec<u64>,
}

/// Why something is no part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartError {
    /// It has not the form.
    #[error("expected a part of a tree manifest, found something else: {detail}")]
    Malformed {
        /// What the parser said.
        detail: String,
    },
    /// Its shard is none.
    #[error(transparent)]
    Shard(#[from] InvalidShard),
    /// A name or a digest in it is none.
    #[error(transparent)]
    Manifest(#[from] TreeManifestError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartWire {
    schema: String,
    shard: ShardWire,
    tree: TreeWire,
    serialization: SerializationWire,
    resources: Vec<ResourceWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShardWire {
    index: u32,
    count: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TreeWire {
    name: String,
    resources: usize,
    listing: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceWire {
    name: String,
    size: u64,
    digest: String,
}

/// What was measured of a share.
#[derive(Debug, Clone)]
pub struct Share<'a> {
    /// Whose share it is.
    pub shard: Shard,
    /// What the tree is called.
    pub name: String,
    /// How it was read.
    pub serialization: Serialization,
    /// Everything in it.
    pub listing: &'a Listing,
    /// The digests of the share, in its order.
    pub digests: Vec<[u8; 32]>,
}

impl Part {
    /// A part, from what one machine has measured.
    ///
    /// # Panics
    /// When there are not as many digests as pieces in the share.
    #[must_use]
    pub fn new(share: Share<'_>) -> Self {
        let listing = share.listing;
        let range = listing.share(share.shard);
        assert_eq!(
            range.len(),
            share.digests.len(),
            "one digest for each piece of the share"
        );
        let pieces = listing.pieces()[range.clone()].iter().cloned();
        let resources = pieces
            .zip(share.digests)
            .map(|(piece, digest)| Resource::new(piece, digest));
        Self {
            shard: share.shard,
            name: share.name,
            serialization: share.serialization,
            count: listing.pieces().len(),
            listing: listing.digest(),
            resources: resources.collect(),
            lengths: listing.lengths()[range].to_vec(),
        }
    }

    /// Reads a part.
    ///
    /// # Errors
    /// [`PartError`]. What is in it is not held against other parts yet.
    pub fn parse(json: &[u8]) -> Result<Self, PartError> {
        let wire: PartWire = serde_json::from_slice(json).map_err(|error| PartError::Malformed {
            detail: error.to_string(),
        })?;
        if wire.schema != SCHEMA {
            let detail = format!("schema `{}`", wire.schema);
            return Err(PartError::Malformed { detail });
        }
        if wire.resources.len() > limits::MAX_TREE_RESOURCES {
            return Err(PartError::Manifest(TreeManifestError::TooMany {
                limit: limits::MAX_TREE_RESOURCES,
                found: wire.resources.len(),
            }));
        }
        let serialization = Serialization::try_from(wire.serialization)?;
        let lengths = wire.resources.iter().map(|resource| resource.size).collect();
        let resources = wire.resources.iter().map(|resource| resource.read(&serialization));
        let resources = resources.collect::<Result<_, _>>()?;
        Ok(Self {
            shard: Shard::new(wire.shard.index, wire.shard.count)?,
            name: wire.tree.name,
            serialization,
            count: wire.tree.resources,
            listing: ListingDigest::claimed(wire.tree.listing),
            resources,
            lengths,
        })
    }

    /// The document: one line, the same wherever it is made.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let resources = self
            .resources
            .iter()
            .zip(&self.lengths)
            .map(|(resource, size)| ResourceWire {
                name: resource.piece().name().to_owned(),
                size: *size,
                digest: hex::encode(resource.digest_bytes()),
            });
        let wire = PartWire {
            schema: SCHEMA.to_owned(),
            shard: ShardWire {
                index: self.shard.index(),
                count: self.shard.count(),
            },
            tree: TreeWire {
                name: self.name.clone(),
                resources: self.count,
                listing: self.listing.to_string(),
            },
            serialization: SerializationWire::from(&self.serialization),
            resources: resources.collect(),
        };
        let mut json = serde_json::to_vec(&wire).expect("strings and numbers serialise to JSON");
        json.push(b'\n');
        json
    }

    /// Whose part it is.
    #[must_use]
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// How many pieces it has, and how many all parts have together.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.resources.len(), self.count)
    }
}

impl ResourceWire {
    fn read(&self, serialization: &Serialization) -> Result<Resource, TreeManifestError> {
        let piece = match serialization.method() {
            Method::Files => Piece::parse_file(&self.name)?,
            Method::Shards { .. } => Piece::parse_range(&self.name)?,
        };
        let digest = Digest::from_hex(serialization.algorithm(), &self.digest).ok();
        let digest = digest.and_then(|digest| digest.as_bytes().try_into().ok());
        let digest = digest.ok_or_else(|| TreeManifestError::Digest {
            name: self.name.clone(),
            expected: "64 lower-case hexadecimal digits".to_owned(),
        })?;
        Ok(Resource::new(piece, digest))
    }
}
