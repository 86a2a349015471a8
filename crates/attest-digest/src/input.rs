//! Where bytes come from, and whether they stayed the same meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::file::FileKind;
use crate::{MeasureError, Progress};

/// Something open that is read once, to its end.
pub(crate) enum Input {
    File { file: File, before: Identity },
    Reader(Box<dyn Read + Send>),
}

/// What one read yielded.
pub(crate) struct Piece {
    pub(crate) len: usize,
    pub(crate) is_last: bool,
}

impl Input {
    /// Opens a regular file; symbolic links that lead to one are followed.
    pub(crate) fn open(path: &Path) -> Result<Self, MeasureError> {
        let open_failed = |source| MeasureError::Open {
            path: path.to_owned(),
            source,
        };
        let not_regular = |found| MeasureError::NotRegular {
            path: path.to_owned(),
            found,
        };
        let file = match open(path) {
            Ok(file) => file,
            // A socket cannot be opened at all; that it is one says more than that.
            Err(error) => match std::fs::metadata(path).map(|metadata| FileKind::of(metadata.file_type())) {
                Ok(Some(found)) => return Err(not_regular(found)),
                _ => return Err(open_failed(error)),
            },
        };
        let before = Identity::of(&file).map_err(open_failed)?;
        match before.kind() {
            None => Ok(Self::File { file, before }),
            Some(found) => Err(not_regular(found)),
        }
    }

    /// The size that the file had when it was opened.
    pub(crate) fn size(&self) -> Option<u64> {
        match self {
            Self::File { before, .. } => Some(before.size()),
            Self::Reader(_) => None,
        }
    }

    /// Reads once, and again if interrupted. `already` is how many bytes were read before.
    ///
    /// A file's read that is shorter than asked for and arrives at the file's size is its last: small files cost one read.
    pub(crate) fn read(&mut self, buffer: &mut [u8], already: u64, progress: &Progress) -> io::Result<Piece> {
        let len = loop {
            let read = match self {
                Self::File { file, .. } => file.read(buffer),
                Self::Reader(reader) => reader.read(buffer),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(len) => break len,
            }
        };
        progress.count_bytes(len as u64);
        let is_whole = len < buffer.len() && self.size() == Some(already + len as u64);
        Ok(Piece {
            len,
            is_last: len == 0 || is_whole,
        })
    }

    /// Whether `bytes_read` are what the file held when it was opened, and still does.
    pub(crate) fn is_unchanged(&self, bytes_read: u64) -> io::Result<bool> {
        let Self::File { file, before } = self else {
            return Ok(true);
        };
        // Files of /proc have content and say that their size is 0.
        let is_whole = bytes_read == before.size() || before.size() == 0 || has_no_size(file);
        Ok(is_whole && before.is_same(&Identity::of(file)?))
    }
}

/// Whether the file is one of those whose content the kernel makes up when it is read, and whose size it gives as that of a
/// page: the end is wherever reading ends. Anywhere else a size that is not arrived at is that of a file which changed.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn has_no_size(file: &File) -> bool {
    /// `SYSFS_MAGIC` and `CONFIGFS_MAGIC` of statfs(2).
    const MADE_UP: [u64; 2] = [0x6265_6572, 0x6265_6570];
    rustix::fs::fstatfs(file).is_ok_and(|system| u64::try_from(system.f_type).is_ok_and(|kind| MADE_UP.contains(&kind)))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn has_no_size(_: &File) -> bool {
    false
}

/// Does not wait for the writer of a named pipe, and takes no terminal over.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    loop {
        match rustix::fs::open(path, flags, Mode::empty()) {
            Err(rustix::io::Errno::INTR) => {}
            opened => return Ok(opened?.into()),
        }
    }
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// What the system says of an open file, as far as it changes with its content.
#[cfg(unix)]
pub(crate) struct Identity(rustix::fs::Stat);

#[cfg(unix)]
impl Identity {
    fn of(file: &File) -> io::Result<Self> {
        Ok(Self(rustix::fs::fstat(file)?))
    }

    fn size(&self) -> u64 {
        u64::try_from(self.0.st_size).unwrap_or(0)
    }

    /// None for a regular file.
    fn kind(&self) -> Option<FileKind> {
        use rustix::fs::FileType;
        match FileType::from_raw_mode(self.0.st_mode) {
            FileType::RegularFile => None,
            FileType::Directory => Some(FileKind::Directory),
            FileType::Symlink => Some(FileKind::SymbolicLink),
            FileType::Fifo => Some(FileKind::NamedPipe),
            FileType::Socket => Some(FileKind::Socket),
            FileType::CharacterDevice => Some(FileKind::CharacterDevice),
            FileType::BlockDevice => Some(FileKind::BlockDevice),
            FileType::Unknown => Some(FileKind::Other),
        }
    }

    /// The time of change goes along because the time of modification can be set back.
    fn is_same(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        (a.st_dev, a.st_ino, a.st_size) == (b.st_dev, b.st_ino, b.st_size)
            && (a.st_mtime, a.st_mtime_nsec) == (b.st_mtime, b.st_mtime_nsec)
            && (a.st_ctime, a.st_ctime_nsec) == (b.st_ctime, b.st_ctime_nsec)
    }
}

/// What the system says of an open file, as far as it changes with its content.
#[cfg(not(unix))]
pub(crate) struct Identity(std::fs::Metadata);

#[cfg(not(unix))]
impl Identity {
    fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(Self)
    }

    fn size(&self) -> u64 {
        self.0.len()
    }

    /// None for a regular file.
    fn kind(&self) -> Option<FileKind> {
        FileKind::of(self.0.file_type())
    }

    fn is_same(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.modified().ok() == other.0.modified().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// Whether a file of six bytes that was open during `change` counts as unchanged after `bytes_read`.
    fn unchanged_after(bytes_read: u64, change: impl FnOnce(&Path)) -> bool {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, b"before").unwrap();
        let old = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(old)
            .unwrap();
        let input = Input::open(&path).unwrap();
        change(&path);
        input.is_unchanged(bytes_read).unwrap()
    }

    #[test]
    fn a_file_that_is_left_alone_is_unchanged_if_it_was_read_to_its_size() {
        assert!(unchanged_after(6, |_| ()));
        assert!(!unchanged_after(5, |_| ()));
        assert!(!unchanged_after(7, |_| ()));
    }

    #[test]
    fn growth_shrinkage_and_other_content_are_changes() {
        let longer = |path: &Path| {
            let mut file = File::options().append(true).open(path).unwrap();
            file.write_all(b"more").unwrap();
        };
        assert!(!unchanged_after(6, longer));
        assert!(!unchanged_after(10, longer));
        assert!(!unchanged_after(6, |path| fs::write(path, b"be").unwrap()));
        assert!(!unchanged_after(6, |path| fs::write(path, b"behind").unwrap()));
    }

    #[cfg(unix)]
    #[test]
    fn other_content_with_the_old_time_of_modification_is_a_change() {
        let secretly = |path: &Path| {
            let modified = fs::metadata(path).unwrap().modified().unwrap();
            // The time of change advances with the ticks of the kernel.
            std::thread::sleep(Duration::from_millis(30));
            fs::write(path, b"behind").unwrap();
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_modified(modified)
                .unwrap();
        };
        assert!(!unchanged_after(6, secretly));
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_is_refused_as_what_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = Input::open(&path).err().unwrap();
        assert!(matches!(
            error,
            MeasureError::NotRegular {
                found: FileKind::Socket,
                ..
            }
        ));
    }

    #[test]
    fn a_short_read_is_the_last_only_if_it_arrives_at_the_size() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, b"before").unwrap();
        let mut input = Input::open(&path).unwrap();
        let (progress, mut buffer) = (Progress::new(), [0; 6]);
        let ends = |len: usize, already, input: &mut Input, buffer: &mut [u8; 6]| {
            let piece = input.read(&mut buffer[..len], already, &progress).unwrap();
            (piece.len, piece.is_last)
        };
        assert_eq!(ends(4, 0, &mut input, &mut buffer), (4, false));
        assert_eq!(ends(6, 4, &mut input, &mut buffer), (2, true));
        assert_eq!(ends(6, 6, &mut input, &mut buffer), (0, true));
        assert_eq!(progress.bytes_read(), 6);
    }
}
