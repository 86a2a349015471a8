use attest_digest::Digest;

use super::InvalidTreePath;

/// Why something is no tree manifest, or none that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeManifestError {
    /// The statement is about something else.
    #[error("expected a statement of type `https://model_signing/signature/v1.0`, found `{found}`")]
    NotAManifest {
        /// Its predicate type.
        found: String,
    },
    /// There is no name for the tree.
    #[error("expected a name for the tree, found an empty one")]
    Nameless,
    /// Nothing is listed: accepting that would be accepting anything.
    #[error("expected at least one file, found none")]
    Empty,
    /// More is listed than is read.
    #[error("expected at most {limit} files or ranges of files, found {found}")]
    TooMany {
        /// The bound.
        limit: usize,
        /// What was found.
        found: usize,
    },
    /// A name stands twice: two readers might believe different digests.
    #[error("expected every name once, found `{name}` twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A name leads out of the tree, or is not spelled in the one way that counts.
    #[error(transparent)]
    Path(#[from] InvalidTreePath),
    /// The name of a range of bytes has not the form `path:start:end`.
    #[error("expected `path:start:end` with start below end, found `{name}`")]
    Range {
        /// The name.
        name: String,
    },
    /// A digest is malformed, or by another algorithm than the manifest says.
    #[error("expected {expected} for `{name}`")]
    Digest {
        /// The name.
        name: String,
        /// What belongs there.
        expected: String,
    },
    /// The digests are by an algorithm that is not made here.
    #[error("expected digests by sha256 or blake3, found `{found}`")]
    UnsupportedAlgorithm {
        /// The name of the algorithm.
        found: String,
    },
    /// The tree was read in a way that is not known here.
    #[error("expected serialization method `files` or `shards`, found `{found}`")]
    UnsupportedMethod {
        /// The name of the method.
        found: String,
    },
    /// A field is missing or has another type.
    #[error("expected a predicate of a tree manifest, found something else: {detail}")]
    Malformed {
        /// What the parser said.
        detail: String,
    },
    /// There is not the one subject that stands for the tree.
    #[error("expected one subject with a name and a sha256 digest, found {found}")]
    Subject {
        /// What was found.
        found: String,
    },
    /// The digests that are listed are not those that the root digest was made of.
    #[error("expected the listed digests to hash to {expected}, found {found}")]
    RootMismatch {
        /// The digest of the subject.
        expected: Digest,
        /// What the listed digests hash to.
        found: Digest,
    },
    /// What was asked for cannot be said in the older layout.
    #[error("expected {expected} for a statement whose subjects are the files")]
    NotForSubjects {
        /// What it takes.
        expected: &'static str,
    },
}

impl TreeManifestError {
    /// The unique kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedAlgorithm { .. } | Self::UnsupportedMethod { .. } => "tree-manifest-unsupported",
            Self::RootMismatch { .. } => "tree-root-mismatch",
            _ => "tree-manifest-invalid",
        }
    }
}
