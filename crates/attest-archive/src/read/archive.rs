use std::io::{Read, Seek, SeekFrom};

use super::tar_header::{BLOCK, is_header};
use super::{Compression, Decompressor, Entry, Frame, Limits, Metadata, ReadError, read_tar, read_zip};
use crate::{CaseCollision, MemberPath};

/// What holds the members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// A tar archive.
    Tar,
    /// A zip archive.
    Zip,
}

impl Container {
    /// How many bytes [`Self::recognise`] needs: those of a tar header.
    pub const MAGIC: usize = BLOCK;

    /// Says what an archive is by its first bytes, decompressed.
    ///
    /// Zip begins with a member, or with its end when it is empty; tar with a header whose checksum is right, or with zeros
    /// when it is empty.
    #[must_use]
    pub fn recognise(first: &[u8]) -> Option<Self> {
        if first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06") {
            return Some(Self::Zip);
        }
        let block: &[u8; BLOCK] = first.get(..BLOCK)?.try_into().ok()?;
        (is_header(block) || block.iter().all(|byte| *byte == 0)).then_some(Self::Tar)
    }
}

/// What was found out about an archive besides its members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// What holds the members, when it was recognised.
    pub container: Option<Container>,
    /// How a tar archive is compressed, when it was recognised.
    pub compression: Option<Compression>,
    /// The headers of the first gzip members, Zstandard frames or xz streams.
    pub frames: Vec<Frame>,
    /// How many there are: more than one is allowed, and some readers stop after the first.
    pub frame_count: u64,
    /// What a tar archive says of the directory that everything lies in (`./`), which is no member.
    pub root: Option<Metadata>,
    /// The records that a tar archive has for all members (type `g`); git writes the commit there.
    pub global: Vec<(String, String)>,
    /// The comment of a zip archive; git writes the commit there.
    pub comment: Vec<u8>,
    /// Names that are one where case is ignored, directories included; the first hundred.
    pub case_collisions: Vec<CaseCollision>,
    /// Names that Windows takes for devices; the first hundred.
    pub reserved_names: Vec<MemberPath>,
    /// Where the end stands: how many bytes a tar stream has, or where the central directory of a zip archive begins.
    pub end: u64,
}

/// Reads an archive of any kind, by its content: zip, or tar, plain or compressed by gzip, Zstandard or xz.
///
/// The visitor sees each member with its bytes, in the order of the archive. What it does not read is read all the same, so
/// that every checksum is held. Some faults show only at the end: act on what was seen when this returns, not before.
///
/// # Errors
/// [`ReadError`], or what the visitor says.
pub fn read_archive<R: Read + Seek, E: From<ReadError>>(
    mut reader: R,
    limits: &Limits,
    visit: impl FnMut(&Entry, &mut dyn Read) -> Result<(), E>,
) -> Result<Summary, E> {
    let io = |source| E::from(ReadError::Io { source });
    let start = reader.stream_position().map_err(io)?;
    let mut first = [0; Container::MAGIC];
    let read = read_up_to(&mut reader, &mut first).map_err(E::from)?;
    reader.seek(SeekFrom::Start(start)).map_err(io)?;
    if Container::recognise(&first[..read]) == Some(Container::Zip) {
        let summary = read_zip(reader, limits, visit)?;
        return Ok(Summary {
            container: Some(Container::Zip),
            compression: Some(Compression::None),
            ..summary
        });
    }
    let mut decompressor = Decompressor::new(reader, limits)?;
    let read = read_up_to(&mut decompressor, &mut first).map_err(E::from)?;
    if Container::recognise(&first[..read]) != Some(Container::Tar) {
        return Err(ReadError::NotAnArchive.into());
    }
    let summary = read_tar(first[..read].chain(&mut decompressor), limits, visit)?;
    Ok(Summary {
        container: Some(Container::Tar),
        compression: Some(decompressor.compression()),
        frames: decompressor.frames().to_vec(),
        frame_count: decompressor.frame_count(),
        ..summary
    })
}

/// As many bytes as there are.
pub(crate) fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> Result<usize, ReadError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(filled)
}
