use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use attest_archive::Spooled;

use super::{Content, Entry, EntryKind, Listing};
use crate::Gap;

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// In a temporary file.
    Spooled(Spooled),
    /// In a file of the machine, between two places.
    Section { file: Arc<PathBuf>, start: u64, size: u64 },
}

impl Piece {
    fn open(&self) -> io::Result<Box<dyn Content>> {
        match self {
            Self::Spooled(spooled) => Ok(Box::new(spooled.reader())),
            Self::Section { file, start, size } => Ok(Box::new(Section {
                file: File::open(&**file)?,
                start: *start,
                size: *size,
                offset: 0,
            })),
        }
    }
}

/// What lies at a path.
#[derive(Debug, Clone)]
pub(super) enum Node {
    File {
        size: u64,
        is_executable: bool,
        /// Nothing for a file that no reader wants.
        piece: Option<Piece>,
    },
    Link {
        target: String,
    },
}

/// Files that went by in a stream, the content of those that were kept, and links.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) listing: Listing,
    pieces: HashMap<String, Piece>,
}

impl Kept {
    pub(super) fn new(nodes: impl IntoIterator<Item = (String, Node)>, gaps: Vec<Gap>) -> Self {
        let (mut entries, mut pieces) = (Vec::new(), HashMap::new());
        for (path, node) in nodes {
            let kind = match node {
                Node::Link { target } => EntryKind::Link { target },
                Node::File {
                    size,
                    is_executable,
                    piece,
                } => {
                    if let Some(piece) = piece {
                        pieces.insert(path.clone(), piece);
                    }
                    EntryKind::File { size, is_executable }
                }
            };
            entries.push(Entry { path, kind });
        }
        let listing = Listing::new(entries, gaps);
        Self { listing, pieces }
    }

    pub(super) fn open(&self, path: &str) -> io::Result<Box<dyn Content>> {
        self.pieces.get(path).ok_or(io::ErrorKind::NotFound)?.open()
    }

    pub(super) fn is_kept(&self, path: &str) -> bool {
        self.pieces.contains_key(path)
    }
}

/// A part of a file, as if it were one.
struct Section {
    file: File,
    start: u64,
    size: u64,
    offset: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.offset);
        let room = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        self.file.seek(SeekFrom::Start(self.start + self.offset))?;
        let read = self.file.read(&mut buffer[..room])?;
        self.offset += read as u64;
        Ok(read)
    }
}

impl Seek for Section {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let offset = match position {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.offset.checked_add_signed(offset),
        };
        // Behind the end there is nothing to read, as in a file.
        self.offset = offset.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.offset)
    }
}
