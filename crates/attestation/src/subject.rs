use attest_digest::{Digest, DigestSet, Measured};
use serde_json::{Map, Value};

/// One artifact that a statement speaks about: a name, and digests of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    name: Option<String>,
    digests: DigestSet,
    annotations: Map<String, Value>,
}

/// Why something is no subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// No digest, or none by an algorithm that is understood.
    #[error("expected a sha256, sha384 or sha512 digest for subject `{name}`, found none")]
    NoDigest {
        /// The name of the subject.
        name: String,
    },
}

impl Subject {
    /// An artifact that was measured here. Its name is what it is called where it is published, not a path.
    #[must_use]
    pub fn measured(name: impl Into<String>, measured: &Measured) -> Self {
        Self {
            name: Some(name.into()),
            digests: measured.digests().clone(),
            annotations: Map::new(),
        }
    }

    /// An artifact as somebody claims it to be.
    ///
    /// # Errors
    /// [`SubjectError::NoDigest`] when `digests` is empty.
    pub fn claimed(name: Option<String>, digests: impl IntoIterator<Item = Digest>) -> Result<Self, SubjectError> {
        let digests: DigestSet = digests.into_iter().collect();
        if digests.is_empty() {
            return Err(SubjectError::NoDigest {
                name: name.unwrap_or_default(),
            });
        }
        Ok(Self {
            name,
            digests,
            annotations: Map::new(),
        })
    }

    /// The same, with what else its signer says of it.
    #[must_use]
    pub fn with_annotations(self, annotations: Map<String, Value>) -> Self {
        Self { annotations, ..self }
    }

    /// The name, if there is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The digests, at least one.
    #[must_use]
    pub fn digests(&self) -> &DigestSet {
        &self.digests
    }

    /// What else its signer says of it, such as the annotations of a signed image; mostly nothing.
    ///
    /// Source: in-toto attestation framework 1.0, "ResourceDescriptor".
    #[must_use]
    pub fn annotations(&self) -> &Map<String, Value> {
        &self.annotations
    }

    /// Whether these are the bytes that were measured: at least one algorithm is in both, and all that are agree.
    #[must_use]
    pub fn matches(&self, measured: &Measured) -> bool {
        self.matches_digests(measured.digests())
    }

    /// The same for digests, wherever they come from.
    #[must_use]
    pub fn matches_digests(&self, digests: &DigestSet) -> bool {
        let mut compared = self
            .digests
            .iter()
            .filter_map(|claim| Some(digests.of(claim.algorithm())? == claim));
        // `all` alone would accept a subject that shares no algorithm.
        compared.next().is_some_and(|first| first && compared.all(|same| same))
    }
}
