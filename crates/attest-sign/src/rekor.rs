use crate::{ContentKind, Error, KeyAlgorithm, SignatureAlgorithm, TransparencyLog};

/// A version of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RekorVersion {
    /// Signs a promise and the time itself.
    V1,
    /// A log of tiles. Signs no time: a timestamp authority has to.
    V2,
}

impl RekorVersion {
    /// How it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "Rekor 1",
            Self::V2 => "Rekor 2",
        }
    }

    /// The number, as signing configurations have it.
    #[must_use]
    pub const fn major(self) -> u32 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    /// Whether such a log verifies signatures of this algorithm, and so takes them.
    ///
    /// Version 1 verifies artifacts by any digest, and Ed25519 by its prehashed form alone; envelopes by SHA-256 whatever the key,
    /// and Ed25519 as it is. Version 2 takes each kind of key by one algorithm, for envelopes as well.
    ///
    /// Sources: Rekor, `pkg/types/hashedrekord/v0.0.1/entry.go` and `pkg/types/dsse/v0.0.1/entry.go`; rekor-tiles,
    /// `internal/algorithmregistry/algorithmregistry.go`.
    #[must_use]
    pub fn takes(self, algorithm: SignatureAlgorithm, content: ContentKind) -> bool {
        use SignatureAlgorithm as By;
        match (self, content) {
            (Self::V1, ContentKind::Artifact) => algorithm != By::Ed25519,
            (Self::V1, ContentKind::Statement) => !matches!(
                algorithm,
                By::EcdsaP384Sha384 | By::EcdsaP521Sha512 | By::Ed25519Prehashed
            ),
            (Self::V2, _) => !matches!(algorithm, By::EcdsaP384Sha256 | By::EcdsaP521Sha256 | By::Ed25519),
        }
    }

    /// Said before anything is sent.
    ///
    /// # Errors
    /// [`Error::NotLoggable`].
    pub fn check(self, algorithm: SignatureAlgorithm, content: ContentKind) -> Result<(), Error> {
        match self.takes(algorithm, content) {
            true => Ok(()),
            false => Err(Error::NotLoggable {
                log: self.name(),
                content: match content {
                    ContentKind::Artifact => "artifacts",
                    ContentKind::Statement => "statements",
                },
                algorithm,
            }),
        }
    }
}

/// How a key signs when nobody said how: by the first of its algorithms that every log takes.
pub(crate) fn algorithm_for(
    key: KeyAlgorithm,
    content: ContentKind,
    logs: &[&dyn TransparencyLog],
) -> Result<SignatureAlgorithm, Error> {
    let all = key.signature_algorithms();
    let takes = |algorithm: &SignatureAlgorithm| logs.iter().all(|log| log.version().takes(*algorithm, content));
    // Of an artifact nothing is at hand but its digests.
    let signs = |algorithm: &SignatureAlgorithm| content == ContentKind::Statement || algorithm.digest().is_some();
    let found = all
        .iter()
        .copied()
        .find(|algorithm| signs(algorithm) && takes(algorithm));
    let refused = || {
        let own = key.own();
        let checks = logs.iter().map(|log| log.version().check(own, content));
        checks.into_iter().find_map(Result::err)
    };
    found.ok_or_else(|| refused().unwrap_or(Error::WholeMessagesOnly))
}
