//! When the commit that is checked out was made, told from the files of its repository: nothing is run, and no configuration is obeyed.
//!
//! Source: gitrepository-layout(5), gitformat-pack(5) and gitformat-loose(5) of git 2.47.

mod loose;
mod pack;
mod place;
mod reference;
mod reftable;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::CommitId;
use super::facts::committed_at;
use place::Place;

/// The most that a file of names may hold, in bytes: `HEAD`, a branch, `commondir`, `alternates`.
const MAX_NAMES_BYTES: u64 = 64 << 10;

/// The most that a commit may have, in bytes.
const MAX_COMMIT_BYTES: u64 = 1 << 20;

/// Why the commit that is checked out cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// A file cannot be read.
    #[error("expected to read `{}`, found: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file says something else than it should.
    #[error("`{}`: expected {expected}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
    },
    /// The repository does not have its commit.
    #[error("expected the commit {id} in the repository, found none: is the clone complete?")]
    Missing {
        /// The commit.
        id: CommitId,
    },
    /// The repository keeps its branches in a form that is not read here.
    #[error("expected branches in files, found a `reftable` in `{}`", directory.display())]
    Reftable {
        /// The directory of the repository.
        directory: PathBuf,
    },
}

/// The time of the commit that is checked out where `directory` is, in seconds since 1970: none where there is no checkout, or no commit yet.
///
/// # Errors
/// [`HeadError`] when there is one, and it cannot be read.
pub fn committed_seconds(directory: &Path) -> Result<Option<i64>, HeadError> {
    let Some(place) = Place::find(directory)? else {
        return Ok(None);
    };
    let Some(id) = reference::head(&place)? else {
        return Ok(None);
    };
    let commit = Objects::of(&place)?.commit(&id)?;
    let seconds = committed_at(&commit).map_err(|_| HeadError::Malformed {
        path: place.own.clone(),
        expected: "a commit with a committer and a time",
    })?;
    Ok(Some(seconds))
}

/// Where objects of a repository are.
struct Objects {
    directories: Vec<PathBuf>,
}

impl Objects {
    fn of(place: &Place) -> Result<Self, HeadError> {
        let directories = place.object_directories()?;
        Ok(Self { directories })
    }

    fn commit(&self, id: &CommitId) -> Result<Vec<u8>, HeadError> {
        for directory in &self.directories {
            if let Some(commit) = loose::commit(directory, id)? {
                return Ok(commit);
            }
            if let Some(commit) = pack::commit(directory, id)? {
                return Ok(commit);
            }
        }
        Err(HeadError::Missing { id: id.clone() })
    }
}

/// A small file, or nothing where there is none.
fn small(path: &Path) -> Result<Option<Vec<u8>>, HeadError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(source) => return Err(unreadable(path)(source)),
    };
    let mut bytes = Vec::new();
    let read = file.take(MAX_NAMES_BYTES + 1).read_to_end(&mut bytes);
    match read {
        Ok(read) if read as u64 > MAX_NAMES_BYTES => Err(malformed(path, "at most 64 KiB")),
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => Ok(None),
        Err(source) => Err(unreadable(path)(source)),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> HeadError {
    let path = path.to_owned();
    move |source| HeadError::Io { path, source }
}

fn malformed(path: &Path, expected: &'static str) -> HeadError {
    HeadError::Malformed {
        path: path.to_owned(),
        expected,
    }
}
