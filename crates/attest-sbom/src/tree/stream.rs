use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use attest_archive::Spool;
use attest_archive::read::{Decompressor, LayerEntry, LayerKind, Limits, ReadError, read_layer};

use super::kept::{Node, Piece};
use super::stack::{Change, ChangeKind};
use crate::scan::{Candidate, HEAD, Options, is_wanted};

/// The most members of one stream, and the bytes of their names: an image of a whole distribution with desktop and compilers
/// has half a million.
const MAX_MEMBERS: usize = 2_000_000;
const MAX_NAMES: u64 = 256 << 20;

/// What to keep of a stream of tar, and where.
pub(super) struct Keeper<'a> {
    pub(super) options: &'a Options,
    /// Kept whatever the readers want.
    pub(super) is_always_kept: fn(&str) -> bool,
    /// The file itself, where the stream is not compressed and its bytes can be read from there again.
    pub(super) file: Option<Arc<PathBuf>>,
    pub(super) spool: Spool,
}

impl Keeper<'_> {
    /// Every change that the stream makes, in its order, and why it was not read to its end.
    pub(super) fn read(mut self, stream: impl Read) -> (Vec<Change>, Option<ReadError>) {
        let mut changes = Vec::new();
        let limits = Limits::default();
        let result = Decompressor::new(stream, &limits).and_then(|mut plain| {
            let limits = of_members();
            read_layer(&mut plain, &limits, |entry, content| {
                changes.push(self.change(entry, content)?);
                Ok::<(), ReadError>(())
            })
        });
        (changes, result.err())
    }

    fn change(&mut self, entry: LayerEntry, content: &mut dyn Read) -> io::Result<Change> {
        let kind = match entry.kind {
            LayerKind::File { executable } => self.file(&entry, executable, content)?,
            LayerKind::Symlink { target } => ChangeKind::Put(Node::Link { target }),
            LayerKind::HardLink { target } => ChangeKind::Join(target),
            LayerKind::Directory => ChangeKind::Directory,
            _ => ChangeKind::Cover,
        };
        let path = entry.path;
        Ok(Change { path, kind })
    }

    fn file(&mut self, entry: &LayerEntry, is_executable: bool, content: &mut dyn Read) -> io::Result<ChangeKind> {
        let mut head = Vec::new();
        content.take(HEAD as u64).read_to_end(&mut head)?;
        let candidate = Candidate {
            path: &entry.path,
            size: entry.size,
            is_executable,
            head: &head,
        };
        if !(self.is_always_kept)(&entry.path) && !is_wanted(&candidate, self.options) {
            return Ok(ChangeKind::Cover);
        }
        let piece = match &self.file {
            Some(file) => Piece::Section {
                file: Arc::clone(file),
                start: entry.offset,
                size: entry.size,
            },
            None => Piece::Spooled(self.spool.keep(&mut head.chain(content))?),
        };
        let size = entry.size;
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
