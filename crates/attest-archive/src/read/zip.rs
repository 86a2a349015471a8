//! A zip archive in, its members out, each understood in one way or refused.
//!
//! The members must fill the archive: the first at its beginning, each where the one before ends, the central directory
//! after the last. Then a reader that goes from the front finds the members and the bytes that a reader of the central
//! directory finds: a deflate stream knows its end, and what is stored has its size in front. Modes, and so whether a file is a link, stand in the central directory alone.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};

use flate2::Crc;

use super::buffer::read_exactly;
use super::inflate::Inflate;
use super::names::text;
use super::tree::Tree;
use super::zip_directory::{Central, End, read_at};
use super::zip_kind::{self, ZipKind};
use super::zip_record::{Extra, Fields, Shared};
use super::{ContainerMetadata, Entry, EntryKind, Limits, Metadata, ReadError, Summary, ZipMetadata};
use crate::MAX_PATH_BYTES;

const LOCAL: &[u8] = b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const LOCAL_SIZE: u64 = 4 + Shared::SIZE as u64;

/// Signature, checksum and two large numbers.
const MAX_DESCRIPTOR: u64 = 24;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// Sizes and checksum stand after the bytes.
const STREAMED: u16 = 1 << 3;
/// How hard it was deflated (bits 1 and 2), [`STREAMED`], and UTF-8 (bit 11).
const KNOWN: u16 = 0b110 | STREAMED | 1 << 11;

/// Reads a zip archive, and shows each member with its bytes, in the order of the central directory.
///
/// # Errors
/// [`ReadError`], or what the visitor says.
pub fn read_zip<R: Read + Seek, E: From<ReadError>>(
    mut reader: R,
    limits: &Limits,
    mut visit: impl FnMut(&Entry, &mut dyn Read) -> Result<(), E>,
) -> Result<Summary, E> {
    let end = End::find(&mut reader)?;
    let records = end.records(&mut reader, limits)?;
    hold_sizes(&records, end.offset, limits)?;
    let places = places(&records, end.offset)?;
    let mut tree = Tree::new();
    for (central, next) in records.iter().zip(places) {
        let local = Local::read(&mut reader, central, next)?;
        let mut content = Content::new(&mut reader, central, &local)?;
        let (kind, path) = kind_and_path(central, &mut content)?;
        tree.insert(&path, &kind, limits)?;
        let entry = Entry {
            path,
            kind,
            size: central.shared.size,
            metadata: metadata(central, local),
        };
        visit(&entry, &mut content)?;
        content.finish()?;
    }
    let (case_collisions, reserved_names) = tree.finish(limits).map_err(E::from)?;
    Ok(Summary {
        comment: end.comment,
        case_collisions,
        reserved_names,
        end: end.offset,
        ..Summary::default()
    })
}

/// What the members say of their sizes is held to later, so that it is enough to look at it first.
fn hold_sizes(records: &[Central], length: u64, limits: &Limits) -> Result<(), ReadError> {
    let mut total = 0_u64;
    for central in records {
        let (limit, found) = (limits.member, central.shared.size);
        if found > limit {
            let name = central.name.text.clone();
            return Err(ReadError::MemberTooLarge { name, limit, found });
        }
        total = total.saturating_add(found);
    }
    if total > limits.total {
        return Err(ReadError::TooLarge { limit: limits.total });
    }
    let (limit, compressed) = (limits.expansion(length), length);
    match total > limit {
        true => Err(ReadError::Bomb { limit, compressed }),
        false => Ok(()),
    }
}

/// Where the next thing after each member begins.
fn places(records: &[Central], directory: u64) -> Result<Vec<u64>, ReadError> {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|index| records[*index].offset);
    let mut places = vec![directory; records.len()];
    for pair in order.windows(2) {
        places[pair[0]] = records[pair[1]].offset;
    }
    let first = order.first().map_or(directory, |index| records[*index].offset);
    let what = order.first().map_or("the central directory".to_owned(), |index| {
        format!("`{}`", crate::error::visible(&records[*index].name.text))
    });
    match first {
        0 => Ok(places),
        found => Err(ReadError::ZipGap {
            what,
            expected: 0,
            found,
        }),
    }
}

/// A local header that agrees with the central directory (4.3.7).
struct Local {
    shared: Shared,
    extra: Vec<u8>,
    /// Where the bytes begin.
    start: u64,
}

impl Local {
    /// Reads it, and holds what comes after the bytes against `next`, where the next thing begins.
    fn read<R: Read + Seek>(reader: &mut R, central: &Central, next: u64) -> Result<Self, ReadError> {
        refuse_unsupported(central)?;
        let fixed = read_at(reader, central.offset, LOCAL_SIZE)?;
        if !fixed.starts_with(LOCAL) {
            let (what, offset) = ("a local header", central.offset);
            return Err(ReadError::ZipRecord { what, offset });
        }
        let mut shared = Shared::parse(&mut Fields::new(&fixed[4..]));
        let mut rest = vec![0; shared.name_length + shared.extra_length];
        read_exactly(reader, &mut rest, "a local header")?;
        let extra = rest.split_off(shared.name_length);
        agree(central, "the name", &shown(central.name.text.as_bytes()), &shown(&rest))?;
        let large = Extra::parse(&central.name.text, &extra)?;
        large.put_large([&mut shared.size, &mut shared.compressed])?;
        let is_large = large.is_large();
        let local = Self {
            start: central.offset + LOCAL_SIZE + (rest.len() + extra.len()) as u64,
            shared,
            extra,
        };
        local.hold_shared(central)?;
        local.hold_end(reader, central, next, is_large)?;
        Ok(local)
    }

    fn hold_shared(&self, central: &Central) -> Result<(), ReadError> {
        let (ours, theirs) = (&self.shared, &central.shared);
        agree(central, "the flags", &theirs.flags, &ours.flags)?;
        agree(central, "the method", &theirs.method, &ours.method)?;
        let is_streamed = ours.flags & STREAMED != 0;
        for (field, theirs, ours) in [
            ("the checksum", u64::from(theirs.checksum), u64::from(ours.checksum)),
            ("the compressed size", theirs.compressed, ours.compressed),
            ("the size", theirs.size, ours.size),
        ] {
            if !(is_streamed && ours == 0) {
                agree(central, field, &theirs, &ours)?;
            }
        }
        Ok(())
    }

    /// Between the bytes and the next thing there is nothing, or the descriptor that the flags promise (4.3.9).
    fn hold_end<R: Read + Seek>(
        &self,
        reader: &mut R,
        central: &Central,
        next: u64,
        is_large: bool,
    ) -> Result<(), ReadError> {
        let expected = self.start.saturating_add(central.shared.compressed);
        let Some(between) = next.checked_sub(expected) else {
            return Err(ReadError::ZipOverlap {
                name: central.name.text.clone(),
                end: expected,
                next,
            });
        };
        let gap = || ReadError::ZipGap {
            what: format!("what follows `{}`", crate::error::visible(&central.name.text)),
            expected,
            found: next,
        };
        if self.shared.flags & STREAMED == 0 {
            return if between == 0 { Ok(()) } else { Err(gap()) };
        }
        if between > MAX_DESCRIPTOR {
            return Err(gap());
        }
        let bytes = read_at(reader, expected, between)?;
        if self.shared.method == STORED && !(central.shared.compressed == 0 && bytes.starts_with(DESCRIPTOR)) {
            let name = central.name.text.clone();
            return Err(ReadError::StoredStreamed { name });
        }
        match Descriptor::parse(&bytes, is_large) {
            Some(descriptor) => descriptor.hold(central),
            None => Err(gap()),
        }
    }
}

/// What stands after the bytes of a streamed member (4.3.9).
struct Descriptor {
    checksum: u32,
    compressed: u64,
    size: u64,
}

impl Descriptor {
    /// With or without its signature, which not all programs write; nothing if it has another length than it can have.
    fn parse(bytes: &[u8], is_large: bool) -> Option<Self> {
        let fields = bytes.strip_prefix(DESCRIPTOR).unwrap_or(bytes);
        let length = fields.len();
        let mut fields = Fields::new(fields);
        let checksum = fields.u32();
        let (compressed, size) = match length {
            12 if !is_large => (fields.u32().into(), fields.u32().into()),
            20 => (fields.u64(), fields.u64()),
            _ => return None,
        };
        Some(Self {
            checksum,
            compressed,
            size,
        })
    }

    fn hold(&self, central: &Central) -> Result<(), ReadError> {
        let theirs = &central.shared;
        agree(
            central,
            "after the bytes the checksum",
            &theirs.checksum,
            &self.checksum,
        )?;
        agree(
            central,
            "after the bytes the compressed size",
            &theirs.compressed,
            &self.compressed,
        )?;
        agree(central, "after the bytes the size", &theirs.size, &self.size)
    }
}

fn agree<T: PartialEq + ToString>(
    central: &Central,
    field: &'static str,
    theirs: &T,
    ours: &T,
) -> Result<(), ReadError> {
    match theirs == ours {
        true => Ok(()),
        false => Err(ReadError::ZipMismatch {
            name: central.name.text.clone(),
            field,
            central: theirs.to_string(),
            local: ours.to_string(),
        }),
    }
}

fn shown(name: &[u8]) -> String {
    format!("`{}`", name.escape_ascii())
}

fn refuse_unsupported(central: &Central) -> Result<(), ReadError> {
    let name = central.name.text.clone();
    let (flags, method) = (central.shared.flags, central.shared.method);
    if flags & ENCRYPTED != 0 {
        return Err(ReadError::Encrypted { name });
    }
    if flags & !KNOWN != 0 {
        return Err(ReadError::UnsupportedFlags { name, flags });
    }
    match method {
        STORED | DEFLATED => Ok(()),
        method => Err(ReadError::UnsupportedMethod { name, method }),
    }
}

/// The bytes of one member, checked while they are read.
struct Content<'a, R: Read> {
    name: &'a str,
    state: State<'a, R>,
    size: u64,
    checksum: u32,
    read: u64,
}

enum State<'a, R: Read> {
    Stored(Take<&'a mut R>, Crc),
    Deflated(Box<Inflate<BufReader<Take<&'a mut R>>>>),
    /// A symbolic link was read already, to know where it leads.
    Known(io::Cursor<Vec<u8>>),
}

impl<'a, R: Read + Seek> Content<'a, R> {
    fn new(reader: &'a mut R, central: &'a Central, local: &Local) -> Result<Self, ReadError> {
        reader.seek(SeekFrom::Start(local.start))?;
        let bytes = reader.take(central.shared.compressed);
        Ok(Self {
            name: &central.name.text,
            state: match central.shared.method {
                STORED => State::Stored(bytes, Crc::new()),
                _ => State::Deflated(Box::new(Inflate::new(BufReader::new(bytes)))),
            },
            size: central.shared.size,
            checksum: central.shared.checksum,
            read: 0,
        })
    }

    /// Reads what the visitor left, to the end of the compressed bytes.
    fn finish(mut self) -> Result<(), ReadError> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(())
    }

    /// The text of a symbolic link, which can be read again.
    fn target(&mut self) -> Result<String, ReadError> {
        let (limit, found) = (MAX_PATH_BYTES, self.size as usize);
        if found > limit {
            return Err(crate::InvalidPath::TooLong { limit, found }.into());
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        let target = text(&bytes)?;
        self.state = State::Known(io::Cursor::new(bytes));
        Ok(target)
    }

    /// All bytes were read: their number and checksum are right, and nothing compressed is left over.
    fn hold_end(&mut self) -> Result<(), ReadError> {
        let name = || self.name.to_owned();
        let (expected, found) = (self.size, self.read);
        let (is_whole, sum) = match &mut self.state {
            State::Stored(_, crc) => (true, crc.sum()),
            State::Deflated(inflate) => (inflate.rest()?.is_empty(), inflate.checksum()),
            State::Known(_) => return Ok(()),
        };
        if expected != found {
            let name = name();
            return Err(ReadError::MemberSize { name, expected, found });
        }
        if !is_whole {
            return Err(ReadError::Trailing {
                after: "the compressed bytes of a member",
            });
        }
        let (expected, found, name) = (self.checksum, sum, name());
        match expected == found {
            true => Ok(()),
            false => Err(ReadError::MemberChecksum { name, expected, found }),
        }
    }
}

impl<R: Read + Seek> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.state {
            State::Stored(bytes, crc) => {
                let read = bytes.read(buffer)?;
                crc.update(&buffer[..read]);
                read
            }
            State::Deflated(inflate) => inflate.read(buffer).map_err(broken)?,
            State::Known(bytes) => return bytes.read(buffer),
        };
        self.read += read as u64;
        if read == 0 || self.read > self.size {
            self.hold_end()?;
        }
        Ok(read)
    }
}

fn broken(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ReadError::Truncated {
            inside: "the compressed bytes of a member",
        }
        .into(),
        io::ErrorKind::InvalidData => ReadError::Compressed {
            compression: super::Compression::Gzip,
            source: error,
        }
        .into(),
        _ => error,
    }
}

/// What the member is, and where it stands.
fn kind_and_path<R: Read + Seek>(
    central: &Central,
    content: &mut Content<'_, R>,
) -> Result<(EntryKind, crate::MemberPath), ReadError> {
    let name = || central.name.text.clone();
    let kind = match zip_kind::kind(central)? {
        ZipKind::File { executable } => EntryKind::File { executable },
        ZipKind::Directory => EntryKind::Directory,
        ZipKind::Symlink => EntryKind::Symlink {
            target: content.target()?,
        },
    };
    let size = central.shared.size;
    if kind == EntryKind::Directory && size > 0 {
        let (name, kind) = (name(), "a directory");
        return Err(ReadError::NotEmpty { name, kind, size });
    }
    match &central.name.path {
        Some(path) => Ok((kind, path.clone())),
        None => Err(ReadError::UnsupportedKind {
            name: name(),
            kind: "the top itself".to_owned(),
        }),
    }
}

fn metadata(central: &Central, local: Local) -> Metadata {
    let shared = &central.shared;
    Metadata {
        name: central.name.text.clone(),
        mode: zip_kind::unix_mode(central),
        container: ContainerMetadata::Zip(ZipMetadata {
            made_by: central.made_by,
            needed: (shared.needed, local.shared.needed),
            flags: shared.flags,
            method: shared.method,
            modified: (shared.modified, local.shared.modified),
            checksum: shared.checksum,
            compressed: shared.compressed,
            internal_attributes: central.internal,
            external_attributes: central.external,
            central_extra: central.extra.clone(),
            local_extra: local.extra,
            comment: central.comment.clone(),
            offset: central.offset,
        }),
    }
}
