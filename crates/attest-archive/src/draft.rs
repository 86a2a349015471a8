use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::NamedTempFile;

use crate::Error;
use crate::write::{Packed, Recipe, write_archive_to};

/// An archive that is written and synced, and not yet in its place. Dropped, it leaves nothing behind.
pub(crate) struct Draft<T = Packed> {
    file: Unplaced,
    destination: PathBuf,
    packed: T,
}

/// Who may read a file, before the umask takes away what the user does not grant: anybody, as with any new file.
const FOR_ALL: u32 = 0o666;

/// Nobody but its owner.
const FOR_OWNER: u32 = 0o600;

/// A file that lies in a directory.
pub(crate) enum Unplaced {
    /// Without a name: on Linux, so that nothing is left of it whatever ends the process.
    #[cfg(target_os = "linux")]
    Nameless(File),
    /// Under the name of a temporary file.
    Named(NamedTempFile),
}

impl Draft {
    /// Writes an archive for `destination`, until somebody sets `stop`.
    pub(crate) fn write(recipe: &Recipe, destination: &Path, stop: &AtomicBool) -> Result<Self, Error> {
        Self::write_by(destination, stop, |file, directory| {
            write_archive_to(recipe, file, directory).map(|(_, packed)| packed)
        })
    }
}

impl<T> Draft<T> {
    /// The same with whatever `write` writes.
    pub(crate) fn write_by(
        destination: &Path,
        stop: &AtomicBool,
        write: impl FnOnce(Stoppable<'_>, &Path) -> Result<T, Error>,
    ) -> Result<Self, Error> {
        refuse_destination(destination)?;
        let directory = directory_of(destination);
        let file = Unplaced::new(directory, FOR_ALL).map_err(Error::write)?;
        let inner = file.as_file();
        let packed = write(Stoppable { inner, stop }, directory)?;
        file.as_file().sync_all().map_err(Error::write)?;
        let destination = destination.to_owned();
        Ok(Self {
            file,
            destination,
            packed,
        })
    }

    pub(crate) fn packed(&self) -> &T {
        &self.packed
    }

    /// Gives the archive its name, in place of what had it before. It is safe from crashes when [`sync_directory`] is done.
    pub(crate) fn place(self) -> Result<T, Error> {
        self.file.place(&self.destination).map_err(Error::write)?;
        Ok(self.packed)
    }
}

/// What is there and is no regular file stays.
pub(crate) fn refuse_destination(destination: &Path) -> Result<(), Error> {
    match fs::metadata(destination).is_ok_and(|metadata| !metadata.is_file()) {
        false => Ok(()),
        true => Err(Error::NotAFile {
            path: destination.to_owned(),
        }),
    }
}

pub(crate) fn directory_of(destination: &Path) -> &Path {
    match destination.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// A name is on disk only when its directory is.
pub(crate) fn sync_directory(directory: &Path) -> Result<(), Error> {
    match cfg!(unix) {
        true => File::open(directory)
            .and_then(|file| file.sync_all())
            .map_err(Error::write),
        false => Ok(()),
    }
}

/// A file with a name that nothing else has.
pub(crate) fn temporary_file(directory: &Path) -> io::Result<NamedTempFile> {
    named_file(directory, FOR_ALL)
}

fn named_file(directory: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".attest-").suffix(".partial");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    builder.tempfile_in(directory)
}

impl Unplaced {
    /// One that nobody but its owner may read.
    pub(crate) fn of_owner(directory: &Path) -> io::Result<Self> {
        Self::new(directory, FOR_OWNER)
    }

    #[cfg(target_os = "linux")]
    fn new(directory: &Path, mode: u32) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags, open};
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let opened = open(directory, flags, Mode::from_raw_mode(mode)).map(File::from);
        match opened {
            // Without the links of /proc it could be given no name.
            Ok(file) if fs::metadata(link_of(&file)).is_ok() => Ok(Self::Nameless(file)),
            // Not every file system has such files.
            _ => named_file(directory, mode).map(Self::Named),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn new(directory: &Path, mode: u32) -> io::Result<Self> {
        named_file(directory, mode).map(Self::Named)
    }

    pub(crate) fn as_file(&self) -> &File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file,
            Self::Named(file) => file.as_file(),
        }
    }

    /// Gives it its name, in place of what had it before.
    pub(crate) fn place(self, destination: &Path) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => name(&file, destination),
            Self::Named(file) => file.persist(destination).map(drop).map_err(|error| error.error),
        }
    }
}

impl Write for Unplaced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.as_file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.as_file().flush()
    }
}

/// Only a file that has a name can take the place of another: where there is one, it gets a name that is soon the other.
#[cfg(target_os = "linux")]
fn name(file: &File, destination: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    let link = |path: &Path| linkat(CWD, link_of(file), CWD, path, AtFlags::SYMLINK_FOLLOW).map_err(io::Error::from);
    match link(destination) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        done => return done,
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".attest-").suffix(".partial");
    let named = builder.make_in(directory_of(destination), link)?;
    named.persist(destination).map_err(|error| error.error)
}

#[cfg(target_os = "linux")]
fn link_of(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd as _;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Fails as soon as nobody wants what is written.
pub(crate) struct Stoppable<'a> {
    inner: &'a File,
    stop: &'a AtomicBool,
}

impl Write for Stoppable<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stop.load(Ordering::Relaxed) {
            false => self.inner.write(bytes),
            true => Err(io::Error::other("another archive could not be written")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
