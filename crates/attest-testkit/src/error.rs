/// Why a fixture cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The sandbox refused.
    #[error(transparent)]
    Sandbox(#[from] attest_sandbox::Error),
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] attest_sign::Error),
    /// A key is none, or does not sign.
    #[error("a key of a fixture does not sign")]
    Key,
    /// A statement could not be made.
    #[error(transparent)]
    Statement(#[from] attestation::StatementError),
    /// A document is not the JSON it was a moment ago.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A mutation found nothing to change.
    #[error("expected `{pointer}` in the bundle to mutate, found nothing")]
    NothingToMutate {
        /// Where it looked.
        pointer: String,
    },
    /// A file could not be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
