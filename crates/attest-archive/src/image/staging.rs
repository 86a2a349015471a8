use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use attest_digest::{Digest, Measured};
use tempfile::{NamedTempFile, TempDir};

use super::layer::{digest, sha256};
use super::layout::blob_path;
use super::{Descriptor, Error, Index, Layout};
use crate::{Format, Members, Recipe, SourceDate, exchange, write_archive};

const MARKER: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// Where a layout goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Destination {
    /// A directory, which must not be there or be empty, unless it is a layout that may be replaced as a whole.
    Directory {
        /// Its path.
        path: PathBuf,
        /// Whether a layout that is there may be replaced.
        replace: bool,
    },
    /// A tar archive, replaced as any file that is written.
    Archive {
        /// Its path.
        path: PathBuf,
    },
}

impl Destination {
    /// A name that ends in `.tar` is an archive's, unless a directory has it, and any other a directory's.
    #[must_use]
    pub fn of(path: &Path, replace: bool) -> Self {
        let is_archive = path.extension().is_some_and(|extension| extension == "tar") && !path.is_dir();
        let path = path.to_owned();
        match is_archive {
            true => Self::Archive { path },
            false => Self::Directory { path, replace },
        }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Directory { path, .. } | Self::Archive { path } => path,
        }
    }

    /// The directory that it lies in.
    fn parent(&self) -> &Path {
        match self.path().parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        }
    }
}

/// What came of a layout that is in its place.
pub(super) struct Finished {
    /// The archive, if it is one.
    pub(super) archive: Option<Measured>,
    /// What was replaced and could not be removed.
    pub(super) left_behind: Option<PathBuf>,
}

/// A layout that is being written, under a temporary name beside its place. Dropped, it leaves nothing behind.
pub(super) struct Staging {
    directory: TempDir,
    destination: Destination,
}

impl Staging {
    pub(super) fn begin(destination: Destination) -> Result<Self, Error> {
        refuse_occupied(&destination)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".attest-").suffix(".partial");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As for any new directory: the umask takes away what the user does not grant.
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        let directory = builder.tempdir_in(destination.parent()).map_err(Error::write)?;
        fs::create_dir_all(directory.path().join("blobs/sha256")).map_err(Error::write)?;
        Ok(Self { directory, destination })
    }

    /// Writes a document as a blob.
    pub(super) fn document(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, Error> {
        let measured = Measured::of_bytes(bytes, &sha256());
        let found = digest(&measured);
        self.put(&found, |file| file.write_all(bytes).map_err(Error::write))?;
        Ok(Descriptor::new(media_type, found, measured.size()))
    }

    /// Writes a blob whose digest is known only at its end.
    pub(super) fn stream<T>(
        &self,
        media_type: &str,
        write: impl FnOnce(&mut File) -> Result<(Measured, T), Error>,
    ) -> Result<(Descriptor, T), Error> {
        let mut file = self.temporary_file()?;
        let (measured, more) = write(file.as_file_mut())?;
        let found = digest(&measured);
        self.keep(file, &found)?;
        Ok((Descriptor::new(media_type, found, measured.size()), more))
    }

    /// Copies a blob of another layout, once, checked while it is copied.
    pub(super) fn copy(&self, layout: &Layout, descriptor: &Descriptor) -> Result<(), Error> {
        let blob = layout.blob(descriptor)?;
        self.put(descriptor.digest(), |file| blob.copy_to(file))
    }

    /// Writes `index.json` and `oci-layout`, and gives the whole its name.
    pub(super) fn finish(self, index: &Index, source_date: SourceDate) -> Result<Finished, Error> {
        for (name, bytes) in [("index.json", &index.to_json()[..]), ("oci-layout", MARKER)] {
            let mut file = self.temporary_file()?;
            file.write_all(bytes).map_err(Error::write)?;
            persist(file, &self.path(name)).map_err(Error::write)?;
        }
        match &self.destination {
            Destination::Archive { path } => Ok(Finished {
                archive: Some(archive(self.directory.path(), path, source_date)?),
                left_behind: None,
            }),
            Destination::Directory { path, replace } => {
                for directory in [self.path("blobs/sha256"), self.path("blobs"), self.path("")] {
                    sync(&directory).map_err(Error::write)?;
                }
                let place = Place {
                    path: path.clone(),
                    replace: *replace,
                    exchange,
                    remove: |path| fs::remove_dir_all(path),
                };
                Ok(Finished {
                    archive: None,
                    left_behind: place.give_to(self.directory, self.destination.parent())?,
                })
            }
        }
    }

    fn put(&self, digest: &Digest, write: impl FnOnce(&mut File) -> Result<(), Error>) -> Result<(), Error> {
        if self.path(&blob_path(digest)).exists() {
            return Ok(());
        }
        let mut file = self.temporary_file()?;
        write(file.as_file_mut())?;
        self.keep(file, digest)
    }

    fn keep(&self, file: NamedTempFile, digest: &Digest) -> Result<(), Error> {
        let path = self.path(&blob_path(digest));
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(Error::write)?;
        }
        persist(file, &path).map_err(Error::write)
    }

    fn temporary_file(&self) -> Result<NamedTempFile, Error> {
        crate::draft::temporary_file(self.directory.path()).map_err(Error::write)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// A rename is on disk only when the directory is.
fn sync(directory: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(directory)?.sync_all(),
        false => Ok(()),
    }
}

fn archive(layout: &Path, path: &Path, source_date: SourceDate) -> Result<Measured, Error> {
    let recipe = Recipe {
        format: Format::Tar,
        members: Members::from_directory(layout, None)?,
        source_date,
        threads: std::num::NonZeroUsize::MIN,
        algorithms: sha256(),
    };
    Ok(write_archive(&recipe, path)?.measured)
}

fn refuse_occupied(destination: &Destination) -> Result<(), Error> {
    let Destination::Directory { path, replace } = destination else {
        return Ok(());
    };
    let is_free = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => fs::symlink_metadata(path).is_err(),
        // A file, or a link that leads nowhere, stands in the way; what cannot be looked at is another matter.
        Err(error) if error.kind() == ErrorKind::NotADirectory && fs::symlink_metadata(path).is_ok() => false,
        Err(error) => return Err(Error::read(path)(error)),
    };
    match is_free || (*replace && is_layout(path)) {
        true => Ok(()),
        false => Err(occupied(path)),
    }
}

fn occupied(path: &Path) -> Error {
    Error::Exists {
        path: path.to_owned(),
        is_layout: is_layout(path),
    }
}

fn is_layout(path: &Path) -> bool {
    path.join("oci-layout").is_file() && path.join("index.json").is_file()
}

/// Where a layout directory goes, and how.
struct Place {
    path: PathBuf,
    replace: bool,
    exchange: fn(&Path, &Path) -> bool,
    remove: fn(&Path) -> io::Result<()>,
}

impl Place {
    /// Gives the new layout its name, and removes the one that had it. Once it has it, nothing that is left to do can fail it:
    /// what cannot be removed comes back.
    fn give_to(&self, directory: TempDir, parent: &Path) -> Result<Option<PathBuf>, Error> {
        // That the parent cannot be opened is better known before.
        sync(parent).map_err(Error::write)?;
        let replaced = self.rename(directory.path()).map_err(|error| match error.kind() {
            // Somebody else was first.
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => occupied(&self.path),
            _ => Error::write(error),
        })?;
        // It has another name now; what has its old one is removed here or left.
        let _ = directory.keep();
        sync(parent).map_err(Error::write)?;
        Ok(replaced.filter(|replaced| (self.remove)(replaced).is_err()))
    }

    fn is_replaced(&self) -> bool {
        self.replace && self.path.join("oci-layout").is_file()
    }

    /// In one step where the system can do that; otherwise the old one is set aside first, and comes back if that fails.
    fn rename(&self, new: &Path) -> io::Result<Option<PathBuf>> {
        if !self.is_replaced() {
            match fs::rename(new, &self.path) {
                // It came meanwhile.
                Err(_) if self.is_replaced() => {}
                done => return done.map(|()| None),
            }
        }
        if (self.exchange)(new, &self.path) {
            return Ok(Some(new.to_owned()));
        }
        let aside = new.with_extension("replaced");
        fs::rename(&self.path, &aside)?;
        if let Err(error) = fs::rename(new, &self.path) {
            fs::rename(&aside, &self.path)?;
            return Err(error);
        }
        Ok(Some(aside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that holds a layout `old`, a directory `new` beside it, and what comes of putting it there.
    fn replaced(place: &Place) -> (TempDir, Result<Option<PathBuf>, Error>) {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join(&place.path);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("oci-layout"), "old").unwrap();
        let new = tempfile::tempdir_in(parent.path()).unwrap();
        fs::write(new.path().join("oci-layout"), "new").unwrap();
        let place = Place { path, ..*place };
        let found = place.give_to(new, parent.path());
        (parent, found)
    }

    fn place() -> Place {
        Place {
            path: "layout".into(),
            replace: true,
            exchange,
            remove: |path| fs::remove_dir_all(path),
        }
    }

    fn marker(path: &Path) -> String {
        fs::read_to_string(path.join("oci-layout")).unwrap()
    }

    fn count(directory: &TempDir) -> usize {
        fs::read_dir(directory.path()).unwrap().count()
    }

    #[test]
    fn with_an_exchange_and_without_one_the_result_is_the_same() {
        for exchange in [exchange, |_: &Path, _: &Path| false] {
            let (parent, found) = replaced(&Place { exchange, ..place() });
            assert_eq!(found.unwrap(), None);
            assert_eq!(marker(&parent.path().join("layout")), "new");
            assert_eq!(count(&parent), 1);
        }
    }

    #[test]
    fn what_cannot_be_removed_is_named_and_the_new_layout_is_in_its_place() {
        for exchange in [exchange, |_: &Path, _: &Path| false] {
            let remove = |_: &Path| Err(ErrorKind::PermissionDenied.into());
            let (parent, found) = replaced(&Place {
                exchange,
                remove,
                ..place()
            });
            assert_eq!(marker(&found.unwrap().unwrap()), "old");
            assert_eq!(marker(&parent.path().join("layout")), "new");
            assert_eq!(count(&parent), 2);
        }
    }

    #[test]
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn at_no_moment_there_is_no_layout() {
        let exchange = |new: &Path, path: &Path| {
            let is_done = exchange(new, path);
            assert!(is_done && marker(path) == "new" && marker(new) == "old");
            is_done
        };
        let (_parent, found) = replaced(&Place { exchange, ..place() });
        assert_eq!(found.unwrap(), None);
    }

    #[test]
    fn what_cannot_be_looked_at_is_told_and_not_taken_for_occupied() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        let begin = |path: PathBuf| Staging::begin(Destination::of(&path, false)).err().unwrap();
        assert!(matches!(begin(file.clone()), Error::Exists { is_layout: false, .. }));
        let inside = file.join("layout");
        assert!(matches!(begin(inside.clone()), Error::Read { path, .. } if path == inside));
    }

    #[test]
    fn a_layout_that_came_meanwhile_is_not_replaced_without_the_word_for_it() {
        let replace = false;
        let (parent, found) = replaced(&Place { replace, ..place() });
        assert!(matches!(found, Err(Error::Exists { path, .. }) if path == parent.path().join("layout")));
        assert_eq!(marker(&parent.path().join("layout")), "old");
        assert_eq!(count(&parent), 1);
    }
}
