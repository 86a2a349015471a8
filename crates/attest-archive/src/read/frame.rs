//! What stands in front of compressed bytes.

use std::io::BufRead;

use super::ReadError;
use super::buffer::read_exactly;

/// What stands in front of a gzip member, a Zstandard frame or an xz stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// gzip.
    Gzip(GzipHeader),
    /// Zstandard.
    Zstd(ZstdHeader),
    /// xz.
    Xz(XzHeader),
}

/// The header of a gzip member (RFC 1952 section 2.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GzipHeader {
    /// The flags.
    pub flags: u8,
    /// Seconds since 1970, or 0 for nothing.
    pub modified: u32,
    /// How hard it was compressed, of some compressors: 2 for hardest, 4 for fastest.
    pub extra_flags: u8,
    /// The system it was made on: 3 for Unix, 255 for unknown.
    pub operating_system: u8,
    /// The extra field.
    pub extra: Vec<u8>,
    /// The name of the file.
    pub name: Vec<u8>,
    /// The comment.
    pub comment: Vec<u8>,
}

const GZIP_HEADER_CHECKSUM: u8 = 1 << 1;
const GZIP_EXTRA: u8 = 1 << 2;
const GZIP_NAME: u8 = 1 << 3;
const GZIP_COMMENT: u8 = 1 << 4;
const GZIP_RESERVED: u8 = 0xe0;

impl GzipHeader {
    /// How many bytes it takes.
    pub(crate) fn length(&self) -> u64 {
        let optional = |flag: u8, length: usize| if self.flags & flag != 0 { length as u64 } else { 0 };
        10 + optional(GZIP_EXTRA, 2 + self.extra.len())
            + optional(GZIP_NAME, self.name.len() + 1)
            + optional(GZIP_COMMENT, self.comment.len() + 1)
            + optional(GZIP_HEADER_CHECKSUM, 2)
    }

    pub(crate) fn read(reader: &mut impl BufRead, limit: u64) -> Result<Self, ReadError> {
        let mut fixed = [0; 10];
        fill(reader, &mut fixed)?;
        let [_, _, method, flags, modified @ .., extra_flags, operating_system] = fixed;
        if method != 8 || flags & GZIP_RESERVED != 0 {
            return Err(ReadError::Compressed {
                compression: super::Compression::Gzip,
                source: std::io::Error::new(std::io::ErrorKind::InvalidData, "a method or flags that are not known"),
            });
        }
        let mut header = Self {
            flags,
            modified: u32::from_le_bytes(modified),
            extra_flags,
            operating_system,
            ..Self::default()
        };
        if flags & GZIP_EXTRA != 0 {
            let mut length = [0; 2];
            fill(reader, &mut length)?;
            header.extra = vec![0; usize::from(u16::from_le_bytes(length))];
            fill(reader, &mut header.extra)?;
        }
        for (flag, field) in [(GZIP_NAME, &mut header.name), (GZIP_COMMENT, &mut header.comment)] {
            if flags & flag != 0 {
                *field = until_nul(reader, limit)?;
            }
        }
        if flags & GZIP_HEADER_CHECKSUM != 0 {
            fill(reader, &mut [0; 2])?;
        }
        Ok(header)
    }
}

fn fill(reader: &mut impl BufRead, buffer: &mut [u8]) -> Result<(), ReadError> {
    read_exactly(reader, buffer, "the gzip header")
}

fn until_nul(reader: &mut impl BufRead, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut text = Vec::new();
    loop {
        let mut byte = [0];
        fill(reader, &mut byte)?;
        if byte == [0] {
            return Ok(text);
        }
        if text.len() as u64 == limit {
            let what = "a field of the gzip header";
            return Err(ReadError::HeaderTooLarge { what, limit });
        }
        text.extend_from_slice(&byte);
    }
}

/// The header of a Zstandard frame (RFC 8878 section 3.1.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZstdHeader {
    /// Whether it is a skippable frame, which holds nothing.
    pub skippable: bool,
    /// The frame header descriptor.
    pub descriptor: u8,
    /// The window descriptor, if there is one.
    pub window: Option<u8>,
    /// The size of the content, if it says so.
    pub content_size: Option<u64>,
}

impl ZstdHeader {
    /// Whether a checksum of the content follows.
    #[must_use]
    pub fn has_checksum(&self) -> bool {
        self.descriptor & 4 != 0
    }

    /// What can be seen of it. What is broken is for the decoder to say.
    pub(crate) fn peek(bytes: &[u8]) -> Self {
        let skippable = matches!(bytes, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
        let Some(descriptor) = bytes.get(4).copied().filter(|_| !skippable) else {
            return Self {
                skippable,
                ..Self::default()
            };
        };
        let is_single = descriptor & 0x20 != 0;
        let window = bytes.get(5).copied().filter(|_| !is_single);
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let at = 5 + usize::from(!is_single) + dictionary;
        let content_size = match (descriptor >> 6, is_single) {
            (0, true) => number(bytes, at, 1),
            (0, false) => None,
            (1, _) => number(bytes, at, 2).map(|size| size + 256),
            (2, _) => number(bytes, at, 4),
            _ => number(bytes, at, 8),
        };
        Self {
            skippable,
            descriptor,
            window,
            content_size,
        }
    }
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let mut wide = [0; 8];
    wide[..length].copy_from_slice(bytes.get(at..at + length)?);
    Some(u64::from_le_bytes(wide))
}

/// The header of an xz stream and the beginning of its first block (The .xz File Format 1.2, sections 2.1.1 and 3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct XzHeader {
    /// The kind of checksum: 0 none, 1 CRC32, 4 CRC64, 10 SHA-256.
    pub check: u8,
    /// The flags of the first block: bit 6 when the block says its compressed size, bit 7 its size.
    pub block_flags: u8,
}

impl XzHeader {
    pub(crate) fn peek(bytes: &[u8]) -> Self {
        Self {
            check: bytes.get(7).copied().unwrap_or_default(),
            block_flags: bytes.get(13).copied().unwrap_or_default(),
        }
    }
}
