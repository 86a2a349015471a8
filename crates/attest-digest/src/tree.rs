use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::FileKind;

/// The most entries that a listing takes: it is held in memory, and a tree that goes on for longer is one by mistake.
const MAX_ENTRIES: usize = 10_000_000;

/// What lies under a directory, each list sorted by the bytes of its paths.
#[derive(Debug, Default)]
pub struct Tree {
    /// The regular files.
    pub files: Vec<PathBuf>,
    /// What is neither a file nor a directory, symbolic links among them: they are not followed.
    pub others: Vec<(PathBuf, FileKind)>,
}

/// Why a directory could not be listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A directory below, or the directory itself, could not be read.
    #[error("cannot list the directory `{}`", path.display())]
    List {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There are more entries than can be held.
    #[error("expected at most {MAX_ENTRIES} entries, found more: `{}`", path.display())]
    TooMany {
        /// The directory that was asked for.
        path: PathBuf,
    },
}

impl Tree {
    /// Lists everything under `root`, whose name begins every path.
    ///
    /// # Errors
    /// [`TreeError`]: a listing is whole or not at all.
    pub fn list(root: &Path) -> Result<Self, TreeError> {
        let mut tree = Self::default();
        // A list instead of recursion: the depth of a tree is up to whoever made it.
        let mut directories = vec![root.to_owned()];
        while let Some(directory) = directories.pop() {
            tree.take(&directory, &mut directories)
                .map_err(|source| TreeError::List {
                    path: directory,
                    source,
                })?;
            if tree.files.len() + tree.others.len() + directories.len() > MAX_ENTRIES {
                return Err(TreeError::TooMany { path: root.to_owned() });
            }
        }
        tree.files.sort_unstable_by(|a, b| by_bytes(a, b));
        tree.others.sort_unstable_by(|(a, _), (b, _)| by_bytes(a, b));
        Ok(tree)
    }

    fn take(&mut self, directory: &Path, directories: &mut Vec<PathBuf>) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            match FileKind::of(entry.file_type()?) {
                None => self.files.push(entry.path()),
                Some(FileKind::Directory) => directories.push(entry.path()),
                Some(kind) => self.others.push((entry.path(), kind)),
            }
        }
        Ok(())
    }
}

/// Not by components, as paths compare themselves: `a-b` comes before `a/b`, as `sort` has it.
fn by_bytes(a: &Path, b: &Path) -> std::cmp::Ordering {
    a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_listed_in_the_order_of_its_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("a/deep")).unwrap();
        for name in ["b", "a-b", "a/deep/c", "a/b"] {
            fs::write(root.join(name), name).unwrap();
        }
        let tree = Tree::list(root).unwrap();
        let names: Vec<_> = tree
            .files
            .iter()
            .map(|file| file.strip_prefix(root).unwrap().to_owned())
            .collect();
        assert_eq!(names, ["a-b", "a/b", "a/deep/c", "b"].map(PathBuf::from));
        assert!(tree.others.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_is_reported_and_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("loop");
        std::os::unix::fs::symlink(directory.path(), &link).unwrap();
        let tree = Tree::list(directory.path()).unwrap();
        assert!(tree.files.is_empty());
        assert_eq!(tree.others, [(link, FileKind::SymbolicLink)]);
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let TreeError::List { path, source } = Tree::list(Path::new("no/such/tree")).unwrap_err() else {
            panic!("expected a listing error")
        };
        assert_eq!(path, Path::new("no/such/tree"));
        assert_eq!(source.kind(), io::ErrorKind::NotFound);
    }
}
