use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use super::arena::{self, Arena, Kind, Record};
use super::merge::Merge;
use super::scratch::Scratch;
use super::{Limits, SymlinkPolicy, WalkError};
use crate::FileKind;

/// What is still to come of a directory, sorted.
#[derive(Debug)]
pub(super) enum Listing {
    /// In memory, from `next` on.
    Memory { arena: Arena, next: usize, limits: Limits },
    /// On disk, where there is more than memory should hold.
    Disk(Merge),
}

impl Listing {
    /// The next entry, in the order of the paths below it.
    pub(super) fn next(&mut self, scratch: &mut Scratch) -> io::Result<Option<Record>> {
        match self {
            Self::Memory { arena, next, .. } => {
                let record = arena.record(*next).and_then(arena::parse);
                *next += 1;
                Ok(record)
            }
            Self::Disk(merge) => merge.next(scratch),
        }
    }

    /// Bytes of memory that can be released.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Memory { arena, .. } => arena.held(),
            Self::Disk(merge) => merge.held(),
        }
    }

    /// Keeps on disk what is still to come. On failure everything stays in memory.
    pub(super) fn release(&mut self, scratch: &mut Scratch) -> io::Result<()> {
        match self {
            Self::Memory { arena, next, limits } => {
                let mut merge = Merge::new(*limits);
                merge.take(arena, *next, scratch)?;
                *self = Self::Disk(merge);
            }
            Self::Disk(merge) => merge.release(),
        }
        Ok(())
    }

    /// Where its part of the temporary file ends.
    pub(super) fn end(&self) -> u64 {
        match self {
            Self::Memory { .. } => 0,
            Self::Disk(merge) => merge.end(),
        }
    }
}

/// A directory to list.
pub(super) struct Read<'a> {
    pub(super) directory: &'a Path,
    pub(super) symlinks: SymlinkPolicy,
    pub(super) limits: Limits,
}

impl Read<'_> {
    /// Everything in the directory; with an error, everything up to it. What cannot be sorted is listed not at all: half of a
    /// directory would look like a whole one.
    pub(super) fn listing(&self, scratch: &mut Scratch) -> Result<(Listing, Option<WalkError>), WalkError> {
        let list_failed = |source| WalkError::List {
            path: self.directory.to_owned(),
            source,
        };
        let scratch_failed = |source| WalkError::Scratch {
            path: self.directory.to_owned(),
            source,
        };
        let mut entries = fs::read_dir(self.directory).map_err(list_failed)?;
        let mut gathering = Gathering {
            limits: self.limits,
            arena: Arena::default(),
            merge: Merge::new(self.limits),
        };
        let broken = entries.try_for_each(|entry| {
            let entry = entry.map_err(list_failed)?;
            let kind = self.kind(&entry);
            gathering.arena.push(kind, &entry.file_name()).map_err(list_failed)?;
            gathering.spill(scratch).map_err(scratch_failed)
        });
        match broken {
            Err(error @ WalkError::Scratch { .. }) => Err(error),
            broken => Ok((gathering.finish(scratch).map_err(scratch_failed)?, broken.err())),
        }
    }

    fn kind(&self, entry: &DirEntry) -> Kind {
        match entry.file_type().map(FileKind::of) {
            Ok(None) => Kind::File,
            Ok(Some(FileKind::Directory)) => Kind::Directory,
            Ok(Some(FileKind::SymbolicLink)) if self.symlinks != SymlinkPolicy::Follow => Kind::Link,
            Ok(Some(FileKind::SymbolicLink)) => target_kind(&entry.path()),
            _ => Kind::Other,
        }
    }
}

/// What a link leads to.
fn target_kind(link: &Path) -> Kind {
    match fs::metadata(link).map(|metadata| FileKind::of(metadata.file_type())) {
        Ok(None) => Kind::File,
        Ok(Some(FileKind::Directory)) => Kind::Directory,
        _ => Kind::Other,
    }
}

/// A listing while it is read.
struct Gathering {
    limits: Limits,
    arena: Arena,
    merge: Merge,
}

impl Gathering {
    /// Moves what has been gathered to disk, if it is too much for memory.
    fn spill(&mut self, scratch: &mut Scratch) -> io::Result<()> {
        if self.arena.held() < self.limits.memory {
            return Ok(());
        }
        self.arena.sort();
        self.merge.take(&mut self.arena, 0, scratch)
    }

    fn finish(mut self, scratch: &mut Scratch) -> io::Result<Listing> {
        self.arena.sort();
        if self.merge.is_empty() {
            self.arena.shrink();
            return Ok(Listing::Memory {
                arena: self.arena,
                next: 0,
                limits: self.limits,
            });
        }
        self.merge.take(&mut self.arena, 0, scratch)?;
        Ok(Listing::Disk(self.merge))
    }
}
