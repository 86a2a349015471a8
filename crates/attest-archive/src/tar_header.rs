use tar::{EntryType, Header};

use crate::{Owner, SourceDate};

/// The unit of a tar archive, in bytes.
pub(crate) const RECORD: usize = 512;

/// What stands in front of one member.
pub(crate) struct TarEntry<'a> {
    /// The path; a directory's ends in `/`.
    pub(crate) path: &'a str,
    /// Where a symbolic link leads; otherwise nothing.
    pub(crate) link: &'a str,
    pub(crate) kind: EntryType,
    pub(crate) mode: u32,
    pub(crate) owner: Owner,
    pub(crate) size: u64,
    pub(crate) source_date: SourceDate,
}

/// The largest number that eleven octal digits hold.
const MAX_OCTAL: u64 = 0o77_777_777_777;

/// The largest number that seven octal digits hold.
const MAX_ID: u32 = 0o7_777_777;

/// The room for the path in the old header.
const NAME: usize = 100;

/// The room for the front of the path.
const PREFIX: usize = 155;

/// The blocks in front of a member's bytes: a ustar header, and before it an extended one if something does not fit.
///
/// Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header". As in GNU tar and Go, a path that is not
/// ASCII goes into the extended header, which alone says that it is UTF-8.
pub(crate) fn header_blocks(entry: &TarEntry<'_>) -> Vec<u8> {
    let split = split(entry.path);
    let mut records = Vec::new();
    if split.is_none() {
        push_record(&mut records, "path", entry.path.as_bytes());
    }
    if !entry.link.is_ascii() || entry.link.len() > NAME {
        push_record(&mut records, "linkpath", entry.link.as_bytes());
    }
    for (key, id) in [("uid", entry.owner.user), ("gid", entry.owner.group)] {
        if id > MAX_ID {
            push_record(&mut records, key, id.to_string().as_bytes());
        }
    }
    if entry.size > MAX_OCTAL {
        push_record(&mut records, "size", entry.size.to_string().as_bytes());
    }
    if entry.source_date.seconds() > MAX_OCTAL {
        push_record(
            &mut records,
            "mtime",
            entry.source_date.seconds().to_string().as_bytes(),
        );
    }
    let mut blocks = match records.is_empty() {
        true => Vec::new(),
        false => extended(entry, &records),
    };
    let (prefix, name) = split.unwrap_or(("", entry.path));
    blocks.extend_from_slice(ustar(entry, prefix, name).as_bytes());
    blocks
}

/// Zeros that fill `size` bytes up to whole records.
pub(crate) fn padding(size: u64) -> &'static [u8] {
    static ZEROS: [u8; RECORD] = [0; RECORD];
    let filled = (size % RECORD as u64) as usize;
    if filled == 0 { &[] } else { &ZEROS[filled..] }
}

/// The extended header, named as in `--pax-option=exthdr.name=%d/PaxHeaders/%f`: without a process number.
fn extended(entry: &TarEntry<'_>, records: &[u8]) -> Vec<u8> {
    let path = entry.path.trim_end_matches('/');
    let (directory, name) = path.rsplit_once('/').unwrap_or((".", path));
    let header = ustar(
        &TarEntry {
            path: "",
            link: "",
            kind: EntryType::XHeader,
            mode: 0o644,
            owner: Owner::ROOT,
            size: records.len() as u64,
            source_date: entry.source_date,
        },
        "",
        &format!("{directory}/PaxHeaders/{name}"),
    );
    [header.as_bytes(), records, padding(records.len() as u64)].concat()
}

/// `<length> <key>=<value>\n`, where the length counts itself.
pub(crate) fn push_record(records: &mut Vec<u8>, key: &str, value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    records.extend_from_slice(format!("{length} {key}=").as_bytes());
    records.extend_from_slice(value);
    records.push(b'\n');
}

/// The path as prefix and name, if it fits the old header.
fn split(path: &str) -> Option<(&str, &str)> {
    if !path.is_ascii() {
        return None;
    }
    if path.len() <= NAME {
        return Some(("", path));
    }
    // The last byte may be a directory's slash, which belongs to the name.
    let front = &path[..(path.len() - 1).min(PREFIX + 1)];
    let (prefix, _) = front.rsplit_once('/')?;
    let name = &path[prefix.len() + 1..];
    (name.len() <= NAME).then_some((prefix, name))
}

fn ustar(entry: &TarEntry<'_>, prefix: &str, name: &str) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(entry.kind);
    header.set_mode(entry.mode);
    header.set_uid(fitting_id(entry.owner.user));
    header.set_gid(fitting_id(entry.owner.group));
    header.set_size(fitting(entry.size));
    header.set_mtime(fitting(entry.source_date.seconds()));
    if let Some(fields) = header.as_ustar_mut() {
        fill(&mut fields.name, name);
        fill(&mut fields.prefix, prefix);
        fill(&mut fields.linkname, entry.link);
        // As in GNU tar: nothing in an extended header, which is no file.
        if entry.kind != EntryType::XHeader {
            fields.dev_major = *b"0000000\0";
            fields.dev_minor = *b"0000000\0";
        }
    }
    header.set_cksum();
    if let Some(fields) = header.as_ustar_mut() {
        six_digits(&mut fields.cksum);
    }
    header
}

/// A number that does not fit stands in the extended header, which overrides the zero that is left here.
fn fitting(number: u64) -> u64 {
    if number > MAX_OCTAL { 0 } else { number }
}

fn fitting_id(id: u32) -> u64 {
    if id > MAX_ID { 0 } else { u64::from(id) }
}

/// Copies as many whole characters as fit. What does not fit stands in the extended header.
fn fill(field: &mut [u8], text: &str) {
    let length = text.floor_char_boundary(field.len());
    field[..length].copy_from_slice(&text.as_bytes()[..length]);
}

/// The checksum as every Unix tar writes it: six digits, NUL, space; the library writes seven digits.
fn six_digits(checksum: &mut [u8; 8]) {
    checksum.copy_within(1..7, 0);
    checksum[6..].copy_from_slice(b"\0 ");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(path: &str) -> TarEntry<'_> {
        TarEntry {
            path,
            link: "",
            kind: EntryType::Regular,
            mode: 0o644,
            owner: Owner::ROOT,
            size: 0,
            source_date: SourceDate::EARLIEST_FOR_ALL,
        }
    }

    #[test]
    fn a_record_counts_its_own_length() {
        for (value, length) in [(1, 9), (90, 99), (91, 101), (989, 999), (990, 1001)] {
            let mut records = Vec::new();
            push_record(&mut records, "path", "x".repeat(value).as_bytes());
            assert_eq!(records.len(), length, "{value}");
            assert!(records.starts_with(format!("{length} path=").as_bytes()));
        }
    }

    #[test]
    fn a_path_is_split_only_where_it_fits() {
        let (long, part) = ("n".repeat(100), "p".repeat(155));
        assert_eq!(split(&long), Some(("", &*long)));
        assert_eq!(split(&format!("{part}/{long}")), Some((&*part, &*long)));
        assert_eq!(split(&format!("{part}p/{long}")), None);
        assert_eq!(split(&format!("{part}/{long}n")), None);
        assert_eq!(split(&format!("{part}/")), None);
        assert_eq!(split("\u{e9}"), None);
        let directory = format!("a/{}/", "b".repeat(99));
        assert_eq!(split(&directory), Some(("a", &directory[2..])));
    }

    #[test]
    fn numbers_beyond_eleven_digits_go_into_the_extended_header() {
        let mut entry = entry("f");
        entry.size = MAX_OCTAL;
        assert_eq!(header_blocks(&entry).len(), RECORD);
        entry.size += 1;
        let blocks = header_blocks(&entry);
        assert_eq!(blocks.len(), 3 * RECORD);
        assert!(blocks[RECORD..].starts_with(b"19 size=8589934592\n"));
        assert_eq!(&blocks[..16], b"./PaxHeaders/f\0\0");
    }

    #[test]
    fn owners_beyond_seven_digits_go_into_the_extended_header() {
        let mut entry = entry("f");
        (entry.owner.user, entry.owner.group) = (1000, MAX_ID);
        let blocks = header_blocks(&entry);
        assert_eq!(blocks.len(), RECORD);
        assert_eq!(&blocks[108..124], b"0001750\x007777777\0");
        entry.owner.group += 1;
        let blocks = header_blocks(&entry);
        assert!(blocks[RECORD..].starts_with(b"15 gid=2097152\n"));
    }

    proptest! {
        // Without line breaks: the library reads extended headers line by line, although each record says its length.
        #[test]
        fn every_path_is_read_back(path in "[ab\u{e9} ]{1,120}(/[ab]{1,120}){0,2}/?") {
            let mut archive = header_blocks(&entry(&path));
            archive.resize(archive.len() + 2 * RECORD, 0);
            let mut archive = tar::Archive::new(&archive[..]);
            let read = archive.entries().unwrap().next().unwrap().unwrap();
            let found = String::from_utf8(read.path_bytes().into_owned()).unwrap();
            // The library drops a directory's slash from an extended header.
            prop_assert_eq!(found.trim_end_matches('/'), path.trim_end_matches('/'));
        }
    }
}
