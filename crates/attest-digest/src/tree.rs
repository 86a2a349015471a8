use std::io;
use std::path::{Path, PathBuf};

use crate::{FileKind, Walk, WalkEntry, WalkError, WalkOptions};

/// The most entries that a listing takes: it is held in memory, and a tree that goes on for longer is one by mistake.
const MAX_ENTRIES: usize = 10_000_000;

/// What lies under a directory, all of it at once, each list sorted by the bytes of its paths. [`Walk`] hands out the same
/// one by one.
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
        for found in Walk::new(root, WalkOptions::default()) {
            match found {
                Ok(WalkEntry::File(path)) => tree.files.push(path),
                Ok(WalkEntry::Link(path)) => tree.others.push((path, FileKind::SymbolicLink)),
                Err(WalkError::NotRegular { path, found }) => tree.others.push((path, found)),
                Err(error) => return Err(TreeError::of(error)),
            }
            if tree.files.len() + tree.others.len() > MAX_ENTRIES {
                return Err(TreeError::TooMany { path: root.to_owned() });
            }
        }
        Ok(tree)
    }
}

impl TreeError {
    fn of(error: WalkError) -> Self {
        let path = error.path().to_owned();
        let source = match error {
            WalkError::List { source, .. } | WalkError::Inspect { source, .. } | WalkError::Scratch { source, .. } => {
                source
            }
            other => io::Error::other(other),
        };
        Self::List { path, source }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
