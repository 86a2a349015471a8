use attest_digest::{Digest, DigestSet, Measured};

/// What is held against a verified bundle: digests, and the name that the artifact goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    pub(crate) name: Option<String>,
    pub(crate) digests: DigestSet,
}

impl Artifact {
    /// A file that was measured here. `name` is its file name, without directories: a bundle that knows the name as that
    /// of other bytes is held against it.
    #[must_use]
    pub fn measured(name: impl Into<String>, measured: &Measured) -> Self {
        Self {
            name: Some(name.into()),
            digests: measured.digests().clone(),
        }
    }

    /// Bytes that were measured here and go by no name, as from a pipe.
    #[must_use]
    pub fn nameless(measured: &Measured) -> Self {
        Self {
            name: None,
            digests: measured.digests().clone(),
        }
    }

    /// A digest that somebody gives for an artifact that is not at hand. What is verified then is the digest.
    #[must_use]
    pub fn by_digest(digest: Digest) -> Self {
        Self {
            name: None,
            digests: std::iter::once(digest).collect(),
        }
    }
}
