//! One block of a tar archive, understood in one way or refused.

use std::io::Read;

use super::buffer::read_exactly;
use super::names::text;
use super::{ReadError, TarDialect};

/// The unit of a tar archive, in bytes.
pub(crate) const BLOCK: usize = 512;

/// How much of a prefix star has room for: two times stand behind it.
const STAR_PREFIX: usize = 131;

/// A header whose checksum is right (POSIX.1-2017, pax, "ustar Interchange Format").
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) dialect: TarDialect,
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) type_flag: u8,
    pub(crate) mode: u32,
    pub(crate) user: u64,
    pub(crate) group: u64,
    pub(crate) size: u64,
    pub(crate) modified: i64,
    pub(crate) user_name: Vec<u8>,
    pub(crate) group_name: Vec<u8>,
    pub(crate) device: (u64, u64),
    pub(crate) offset: u64,
}

impl Header {
    pub(crate) fn parse(block: &[u8; BLOCK], offset: u64) -> Result<Self, ReadError> {
        let fields = Fields { block, offset };
        fields.hold_checksum()?;
        let dialect = dialect(block, offset)?;
        let name = until_nul(&block[..100]);
        let (user_name, group_name, device) = match dialect {
            TarDialect::Old => (&[][..], &[][..], (0, 0)),
            _ => (
                until_nul(&block[265..297]),
                until_nul(&block[297..329]),
                (
                    fields.number("the device", 329, 337)?,
                    fields.number("the device", 337, 345)?,
                ),
            ),
        };
        Ok(Self {
            dialect,
            name: match fields.prefix(dialect)? {
                [] => name.to_vec(),
                prefix => [prefix, b"/", name].concat(),
            },
            link: until_nul(&block[157..257]).to_vec(),
            type_flag: block[156],
            mode: u32::try_from(fields.number("mode", 100, 108)?).map_err(|_| fields.wrong("mode", 100, 108))?,
            user: fields.number("user", 108, 116)?,
            group: fields.number("group", 116, 124)?,
            size: fields.number("size", 124, 136)?,
            modified: fields.signed("modification time", 136, 148)?,
            user_name: user_name.to_vec(),
            group_name: group_name.to_vec(),
            device,
            offset,
        })
    }

    /// Reads what it stands before: an extended header or a long name, all of which count towards `sum`.
    pub(crate) fn extension(&self, reader: &mut impl Read, limit: u64, sum: &mut u64) -> Result<Vec<u8>, ReadError> {
        let what = "an extended header";
        *sum = sum.saturating_add(self.size.max(1));
        if *sum > limit {
            return Err(ReadError::HeaderTooLarge { what, limit });
        }
        let mut bytes = vec![0; self.size as usize];
        read_exactly(reader, &mut bytes, what)?;
        Ok(bytes)
    }

    /// The name for errors, whatever it holds.
    pub(crate) fn shown(&self) -> String {
        text(&self.name).unwrap_or_else(|_| self.name.escape_ascii().to_string())
    }
}

/// Whether the block looks like a header: its checksum is right.
pub(crate) fn is_header(block: &[u8; BLOCK]) -> bool {
    Fields { block, offset: 0 }.hold_checksum().is_ok()
}

/// A magic that is nearly that of ustar makes it ustar for some readers, and for others not.
fn dialect(block: &[u8; BLOCK], offset: u64) -> Result<TarDialect, ReadError> {
    match &block[257..265] {
        b"ustar\x0000" => Ok(TarDialect::Ustar),
        b"ustar  \0" => Ok(TarDialect::Gnu),
        magic if magic.starts_with(b"ustar") => Err(ReadError::TarMagic {
            offset,
            found: magic.escape_ascii().to_string(),
        }),
        _ => Ok(TarDialect::Old),
    }
}

/// What stands in a field, without the zeros that fill it.
fn shown(field: &[u8]) -> String {
    let end = field.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    field[..end].escape_ascii().to_string()
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or(field)
}

struct Fields<'a> {
    block: &'a [u8; BLOCK],
    offset: u64,
}

impl Fields<'_> {
    /// The sum of all bytes, those of the field itself taken as spaces. The sum of signed bytes, which some old programs
    /// wrote, is not accepted: then a header would be one for some readers only.
    fn hold_checksum(&self) -> Result<(), ReadError> {
        let sum = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        let expected = sum(&self.block[..148]) + 8 * u64::from(b' ') + sum(&self.block[156..]);
        let found = self.number("checksum", 148, 156)?;
        let offset = self.offset;
        match expected == found {
            true => Ok(()),
            false => Err(ReadError::TarChecksum {
                offset,
                expected,
                found,
            }),
        }
    }

    /// The directory that stands in front of the name. Python takes it from any header, also where GNU keeps times.
    fn prefix(&self, dialect: TarDialect) -> Result<&[u8], ReadError> {
        let field = &self.block[345..500];
        let is_star = self.block.ends_with(b"tar\0");
        let prefix = until_nul(field);
        let is_read_by_all = match dialect {
            TarDialect::Ustar => !is_star || prefix.len() <= STAR_PREFIX,
            _ => field.iter().all(|byte| *byte == 0),
        };
        match is_read_by_all {
            true => Ok(prefix),
            false => Err(ReadError::TarPrefix {
                offset: self.offset,
                found: shown(field),
            }),
        }
    }

    fn number(&self, field: &'static str, from: usize, to: usize) -> Result<u64, ReadError> {
        let signed = self.signed(field, from, to)?;
        u64::try_from(signed).map_err(|_| self.wrong(field, from, to))
    }

    /// Octal digits, or the big-endian number that GNU and star put there when the digits do not suffice.
    fn signed(&self, field: &'static str, from: usize, to: usize) -> Result<i64, ReadError> {
        let bytes = &self.block[from..to];
        let number = match bytes[0] {
            0x80 | 0xff => big_endian(bytes),
            _ => octal(bytes),
        };
        number.ok_or_else(|| self.wrong(field, from, to))
    }

    fn wrong(&self, field: &'static str, from: usize, to: usize) -> ReadError {
        ReadError::TarNumber {
            offset: self.offset,
            field,
            found: self.block[from..to].escape_ascii().to_string(),
        }
    }
}

/// Spaces, octal digits, then spaces and NULs to the end of the field. Nothing at all is zero.
fn octal(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.trim_ascii_start();
    let end = digits
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'7'))
        .unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    if rest.iter().any(|byte| !matches!(byte, 0 | b' ')) {
        return None;
    }
    digits.iter().try_fold(0_i64, |number, digit| {
        number.checked_mul(8)?.checked_add(i64::from(digit - b'0'))
    })
}

/// The first byte is 0x80, or 0xff for a negative number.
fn big_endian(bytes: &[u8]) -> Option<i64> {
    let sign = if bytes[0] == 0xff { -1 } else { 0 };
    bytes[1..].iter().try_fold(sign, |number: i64, byte| {
        number.checked_mul(256)?.checked_add(i64::from(*byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_digits_or_big_endian() {
        assert_eq!(octal(b"0000644\0"), Some(0o644));
        assert_eq!(octal(b"   644 \0"), Some(0o644));
        assert_eq!(octal(b"77777777777 "), Some(0o77_777_777_777));
        assert_eq!(octal(b"\0\0\0\0\0\0\0\0"), Some(0));
        for wrong in [&b"0000648\0"[..], b"644\x001", b"-644", b"0x644", b"6 4"] {
            assert_eq!(octal(wrong), None, "{}", wrong.escape_ascii());
        }
        assert_eq!(big_endian(&[0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1]), Some(1 << 33 | 1));
        assert_eq!(big_endian(&[0xff; 12]), Some(-1));
        assert_eq!(
            big_endian(&[0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            None
        );
    }
}
