use std::io;

use super::Digest;

/// Why the registry refused something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// No such blob in this repository.
    #[error("blob `{0}` is not in this repository")]
    BlobUnknown(Digest),
    /// No such manifest in this repository.
    #[error("manifest `{0}` is not in this repository")]
    ManifestUnknown(String),
    /// The repository holds nothing.
    #[error("repository `{0}` is not there")]
    NameUnknown(String),
    /// The name of a repository is none.
    #[error("expected the name of a repository, found `{0}`")]
    NameInvalid(String),
    /// A tag is none.
    #[error("expected a tag, found `{0}`")]
    TagInvalid(String),
    /// A digest is none that is understood.
    #[error("expected `sha256:` or `sha512:` and hexadecimal digits, found `{0}`")]
    DigestMalformed(String),
    /// The content has another digest.
    #[error("expected content with digest `{expected}`, found `{found}`")]
    DigestInvalid {
        /// The digest that was announced.
        expected: String,
        /// The digest of what came.
        found: String,
    },
    /// This is no manifest.
    #[error("invalid manifest: {0}")]
    ManifestInvalid(String),
    /// The upload was not begun, or is finished.
    #[error("upload `{0}` is not under way")]
    UploadUnknown(String),
    /// A piece does not begin where the one before ended.
    #[error("expected a piece that begins at byte {expected}, found one at {found}")]
    OutOfOrder {
        /// How much is there.
        expected: u64,
        /// Where the piece begins.
        found: u64,
    },
    /// Another process has the directory.
    #[error("{} works in that directory", .0.map_or("another process".to_owned(), |process| format!("process {process}")))]
    InUse(Option<u32>),
    /// Somebody moved the tag in the meantime.
    #[error("tag `{0}` was moved meanwhile")]
    TagMoved(String),
    /// What the system says.
    #[error(transparent)]
    Io(#[from] io::Error),
}
