use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use attest_archive::inflate_zlib;

use super::{HeadError, MAX_COMMIT_BYTES, is_absent, malformed, unreadable};
use crate::git::CommitId;

/// How many packs a repository may have.
const MAX_PACKS: usize = 100_000;

/// How many differences may lie upon each other; git makes at most 4095.
const MAX_DELTAS: usize = 4096;

const COMMIT: u8 = 1;
const OFFSET_DELTA: u8 = 6;
const REFERENCE_DELTA: u8 = 7;

/// Where the table of the first bytes of ids ends, and ids begin.
const NAMES: u64 = 8 + 256 * 4;

/// A commit that is in a pack.
pub(super) fn commit(objects: &Path, id: &CommitId) -> Result<Option<Vec<u8>>, HeadError> {
    let id = bytes_of(id);
    for index in indexes(&objects.join("pack"))? {
        if let Some(offset) = Index::open(&index, id.len())?.find(&id)? {
            return Pack::open(&index, id.len())?.commit(offset).map(Some);
        }
    }
    Ok(None)
}

fn bytes_of(id: &CommitId) -> Vec<u8> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit - b'a' + 10,
    };
    let pairs = id.as_str().as_bytes().chunks_exact(2);
    pairs.map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

fn indexes(directory: &Path) -> Result<Vec<PathBuf>, HeadError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(source) => return Err(unreadable(directory)(source)),
    };
    let mut indexes = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable(directory))?.path();
        if path.extension().is_some_and(|extension| extension == "idx") {
            indexes.push(path);
        }
        if indexes.len() > MAX_PACKS {
            return Err(malformed(directory, "at most 100,000 packs"));
        }
    }
    indexes.sort();
    Ok(indexes)
}

/// The list of what is in a pack, sorted by id. Source: gitformat-pack(5), "Version 2 pack-*.idx files".
struct Index<'a> {
    path: &'a Path,
    file: File,
    /// How long an id is, in bytes.
    length: u64,
}

impl<'a> Index<'a> {
    fn open(path: &'a Path, length: usize) -> Result<Self, HeadError> {
        let mut file = File::open(path).map_err(unreadable(path))?;
        let mut head = [0; 8];
        file.read_exact(&mut head).map_err(unreadable(path))?;
        match head == *b"\xfftOc\0\0\0\x02" {
            true => Ok(Self {
                path,
                file,
                length: length as u64,
            }),
            false => Err(malformed(path, "an index of a pack, version 2")),
        }
    }

    /// Where in the pack an object begins.
    fn find(&mut self, id: &[u8]) -> Result<Option<u64>, HeadError> {
        let first = u64::from(id[0]);
        let (mut low, mut high) = match first {
            0 => (0, self.number(8)?),
            _ => (self.number(8 + (first - 1) * 4)?, self.number(8 + first * 4)?),
        };
        let all = self.number(NAMES - 4)?;
        while low < high && high <= all {
            let middle = u64::midpoint(low, high);
            let mut name = vec![0; id.len()];
            self.read(NAMES + middle * self.length, &mut name)?;
            match name.as_slice().cmp(id) {
                std::cmp::Ordering::Equal => return self.offset(middle, all).map(Some),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// After the ids stand checksums, then offsets, then what did not fit into 31 bits.
    fn offset(&mut self, at: u64, all: u64) -> Result<u64, HeadError> {
        let offsets = NAMES + all * (self.length + 4);
        let offset = self.number(offsets + at * 4)?;
        match offset.checked_sub(1 << 31) {
            None => Ok(offset),
            Some(large) => {
                let mut bytes = [0; 8];
                self.read(offsets + all * 4 + large * 8, &mut bytes)?;
                Ok(u64::from_be_bytes(bytes))
            }
        }
    }

    fn number(&mut self, at: u64) -> Result<u64, HeadError> {
        let mut bytes = [0; 4];
        self.read(at, &mut bytes)?;
        Ok(u64::from(u32::from_be_bytes(bytes)))
    }

    fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), HeadError> {
        let read = self
            .file
            .seek(SeekFrom::Start(at))
            .and_then(|_| self.file.read_exact(bytes));
        read.map_err(unreadable(self.path))
    }
}

/// The objects of a pack. Source: gitformat-pack(5), "pack-*.pack files have the following format".
struct Pack {
    index: PathBuf,
    path: PathBuf,
    file: File,
    length: usize,
}

/// How an object stands in a pack.
struct Entry {
    kind: u8,
    size: u64,
    /// Where its compressed bytes begin, or what a difference is to.
    at: u64,
}

impl Pack {
    fn open(index: &Path, length: usize) -> Result<Self, HeadError> {
        let path = index.with_extension("pack");
        let file = File::open(&path).map_err(unreadable(&path))?;
        Ok(Self {
            index: index.to_owned(),
            path,
            file,
            length,
        })
    }

    /// The object at `offset`.
    fn commit(&mut self, offset: u64) -> Result<Vec<u8>, HeadError> {
        let (mut offset, mut deltas) = (offset, Vec::new());
        let mut object = loop {
            let entry = self.entry(offset)?;
            if deltas.len() == MAX_DELTAS || entry.size > MAX_COMMIT_BYTES {
                return Err(self.wrong("a commit of at most 1 MiB, and 4096 differences"));
            }
            if entry.kind == COMMIT {
                break self.inflate(entry.at, entry.size)?;
            }
            let (base, at) = self.base(&entry, offset)?;
            deltas.push(self.inflate(at, entry.size)?);
            offset = base;
        };
        while let Some(delta) = deltas.pop() {
            object = apply(&object, &delta).ok_or_else(|| self.wrong("a difference that fits what it is to"))?;
        }
        Ok(object)
    }

    /// A type in three bits, a size in the rest, the lowest bits first.
    fn entry(&mut self, offset: u64) -> Result<Entry, HeadError> {
        self.seek(offset)?;
        let first = self.byte()?;
        let (mut size, mut shift, mut at, mut last) = (u64::from(first & 15), 4, offset + 1, first);
        while last & 0x80 != 0 {
            last = self.byte()?;
            at += 1;
            size |= u64::from(last & 0x7f).checked_shl(shift).unwrap_or(u64::MAX);
            shift += 7;
        }
        let kind = first >> 4 & 7;
        match kind {
            COMMIT | OFFSET_DELTA | REFERENCE_DELTA if shift <= 64 => Ok(Entry { kind, size, at }),
            _ => Err(self.wrong("a commit")),
        }
    }

    /// What a difference is to, and where its own compressed bytes begin.
    fn base(&mut self, entry: &Entry, offset: u64) -> Result<(u64, u64), HeadError> {
        self.seek(entry.at)?;
        if entry.kind == REFERENCE_DELTA {
            let mut id = vec![0; self.length];
            self.file.read_exact(&mut id).map_err(unreadable(&self.path))?;
            let index = self.index.clone();
            let base = Index::open(&index, self.length)?.find(&id)?;
            let base = base.ok_or_else(|| self.wrong("what a difference is to, in the same pack"))?;
            return Ok((base, entry.at + self.length as u64));
        }
        let mut last = self.byte()?;
        let (mut back, mut at) = (u64::from(last & 0x7f), entry.at + 1);
        while last & 0x80 != 0 {
            last = self.byte()?;
            at += 1;
            back = match back.checked_add(1).and_then(|back| back.checked_mul(128)) {
                Some(back) => back | u64::from(last & 0x7f),
                None => return Err(self.wrong("what a difference is to")),
            };
        }
        match offset.checked_sub(back) {
            Some(base) if back > 0 => Ok((base, at)),
            _ => Err(self.wrong("what a difference is to, before it")),
        }
    }

    fn inflate(&mut self, at: u64, size: u64) -> Result<Vec<u8>, HeadError> {
        self.seek(at)?;
        let mut bytes = Vec::new();
        // To one byte more, because the sum of what is compressed is looked at behind its end.
        let read = inflate_zlib(&self.file).take(size + 1).read_to_end(&mut bytes);
        match read {
            Ok(read) if read as u64 == size => Ok(bytes),
            Ok(_) => Err(self.wrong("an object as long as it is said to be")),
            Err(source) => Err(unreadable(&self.path)(source)),
        }
    }

    fn seek(&mut self, to: u64) -> Result<(), HeadError> {
        let sought: io::Result<u64> = self.file.seek(SeekFrom::Start(to));
        sought.map(|_| ()).map_err(unreadable(&self.path))
    }

    fn byte(&mut self) -> Result<u8, HeadError> {
        let mut byte = [0];
        self.file.read_exact(&mut byte).map_err(unreadable(&self.path))?;
        Ok(byte[0])
    }

    fn wrong(&self, expected: &'static str) -> HeadError {
        malformed(&self.path, expected)
    }
}

/// What a difference makes of what it is to. Source: gitformat-pack(5), "Deltified representation".
fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut rest = delta;
    let (from, to) = (length(&mut rest)?, length(&mut rest)?);
    if from != base.len() as u64 || to > MAX_COMMIT_BYTES {
        return None;
    }
    let mut made = Vec::new();
    while let Some((instruction, after)) = rest.split_first() {
        rest = after;
        let piece = match instruction {
            0 => return None,
            copy if copy & 0x80 != 0 => {
                let at = little(&mut rest, copy & 15, 4)?;
                let size = match little(&mut rest, copy >> 4 & 7, 3)? {
                    0 => 0x10000,
                    size => size,
                };
                base.get(at..at.checked_add(size)?)?
            }
            size => {
                let (piece, after) = rest.split_at_checked(usize::from(*size))?;
                rest = after;
                piece
            }
        };
        made.extend_from_slice(piece);
        if made.len() as u64 > to {
            return None;
        }
    }
    (made.len() as u64 == to).then_some(made)
}

/// Seven bits in each byte, the lowest first.
fn length(rest: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0u64, 0);
    loop {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
}

/// Bytes of a number, the lowest first, of which only those follow that `present` has a bit for.
fn little(rest: &mut &[u8], present: u8, bytes: u32) -> Option<usize> {
    let mut value = 0;
    for at in 0..bytes {
        if present >> at & 1 != 0 {
            let (byte, after) = rest.split_first()?;
            *rest = after;
            value |= usize::from(*byte) << (8 * at);
        }
    }
    Some(value)
}
