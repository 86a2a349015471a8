//! A repository of an OCI registry or a layout in, the evidence that hangs on one of its manifests out.
//!
//! Evidence is found in every way in which it was ever stored: as a referrer, whether the registry lists referrers or keeps
//! them below a fallback tag, and below the three tags of cosign 2. A list says nothing that is believed: each manifest in it
//! is opened, and what it holds decides. What may not be looked at is an error, never "nothing there".
//!
//! | where | what |
//! |---|---|
//! | referrers API, and tag `sha256-HEX` | manifests with `subject` (OCI distribution specification 1.1, "Listing Referrers") |
//! | layers of type `application/vnd.dev.sigstore.bundle…` | Sigstore bundles, as cosign 3 stores them |
//! | tag `sha256-HEX.sig` | simple signing payloads, signed (cosign, `specs/SIGNATURE_SPEC.md`) |
//! | tag `sha256-HEX.att` | DSSE envelopes |
//! | tag `sha256-HEX.sbom` | a list of contents that nobody signed |

mod again;
mod asking;
mod at_once;
mod attach;
mod contest;
mod document;
mod evidence;
mod layer;
mod layout;
mod layout_writer;
mod legacy;
mod opening;
mod payload;
mod referrer;
mod shared;
mod stored;
mod tag;
mod tree;
mod writer;
mod written;

pub use attach::{AttachError, Attaching, NewEvidence, Stored};
pub use document::{Blob, Document, InvalidDocument};
pub use evidence::{Attached, Attachment, Place, StoredEvidence, evidence_of, evidence_of_at_once};
pub use layout::LayoutRepository;
pub use payload::{InvalidPayload, SimpleSigning};
pub use stored::{StoredManifest, StoredManifests, manifests_of};
pub use tag::{CosignTag, fallback_tag};
pub use tree::{Node, NodeKind, Pruning, Tree, TreeError, kind_of};
pub use writer::{Condition, SETTLING, TagPut, Versioned, Writer};
pub use written::simple_signing_payload;

use attest_digest::Digest;

/// The most manifests that are opened for one subject, the most layers of all of them, and the most pieces of evidence in those. A release of a year has some hundreds of attestations.
pub const MAX_ATTACHMENTS: usize = 4096;

/// The most bytes of evidence that are read for one subject, by what its manifests say: all of it is held at once. Attestations of
/// the contents of large images have some ten million bytes each.
pub const MAX_EVIDENCE_BYTES: u64 = 256 << 20;

/// The largest manifest or index that is read, as registries have it.
pub const MAX_DOCUMENT_BYTES: usize = 4 << 20;

/// What a repository lists as referrers of a manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Their digests.
    pub digests: Vec<Digest>,
    /// Why these are not all, where there are more than are read. Nobody knows what the others are.
    pub cut: Option<String>,
}

impl From<Vec<Digest>> for Listed {
    fn from(digests: Vec<Digest>) -> Self {
        Self { digests, cut: None }
    }
}

/// Where manifests and blobs come from. Bytes that are asked for by digest have that digest; it was checked.
pub trait Repository {
    /// Why it cannot say.
    type Error;

    /// A manifest by its digest, `None` when it is certain that there is none.
    ///
    /// # Errors
    /// Whenever it is not certain: no permission is no answer.
    fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The manifest that a tag is at, `None` when it is certain that there is none.
    ///
    /// # Errors
    /// Whenever it is not certain.
    fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, Self::Error>;

    /// A blob by its digest and its size, in bytes; `None` when it is certain that there is none.
    ///
    /// # Errors
    /// Whenever it is not certain, and when what is there has another digest or another size.
    fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The digests of the manifests that a registry lists as referrers of a digest; none when it keeps no such list.
    ///
    /// # Errors
    /// Whenever it is not certain.
    fn referrers(&self, subject: &Digest) -> Result<Listed, Self::Error>;

    /// What is certainly not there, if that is what an error says: something names it, so that it is not the same as nothing.
    fn missing(error: &Self::Error) -> Option<Digest> {
        let _ = error;
        None
    }

    /// What an error says when it is certain that something else is there than what names it says: another digest, another size, more
    /// than any has. Whoever hangs something on an image can bring that about, and must not silence what others hang there.
    fn misnamed(error: &Self::Error) -> Option<String> {
        let _ = error;
        None
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_attaching;
#[cfg(test)]
mod tests_of_hostile_evidence;
#[cfg(test)]
mod tests_of_trees;
