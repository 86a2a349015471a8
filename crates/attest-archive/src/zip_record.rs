use crate::source_date::DosTime;

/// Stored as it is.
pub(crate) const STORED: u16 = 0;

/// Deflated.
pub(crate) const DEFLATED: u16 = 8;

/// Everything that zip says of one member.
///
/// Source: APPNOTE.TXT 6.3.10. No extra field except the one for large members, no comment, no data descriptor.
pub(crate) struct ZipEntry {
    /// The path; a directory's ends in `/`.
    pub(crate) path: String,
    /// The Unix mode, with the bits for the kind of file.
    pub(crate) mode: u32,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    pub(crate) compressed: u64,
    pub(crate) size: u64,
    /// Where the local header stands.
    pub(crate) offset: u64,
}

/// Where the central directory stands.
pub(crate) struct Directory {
    pub(crate) entries: u64,
    pub(crate) size: u64,
    pub(crate) offset: u64,
}

/// From here on a number stands in the field for large ones, and this one in its place.
const LARGE: u64 = 0xffff_ffff;

/// The same for the number of members.
const MANY: u64 = 0xffff;

/// Made on Unix (3), by version 2.0 or later of the specification.
const UNIX: u16 = 3 << 8;

/// Names beyond ASCII are UTF-8 (bit 11).
const UTF8: u16 = 1 << 11;

/// The bit by which MS-DOS knows a directory.
const DOS_DIRECTORY: u32 = 0x10;

impl ZipEntry {
    /// The record in front of the member's bytes (4.3.7).
    pub(crate) fn local_header(&self, time: DosTime) -> Vec<u8> {
        let extra = match self.is_large() {
            true => large_field(&[self.size, self.compressed]),
            false => Vec::new(),
        };
        let mut record = b"PK\x03\x04".to_vec();
        self.push_shared(&mut record, time);
        push16(&mut record, extra.len() as u16);
        record.extend_from_slice(self.path.as_bytes());
        record.extend_from_slice(&extra);
        record
    }

    /// The record in the central directory (4.3.12).
    pub(crate) fn central_header(&self, time: DosTime) -> Vec<u8> {
        let mut large = match self.is_large() {
            true => vec![self.size, self.compressed],
            false => Vec::new(),
        };
        if self.offset >= LARGE {
            large.push(self.offset);
        }
        let extra = large_field(&large);
        let mut record = b"PK\x01\x02".to_vec();
        push16(&mut record, UNIX | self.version());
        self.push_shared(&mut record, time);
        push16(&mut record, extra.len() as u16);
        // No comment, first disk, no internal attributes.
        record.extend_from_slice(&[0; 6]);
        let directory = if self.path.ends_with('/') { DOS_DIRECTORY } else { 0 };
        push32(&mut record, self.mode << 16 | directory);
        push32(&mut record, clamped(self.offset));
        record.extend_from_slice(self.path.as_bytes());
        record.extend_from_slice(&extra);
        record
    }

    /// What both records hold, from the version needed to the length of the path.
    fn push_shared(&self, record: &mut Vec<u8>, time: DosTime) {
        push16(record, self.version());
        push16(record, if self.path.is_ascii() { 0 } else { UTF8 });
        push16(record, self.method);
        push16(record, time.time);
        push16(record, time.date);
        push32(record, self.crc);
        let (compressed, size) = match self.is_large() {
            true => (LARGE as u32, LARGE as u32),
            false => (self.compressed as u32, self.size as u32),
        };
        push32(record, compressed);
        push32(record, size);
        push16(record, self.path.len() as u16);
    }

    fn is_large(&self) -> bool {
        self.size >= LARGE || self.compressed >= LARGE
    }

    /// 4.5 for large members, otherwise 2.0, which knows deflate and directories (4.4.3.2).
    fn version(&self) -> u16 {
        if self.is_large() || self.offset >= LARGE {
            45
        } else {
            20
        }
    }
}

impl Directory {
    /// The records after the central directory (4.3.14 to 4.3.16).
    pub(crate) fn end(&self) -> Vec<u8> {
        let mut record = Vec::new();
        if self.entries >= MANY || self.size >= LARGE || self.offset >= LARGE {
            self.push_large_end(&mut record);
        }
        record.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        let entries = self.entries.min(MANY) as u16;
        push16(&mut record, entries);
        push16(&mut record, entries);
        push32(&mut record, clamped(self.size));
        push32(&mut record, clamped(self.offset));
        push16(&mut record, 0);
        record
    }

    fn push_large_end(&self, record: &mut Vec<u8>) {
        record.extend_from_slice(b"PK\x06\x06");
        push64(record, 44);
        push16(record, UNIX | 45);
        push16(record, 45);
        record.extend_from_slice(&[0; 8]);
        for number in [self.entries, self.entries, self.size, self.offset] {
            push64(record, number);
        }
        record.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        push64(record, self.offset + self.size);
        push32(record, 1);
    }
}

/// The extra field for large numbers (4.5.3), or nothing when there are none.
fn large_field(numbers: &[u64]) -> Vec<u8> {
    let mut field = Vec::new();
    if !numbers.is_empty() {
        push16(&mut field, 1);
        push16(&mut field, 8 * numbers.len() as u16);
        for number in numbers {
            push64(&mut field, *number);
        }
    }
    field
}

fn clamped(number: u64) -> u32 {
    number.min(LARGE) as u32
}

fn push16(record: &mut Vec<u8>, number: u16) {
    record.extend_from_slice(&number.to_le_bytes());
}

fn push32(record: &mut Vec<u8>, number: u32) {
    record.extend_from_slice(&number.to_le_bytes());
}

fn push64(record: &mut Vec<u8>, number: u64) {
    record.extend_from_slice(&number.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: DosTime = DosTime { date: 33, time: 0 };

    fn entry(size: u64, offset: u64) -> ZipEntry {
        ZipEntry {
            path: "f".to_owned(),
            mode: 0o100_644,
            method: STORED,
            crc: 0,
            compressed: size,
            size,
            offset,
        }
    }

    #[test]
    fn the_field_for_large_numbers_is_there_only_when_it_is_needed() {
        assert_eq!(entry(LARGE - 1, 0).local_header(TIME).len(), 31);
        assert_eq!(entry(LARGE, 0).local_header(TIME).len(), 31 + 20);
        assert_eq!(entry(LARGE - 1, LARGE - 1).central_header(TIME).len(), 47);
        assert_eq!(entry(1, LARGE).central_header(TIME).len(), 47 + 12);
        assert_eq!(entry(LARGE, LARGE).central_header(TIME).len(), 47 + 28);
    }

    #[test]
    fn a_large_member_needs_version_45_and_says_its_sizes_in_the_field() {
        let record = entry(LARGE + 5, 0).local_header(TIME);
        assert_eq!(record[4..6], [45, 0]);
        assert_eq!(record[18..26], [0xff; 8]);
        assert_eq!(record[31..35], [1, 0, 16, 0]);
        assert_eq!(record[35..43], (LARGE + 5).to_le_bytes());
    }

    #[test]
    fn many_members_need_the_large_end() {
        let end = |entries, offset| {
            Directory {
                entries,
                size: 1,
                offset,
            }
            .end()
            .len()
        };
        assert_eq!(end(MANY - 1, 0), 22);
        assert_eq!(end(MANY, 0), 22 + 56 + 20);
        assert_eq!(end(1, LARGE), 22 + 56 + 20);
    }
}
