//! `rpmdb.sqlite`: the blobs of the table `Packages`. Source: SQLite, "Database File Format".

use std::collections::HashSet;

use super::blobs::{Problem, Source, Visit};
use super::write_ahead::WriteAhead;
use crate::tree::Content;

const MAGIC: &[u8] = b"SQLite format 3\0";
/// What the first page begins with.
const FILE_HEADER: usize = 100;
const LEAF: u8 = 13;
const INTERIOR: u8 = 5;
/// What every other page of a table begins with.
const LEAF_HEADER: usize = 8;
const INTERIOR_HEADER: usize = 12;

pub(super) fn is_sqlite(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

pub(super) fn visit<'a>(
    source: Source<'a>,
    ahead: Option<Box<dyn Content + 'a>>,
    each: &mut Visit<'_>,
) -> Result<(), Problem> {
    let mut database = Database::open(source, ahead)?;
    let mut root = None;
    database.table(1, &mut |record| root = root.or(root_of_packages(record)))?;
    let (what, offset) = ("no table `Packages`", 0);
    let root = root.ok_or(Problem::Broken { what, offset })?;
    database.table(root, &mut |record| {
        let blob = columns(record).into_iter().find_map(|column| match column {
            Column::Bytes(bytes) => Some(bytes),
            Column::Number(_) => None,
        });
        each(blob.unwrap_or_default());
    })
}

/// Where the table of the packages begins, in the record that describes it.
fn root_of_packages(record: &[u8]) -> Option<u32> {
    match columns(record).as_slice() {
        [
            Column::Bytes(b"table"),
            Column::Bytes(b"Packages"),
            _,
            Column::Number(page),
            ..,
        ] => u32::try_from(*page).ok(),
        _ => None,
    }
}

struct Database<'a> {
    source: Source<'a>,
    ahead: Option<WriteAhead<'a>>,
    size: usize,
    /// How much of a page is used.
    usable: usize,
}

impl<'a> Database<'a> {
    fn open(mut source: Source<'a>, ahead: Option<Box<dyn Content + 'a>>) -> Result<Self, Problem> {
        let broken = |what| Problem::Broken { what, offset: 0 };
        let head = source.piece(0, FILE_HEADER)?;
        if !is_sqlite(&head) {
            return Err(broken("another beginning"));
        }
        let size = match u16::from_be_bytes([head[16], head[17]]) {
            1 => 65536,
            size => usize::from(size),
        };
        let usable = size.saturating_sub(usize::from(head[20]));
        if !size.is_power_of_two() || size < 512 || usable < 480 {
            return Err(broken("a size of pages that is none"));
        }
        let ahead = ahead.map(|content| WriteAhead::read(content, size)).transpose()?;
        Ok(Self {
            source,
            ahead,
            size,
            usable,
        })
    }

    fn page(&mut self, number: u32) -> Result<Vec<u8>, Problem> {
        if let Some(page) = self.ahead.as_mut().and_then(|ahead| ahead.page(number).transpose()) {
            return page;
        }
        let before = u64::from(number)
            .checked_sub(1)
            .ok_or_else(|| self.broken("a page without a number", 1))?;
        self.source.piece(before * self.size as u64, self.size)
    }

    fn broken(&self, what: &'static str, page: u32) -> Problem {
        let offset = u64::from(page.saturating_sub(1)) * self.size as u64;
        Problem::Broken { what, offset }
    }

    /// Shows every record of a table.
    fn table(&mut self, root: u32, each: &mut dyn FnMut(&[u8])) -> Result<(), Problem> {
        let (mut left, mut seen) = (vec![root], HashSet::new());
        while let Some(number) = left.pop() {
            if !seen.insert(number) {
                return Err(self.broken("a page that is there twice", number));
            }
            let page = self.page(number)?;
            let start = if number == 1 { FILE_HEADER } else { 0 };
            let kind = page[start];
            let count = usize::from(u16::from_be_bytes([page[start + 3], page[start + 4]]));
            let cells = start + if kind == LEAF { LEAF_HEADER } else { INTERIOR_HEADER };
            for cell in 0..count {
                let at = page.get(cells + 2 * cell..cells + 2 * cell + 2);
                let at = at.map(|bytes| usize::from(u16::from_be_bytes([bytes[0], bytes[1]])));
                let bytes = at.and_then(|at| page.get(at..self.usable));
                let bytes = bytes.ok_or_else(|| self.broken("a cell behind the end of its page", number))?;
                match kind {
                    LEAF => each(&self.record(number, bytes)?),
                    INTERIOR => left.push(self.child(number, bytes, 0)?),
                    _ => return Err(self.broken("a page that is no table's", number)),
                }
            }
            if kind == INTERIOR {
                left.push(self.child(number, &page, start + 8)?);
            }
        }
        Ok(())
    }

    fn child(&self, number: u32, bytes: &[u8], at: usize) -> Result<u32, Problem> {
        super::blobs::big(bytes, at).ok_or_else(|| self.broken("a cell that is cut off", number))
    }

    /// The payload of a cell, what lies on other pages included ("B-tree Cell Format").
    fn record(&mut self, number: u32, cell: &[u8]) -> Result<Vec<u8>, Problem> {
        let cut = || self.broken("a cell that is cut off", number);
        let (length, rest) = varint(cell).ok_or_else(cut)?;
        let (_, rest) = varint(rest).ok_or_else(cut)?;
        let local = self.local(length);
        let mut bytes = rest.get(..local).ok_or_else(cut)?.to_vec();
        let mut next = super::blobs::big(rest, local);
        self.source.allow(length)?;
        while (bytes.len() as u64) < length {
            let page = next
                .filter(|page| *page != 0)
                .ok_or_else(|| self.broken("a record that ends early", number))?;
            let content = self.page(page)?;
            let left = usize::try_from(length).unwrap_or(usize::MAX) - bytes.len();
            bytes.extend_from_slice(&content[4..self.usable.min(left.saturating_add(4))]);
            next = super::blobs::big(&content, 0);
        }
        Ok(bytes)
    }

    /// How many bytes of a payload stand in its cell.
    fn local(&self, length: u64) -> usize {
        let most = self.usable - 35;
        let Some(length) = usize::try_from(length).ok().filter(|length| *length > most) else {
            return usize::try_from(length).unwrap_or(most);
        };
        let least = (self.usable - 12) * 32 / 255 - 23;
        let local = least + (length - least) % (self.usable - 4);
        if local <= most { local } else { least }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Column<'a> {
    Number(i64),
    Bytes(&'a [u8]),
}

/// The columns that are there ("Record Format"); those that are nothing or no whole number are the number 0.
fn columns(record: &[u8]) -> Vec<Column<'_>> {
    let mut columns = Vec::new();
    let Some((length, rest)) = varint(record) else {
        return columns;
    };
    let start = usize::try_from(length).unwrap_or(usize::MAX);
    let mut types = rest
        .get(..start.saturating_sub(record.len() - rest.len()))
        .unwrap_or_default();
    let mut values = record.get(start..).unwrap_or_default();
    while let Some((kind, left)) = varint(types) {
        types = left;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            _ => kind.saturating_sub(12) / 2,
        };
        let split = usize::try_from(length)
            .ok()
            .and_then(|length| values.split_at_checked(length));
        let Some((value, left)) = split else {
            break;
        };
        values = left;
        columns.push(match kind {
            9 => Column::Number(1),
            1..=6 => Column::Number(value.iter().fold(0, |sum, byte| (sum << 8) | i64::from(*byte))),
            0 | 7 | 8 | 10 | 11 => Column::Number(0),
            _ => Column::Bytes(value),
        });
    }
    columns
}

/// A number of one to nine bytes, and what follows.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (place, byte) in bytes.iter().enumerate().take(9) {
        if place == 8 {
            return Some(((value << 8) | u64::from(*byte), &bytes[9..]));
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}
