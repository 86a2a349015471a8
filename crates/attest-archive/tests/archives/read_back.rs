use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use attest_archive::read::{Limits, ReadError, read_archive};
use attest_archive::{Content, Error, Format, Kind, Member, Members, write_archive_to};
use proptest::prelude::*;

use crate::tree::{SECONDS, file, large, pack, recipe, tiny};

/// What a reader finds: mode with the kind of file, and the bytes or the target.
type Found = BTreeMap<String, (u32, Vec<u8>)>;

fn expected(members: &Members) -> Found {
    members
        .iter()
        .map(|member| {
            let (mode, bytes) = match member.kind() {
                Kind::File {
                    content: Content::Bytes(bytes),
                    executable,
                } => (if *executable { 0o100_755 } else { 0o100_644 }, bytes.clone()),
                Kind::Symlink { target } => (0o120_777, target.as_str().into()),
                _ => (0o040_755, Vec::new()),
            };
            (member.path().to_string(), (mode, bytes))
        })
        .collect()
}

fn read_tar(bytes: impl Read) -> Found {
    let mut found = Found::new();
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let header = entry.header().clone();
        assert_eq!(header.mtime().unwrap(), SECONDS);
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        assert_eq!(
            (header.username().unwrap(), header.groupname().unwrap()),
            (Some(""), Some(""))
        );
        let mut content = Vec::new();
        let kind = match header.entry_type() {
            tar::EntryType::Regular => {
                entry.read_to_end(&mut content).unwrap();
                0o100_000
            }
            tar::EntryType::Symlink => {
                content = entry.link_name_bytes().unwrap().into_owned();
                0o120_000
            }
            tar::EntryType::Directory => 0o040_000,
            other => panic!("{other:?}"),
        };
        let path = path.trim_end_matches('/').to_owned();
        found.insert(path, (kind | header.mode().unwrap(), content));
    }
    found
}

fn read_zip(bytes: &[u8]) -> Found {
    let mut found = Found::new();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let time = entry.last_modified().unwrap();
        assert_eq!((time.year(), time.month(), time.day()), (2023, 11, 14));
        assert_eq!((time.hour(), time.minute(), time.second()), (22, 13, 20));
        assert_eq!(entry.extra_data().unwrap_or_default(), b"");
        assert_eq!(entry.comment(), "");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let path = entry.name().unwrap().trim_end_matches('/').to_owned();
        found.insert(path, (entry.unix_mode().unwrap(), content));
    }
    found
}

fn read(format: Format, bytes: &[u8]) -> Found {
    match format {
        Format::TarGz => read_tar(flate2::read::GzDecoder::new(bytes)),
        Format::TarZst => read_tar(zstd::Decoder::new(bytes).unwrap()),
        Format::TarXz => read_tar(liblzma::read::XzDecoder::new(bytes)),
        Format::Zip => read_zip(bytes),
        _ => read_tar(bytes),
    }
}

#[test]
fn every_member_is_read_back_with_its_mode_and_bytes() {
    for members in [tiny(), large(), Members::default()] {
        for format in Format::ALL {
            let (bytes, _) = pack(format, members.clone(), 2);
            assert!(read(format, &bytes) == expected(&members), "{format}");
        }
    }
}

#[test]
fn a_tar_archive_ends_at_a_multiple_of_10240_bytes() {
    let (bytes, _) = pack(Format::Tar, tiny(), 1);
    assert_eq!(bytes.len() % 10_240, 0);
    assert_eq!(pack(Format::Tar, Members::default(), 1).0, vec![0; 10_240]);
}

#[test]
fn a_zip_archive_says_utf8_only_of_names_beyond_ascii_and_has_no_data_descriptor() {
    let (bytes, _) = pack(Format::Zip, tiny(), 1);
    let mut at = 0;
    let mut beyond_ascii = 0;
    while let Some(found) = bytes[at..].windows(4).position(|window| window == b"PK\x01\x02") {
        let record = &bytes[at + found..];
        let name = &record[46..46 + usize::from(u16::from_le_bytes([record[28], record[29]]))];
        let flags = u16::from_le_bytes([record[8], record[9]]);
        assert_eq!(flags, if name.is_ascii() { 0 } else { 1 << 11 });
        assert_eq!(record[4..6], [20, 3]);
        beyond_ascii += u32::from(!name.is_ascii());
        at += found + 46;
    }
    assert_eq!(beyond_ascii, 2);
}

#[test]
fn a_backslash_in_a_name_is_packed_by_tar_and_refused_by_zip() {
    for format in Format::ALL {
        let members = Members::new([file("a", "", false), file("d/a\\b", "", false)]).unwrap();
        let written = write_archive_to(&recipe(format, members, 1), Vec::new(), std::path::Path::new("."));
        match format {
            Format::Zip => {
                let error = written.unwrap_err();
                assert!(matches!(error, Error::Backslash { path } if path.as_str() == "d/a\\b"));
            }
            _ => assert_eq!(read_by_ourselves(&written.unwrap().0), ["a", "d", "d/a\\b"]),
        }
    }
}

fn read_by_ourselves(bytes: &[u8]) -> Vec<String> {
    let mut paths = Vec::new();
    read_archive(Cursor::new(bytes), &Limits::default(), |entry, _| {
        paths.push(entry.path.to_string());
        Ok::<(), ReadError>(())
    })
    .unwrap();
    paths
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_accepted_by_our_own_reader(
        paths in proptest::collection::vec(r"(\.\.|[abC:. ~\\/\xe9\n]){1,6}", 1..4),
        targets in proptest::collection::vec(r"(\.\.|[abC:.\\/]){1,6}", 0..3),
    ) {
        let files = paths.iter().filter_map(|path| Some(Member::file(path.parse().ok()?, Content::Bytes(vec![7]), false)));
        let links = targets.iter().enumerate().filter_map(|(number, target)| {
            Member::symlink(format!("links/{number}").parse().unwrap(), target).ok()
        });
        if let Ok(members) = Members::new(files.chain(links)) {
            let expected: Vec<_> = members.iter().map(|member| member.path().to_string()).collect();
            for format in [Format::Tar, Format::Zip] {
                match write_archive_to(&recipe(format, members.clone(), 1), Vec::new(), std::path::Path::new(".")) {
                    Ok((bytes, _)) => prop_assert_eq!(&read_by_ourselves(&bytes), &expected),
                    Err(Error::Backslash { .. }) => prop_assert!(format == Format::Zip),
                    Err(error) => return Err(TestCaseError::fail(error.to_string())),
                }
            }
        }
    }
}
