//! Tables of names in, what a name stands for out.
//!
//! Source: Documentation/technical/reftable of git 2.47.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{HeadError, malformed, small, unreadable};
use crate::git::CommitId;

/// The most that one table may hold, in bytes: as many names as `packed-refs` may.
const MAX_TABLE_BYTES: u64 = 256 << 20;

/// Git puts tables together before they are many: of a million changes it keeps some twenty.
const MAX_TABLES: usize = 1_000;

/// How often the list is read anew because git put its tables together meanwhile.
const MAX_TRIES: usize = 5;

/// What a record begins a table with.
const MAGIC: &[u8] = b"REFT";

/// What a name stands for.
pub(super) enum Value {
    Id(CommitId),
    /// Another name.
    Name(Vec<u8>),
}

/// Looks a name up in the tables of a directory: the last one that has it decides.
pub(super) fn find(directory: &Path, name: &[u8]) -> Result<Option<Value>, HeadError> {
    let list = directory.join("tables.list");
    for _ in 0..MAX_TRIES {
        let found = in_tables(directory, &list, name);
        match found {
            Err(HeadError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            found => return found,
        }
    }
    Err(malformed(&list, "the names of tables that are there"))
}

fn in_tables(directory: &Path, list: &Path, name: &[u8]) -> Result<Option<Value>, HeadError> {
    let wrong = || malformed(list, "the names of at most 1,000 tables");
    let text = String::from_utf8(small(list)?.ok_or_else(wrong)?).map_err(|_| wrong())?;
    let tables: Vec<&str> = text.lines().collect();
    if tables.len() > MAX_TABLES || tables.iter().any(|table| !is_plain(table)) {
        return Err(wrong());
    }
    for table in tables.iter().rev() {
        if let Some(found) = Table::open(directory.join(table))?.find(name)? {
            return Ok(found);
        }
    }
    Ok(None)
}

/// A name that stays within the directory.
fn is_plain(table: &str) -> bool {
    !table.is_empty() && !table.starts_with('.') && !table.contains(['/', '\\', ':', '\0'])
}

struct Table {
    path: PathBuf,
    file: File,
    /// How long the beginning is, before the first block.
    header: usize,
    /// Blocks begin at its multiples; 0 where one follows the other.
    block_size: u64,
    /// How long an id is, in bytes.
    id: usize,
    /// Where blocks end.
    end: u64,
}

impl Table {
    fn open(path: PathBuf) -> Result<Self, HeadError> {
        let file = File::open(&path).map_err(unreadable(&path))?;
        let length = file.metadata().map_err(unreadable(&path))?.len();
        let mut table = Self {
            path,
            file,
            header: 0,
            block_size: 0,
            id: 20,
            end: length,
        };
        if length > MAX_TABLE_BYTES {
            return Err(malformed(&table.path, "at most 256 MiB"));
        }
        let start = table.bytes(0, 28)?;
        let footer = match (start.strip_prefix(MAGIC).and_then(<[u8]>::first), &start[24..28]) {
            (Some(1), _) => 68,
            (Some(2), b"sha1") => 72,
            (Some(2), b"s256") => {
                table.id = 32;
                72
            }
            _ => return Err(table.malformed()),
        };
        table.header = footer - 44;
        table.block_size = number(&start[5..8]);
        table.end = length.checked_sub(footer as u64).ok_or_else(|| table.malformed())?;
        match table.bytes(table.end, table.header)? == start[..table.header] {
            true => Ok(table),
            false => Err(table.malformed()),
        }
    }

    /// What the table says of a name: nothing, or that it stands for something, or that it was removed.
    fn find(&mut self, name: &[u8]) -> Result<Option<Option<Value>>, HeadError> {
        let mut at = 0;
        while at < self.end {
            let begin = if at == 0 { self.header } else { 0 };
            let head = self.bytes(at + begin as u64, 4)?;
            if head[0] != b'r' {
                return Ok(None);
            }
            let length = number(&head[1..]);
            if length < begin as u64 + 4 || at + length > self.end {
                return Err(self.malformed());
            }
            let block = self.bytes(at, length as usize)?;
            let records = records(&block[begin + 4..]).ok_or_else(|| self.malformed())?;
            let found = Records::of(records, self.id).find(name);
            if let Some(found) = found.ok_or_else(|| self.malformed())? {
                return Ok(Some(found));
            }
            at = self.next(at, length)?;
        }
        Ok(None)
    }

    /// Where the next block begins: what fills a block up is zeros, and the last one of a kind need not be filled up.
    fn next(&mut self, at: u64, length: u64) -> Result<u64, HeadError> {
        let is_filled_up =
            length < self.block_size && at + self.block_size <= self.end && self.bytes(at + length, 1)? == [0];
        Ok(at + if is_filled_up { self.block_size } else { length })
    }

    fn bytes(&mut self, at: u64, length: usize) -> Result<Vec<u8>, HeadError> {
        let mut bytes = vec![0; length];
        let read = self.file.seek(SeekFrom::Start(at));
        match read.and_then(|_| self.file.read_exact(&mut bytes)) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(self.malformed()),
            Err(source) => Err(unreadable(&self.path)(source)),
        }
    }

    fn malformed(&self) -> HeadError {
        malformed(&self.path, "a table of names")
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A block without its end: places where names are whole, and how many these are.
fn records(block: &[u8]) -> Option<&[u8]> {
    let (rest, count) = block.split_at_checked(block.len().checked_sub(2)?)?;
    let places = usize::try_from(number(count)).ok()? * 3;
    rest.get(..rest.len().checked_sub(places)?)
}

/// The records of a block, each with what its name has in common with the one before.
struct Records<'a> {
    left: &'a [u8],
    id: usize,
}

impl<'a> Records<'a> {
    fn of(left: &'a [u8], id: usize) -> Self {
        Self { left, id }
    }

    /// Nothing where a record is malformed.
    fn find(mut self, name: &[u8]) -> Option<Option<Option<Value>>> {
        let mut last: Vec<u8> = Vec::new();
        while !self.left.is_empty() {
            let shared = usize::try_from(self.varint()?).ok()?;
            let kind = self.varint()?;
            let suffix = self.take(kind >> 3)?;
            last.get(..shared)?;
            last.truncate(shared);
            last.extend(suffix);
            self.varint()?;
            let value = self.value(kind & 7)?;
            if last == name {
                return Some(Some(value));
            }
        }
        Some(None)
    }

    /// An id, an id and that of the object that a tag leads to, or a name.
    fn value(&mut self, kind: u64) -> Option<Option<Value>> {
        match kind {
            0 => Some(None),
            1 | 2 => {
                let id = self.take(self.id as u64)?;
                let hexadecimal: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
                self.take(if kind == 2 { self.id as u64 } else { 0 })?;
                Some(Some(Value::Id(CommitId::parse(hexadecimal.as_bytes()).ok()?)))
            }
            3 => {
                let length = self.varint()?;
                Some(Some(Value::Name(self.take(length)?.to_vec())))
            }
            _ => None,
        }
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, left) = self.left.split_at_checked(usize::try_from(length).ok()?)?;
        self.left = left;
        Some(taken)
    }

    /// As offsets of packs are written: each further byte adds one, so that there is one form for a number.
    fn varint(&mut self) -> Option<u64> {
        let mut byte = self.take(1)?[0];
        let mut number = u64::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = self.take(1)?[0];
            number = number.checked_add(1)?.checked_mul(0x80)? | u64::from(byte & 0x7f);
        }
        Some(number)
    }
}
