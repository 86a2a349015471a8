//! The records of a zip archive, field by field.

use super::{DosTimestamp, ReadError};

/// Little-endian fields, one after the other. Whoever makes it has made sure that the bytes suffice.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn number(&mut self, length: usize) -> u64 {
        let (front, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        front
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    pub(crate) fn u16(&mut self) -> u16 {
        self.number(2) as u16
    }

    pub(crate) fn u32(&mut self) -> u32 {
        self.number(4) as u32
    }

    pub(crate) fn u64(&mut self) -> u64 {
        self.number(8)
    }

    pub(crate) fn time(&mut self) -> DosTimestamp {
        let (time, date) = (self.u16(), self.u16());
        DosTimestamp { date, time }
    }
}

/// What the local header and the central directory both say (APPNOTE.TXT 6.3.10, 4.3.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shared {
    pub(crate) needed: u16,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) modified: DosTimestamp,
    pub(crate) checksum: u32,
    pub(crate) compressed: u64,
    pub(crate) size: u64,
    pub(crate) name_length: usize,
    pub(crate) extra_length: usize,
}

impl Shared {
    /// How many bytes it takes.
    pub(crate) const SIZE: usize = 26;

    pub(crate) fn parse(fields: &mut Fields<'_>) -> Self {
        Self {
            needed: fields.u16(),
            flags: fields.u16(),
            method: fields.u16(),
            modified: fields.time(),
            checksum: fields.u32(),
            compressed: fields.u32().into(),
            size: fields.u32().into(),
            name_length: fields.u16().into(),
            extra_length: fields.u16().into(),
        }
    }
}

/// A number that does not fit is this one, and stands in the extra field (4.4.8).
pub(crate) const LARGE: u64 = 0xffff_ffff;

/// The extra field for large numbers (4.5.3).
const ZIP64: u16 = 1;

/// The extra field with a second name (4.6.9).
const UNICODE_PATH: u16 = 0x7075;

/// The extra field of libarchive with attributes, which may make it another kind of member.
const ATTRIBUTES: u16 = 0x6c78;

/// An extra field, cut into its parts: header identifier and bytes (4.5.1).
pub(crate) struct Extra<'a> {
    name: &'a str,
    zip64: Option<&'a [u8]>,
}

impl<'a> Extra<'a> {
    /// Refuses what is broken, what is there twice, a second name, and other attributes.
    ///
    /// Up to three zeros at the end are padding: Android's tools align members with them.
    pub(crate) fn parse(name: &'a str, mut bytes: &'a [u8]) -> Result<Self, ReadError> {
        let broken = |problem| ReadError::ZipExtra {
            name: name.to_owned(),
            problem,
        };
        let mut zip64 = None;
        while bytes.len() > 3 || bytes.iter().any(|byte| *byte != 0) {
            let mut fields = Fields::new(bytes);
            let (identifier, length) = (fields.u16(), usize::from(fields.u16()));
            let part = bytes
                .get(4..4 + length)
                .ok_or_else(|| broken("a part of it is cut off"))?;
            match identifier {
                ZIP64 if zip64.replace(part).is_some() => return Err(broken("the large numbers are there twice")),
                UNICODE_PATH if part.get(5..) != Some(name.as_bytes()) => {
                    return Err(broken("it holds another name"));
                }
                ATTRIBUTES => return Err(broken("it holds attributes, which may be other ones")),
                _ => {}
            }
            bytes = &bytes[4 + length..];
        }
        Ok(Self { name, zip64 })
    }

    /// Puts the large numbers where the header has [`LARGE`], and insists that there are exactly so many.
    pub(crate) fn put_large<const N: usize>(&self, places: [&mut u64; N]) -> Result<(), ReadError> {
        let problem = "the large numbers do not fit the header";
        let wrong = || ReadError::ZipExtra {
            name: self.name.to_owned(),
            problem,
        };
        let mut numbers = self.zip64.unwrap_or_default().chunks_exact(8);
        for place in places {
            if *place == LARGE {
                *place = Fields::new(numbers.next().ok_or_else(wrong)?).u64();
            }
        }
        match numbers.next().is_none() && numbers.remainder().is_empty() {
            true => Ok(()),
            false => Err(wrong()),
        }
    }

    /// Whether large numbers are there: then those after the bytes have eight bytes each.
    pub(crate) fn is_large(&self) -> bool {
        self.zip64.is_some()
    }
}
