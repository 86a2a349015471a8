use std::io;
use std::path::Path;

/// Which directory it is, by whatever name it was reached.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Identity(Inner);

/// Device and inode.
#[cfg(unix)]
type Inner = (u64, u64);

/// The path without links.
#[cfg(not(unix))]
type Inner = std::path::PathBuf;

impl Identity {
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::metadata(path)?;
        Ok(Self((metadata.dev(), metadata.ino())))
    }

    #[cfg(not(unix))]
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self(path.canonicalize()?))
    }
}
