use std::fs::File;
use std::io;
use std::path::Path;

use attest_digest::{FileKind, MeasureError, Source as Bytes};

/// Which pipe a path leads to. Two readers of one would share its bytes, and neither would have the digest of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PipeId(u64, u64);

impl PipeId {
    /// None for what is no named pipe. Asked before opening, because opening one lets its writer go on.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        is_pipe(&metadata).then(|| Self::of(&metadata))
    }

    #[cfg(unix)]
    fn of(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self(metadata.dev(), metadata.ino())
    }

    #[cfg(not(unix))]
    fn of(_: &std::fs::Metadata) -> Self {
        Self(0, 0)
    }
}

fn is_pipe(metadata: &std::fs::Metadata) -> bool {
    FileKind::of(metadata.file_type()) == Some(FileKind::NamedPipe)
}

/// Waits for whoever writes to the pipe. What has become something else meanwhile is a file, or refused as what it is.
pub(super) fn bytes(path: &Path) -> Bytes {
    let open = || -> io::Result<_> {
        let file = File::open(path)?;
        Ok(is_pipe(&file.metadata()?).then_some(file))
    };
    match open() {
        Ok(Some(pipe)) => Bytes::Reader(Box::new(pipe)),
        Ok(None) => Bytes::File,
        Err(source) => Bytes::Failed(MeasureError::Open {
            path: path.to_owned(),
            source,
        }),
    }
}
