use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use attest_archive::MemberPath;

use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::verb::pack::output_directory::OutputDirectory;

/// Files that come to be in a directory under names that others chose: none takes the place of what is there, none goes where a link
/// leads, and all of them go again unless they are kept.
pub(super) struct NewFiles {
    root: PathBuf,
    directories: Vec<OutputDirectory>,
    written: Vec<PathBuf>,
}

impl NewFiles {
    /// In this directory, else in the current one.
    pub(super) fn begin(directory: Option<&Path>) -> Result<Self, Failure> {
        let made = directory.map(OutputDirectory::make).transpose()?;
        Ok(Self {
            root: directory.unwrap_or(Path::new("")).to_owned(),
            directories: made.into_iter().collect(),
            written: Vec::new(),
        })
    }

    /// Writes one. It gets its name when `write` has written and checked all of it.
    pub(super) fn add(
        &mut self,
        name: &MemberPath,
        write: impl FnOnce(&mut File) -> Result<(), Failure>,
    ) -> Result<PathBuf, Failure> {
        let path = self.place(name)?;
        let mut file = OutputFile::create_new(&path)?;
        write(file.content())?;
        file.commit_new()
            .map_err(|failure| failure.unwrap_or_else(|| taken(&path)))?;
        self.written.push(path.clone());
        Ok(path)
    }

    /// They stay.
    pub(super) fn keep(mut self) {
        self.written.clear();
        self.directories.drain(..).for_each(OutputDirectory::keep);
    }

    /// Where a file goes, with the directories above it.
    fn place(&mut self, name: &MemberPath) -> Result<PathBuf, Failure> {
        let mut path = self.root.clone();
        let mut parts = name.components().peekable();
        while let Some(part) = parts.next() {
            path.push(part);
            match (path.symlink_metadata(), parts.peek()) {
                (Ok(found), Some(_)) if found.is_dir() => {}
                (Ok(_), _) => return Err(taken(&path)),
                (Err(error), below) if error.kind() == ErrorKind::NotFound => {
                    if below.is_some() {
                        self.directories.push(OutputDirectory::make(&path)?);
                    }
                }
                (Err(error), _) => {
                    let message = format_args!("cannot look at what is there: {error}");
                    return Err(Failure::undecided("output-failed", message).at(path.display()));
                }
            }
        }
        Ok(path)
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        for written in self.written.drain(..) {
            let _ = fs::remove_file(written);
        }
        // The innermost first.
        while self.directories.pop().is_some() {}
    }
}

fn taken(path: &Path) -> Failure {
    let message = "expected a place where nothing is, found something there, which is not replaced";
    Failure::usage("output-exists", message)
        .at(path.display())
        .hint("move it away, or name an empty directory with `-o DIR`")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn add(files: &mut NewFiles, name: &str) -> Result<PathBuf, &'static str> {
        let written = files.add(&name.parse().unwrap(), |file| {
            file.write_all(name.as_bytes()).unwrap();
            Ok(())
        });
        written.map_err(|failure| failure.code())
    }

    fn names(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn what_is_not_kept_goes_again_with_its_directories() {
        let scene = tempfile::tempdir().unwrap();
        let root = scene.path().join("out");
        let write = || {
            let mut files = NewFiles::begin(Some(&root)).unwrap();
            assert_eq!(add(&mut files, "a").unwrap(), root.join("a"));
            assert_eq!(add(&mut files, "b/c/d").unwrap(), root.join("b/c/d"));
            files
        };
        drop(write());
        assert_eq!(names(scene.path()), 0);
        write().keep();
        assert_eq!(fs::read(root.join("b/c/d")).unwrap(), b"b/c/d");
        let mut again = NewFiles::begin(Some(&root)).unwrap();
        add(&mut again, "b/c/new").unwrap();
        assert_eq!(add(&mut again, "a"), Err("output-exists"));
        assert_eq!(add(&mut again, "a/b"), Err("output-exists"));
        drop(again);
        assert_eq!((names(&root), names(&root.join("b/c"))), (2, 1));
    }

    #[test]
    fn what_could_not_be_written_whole_has_no_name() {
        let scene = tempfile::tempdir().unwrap();
        let mut files = NewFiles::begin(Some(scene.path())).unwrap();
        let broken = files.add(&"a".parse().unwrap(), |file| {
            file.write_all(b"half").unwrap();
            Err(Failure::rejected("blob-mismatch", "other bytes"))
        });
        assert_eq!(broken.unwrap_err().code(), "blob-mismatch");
        files.keep();
        assert_eq!(names(scene.path()), 0);
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed() {
        let scene = tempfile::tempdir().unwrap();
        let (root, elsewhere) = (scene.path().join("out"), scene.path().join("elsewhere"));
        fs::create_dir(&root).unwrap();
        fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, root.join("link")).unwrap();
        std::os::unix::fs::symlink(elsewhere.join("new"), root.join("dangling")).unwrap();
        let mut files = NewFiles::begin(Some(&root)).unwrap();
        for name in ["link/a", "link", "dangling", "dangling/a"] {
            assert_eq!(add(&mut files, name), Err("output-exists"), "{name}");
        }
        files.keep();
        assert_eq!(names(&elsewhere), 0);
    }
}
