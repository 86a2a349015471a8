use std::fmt;

use attest_digest::Digest;

use crate::Envelope;

/// What a bundle says. Every field is a claim: complete, well-formed, and unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unverified {
    /// The version of the format.
    pub version: BundleVersion,
    /// Who is said to have signed.
    pub key_material: KeyMaterial,
    /// Where it is said to be logged.
    pub log_entries: Vec<LogEntry>,
    /// RFC 3161 timestamp responses, DER.
    pub timestamps: Vec<Vec<u8>>,
    /// What is said to be signed.
    pub content: SignedContent,
}

/// A version of the bundle format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum BundleVersion {
    /// Version 0.1: an inclusion promise is required.
    V0_1,
    /// Version 0.2: an inclusion proof is required.
    V0_2,
    /// Version 0.3: an inclusion proof is required, and a certificate stands alone.
    V0_3,
}

/// Who is said to have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyMaterial {
    /// The certificate of the signing key, DER.
    Certificate(Vec<u8>),
    /// The same with the certificates above it, leaf first, DER; never empty.
    Chain(Vec<Vec<u8>>),
    /// A key that the verifier has to know, and a hint which.
    PublicKey {
        /// The hint, often base64 of the SHA-256 of the key.
        hint: String,
    },
}

/// One entry of a transparency log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogEntry {
    /// The index in the whole log.
    pub log_index: u64,
    /// The id of the log.
    pub log_id: Vec<u8>,
    /// What kind of entry it is: `hashedrekord`, `dsse` or `intoto`.
    pub kind: String,
    /// The version of the kind.
    pub version: String,
    /// Seconds since 1970, or none where the log does not say.
    pub integrated_time: Option<u64>,
    /// The log's signature over body, time and index.
    pub promise: Option<Vec<u8>>,
    /// The Merkle path to a signed root.
    pub proof: Option<InclusionProof>,
    /// What is logged, as canonical JSON.
    pub body: Vec<u8>,
}

/// A Merkle path from an entry to a root that a log has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InclusionProof {
    /// The index in the tree of this proof.
    pub log_index: u64,
    /// The root.
    pub root_hash: [u8; 32],
    /// The number of entries below the root.
    pub tree_size: u64,
    /// The path, leaf first.
    pub hashes: Vec<[u8; 32]>,
    /// The signed note over the root, empty in old bundles.
    pub checkpoint: String,
}

/// What is said to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedContent {
    /// An artifact itself.
    Message(MessageSignature),
    /// A statement in an envelope.
    Envelope(Envelope),
}

/// A signature over an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageSignature {
    /// Which artifact, as a hint.
    pub digest: Option<Digest>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl Unverified {
    /// The certificate of the signer, DER, unless a key of its own is used.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        match &self.key_material {
            KeyMaterial::Certificate(certificate) => Some(certificate),
            KeyMaterial::Chain(chain) => chain.first().map(Vec::as_slice),
            KeyMaterial::PublicKey { .. } => None,
        }
    }

    /// The envelope, when a statement is signed.
    #[must_use]
    pub fn envelope(&self) -> Option<&Envelope> {
        match &self.content {
            SignedContent::Envelope(envelope) => Some(envelope),
            SignedContent::Message(_) => None,
        }
    }
}

impl fmt::Display for BundleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V0_1 => "0.1",
            Self::V0_2 => "0.2",
            Self::V0_3 => "0.3",
        })
    }
}
