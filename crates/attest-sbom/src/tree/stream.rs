use std::io::{self, Read, Seek};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use attest_archive::Spool;
use attest_archive::read::{Decompressor, EntryKind, LayerKind, Limits, ReadError, read_layer, read_zip};

use super::kept::{Node, Piece};
use super::stack::{Change, ChangeKind};
use crate::scan::{Candidate, HEAD, Options, is_wanted};

/// The most members of all layers of an image together, and the bytes of the names of each: an image of a whole distribution
/// with desktop and compilers has half a million.
const MAX_MEMBERS: usize = 2_000_000;
const MAX_NAMES: u64 = 128 << 20;

/// The most directories in each other: `node_modules` of old reached a hundred.
const MAX_DEPTH: usize = 256;

/// What to keep of a stream of tar, and where.
pub(super) struct Keeper<'a> {
    pub(super) options: &'a Options,
    /// Kept whatever the readers want.
    pub(super) is_always_kept: fn(&str) -> bool,
    /// The file itself, where the stream is not compressed and its bytes can be read from there again.
    pub(super) file: Option<Arc<PathBuf>>,
    pub(super) spool: Spool,
    /// How many members were read, of all streams that belong together.
    pub(super) members: &'a AtomicUsize,
}

/// What a stream does, and what is wrong with it: the code of a gap, and words for people.
#[derive(Default)]
pub(super) struct Passed {
    pub(super) changes: Vec<Change>,
    pub(super) problems: Vec<(&'static str, String)>,
}

impl Passed {
    fn ended(mut self, too_deep: usize, result: Result<impl Sized, ReadError>) -> Self {
        if too_deep > 0 {
            let detail =
                format!("expected at most {MAX_DEPTH} directories in each other; {too_deep} files were passed over");
            self.problems.push(("too-deep", detail));
        }
        if let Err(error) = result {
            self.problems.push(("damaged", error.to_string()));
        }
        self
    }
}

/// A file that goes by.
struct Passing<'a> {
    path: &'a str,
    size: u64,
    is_executable: bool,
    /// Where its bytes stand in the stream.
    offset: Option<u64>,
}

impl Keeper<'_> {
    /// Every change that a stream of tar makes, in its order.
    pub(super) fn read(mut self, stream: impl Read) -> Passed {
        let (mut passed, mut too_deep) = (Passed::default(), 0);
        let (mut leading_up, mut first) = (0, String::new());
        let limits = Limits::default();
        let result = Decompressor::new(stream, &limits).and_then(|mut plain| {
            let limits = of_members();
            read_layer(&mut plain, &limits, |entry, content| {
                if entry.leads_up {
                    leading_up += 1;
                    if leading_up == 1 {
                        first.clone_from(&entry.path);
                    }
                }
                let kind = match entry.kind {
                    LayerKind::File { executable } => self.file(
                        &Passing {
                            path: &entry.path,
                            size: entry.size,
                            is_executable: executable,
                            offset: Some(entry.offset),
                        },
                        content,
                    )?,
                    LayerKind::Symlink { target } => ChangeKind::Put(Node::Link { target }),
                    LayerKind::HardLink { target } => ChangeKind::Join(target),
                    LayerKind::Directory => ChangeKind::Directory,
                    _ => ChangeKind::Cover,
                };
                self.add(&mut passed.changes, &mut too_deep, entry.path, kind)
            })
        });
        if leading_up > 0 {
            let detail = format!("{leading_up} names hold `..`, the first is that of `{first}`");
            passed.problems.push(("damaged", detail));
        }
        passed.ended(too_deep, result)
    }

    /// The same for a zip archive.
    pub(super) fn read_zip(mut self, archive: impl Read + Seek) -> Passed {
        let (mut passed, mut too_deep) = (Passed::default(), 0);
        let limits = of_members().with_symlinks_as_written();
        let result = read_zip(archive, &limits, |entry, content| {
            let path = entry.path.to_string();
            let kind = match &entry.kind {
                EntryKind::File { executable } => self.file(
                    &Passing {
                        path: &path,
                        size: entry.size,
                        is_executable: *executable,
                        offset: None,
                    },
                    content,
                )?,
                EntryKind::Symlink { target } => ChangeKind::Put(Node::Link { target: target.clone() }),
                EntryKind::HardLink { target } => ChangeKind::Join(target.to_string()),
                EntryKind::Directory => ChangeKind::Directory,
                _ => ChangeKind::Cover,
            };
            self.add(&mut passed.changes, &mut too_deep, path, kind)
        });
        passed.ended(too_deep, result)
    }

    fn add(
        &self,
        changes: &mut Vec<Change>,
        too_deep: &mut usize,
        path: String,
        kind: ChangeKind,
    ) -> Result<(), ReadError> {
        let limit = MAX_MEMBERS;
        if self.members.fetch_add(1, Ordering::Relaxed) >= limit {
            return Err(ReadError::TooManyMembers { limit });
        }
        match path.bytes().filter(|byte| *byte == b'/').count() < MAX_DEPTH {
            true => changes.push(Change { path, kind }),
            false => *too_deep += 1,
        }
        Ok(())
    }

    /// Keeps a file that somebody wants; of any other, that it is there.
    fn file(&mut self, file: &Passing<'_>, content: &mut dyn Read) -> io::Result<ChangeKind> {
        let Passing {
            path,
            size,
            is_executable,
            offset,
        } = *file;
        let mut head = Vec::new();
        content.take(HEAD as u64).read_to_end(&mut head)?;
        let head = head.as_slice();
        let candidate = Candidate {
            path,
            size,
            is_executable,
            head,
        };
        let is_kept = (self.is_always_kept)(path) || is_wanted(&candidate, self.options);
        let piece = match (&self.file, offset) {
            _ if !is_kept => None,
            (Some(file), Some(start)) => Some(Piece::Section {
                file: Arc::clone(file),
                start,
                size,
            }),
            _ => Some(Piece::Spooled(self.spool.keep(&mut head.chain(content))?)),
        };
        Ok(ChangeKind::Put(Node::File {
            size,
            is_executable,
            piece,
        }))
    }
}

fn of_members() -> Limits {
    let mut limits = Limits::default();
    (limits.members, limits.names) = (MAX_MEMBERS, MAX_NAMES);
    limits
}
