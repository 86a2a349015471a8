use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use attest_archive::Replacement;
use attest_digest::FileKind;

use crate::failure::Failure;

/// Links that are followed one after the other before they are taken for a circle: as many as Linux follows.
const MAX_LINKS: usize = 40;

/// A file that comes into being whole or not at all. Dropped before [`OutputFile::commit`], it leaves nothing behind; nor
/// does a process that is killed before that, for until then the file has no name.
///
/// Then it takes the place of the file that is there, and keeps its permissions. A symbolic link stays, and what it leads
/// to is replaced. A named pipe and a character device are written to, all at once; nothing else is an output.
pub(crate) struct OutputFile {
    /// As it was asked for.
    asked: PathBuf,
    place: Place,
    content: File,
}

/// Where an output belongs.
enum Place {
    /// In a directory, at this path without links.
    File { path: PathBuf, mode: Mode },
    /// What is written to as it is.
    Stream(PathBuf),
}

/// Who may read it.
enum Mode {
    /// Whoever may read what the process makes.
    Usual,
    /// Nobody but its owner.
    Private,
    /// Those who might read the file that was there.
    Kept(Metadata),
}

impl OutputFile {
    /// Begins to write what will be at `path`.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let place = Place::of(path).map_err(|error| failed(path, &error))?;
        Self::build(path, place)
    }

    /// The same for a file that nobody but its owner may read, and that is not there yet.
    pub(crate) fn create_private(path: &Path) -> Result<Self, Failure> {
        let (path, mode) = (path.to_owned(), Mode::Private);
        Self::build(&path.clone(), Place::File { path, mode })
    }

    /// The same for a file that is not there yet, readable as any other. A link at its place is not followed.
    pub(crate) fn create_new(path: &Path) -> Result<Self, Failure> {
        let (path, mode) = (path.to_owned(), Mode::Usual);
        Self::build(&path.clone(), Place::File { path, mode })
    }

    fn build(asked: &Path, place: Place) -> Result<Self, Failure> {
        let content = match &place {
            Place::File { path, mode } => nameless_file(directory_of(path), mode),
            Place::Stream(_) => tempfile::tempfile(),
        };
        Ok(Self {
            content: content.map_err(|error| failed(asked, &error))?,
            asked: asked.to_owned(),
            place,
        })
    }

    /// The path without links at which it will be.
    pub(crate) fn place(&self) -> &Path {
        match &self.place {
            Place::File { path, .. } | Place::Stream(path) => path,
        }
    }

    /// Writes the next bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.content.write_all(bytes);
        written.map_err(|error| failed(&self.asked, &error))
    }

    /// Where the next bytes go, for who writes them himself.
    pub(crate) fn content(&mut self) -> &mut File {
        &mut self.content
    }

    /// Gives the file its name, in place of what had it before.
    pub(crate) fn commit(mut self) -> Result<(), Failure> {
        let done = match &self.place {
            Place::File { path, mode } => replace(&mut self.content, path, mode),
            Place::Stream(path) => pour(&mut self.content, path),
        };
        done.map_err(|error| failed(&self.asked, &error))
    }

    /// Gives all of them their names, or none: what was there before comes back when one cannot have its own.
    pub(crate) fn commit_all(mut files: Vec<Self>) -> Result<(), Failure> {
        // What is written to a stream cannot be taken back.
        files.sort_by_key(|file| matches!(file.place, Place::Stream(_)));
        let mut replacement = Replacement::default();
        let done = files
            .into_iter()
            .try_for_each(|file| file.commit_with(&mut replacement));
        let Err(failure) = done else {
            replacement.finish();
            return Ok(());
        };
        Err(match replacement.undo() {
            Ok(()) => failure,
            Err(lost) => failure.hint(format_args!("mv '{}' '{}'", lost.kept.display(), lost.path.display())),
        })
    }

    fn commit_with(self, replacement: &mut Replacement) -> Result<(), Failure> {
        let (asked, place) = (self.asked.clone(), self.place().to_owned());
        match self.place {
            Place::File { .. } => replacement.place(&place, |error| failed(&asked, &error), || self.commit()),
            Place::Stream(_) => self.commit(),
        }
    }

    /// Gives the file its name, unless something has it already: then there is no failure to tell but that.
    pub(crate) fn commit_new(mut self) -> Result<(), Option<Failure>> {
        let done = match &self.place {
            Place::File { path, mode } => name_first(&mut self.content, path, mode),
            Place::Stream(_) => Err(io::ErrorKind::AlreadyExists.into()),
        };
        done.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => None,
            _ => Some(failed(&self.asked, &error)),
        })
    }
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        let (path, mode) = match fs::metadata(path) {
            Ok(found) => match FileKind::of(found.file_type()) {
                None => (without_links(path)?, Mode::Kept(found)),
                Some(FileKind::NamedPipe | FileKind::CharacterDevice) => return Ok(Self::Stream(path.to_owned())),
                Some(kind) => return Err(io::Error::other(format!("expected a place for a file, found {kind}"))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => (without_links(path)?, Mode::Usual),
            Err(error) => return Err(error),
        };
        Ok(Self::File { path, mode })
    }
}

/// Where the links at `path` lead, whether something is there or not. Links to its directory stay in it.
pub(crate) fn without_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => path = directory_of(&path).join(fs::read_link(&path)?),
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

/// A file that lies in the directory, so that it can be given a name there, and has none yet.
#[cfg(target_os = "linux")]
fn nameless_file(directory: &Path, mode: &Mode) -> io::Result<File> {
    use rustix::fs::{OFlags, open};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match open(directory, flags, mode.at_first().into()) {
        Ok(file) => Ok(file.into()),
        // Not every file system has such files.
        Err(_) => tempfile::tempfile_in(directory),
    }
}

#[cfg(not(target_os = "linux"))]
fn nameless_file(directory: &Path, _: &Mode) -> io::Result<File> {
    tempfile::tempfile_in(directory)
}

impl Mode {
    /// The bits to make the file with. What is to be as private as before is never less so.
    #[cfg(unix)]
    fn at_first(&self) -> u32 {
        match self {
            Self::Usual => 0o666,
            Self::Private | Self::Kept(_) => 0o600,
        }
    }

    fn give(&self, file: &File) -> io::Result<()> {
        match self {
            Self::Usual | Self::Private => Ok(()),
            Self::Kept(before) => keep(before, file),
        }
    }
}

/// The owner is kept where that is allowed, the group as well; what was allowed to another group is allowed to none.
#[cfg(unix)]
fn keep(before: &Metadata, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let now = file.metadata()?;
    let is_same = (now.uid(), now.gid()) == (before.uid(), before.gid());
    let has_group = is_same
        || fchown(file, Some(before.uid()), Some(before.gid())).is_ok()
        || now.gid() == before.gid()
        || fchown(file, None, Some(before.gid())).is_ok();
    let allowed = if has_group { 0o777 } else { 0o707 };
    file.set_permissions(fs::Permissions::from_mode(before.mode() & allowed))
}

#[cfg(not(unix))]
fn keep(_: &Metadata, _: &File) -> io::Result<()> {
    Ok(())
}

/// Puts the content at `path`, where something may be, in one step.
fn replace(content: &mut File, path: &Path, mode: &Mode) -> io::Result<()> {
    match name_first(content, path, mode) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        done => return done,
    }
    let directory = directory_of(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".attest-");
    // The name is on its way to the other one: nothing but a crash in between can leave it behind.
    match builder.make_in(directory, |name| link(content, name)) {
        Ok(named) => named.persist(path).map_err(|error| error.error)?,
        Err(_) => drop(copied(content, directory, mode)?.persist(path)?),
    }
    sync_directory(directory)
}

/// Puts the content at `path`, unless something is there.
fn name_first(content: &mut File, path: &Path, mode: &Mode) -> io::Result<()> {
    mode.give(content)?;
    content.sync_all()?;
    let directory = directory_of(path);
    match link(content, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => drop(copied(content, directory, mode)?.persist_noclobber(path)?),
    }
    sync_directory(directory)
}

/// Gives a file without a name its first one.
#[cfg(target_os = "linux")]
fn link(content: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, linkat};
    let itself = format!("/proc/self/fd/{}", content.as_raw_fd());
    Ok(linkat(CWD, itself, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The content in a file that has a name, for where no other gets one.
fn copied(content: &mut File, directory: &Path, mode: &Mode) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode.at_first()));
    let mut copy = builder.prefix(".attest-").tempfile_in(directory)?;
    content.rewind()?;
    io::copy(content, &mut copy)?;
    mode.give(copy.as_file())?;
    copy.as_file().sync_all()?;
    Ok(copy)
}

/// Writes the content to what is there. A named pipe waits for somebody to read from it.
fn pour(content: &mut File, path: &Path) -> io::Result<()> {
    let mut stream = OpenOptions::new().write(true).open(path)?;
    content.rewind()?;
    io::copy(content, &mut stream)?;
    stream.flush()
}

pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Without this a crash could undo the renaming. Not every system can sync a directory.
fn sync_directory(directory: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(directory)?.sync_all(),
        false => Ok(()),
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::undecided("output-failed", format_args!("cannot write the output file: {error}")).at(path.display())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
        let mut output = OutputFile::create(path)?;
        output.write(content)?;
        output.commit()
    }

    #[test]
    fn a_committed_file_takes_the_place_of_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("list");
        fs::write(&path, "old").unwrap();
        let mut output = OutputFile::create(&path).unwrap();
        output.write(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        output.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(directory.path()), ["list"]);
    }

    #[test]
    fn a_dropped_file_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let mut output = OutputFile::create(&directory.path().join("list")).unwrap();
        output.write(b"half").unwrap();
        drop(output);
        assert_eq!(names(directory.path()), [""; 0]);
    }

    #[test]
    fn a_new_file_does_not_take_the_place_of_an_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let mut output = OutputFile::create_private(&path).unwrap();
        output.write(b"first").unwrap();
        output.commit_new().unwrap();
        let mut output = OutputFile::create_private(&path).unwrap();
        output.write(b"second").unwrap();
        assert_eq!(output.commit_new(), Err(None));
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(directory.path()), ["key"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_permissions_of_what_is_replaced_are_kept() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("list");
        for mode in [0o600, 0o644, 0o660, 0o444] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            write(&path, b"new").unwrap();
            let found = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
            assert_eq!(format!("{found:o}"), format!("{mode:o}"));
            assert_eq!(fs::read(&path).unwrap(), b"new");
            fs::remove_file(&path).unwrap();
        }
        assert_eq!(names(directory.path()), [""; 0]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_leads_to_is_replaced_or_made() {
        let directory = tempfile::tempdir().unwrap();
        let [link, inner, target] = ["link", "sub/inner", "sub/target"].map(|name| directory.path().join(name));
        fs::create_dir(directory.path().join("sub")).unwrap();
        std::os::unix::fs::symlink("sub/inner", &link).unwrap();
        std::os::unix::fs::symlink("target", &inner).unwrap();
        for content in [&b"made"[..], b"replaced"] {
            write(&link, content).unwrap();
            assert_eq!(fs::read(&target).unwrap(), content);
            assert!(link.is_symlink() && inner.is_symlink() && !target.is_symlink());
        }
        std::os::unix::fs::symlink("circle", directory.path().join("circle")).unwrap();
        let failure = write(&directory.path().join("circle"), b"").unwrap_err();
        assert_eq!(failure.code(), "output-failed");
    }

    #[cfg(unix)]
    #[test]
    fn a_named_pipe_is_written_to_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        drop(OutputFile::create(&path).unwrap());
        let pipe = path.clone();
        let reader = std::thread::spawn(move || fs::read(pipe).unwrap());
        write(&path, b"through").unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        let found = fs::symlink_metadata(&path).unwrap().file_type();
        assert_eq!(FileKind::of(found), Some(FileKind::NamedPipe));
        assert_eq!(OutputFile::create(&path).unwrap().commit_new(), Err(None));
        assert_eq!(names(directory.path()), ["pipe"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_and_a_socket_are_no_outputs() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, kind) in [(directory.path(), "a directory"), (&socket, "a socket")] {
            let failure = OutputFile::create(path).err().unwrap();
            assert_eq!(failure.code(), "output-failed");
            assert!(failure.to_string().contains(kind), "{failure}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nothing_is_in_the_directory_before_the_file_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let mut output = OutputFile::create(&directory.path().join("list")).unwrap();
        output.write(b"half").unwrap();
        assert_eq!(names(directory.path()), [""; 0]);
    }

    #[test]
    fn where_no_file_is_without_a_name_it_is_copied() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("list");
        for content in ["new", "newer"] {
            let mut output = OutputFile::create(&path).unwrap();
            output.content = File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .open(directory.path().join("other"))
                .unwrap();
            fs::remove_file(directory.path().join("other")).unwrap();
            output.write(content.as_bytes()).unwrap();
            output.commit().unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(names(directory.path()), ["list"]);
        }
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let failure = OutputFile::create(Path::new("no/such/list")).err().unwrap();
        assert_eq!(failure.code(), "output-failed");
    }
}
