use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// A file that comes into being whole or not at all: it is written under another name in the same directory, synced and
/// renamed. Dropped before [`OutputFile::commit`], it leaves nothing behind.
pub(crate) struct OutputFile {
    path: PathBuf,
    temporary: NamedTempFile,
}

impl OutputFile {
    /// Begins to write what will be at `path`.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Self::build(&mut builder, path)
    }

    /// The same for a file that nobody but its owner may read.
    pub(crate) fn create_private(path: &Path) -> Result<Self, Failure> {
        Self::build(&mut tempfile::Builder::new(), path)
    }

    fn build(builder: &mut tempfile::Builder<'_, '_>, path: &Path) -> Result<Self, Failure> {
        builder.prefix(".attest-");
        match builder.tempfile_in(directory_of(path)) {
            Ok(temporary) => Ok(Self {
                path: path.to_owned(),
                temporary,
            }),
            Err(error) => Err(failed(path, &error)),
        }
    }

    /// Where it is written, until it gets its name.
    pub(crate) fn temporary(&self) -> &Path {
        self.temporary.path()
    }

    /// Writes the next bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.temporary
            .write_all(bytes)
            .map_err(|error| failed(&self.path, &error))
    }

    /// Gives the file its name, in place of what had it before.
    pub(crate) fn commit(self) -> Result<(), Failure> {
        let Self { path, temporary } = self;
        let done = temporary
            .as_file()
            .sync_all()
            .and_then(|()| Ok(temporary.persist(&path)?))
            .and_then(|_| sync_directory(directory_of(&path)));
        done.map_err(|error| failed(&path, &error))
    }

    /// Gives the file its name, unless something has it already: then there is no failure to tell but that.
    pub(crate) fn commit_new(self) -> Result<(), Option<Failure>> {
        let Self { path, temporary } = self;
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => None,
            _ => Some(failed(&path, &error)),
        };
        temporary.as_file().sync_all().map_err(failed)?;
        temporary
            .persist_noclobber(&path)
            .map_err(|error| failed(error.error))?;
        sync_directory(directory_of(&path)).map_err(failed)
    }
}

fn directory_of(path: &Path) -> &Path {
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

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let failure = OutputFile::create(Path::new("no/such/list")).err().unwrap();
        assert_eq!(failure.code(), "output-failed");
    }
}
