use std::fmt;
use std::fs::FileType;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::input::Input;
use crate::{Algorithms, Hasher, Measured, Progress};

/// Bytes taken by one read. Large enough that system calls cost nothing beside hashing, small enough to stay in a core's
/// second-level cache between the read and the hash.
const BUFFER_LEN: usize = 128 * 1024;

/// Why a file could not be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// The file could not be opened or its metadata could not be had.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be read to its end.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path leads to something that is not a file with a definite content.
    #[error("expected a regular file, found {found}: `{}`", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// What is there.
        found: FileKind,
    },
    /// Size, time of modification or time of change are other than before, or the end came early or late: the digest may be
    /// of bytes that never were a file together.
    #[error("file changed while it was read: `{}`", path.display())]
    ChangedWhileReading {
        /// The file.
        path: PathBuf,
    },
}

impl MeasureError {
    /// The unique kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "cannot-open",
            Self::Read { .. } => "cannot-read",
            Self::NotRegular { .. } => "not-a-regular-file",
            Self::ChangedWhileReading { .. } => "changed-while-reading",
        }
    }

    /// The file that could not be measured.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Open { path, .. }
            | Self::Read { path, .. }
            | Self::NotRegular { path, .. }
            | Self::ChangedWhileReading { path } => path,
        }
    }
}

/// What a path can lead to that is no regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A directory.
    Directory,
    /// A symbolic link that is not followed.
    SymbolicLink,
    /// A named pipe.
    NamedPipe,
    /// A socket.
    Socket,
    /// A device that is read character by character.
    CharacterDevice,
    /// A device that is read block by block.
    BlockDevice,
    /// Something this crate has no word for.
    Other,
}

impl FileKind {
    /// None for a regular file.
    #[must_use]
    pub fn of(file_type: FileType) -> Option<Self> {
        if file_type.is_file() {
            return None;
        }
        Some(match () {
            () if file_type.is_dir() => Self::Directory,
            () if file_type.is_symlink() => Self::SymbolicLink,
            () => Self::of_special(file_type),
        })
    }

    #[cfg(unix)]
    fn of_special(file_type: FileType) -> Self {
        use std::os::unix::fs::FileTypeExt as _;
        match () {
            () if file_type.is_fifo() => Self::NamedPipe,
            () if file_type.is_socket() => Self::Socket,
            () if file_type.is_char_device() => Self::CharacterDevice,
            () if file_type.is_block_device() => Self::BlockDevice,
            () => Self::Other,
        }
    }

    #[cfg(not(unix))]
    fn of_special(_: FileType) -> Self {
        Self::Other
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a directory",
            Self::SymbolicLink => "a symbolic link",
            Self::NamedPipe => "a named pipe",
            Self::Socket => "a socket",
            Self::CharacterDevice => "a character device",
            Self::BlockDevice => "a block device",
            Self::Other => "something else",
        })
    }
}

/// Measures what `reader` yields until its end. Memory does not grow with the input.
///
/// # Errors
/// Those of `reader`; an interrupted read is tried again.
pub fn measure_reader(mut reader: impl Read, algorithms: &Algorithms) -> io::Result<Measured> {
    let mut hasher = Hasher::new(algorithms);
    let mut buffer = vec![0; BUFFER_LEN];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(len) => hasher.update(&buffer[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Measures a regular file on the calling thread; symbolic links that lead to one are followed. An
/// [`Engine`](crate::Engine) measures many faster than one after the other.
///
/// # Errors
/// [`MeasureError`]; a file that changes while it is read is one.
pub fn measure_file(path: &Path, algorithms: &Algorithms) -> Result<Measured, MeasureError> {
    let input = Input::open(path)?;
    measure_input(input, path, algorithms, &Progress::new())
}

/// The obvious way, one stream on one thread: what the engine's workers must come to as well.
pub(crate) fn measure_input(
    mut input: Input,
    path: &Path,
    algorithms: &Algorithms,
    progress: &Progress,
) -> Result<Measured, MeasureError> {
    let read_failed = |source| MeasureError::Read {
        path: path.to_owned(),
        source,
    };
    let mut hasher = Hasher::new(algorithms);
    let mut buffer = vec![0; BUFFER_LEN];
    loop {
        let piece = input.read(&mut buffer, hasher.size(), progress).map_err(read_failed)?;
        hasher.update(&buffer[..piece.len]);
        if piece.is_last {
            break;
        }
    }
    match input.is_unchanged(hasher.size()).map_err(read_failed)? {
        true => Ok(hasher.finish()),
        false => Err(MeasureError::ChangedWhileReading { path: path.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write as _;

    use super::*;
    use crate::Algorithm;

    fn sha256() -> Algorithms {
        Algorithms::one(Algorithm::Sha256)
    }

    #[test]
    fn a_file_and_memory_measure_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        for len in [0, 1, BUFFER_LEN - 1, BUFFER_LEN, BUFFER_LEN + 1, 3 * BUFFER_LEN + 7] {
            let content: Vec<u8> = (0..len).map(|place| (place % 251) as u8).collect();
            fs::write(&path, &content).unwrap();
            assert_eq!(
                measure_file(&path, &sha256()).unwrap(),
                Measured::of_bytes(&content, &sha256())
            );
        }
    }

    /// Yields its bytes in pieces, with an interruption before each.
    struct Stuttering<'a>(&'a [u8], bool);

    impl Read for Stuttering<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            match self.1 {
                true => Err(io::ErrorKind::Interrupted.into()),
                false => (&mut self.0).take(3).read(buffer),
            }
        }
    }

    #[test]
    fn short_and_interrupted_reads_lose_nothing() {
        let measured = measure_reader(Stuttering(b"hello world", false), &sha256()).unwrap();
        assert_eq!(measured, Measured::of_bytes(b"hello world", &sha256()));
    }

    #[test]
    fn what_is_missing_or_a_directory_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing");
        let error = measure_file(&missing, &sha256()).unwrap_err();
        assert!(matches!(&error, MeasureError::Open { source, .. } if source.kind() == io::ErrorKind::NotFound));
        assert_eq!((error.code(), error.path()), ("cannot-open", missing.as_path()));
        let error = measure_file(directory.path(), &sha256()).unwrap_err();
        let MeasureError::NotRegular { found, .. } = error else {
            panic!("found {error}")
        };
        assert_eq!(found, FileKind::Directory);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_refused_and_a_file_of_proc_is_read() {
        let error = measure_file(Path::new("/dev/zero"), &sha256()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a regular file, found a character device: `/dev/zero`"
        );
        let content = fs::read("/proc/version").unwrap();
        assert_eq!(
            measure_file(Path::new("/proc/version"), &sha256()).unwrap(),
            Measured::of_bytes(&content, &sha256())
        );
    }

    /// The twin is below: anywhere else a file that ends before its size has changed.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_of_sysfs_ends_where_reading_ends() {
        for path in ["/sys/class/net/lo/mtu", "/sys/devices/system/cpu/online"].map(Path::new) {
            // Not every system shows them.
            let (Ok(content), Ok(metadata)) = (fs::read(path), fs::metadata(path)) else {
                continue;
            };
            assert!(metadata.len() > content.len() as u64, "{}", path.display());
            assert_eq!(
                measure_file(path, &sha256()).unwrap(),
                Measured::of_bytes(&content, &sha256())
            );
        }
    }

    /// A file of six bytes that was opened before `change` and is read after it.
    fn measured_after(change: impl FnOnce(&Path)) -> Result<Measured, MeasureError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, b"before").unwrap();
        let input = Input::open(&path).unwrap();
        change(&path);
        measure_input(input, &path, &sha256(), &Progress::new())
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        measured_after(|_| ()).unwrap();
        let longer = |path: &Path| {
            let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(b"more").unwrap();
        };
        let shorter = |path: &Path| fs::write(path, b"be").unwrap();
        let touched = |path: &Path| {
            let later = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1);
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_modified(later)
                .unwrap();
        };
        for change in [&longer as &dyn Fn(&Path), &shorter, &touched] {
            let error = measured_after(change).unwrap_err();
            assert_eq!(error.code(), "changed-while-reading", "{error}");
        }
    }
}
