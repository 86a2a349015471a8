use std::io;
use std::path::PathBuf;

/// Why a bundle cannot be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file or directory cannot be read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A directory, pipe or device stands where a file is expected.
    #[error("expected a regular file at `{}`", path.display())]
    NotAFile {
        /// What it is called.
        path: PathBuf,
    },
    /// The file has more bytes than are read.
    #[error("expected at most {limit} bytes of bundles in `{}`, found more", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bound, in bytes.
        limit: u64,
    },
    /// The directory has more bundles than are looked at.
    #[error("expected at most {limit} bundles in directory `{}`, found more", path.display())]
    TooMany {
        /// The directory.
        path: PathBuf,
        /// The bound.
        limit: usize,
    },
}

impl StoreError {
    /// The kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "bundle-unreadable",
            Self::NotAFile { .. } => "bundle-not-a-file",
            Self::TooLarge { .. } => "bundle-too-large",
            Self::TooMany { .. } => "too-many-bundles",
        }
    }
}
