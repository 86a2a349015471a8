//! A foreign zip archive in, what its central directory names out: to look inside of something, never to unpack it.
//!
//! Archives that programs made for themselves break rules that [`super::read_zip`] insists on: names that are there twice,
//! a script before the first member, bytes that belong to nothing, modes without meaning. Whoever only wants to know what
//! is written in a few of the members reads them here. The central directory is believed, as the Java runtime believes it.

use std::io::{BufReader, Read, Seek, SeekFrom};

use flate2::Crc;

use super::buffer::read_exactly;
use super::inflate::Inflate;
use super::window::Window;
use super::zip_directory::read_at;
use super::zip_record::{Fields, LARGE, Shared};
use super::{Limits, ReadError};

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const LARGE_END: &[u8] = b"PK\x06\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";

const LOCAL_SIZE: u64 = 4 + Shared::SIZE as u64;
const CENTRAL_SIZE: usize = 46;
const END_SIZE: usize = 22;
const LOCATOR_SIZE: u64 = 20;
const LARGE_END_SIZE: u64 = 56;

/// The longest comment (APPNOTE 4.4.12).
const MAX_COMMENT: u64 = 0xffff;

/// For the number of members.
const MANY: u64 = 0xffff;

/// The extra field for large numbers (4.5.3).
const ZIP64: u16 = 1;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const ENCRYPTED: u16 = 1;

/// A member of a foreign zip archive, as the central directory has it. Its name is for looking at, not a path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZipListed {
    /// The name as it is written; bytes that are no UTF-8 are replaced.
    pub name: String,
    /// How many bytes it says that it has.
    pub size: u64,
    compressed: u64,
    checksum: u32,
    method: u16,
    flags: u16,
    /// Where its local header begins.
    offset: u64,
}

/// Lists the members for which `wanted` says yes, in the order of the central directory, names that are there twice twice.
/// `wanted` is shown every name.
///
/// Bytes before the archive are passed over, whether or not its offsets count them.
///
/// # Errors
/// [`ReadError`], for a central directory that is not there, not whole, or larger than [`Limits::names`].
pub fn list_zip<R: Read + Seek>(
    reader: &mut R,
    limits: &Limits,
    mut wanted: impl FnMut(&str) -> bool,
) -> Result<Vec<ZipListed>, ReadError> {
    let directory = Directory::find(reader)?;
    let (what, limit) = ("the central directory", limits.names);
    if directory.size > limit {
        return Err(ReadError::HeaderTooLarge { what, limit });
    }
    if directory.members > limits.members as u64 {
        let limit = limits.members;
        return Err(ReadError::TooManyMembers { limit });
    }
    let bytes = read_at(reader, directory.place, directory.size)?;
    let mut rest = bytes.as_slice();
    let mut listed = Vec::new();
    for _ in 0..directory.members {
        let (member, name, length) = record(rest, directory.before)?;
        rest = &rest[length..];
        let name = String::from_utf8_lossy(name);
        if wanted(&name) {
            listed.push(ZipListed {
                name: name.into_owned(),
                ..member
            });
        }
    }
    Ok(listed)
}

impl ZipListed {
    /// Whether it has no bytes because it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.name.ends_with('/')
    }

    /// All its bytes, if there are no more than `limit` and they have the checksum that they should have.
    ///
    /// # Errors
    /// [`ReadError::MemberTooLarge`], or what is wrong with it.
    pub fn bytes<R: Read + Seek>(&self, reader: &mut R, limit: u64) -> Result<Vec<u8>, ReadError> {
        let too_large = |found| ReadError::MemberTooLarge {
            name: self.name.clone(),
            limit,
            found,
        };
        if self.size > limit {
            return Err(too_large(self.size));
        }
        let start = self.start(reader)?;
        reader.seek(SeekFrom::Start(start))?;
        let compressed = reader.take(self.compressed);
        // What it says of its size may be a lie: nothing is set aside for it.
        let mut bytes = Vec::new();
        match self.method {
            STORED => compressed.take(limit + 1).read_to_end(&mut bytes)?,
            _ => Inflate::new(BufReader::new(compressed))
                .take(limit + 1)
                .read_to_end(&mut bytes)?,
        };
        if bytes.len() as u64 > limit {
            return Err(too_large(bytes.len() as u64));
        }
        self.hold(&bytes)?;
        Ok(bytes)
    }

    /// The member as a file of its own inside the archive, without a copy of it; nothing if it is compressed.
    ///
    /// # Errors
    /// When its local header is not there.
    pub fn window<'r, R: Read + Seek>(&self, reader: &'r mut R) -> Result<Option<Window<'r, R>>, ReadError> {
        if self.method != STORED {
            return Ok(None);
        }
        let start = self.start(reader)?;
        let length = self.compressed;
        Ok(Some(Window::new(reader, start, length)))
    }

    /// Where its bytes begin: name and extra field of the local header have lengths of their own.
    fn start<R: Read + Seek>(&self, reader: &mut R) -> Result<u64, ReadError> {
        let name = || self.name.clone();
        if self.flags & ENCRYPTED != 0 {
            return Err(ReadError::Encrypted { name: name() });
        }
        if !matches!(self.method, STORED | DEFLATED) {
            let (name, method) = (name(), self.method);
            return Err(ReadError::UnsupportedMethod { name, method });
        }
        let header = read_at(reader, self.offset, LOCAL_SIZE)?;
        if !header.starts_with(LOCAL) {
            let (what, offset) = ("a local header", self.offset);
            return Err(ReadError::ZipRecord { what, offset });
        }
        let shared = Shared::parse(&mut Fields::new(&header[4..]));
        let lengths = (shared.name_length + shared.extra_length) as u64;
        Ok(self.offset + LOCAL_SIZE + lengths)
    }

    fn hold(&self, bytes: &[u8]) -> Result<(), ReadError> {
        let (expected, found) = (self.size, bytes.len() as u64);
        let name = self.name.clone();
        if expected != found {
            return Err(ReadError::MemberSize { name, expected, found });
        }
        let mut crc = Crc::new();
        crc.update(bytes);
        let (expected, found) = (self.checksum, crc.sum());
        match expected == found {
            true => Ok(()),
            false => Err(ReadError::MemberChecksum { name, expected, found }),
        }
    }
}

/// Where the central directory stands.
struct Directory {
    members: u64,
    place: u64,
    size: u64,
    /// How many bytes stand before the archive that its offsets do not count.
    before: u64,
}

impl Directory {
    /// By the last end that can be one: a comment may hold what looks like another, and zeros may follow.
    fn find<R: Read + Seek>(reader: &mut R) -> Result<Self, ReadError> {
        let length = reader.seek(SeekFrom::End(0))?;
        let tail_length = length.min(MAX_COMMENT + END_SIZE as u64);
        let tail = read_at(reader, length - tail_length, tail_length)?;
        let places = (0..=tail.len().saturating_sub(END_SIZE)).rev();
        for place in places.filter(|place| tail[*place..].starts_with(END)) {
            let record = tail[place..].get(..END_SIZE);
            let at = length - tail_length + place as u64;
            if let Some(directory) = record
                .map(|record| Self::parse(reader, record, at))
                .transpose()?
                .flatten()
            {
                return Ok(directory);
            }
        }
        let inside = "the zip archive";
        Err(ReadError::Truncated { inside })
    }

    /// Nothing if there is no central directory where the record says: then it is none.
    fn parse<R: Read + Seek>(reader: &mut R, record: &[u8], at: u64) -> Result<Option<Self>, ReadError> {
        let mut fields = Fields::new(&record[10..]);
        let (mut members, mut size) = (u64::from(fields.u16()), u64::from(fields.u32()));
        let mut offset = u64::from(fields.u32());
        let mut end = at;
        if (members == MANY || size == LARGE || offset == LARGE)
            && let Some(large) = LargeEnd::find(reader, at)?
        {
            (members, size, offset, end) = (large.members, large.size, large.offset, large.place);
        }
        let Some(place) = end.checked_sub(size) else {
            return Ok(None);
        };
        // Where the offsets count what stands before the archive, or nothing does, both are one.
        let Some(before) = place.checked_sub(offset) else {
            return Ok(None);
        };
        let begins = members == 0 || (size >= CENTRAL_SIZE as u64 && read_at(reader, place, 4)? == CENTRAL);
        Ok(begins.then_some(Self {
            members,
            place,
            size,
            before,
        }))
    }
}

/// The end of archives with large numbers (4.3.14 and 4.3.15).
struct LargeEnd {
    members: u64,
    size: u64,
    offset: u64,
    place: u64,
}

impl LargeEnd {
    fn find<R: Read + Seek>(reader: &mut R, end: u64) -> Result<Option<Self>, ReadError> {
        let Some(at) = end.checked_sub(LOCATOR_SIZE) else {
            return Ok(None);
        };
        if !read_at(reader, at, LOCATOR_SIZE)?.starts_with(LOCATOR) {
            return Ok(None);
        }
        // Right before the locator, wherever the archive begins.
        let Some(place) = at.checked_sub(LARGE_END_SIZE) else {
            return Ok(None);
        };
        let record = read_at(reader, place, LARGE_END_SIZE)?;
        if !record.starts_with(LARGE_END) {
            return Ok(None);
        }
        let mut fields = Fields::new(&record[32..]);
        Ok(Some(Self {
            members: fields.u64(),
            size: fields.u64(),
            offset: fields.u64(),
            place,
        }))
    }
}

/// One record of the central directory (4.3.12): the member without its name, the name, and how long the record is.
fn record(bytes: &[u8], before: u64) -> Result<(ZipListed, &[u8], usize), ReadError> {
    let inside = "the central directory";
    let mut reader = bytes;
    let mut fixed = [0; CENTRAL_SIZE];
    read_exactly(&mut reader, &mut fixed, inside)?;
    if !fixed.starts_with(CENTRAL) {
        return Err(ReadError::Truncated { inside });
    }
    let mut fields = Fields::new(&fixed[6..]);
    let shared = Shared::parse(&mut fields);
    let comment = usize::from(fields.u16());
    let (_disk, _internal, _external) = (fields.u16(), fields.u16(), fields.u32());
    let mut offset = u64::from(fields.u32());
    let (mut size, mut compressed) = (shared.size, shared.compressed);
    let length = CENTRAL_SIZE + shared.name_length + shared.extra_length + comment;
    let whole = bytes.get(..length).ok_or(ReadError::Truncated { inside })?;
    let (name, rest) = whole[CENTRAL_SIZE..].split_at(shared.name_length);
    put_large(&rest[..shared.extra_length], [&mut size, &mut compressed, &mut offset]);
    let member = ZipListed {
        name: String::new(),
        size,
        compressed,
        checksum: shared.checksum,
        method: shared.method,
        flags: shared.flags,
        offset: offset.saturating_add(before),
    };
    Ok((member, name, length))
}

/// Puts large numbers where the record has [`LARGE`]; a broken extra field holds none.
fn put_large(mut extra: &[u8], places: [&mut u64; 3]) {
    while extra.len() >= 4 {
        let mut fields = Fields::new(extra);
        let (identifier, length) = (fields.u16(), usize::from(fields.u16()));
        let Some(part) = extra.get(4..4 + length) else {
            return;
        };
        if identifier == ZIP64 {
            let mut numbers = part.chunks_exact(8);
            for place in places.into_iter().filter(|place| **place == LARGE) {
                if let Some(number) = numbers.next() {
                    *place = Fields::new(number).u64();
                }
            }
            return;
        }
        extra = &extra[4 + length..];
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use proptest::prelude::*;
    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    fn zip(members: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(method);
        for (name, bytes) in members {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn names(bytes: &[u8]) -> Vec<String> {
        let listed = list_zip(&mut Cursor::new(bytes), &Limits::default(), |_| true).unwrap();
        listed.into_iter().map(|member| member.name).collect()
    }

    #[test]
    fn what_is_wanted_is_listed_and_read() {
        let members: &[(&str, &[u8])] = &[("a/b.txt", b"hello hello hello"), ("c", b"")];
        for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
            let bytes = zip(members, method);
            let mut reader = Cursor::new(&bytes);
            let listed = list_zip(&mut reader, &Limits::default(), |name| name == "a/b.txt").unwrap();
            assert_eq!(listed.len(), 1);
            assert_eq!(listed[0].bytes(&mut reader, 100).unwrap(), b"hello hello hello");
            let error = listed[0].bytes(&mut reader, 16).unwrap_err();
            assert!(matches!(
                error,
                ReadError::MemberTooLarge {
                    limit: 16,
                    found: 17,
                    ..
                }
            ));
        }
    }

    #[test]
    fn a_script_before_an_archive_is_passed_over() {
        let inner = zip(&[("x", b"1")], zip::CompressionMethod::Stored);
        let bytes = [b"#!/bin/sh\nexec java -jar \"$0\"\n", inner.as_slice()].concat();
        let mut reader = Cursor::new(&bytes);
        let listed = list_zip(&mut reader, &Limits::default(), |_| true).unwrap();
        assert_eq!(listed[0].bytes(&mut reader, 9).unwrap(), b"1");
    }

    #[test]
    fn an_archive_in_an_archive_is_read_in_its_place() {
        let inner = zip(&[("x", b"deep")], zip::CompressionMethod::Deflated);
        let outer = zip(
            &[("first", b"1"), ("inner.jar", &inner), ("last", b"2")],
            zip::CompressionMethod::Stored,
        );
        let mut reader = Cursor::new(&outer);
        let listed = list_zip(&mut reader, &Limits::default(), |name| name.ends_with(".jar")).unwrap();
        let mut window = listed[0].window(&mut reader).unwrap().unwrap();
        let deep = list_zip(&mut window, &Limits::default(), |_| true).unwrap();
        assert_eq!(deep[0].bytes(&mut window, 9).unwrap(), b"deep");
        let mut all = Vec::new();
        window.rewind().unwrap();
        window.read_to_end(&mut all).unwrap();
        assert_eq!(all, inner);
    }

    #[test]
    fn a_name_that_is_there_twice_is_listed_twice() {
        let mut bytes = zip(&[("aa", b"1"), ("ab", b"2")], zip::CompressionMethod::Stored);
        while let Some(at) = bytes.windows(2).position(|two| two == b"ab") {
            bytes[at + 1] = b'a';
        }
        assert_eq!(names(&bytes), ["aa", "aa"]);
    }

    #[test]
    fn other_bytes_than_the_checksum_says_are_refused() {
        let mut bytes = zip(&[("x", b"hello")], zip::CompressionMethod::Stored);
        let at = bytes.windows(5).position(|five| five == b"hello").unwrap();
        bytes[at] = b'j';
        let mut reader = Cursor::new(&bytes);
        let listed = list_zip(&mut reader, &Limits::default(), |_| true).unwrap();
        let error = listed[0].bytes(&mut reader, 9).unwrap_err();
        assert!(matches!(error, ReadError::MemberChecksum { .. }), "{error}");
    }

    #[test]
    fn an_archive_without_its_end_is_refused() {
        let bytes = zip(&[("x", b"hello")], zip::CompressionMethod::Stored);
        let error = list_zip(&mut Cursor::new(&bytes[..bytes.len() - 4]), &Limits::default(), |_| {
            true
        })
        .unwrap_err();
        assert!(matches!(
            error,
            ReadError::Truncated {
                inside: "the zip archive"
            }
        ));
    }

    #[test]
    fn a_central_directory_beyond_the_limits_is_refused() {
        let bytes = zip(&[("x", b"1"), ("y", b"2")], zip::CompressionMethod::Stored);
        let limits = Limits {
            members: 1,
            ..Limits::default()
        };
        let error = list_zip(&mut Cursor::new(&bytes), &limits, |_| true).unwrap_err();
        assert!(matches!(error, ReadError::TooManyMembers { limit: 1 }));
        let limits = Limits {
            names: 90,
            ..Limits::default()
        };
        let error = list_zip(&mut Cursor::new(&bytes), &limits, |_| true).unwrap_err();
        assert!(matches!(error, ReadError::HeaderTooLarge { limit: 90, .. }));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(noise in proptest::collection::vec(any::<(prop::sample::Index, u8)>(), 0..12)) {
            let mut bytes = zip(&[("a", b"hello hello"), ("b/c", b"2")], zip::CompressionMethod::Deflated);
            for (place, byte) in noise {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            let mut reader = Cursor::new(&bytes);
            if let Ok(listed) = list_zip(&mut reader, &Limits::default(), |_| true) {
                for member in listed {
                    let _ = member.bytes(&mut reader, 1000);
                    if let Ok(Some(mut window)) = member.window(&mut reader) {
                        let _ = window.read_to_end(&mut Vec::new());
                    }
                }
            }
        }
    }
}
