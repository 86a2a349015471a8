//! The end of a zip archive and its central directory: what is there, and where.

use std::io::{Read, Seek, SeekFrom};

use super::buffer::read_exactly;
use super::names::Name;
use super::zip_record::{Extra, Fields, LARGE, Shared};
use super::{Limits, ReadError};

const END: &[u8] = b"PK\x05\x06";
const END_SIZE: u64 = 22;
const LARGE_END: &[u8] = b"PK\x06\x06";
const LARGE_END_SIZE: u64 = 56;
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_SIZE: u64 = 20;
const CENTRAL: &[u8] = b"PK\x01\x02";
const CENTRAL_SIZE: usize = 46;

/// The longest comment (APPNOTE 4.4.12).
const MAX_COMMENT: u64 = 0xffff;

/// For the number of members.
const MANY: u64 = 0xffff;

/// Names beyond ASCII are UTF-8 (bit 11).
const UTF8: u16 = 1 << 11;

/// Where the central directory stands, and how many members it names.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) members: u64,
    pub(crate) offset: u64,
    size: u64,
    pub(crate) comment: Vec<u8>,
}

/// A record of the central directory (4.3.12).
#[derive(Debug)]
pub(crate) struct Central {
    pub(crate) made_by: u16,
    pub(crate) shared: Shared,
    pub(crate) internal: u16,
    pub(crate) external: u32,
    pub(crate) offset: u64,
    pub(crate) name: Name,
    pub(crate) extra: Vec<u8>,
    pub(crate) comment: Vec<u8>,
}

impl End {
    /// Finds the end. It stands at the last byte, and nothing else can be taken for it.
    ///
    /// Readers look for it from behind, from the front, or follow the first that they meet; a comment can hold another.
    pub(crate) fn find<R: Read + Seek>(reader: &mut R) -> Result<Self, ReadError> {
        let length = reader.seek(SeekFrom::End(0))?;
        let tail_length = length.min(MAX_COMMENT + END_SIZE);
        let tail = read_at(reader, length - tail_length, tail_length)?;
        let mut ends = tail
            .windows(END_SIZE as usize)
            .enumerate()
            .rev()
            .filter(|(_, record)| record.starts_with(END));
        let (at, record) = ends.next().ok_or(ReadError::Truncated {
            inside: "the zip archive",
        })?;
        let reaches_the_end = |at: usize, record: &[u8]| {
            let comment = usize::from(Fields::new(&record[20..]).u16());
            at + END_SIZE as usize + comment == tail.len()
        };
        if !reaches_the_end(at, record) || ends.any(|(at, record)| reaches_the_end(at, record)) {
            return Err(ReadError::ZipEnd);
        }
        let comment = tail[at + END_SIZE as usize..].to_vec();
        Self::parse(reader, record, length - tail_length + at as u64, comment)
    }

    fn parse<R: Read + Seek>(reader: &mut R, record: &[u8], at: u64, comment: Vec<u8>) -> Result<Self, ReadError> {
        let mut fields = Fields::new(&record[4..]);
        let disks = (fields.u16(), fields.u16());
        let (here, members) = (u64::from(fields.u16()), u64::from(fields.u16()));
        let (size, offset) = (u64::from(fields.u32()), u64::from(fields.u32()));
        let end = Self {
            members,
            offset,
            size,
            comment,
        };
        hold("the number of this disk", 0, disks.0.into())?;
        hold("the disk of the central directory", 0, disks.1.into())?;
        hold("the number of members on this disk", members, here)?;
        let (end, directory_end) = match LargeEnd::find(reader, at)? {
            Some((large, position)) => (large.agree(end)?, position),
            None => (end, at),
        };
        hold(
            "the end of the central directory",
            directory_end,
            end.offset.saturating_add(end.size),
        )?;
        Ok(end)
    }

    /// Every record of the central directory, which they fill to its last byte.
    pub(crate) fn records<R: Read + Seek>(&self, reader: &mut R, limits: &Limits) -> Result<Vec<Central>, ReadError> {
        let limit = limits.members;
        if self.members > limit as u64 {
            return Err(ReadError::TooManyMembers { limit });
        }
        reader.seek(SeekFrom::Start(self.offset))?;
        let mut directory = Directory {
            reader: std::io::BufReader::new(reader.take(self.size)),
            at: self.offset,
            extras: 0,
            limits,
        };
        let mut records = Vec::new();
        for _ in 0..self.members {
            records.push(directory.next()?);
        }
        hold("the end of the last record", self.offset + self.size, directory.at)?;
        Ok(records)
    }
}

struct Directory<'a, R> {
    reader: R,
    at: u64,
    extras: u64,
    limits: &'a Limits,
}

impl<R: Read> Directory<'_, R> {
    fn next(&mut self) -> Result<Central, ReadError> {
        let mut fixed = [0; CENTRAL_SIZE];
        let inside = "the central directory";
        read_exactly(&mut self.reader, &mut fixed, inside)?;
        if !fixed.starts_with(CENTRAL) {
            let (what, offset) = ("a record of the central directory", self.at);
            return Err(ReadError::ZipRecord { what, offset });
        }
        let mut fields = Fields::new(&fixed[4..]);
        let made_by = fields.u16();
        let mut shared = Shared::parse(&mut fields);
        let comment_length = usize::from(fields.u16());
        hold("the disk of a member", 0, fields.u16().into())?;
        let (internal, external) = (fields.u16(), fields.u32());
        let mut offset = u64::from(fields.u32());
        let mut bytes = |length| {
            let mut bytes = vec![0; length];
            read_exactly(&mut self.reader, &mut bytes, inside).map(|()| bytes)
        };
        let (name, extra, comment) = (
            bytes(shared.name_length)?,
            bytes(shared.extra_length)?,
            bytes(comment_length)?,
        );
        self.at += (CENTRAL_SIZE + name.len() + extra.len() + comment.len()) as u64;
        self.count(extra.len() + comment.len())?;
        let name = name_of(&name, shared.flags)?;
        Extra::parse(&name.text, &extra)?.put_large([&mut shared.size, &mut shared.compressed, &mut offset])?;
        Ok(Central {
            made_by,
            shared,
            internal,
            external,
            offset,
            name,
            extra,
            comment,
        })
    }

    /// They are held in memory, all of them; as much as all names may take.
    fn count(&mut self, bytes: usize) -> Result<(), ReadError> {
        self.extras += bytes as u64;
        let limit = self.limits.names;
        let what = "the central directory's extra fields and comments";
        match self.extras > limit {
            true => Err(ReadError::HeaderTooLarge { what, limit }),
            false => Ok(()),
        }
    }
}

/// Beyond ASCII a name must say that it is UTF-8: without that, it is read in the code page of whoever reads.
fn name_of(bytes: &[u8], flags: u16) -> Result<Name, ReadError> {
    if !bytes.is_ascii() && flags & UTF8 == 0 {
        let escaped = bytes.escape_ascii().to_string();
        return Err(ReadError::NotUtf8 { escaped });
    }
    if bytes.contains(&b'\\') {
        let found = String::from_utf8_lossy(bytes).into_owned();
        // What leads out is said to lead out.
        Name::parse(bytes)?;
        return Err(ReadError::Backslash { found });
    }
    Name::parse(bytes)
}

/// The end of archives with large numbers (4.3.14 and 4.3.15).
struct LargeEnd {
    members: u64,
    size: u64,
    offset: u64,
}

impl LargeEnd {
    /// Looks right in front of the ordinary end, where it stands if it is there.
    fn find<R: Read + Seek>(reader: &mut R, end: u64) -> Result<Option<(Self, u64)>, ReadError> {
        let Some(at) = end.checked_sub(LOCATOR_SIZE) else {
            return Ok(None);
        };
        let locator = read_at(reader, at, LOCATOR_SIZE)?;
        if !locator.starts_with(LOCATOR) {
            return Ok(None);
        }
        let mut fields = Fields::new(&locator[4..]);
        let (disk, position, disks) = (fields.u32(), fields.u64(), fields.u32());
        hold("the disk of the large end", 0, disk.into())?;
        hold("the number of disks", 1, disks.into())?;
        let expected = at.saturating_sub(LARGE_END_SIZE);
        hold("the place of the large end", expected, position)?;
        let record = read_at(reader, position, LARGE_END_SIZE)?;
        if !record.starts_with(LARGE_END) {
            let (what, offset) = ("the large end", position);
            return Err(ReadError::ZipRecord { what, offset });
        }
        Self::parse(&record).map(|large| Some((large, position)))
    }

    fn parse(record: &[u8]) -> Result<Self, ReadError> {
        let mut fields = Fields::new(&record[4..]);
        hold("the size of the large end", LARGE_END_SIZE - 12, fields.u64())?;
        let _versions = fields.u32();
        hold("the number of this disk", 0, fields.u32().into())?;
        hold("the disk of the central directory", 0, fields.u32().into())?;
        let (here, members) = (fields.u64(), fields.u64());
        hold("the number of members on this disk", members, here)?;
        let (size, offset) = (fields.u64(), fields.u64());
        Ok(Self { members, size, offset })
    }

    /// What the ordinary end says itself must be the same here.
    fn agree(self, end: End) -> Result<End, ReadError> {
        for (field, small, most, large) in [
            ("the number of members", end.members, MANY, self.members),
            ("the size of the central directory", end.size, LARGE, self.size),
            ("the place of the central directory", end.offset, LARGE, self.offset),
        ] {
            if small != most {
                hold(field, small, large)?;
            }
        }
        Ok(End {
            members: self.members,
            size: self.size,
            offset: self.offset,
            ..end
        })
    }
}

fn hold(field: &'static str, expected: u64, found: u64) -> Result<(), ReadError> {
    match expected == found {
        true => Ok(()),
        false => Err(ReadError::ZipDirectory { field, expected, found }),
    }
}

/// Reads a few bytes from somewhere.
pub(crate) fn read_at<R: Read + Seek>(reader: &mut R, at: u64, length: u64) -> Result<Vec<u8>, ReadError> {
    reader.seek(SeekFrom::Start(at))?;
    let mut bytes = vec![0; length as usize];
    read_exactly(reader, &mut bytes, "the zip archive")?;
    Ok(bytes)
}
