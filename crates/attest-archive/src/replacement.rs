use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::draft::{directory_of, sync_directory};

/// Files that take their places together: when one cannot, what was there before can be put back everywhere.
///
/// Until [`Replacement::finish`] or [`Replacement::undo`], what was in a place before lies beside it, under a name such as
/// `.attest-….replaced`; a process that is killed in between leaves it there.
#[derive(Debug, Default)]
pub struct Replacement {
    places: Vec<Place>,
}

/// A file that was replaced is not in its place again.
#[derive(Debug, thiserror::Error)]
#[error("cannot put `{}` back, which is now `{}`", .path.display(), .kept.display())]
#[non_exhaustive]
pub struct NotPutBack {
    /// Its place.
    pub path: PathBuf,
    /// Where it is.
    pub kept: PathBuf,
    /// Why.
    pub source: io::Error,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// Where the file is that was there, if there was one.
    kept: Option<PathBuf>,
    is_taken: bool,
}

impl Replacement {
    /// Runs `place`, which is to give a new file the name `path`, and keeps the file that is there. When that is not possible,
    /// nothing is changed, and `refused` says so.
    ///
    /// # Errors
    /// What `place` or `refused` says. Then it is time for [`Self::undo`].
    pub fn place<T, E>(
        &mut self,
        path: &Path,
        refused: impl FnOnce(io::Error) -> E,
        place: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let kept = keep(path).map_err(refused)?;
        let placed = place();
        self.places.push(Place {
            path: path.to_owned(),
            kept,
            is_taken: placed.is_ok(),
        });
        placed
    }

    /// Removes what was replaced.
    pub fn finish(self) {
        for kept in self.places.into_iter().filter_map(|place| place.kept) {
            // The new files are there; an old one beside them is no failure.
            let _ = fs::remove_file(kept);
        }
    }

    /// Puts back what was replaced, and removes what was new.
    ///
    /// # Errors
    /// [`NotPutBack`] for one of those that cannot be put back; all others are.
    pub fn undo(self) -> Result<(), NotPutBack> {
        let mut undone = Ok(());
        for place in self.places.into_iter().rev() {
            let done = place.undo();
            undone = undone.and(done);
        }
        undone
    }
}

impl Place {
    fn undo(self) -> Result<(), NotPutBack> {
        let Self { path, kept, is_taken } = self;
        match kept {
            None if is_taken => {
                // Why it is to go is told already.
                let _ = fs::remove_file(&path);
            }
            None => {}
            Some(kept) => match fs::rename(&kept, &path) {
                // Nothing is renamed when both are names of one file.
                Ok(()) => drop(fs::remove_file(kept)),
                Err(source) => return Err(NotPutBack { path, kept, source }),
            },
        }
        // What is put back is there; only a crash could undo it.
        let _ = sync_directory(directory_of(&path));
        Ok(())
    }
}

/// Gives the file that is there a name beside its own.
fn keep(path: &Path) -> io::Result<Option<PathBuf>> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() || found.is_symlink() => name_beside(path).map(Some),
        Ok(_) => Err(io::Error::other("expected a place for a file, found something else")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn name_beside(path: &Path) -> io::Result<PathBuf> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".attest-").suffix(".replaced");
    let named = builder.make_in(directory_of(path), |kept| second_name(path, kept))?;
    let (_, kept) = named.keep()?;
    Ok(kept)
}

/// Where a file can have only one name, it is without its own until another takes it.
fn second_name(path: &Path, kept: &Path) -> io::Result<()> {
    match fs::hard_link(path, kept) {
        Err(_) if fs::symlink_metadata(kept).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(path, kept),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with a file `old`.
    fn scene() -> tempfile::TempDir {
        let scene = tempfile::tempdir().unwrap();
        fs::write(scene.path().join("old"), "before").unwrap();
        scene
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// As an output does it: written beside, then renamed.
    fn write(replacement: &mut Replacement, path: &Path) -> io::Result<()> {
        let place = || {
            fs::write(path.with_extension("partial"), "after")?;
            fs::rename(path.with_extension("partial"), path)
        };
        replacement.place(path, |error| error, place)
    }

    fn fail(replacement: &mut Replacement, path: &Path) -> io::ErrorKind {
        let place = || Err::<(), _>(io::ErrorKind::StorageFull.into());
        replacement.place(path, |error| error, place).unwrap_err().kind()
    }

    #[test]
    fn what_was_replaced_is_gone_when_all_are_in_their_places() {
        let scene = scene();
        let (old, new) = (scene.path().join("old"), scene.path().join("new"));
        let mut replacement = Replacement::default();
        write(&mut replacement, &old).unwrap();
        write(&mut replacement, &new).unwrap();
        assert_eq!(names(scene.path()).len(), 3);
        replacement.finish();
        assert_eq!(names(scene.path()), ["new", "old"]);
        assert_eq!(fs::read(&old).unwrap(), b"after");
    }

    #[test]
    fn what_was_replaced_comes_back_when_another_cannot_be_in_its_place() {
        let scene = scene();
        let (old, new) = (scene.path().join("old"), scene.path().join("new"));
        for failing in ["old", "third"] {
            let mut replacement = Replacement::default();
            write(&mut replacement, &old).unwrap();
            write(&mut replacement, &new).unwrap();
            let kind = fail(&mut replacement, &scene.path().join(failing));
            assert_eq!(kind, io::ErrorKind::StorageFull);
            replacement.undo().unwrap();
            assert_eq!(names(scene.path()), ["old"]);
            assert_eq!(fs::read(&old).unwrap(), b"before");
        }
    }

    #[test]
    fn what_was_never_replaced_stays_and_has_one_name() {
        let scene = scene();
        let mut replacement = Replacement::default();
        fail(&mut replacement, &scene.path().join("old"));
        replacement.undo().unwrap();
        assert_eq!(names(scene.path()), ["old"]);
        assert_eq!(fs::read(scene.path().join("old")).unwrap(), b"before");
    }

    #[test]
    fn a_directory_is_no_place_for_a_file_and_stays() {
        let scene = scene();
        let directory = scene.path().join("directory");
        fs::create_dir(&directory).unwrap();
        let error = write(&mut Replacement::default(), &directory).unwrap_err();
        assert_eq!(error.to_string(), "expected a place for a file, found something else");
        assert_eq!(names(scene.path()), ["directory", "old"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_comes_back_as_a_link() {
        let scene = scene();
        let link = scene.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let mut replacement = Replacement::default();
        write(&mut replacement, &link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
        replacement.undo().unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("nowhere"));
        assert_eq!(names(scene.path()), ["link", "old"]);
    }

    #[test]
    fn what_cannot_be_put_back_is_kept_and_named() {
        let scene = scene();
        let old = scene.path().join("old");
        let mut replacement = Replacement::default();
        write(&mut replacement, &old).unwrap();
        fs::remove_file(&old).unwrap();
        fs::create_dir(&old).unwrap();
        let lost = replacement.undo().unwrap_err();
        assert_eq!(lost.path, old);
        assert_eq!(fs::read(lost.kept).unwrap(), b"before");
    }
}
