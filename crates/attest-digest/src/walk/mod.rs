//! A directory in, its files out, one after the other in the order of the bytes of their whole paths.
//!
//! Nothing is held but the names of the directories that lie between the root and the entry of the moment, and of those
//! at most [`Limits::memory`] bytes: longer listings are sorted in pieces, which wait in a temporary file without a name
//! and are merged while they are walked. A directory of a million names costs no more memory than one of a thousand.

mod arena;
mod error;
mod identity;
mod listing;
mod merge;
mod scratch;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

pub use error::WalkError;

use self::arena::{Kind, Record};
use self::identity::Identity;
use self::listing::{Listing, Read};
use self::scratch::Scratch;
use crate::FileKind;

/// What is done with symbolic links in a tree. A root that is one is always followed: whoever names it means what it
/// leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SymlinkPolicy {
    /// They are found as [`WalkEntry::Link`], and where they lead is not looked at.
    #[default]
    Report,
    /// They stand for what they lead to: files, or directories that are walked under the name of the link. One that leads
    /// nowhere, or back to a directory that it lies in, is an error in its place.
    Follow,
    /// Each is an error in its place.
    Refuse,
}

/// How to walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WalkOptions {
    /// What is done with symbolic links.
    pub symlinks: SymlinkPolicy,
}

/// What lies in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WalkEntry {
    /// A regular file, or under [`SymlinkPolicy::Follow`] a link to one.
    File(PathBuf),
    /// A symbolic link that is not followed.
    Link(PathBuf),
}

impl WalkEntry {
    /// Where it lies, beginning with the root as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Link(path) => path,
        }
    }
}

/// Everything in a tree but its directories, as an iterator: in the order of the bytes of whole paths, so that `a-b` comes
/// before `a/b`, as `LC_ALL=C sort` has it.
///
/// What cannot be looked at has its error in its place, and the walk goes on; an error about a directory stands where its
/// files would. What other programs do to the tree meanwhile is found or not found, as with any walk.
///
/// Memory stays flat however many names a directory has, and grows only with the depth, by one path a level. How deep that
/// can go is up to the system: Linux opens paths of up to 4096 bytes and refuses longer ones, which is an error in its place.
#[derive(Debug)]
pub struct Walk {
    root: Option<PathBuf>,
    options: WalkOptions,
    limits: Limits,
    /// The directories from the root to where the walk is: a list instead of recursion, for the depth of a tree is up to
    /// whoever made it.
    levels: Vec<Level>,
    scratch: Scratch,
    /// Errors that were met on the way to the next entry.
    errors: VecDeque<WalkError>,
}

/// How much is held in memory.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Bytes of names that are sorted in memory; with more, the listing continues on disk. All names of nearly every
    /// directory fit, and it is little beside the buffers that files are read through.
    memory: usize,
    /// Bytes of a sorted piece that are read at once. A large read costs no more than a small one up to about this size.
    buffer: usize,
    /// Pieces that are merged into one when there are so many of them: a million names make a dozen pieces, and a
    /// billion no more than four times as many are ever open.
    pieces: usize,
}

impl Limits {
    const USUAL: Self = Self {
        memory: 2 << 20,
        buffer: 16 << 10,
        pieces: 16,
    };
}

/// A directory with what is still to come of it.
#[derive(Debug)]
struct Level {
    path: PathBuf,
    /// Known only where links are followed, which can lead back to it.
    identity: Option<Identity>,
    listing: Listing,
}

impl Walk {
    /// Begins at `root`, whose name begins every path. Nothing is read before the first entry is asked for.
    #[must_use]
    pub fn new(root: &Path, options: WalkOptions) -> Self {
        Self::within(root, options, Limits::USUAL)
    }

    fn within(root: &Path, options: WalkOptions, limits: Limits) -> Self {
        Self {
            root: Some(root.to_owned()),
            options,
            limits,
            levels: Vec::new(),
            scratch: Scratch::default(),
            errors: VecDeque::new(),
        }
    }

    /// Goes into a directory, or notes why not.
    fn enter(&mut self, path: PathBuf) {
        let identity = match self.identify(&path) {
            Ok(identity) => identity,
            Err(error) => return self.errors.push_back(error),
        };
        self.make_room();
        let read = Read {
            directory: &path,
            symlinks: self.options.symlinks,
            limits: self.limits,
        };
        match read.listing(&mut self.scratch) {
            Ok((listing, error)) => {
                self.errors.extend(error);
                self.levels.push(Level {
                    path,
                    identity,
                    listing,
                });
            }
            Err(error) => self.errors.push_back(error),
        }
    }

    /// Who the directory is, where that matters, unless the walk is in it already.
    fn identify(&self, path: &Path) -> Result<Option<Identity>, WalkError> {
        if self.options.symlinks != SymlinkPolicy::Follow {
            return Ok(None);
        }
        let identity = Identity::of(path).map_err(|source| WalkError::List {
            path: path.to_owned(),
            source,
        })?;
        match self
            .levels
            .iter()
            .find(|level| level.identity.as_ref() == Some(&identity))
        {
            Some(level) => Err(WalkError::Loop {
                path: path.to_owned(),
                leads_to: level.path.clone(),
            }),
            None => Ok(Some(identity)),
        }
    }

    /// Moves what is held of outer directories to disk, the outermost first, since it is needed last.
    fn make_room(&mut self) {
        let mut held: usize = self.levels.iter().map(|level| level.listing.held()).sum();
        for level in &mut self.levels {
            if held <= self.limits.memory {
                return;
            }
            let before = level.listing.held();
            // Without a disk it stays where it is, and is none the less right.
            if level.listing.release(&mut self.scratch).is_err() {
                return;
            }
            held -= before - level.listing.held();
        }
    }

    /// What the innermost directory has next; none when there is no more of it, which ends the directory.
    fn step(&mut self) -> Option<Record> {
        let level = self.levels.last_mut()?;
        let source = match level.listing.next(&mut self.scratch) {
            Ok(Some(record)) => return Some(record),
            Ok(None) => None,
            Err(source) => Some(source),
        };
        let path = self.levels.pop()?.path;
        let error = source.map(|source| WalkError::Scratch { path, source });
        self.errors.extend(error);
        let end = self.levels.iter().map(|level| level.listing.end()).max();
        self.scratch.shrink(end.unwrap_or(0));
        None
    }

    /// What a record means; none for a directory, which is entered.
    fn found(&mut self, record: Record) -> Option<Result<WalkEntry, WalkError>> {
        let path = self.levels.last()?.path.join(record.name);
        Some(match record.kind {
            Kind::Directory => {
                self.enter(path);
                return None;
            }
            Kind::File => Ok(WalkEntry::File(path)),
            Kind::Link if self.options.symlinks == SymlinkPolicy::Refuse => Err(WalkError::LinkRefused { path }),
            Kind::Link => Ok(WalkEntry::Link(path)),
            Kind::Other => self.look_again(path),
        })
    }

    /// What lies at a path that was no file, or could not be told, when it was listed.
    fn look_again(&self, path: PathBuf) -> Result<WalkEntry, WalkError> {
        let metadata = match self.options.symlinks {
            SymlinkPolicy::Follow => fs::metadata(&path),
            SymlinkPolicy::Report | SymlinkPolicy::Refuse => fs::symlink_metadata(&path),
        };
        match metadata.map(|metadata| FileKind::of(metadata.file_type())) {
            Ok(None) => Ok(WalkEntry::File(path)),
            Ok(Some(found)) => Err(WalkError::NotRegular { path, found }),
            Err(source) => Err(WalkError::Inspect { path, source }),
        }
    }
}

impl Iterator for Walk {
    type Item = Result<WalkEntry, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(root) = self.root.take() {
            self.enter(root);
        }
        loop {
            if let Some(error) = self.errors.pop_front() {
                return Some(Err(error));
            }
            if self.levels.is_empty() {
                return None;
            }
            if let Some(record) = self.step()
                && let Some(found) = self.found(record)
            {
                return Some(found);
            }
        }
    }
}

#[cfg(test)]
mod tests;
