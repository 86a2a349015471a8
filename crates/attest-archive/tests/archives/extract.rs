//! Archives on disk, and archives that were made by chance.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use attest_archive::read::{EntryKind, Limits, ReadError, Summary, extract, read_archive};
use attest_archive::{Format, Members};
use proptest::prelude::*;

use crate::raw_tar::{self, Block};
use crate::raw_zip::{self, deflated, stored};
use crate::tree::{large, link, pack, tiny};

fn unpack(bytes: &[u8], scene: &Path) -> Result<Summary, ReadError> {
    extract(Cursor::new(bytes), &Limits::default(), &scene.join("out"))
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

#[cfg(unix)]
#[test]
fn what_was_packed_comes_out_the_same_in_every_format() {
    for format in Format::ALL {
        let scene = tempfile::tempdir().unwrap();
        let members = tiny().with([link("app-1.0/bin/again", "../bin/app")]).unwrap();
        let (bytes, _) = pack(format, members, 2);
        unpack(&bytes, scene.path()).unwrap();
        let unpacked = Members::from_directory(&scene.path().join("out"), None).unwrap();
        assert!(pack(format, unpacked, 1).0 == bytes, "{format}");
        assert_eq!(names(scene.path()), ["out"]);
    }
}

#[test]
fn large_members_come_back_byte_for_byte() {
    for format in [Format::TarGz, Format::TarZst, Format::Zip] {
        let (bytes, packed) = pack(format, large(), 2);
        let mut digests = Vec::new();
        read_archive(Cursor::new(&bytes), &Limits::default(), |entry, content| {
            let mut found = Vec::new();
            content.read_to_end(&mut found)?;
            if let EntryKind::File { .. } = entry.kind {
                let measured = attest_digest::Measured::of_bytes(&found, &"sha256,blake3".parse().unwrap());
                digests.push((entry.path.clone(), measured));
            }
            Ok::<(), ReadError>(())
        })
        .unwrap();
        assert_eq!(digests, packed.members, "{format}");
    }
}

#[test]
fn nothing_is_left_behind_when_an_archive_is_refused() {
    let escape = raw_tar::archive(&[raw_tar::file("a", b"x"), Block::link("b", b'2', "../../x").with(b"")]);
    let outside = raw_tar::archive(&[raw_tar::file("a", b"x"), raw_tar::file("../b", b"x")]);
    let through = raw_tar::archive(&[Block::link("a", b'2', "/tmp").with(b""), raw_tar::file("a/b", b"x")]);
    let broken = &pack(Format::TarGz, tiny(), 1).0[..200];
    for bytes in [&escape[..], &outside, &through, broken] {
        let scene = tempfile::tempdir().unwrap();
        assert!(unpack(bytes, scene.path()).is_err());
        assert!(names(scene.path()).is_empty());
    }
}

#[test]
fn names_that_are_one_where_case_is_ignored_are_not_unpacked() {
    let scene = tempfile::tempdir().unwrap();
    let bytes = raw_tar::archive(&[raw_tar::file("a", b"x"), raw_tar::file("A", b"y")]);
    let error = unpack(&bytes, scene.path()).unwrap_err();
    assert_eq!(error.to_string(), "`a` and `A` are one name where case is ignored");
    assert!(names(scene.path()).is_empty());
}

#[test]
fn a_destination_that_is_there_stays_as_it_is() {
    let scene = tempfile::tempdir().unwrap();
    fs::create_dir(scene.path().join("out")).unwrap();
    let error = unpack(&pack(Format::Tar, tiny(), 1).0, scene.path()).unwrap_err();
    assert!(matches!(error, ReadError::Io { source } if source.kind() == std::io::ErrorKind::AlreadyExists));
    assert_eq!(names(scene.path()), ["out"]);
}

/// Archives of every kind, right ones.
fn seeds() -> Vec<Vec<u8>> {
    let mut link = stored("link", b"d/file");
    link.mode = 0o120_777;
    let mut seeds: Vec<Vec<u8>> = Format::ALL
        .into_iter()
        .map(|format| pack(format, tiny(), 1).0)
        .collect();
    seeds.push(raw_zip::archive(&[deflated("d/file", &[7; 300]), link]));
    seeds.push(raw_tar::archive(&[
        raw_tar::extended("10 path=a\n"),
        raw_tar::file("x", b"hello"),
        raw_tar::gnu_long(b'L', "b\0"),
        Block::link("x", b'1', "a").with(b""),
    ]));
    seeds
}

/// Reads everything, and holds what is promised of whatever is accepted.
fn hold_promises(bytes: &[u8]) {
    let limits = Limits::default();
    let mut paths = std::collections::HashSet::new();
    let result = read_archive(Cursor::new(bytes), &limits, |entry, content| {
        assert!(paths.insert(entry.path.clone()), "`{}` twice", entry.path);
        assert!(entry.path.components().all(|part| !matches!(part, "" | "." | "..")));
        let mut found = Vec::new();
        content.read_to_end(&mut found)?;
        assert_eq!(found.len() as u64, entry.size);
        Ok::<(), ReadError>(())
    });
    // An error says what is wrong, in one line.
    if let Err(error) = result {
        assert!(!error.to_string().contains('\n'));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048), front in 0_usize..6) {
        let front: &[u8] = [&b""[..], b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0"][front];
        hold_promises(&[front, &bytes].concat());
    }

    #[test]
    fn a_changed_archive_is_refused_or_keeps_every_promise(
        seed in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let seeds = seeds();
        let mut bytes = seed.get(&seeds).clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        hold_promises(&bytes);
    }

    #[test]
    fn whatever_is_unpacked_stays_below_its_place(
        names in proptest::collection::vec("(a|b|\\.\\.|/|\\.){1,6}", 1..5),
        targets in proptest::collection::vec("(a|b|\\.\\.|/){1,6}", 1..5),
    ) {
        let scene = tempfile::tempdir().unwrap();
        let room = scene.path().join("one/two");
        fs::create_dir_all(&room).unwrap();
        let members: Vec<Vec<u8>> = names
            .iter()
            .zip(targets.iter().cycle())
            .enumerate()
            .map(|(number, (name, target))| match number % 2 {
                0 => Block::link(name, b'2', target).with(b""),
                _ => raw_tar::file(name, b"x"),
            })
            .collect();
        let result = unpack(&raw_tar::archive(&members), &room);
        prop_assert_eq!(super::extract::names(scene.path()), ["one"]);
        prop_assert_eq!(super::extract::names(&scene.path().join("one")), ["two"]);
        let expected: &[&str] = if result.is_ok() { &["out"] } else { &[] };
        prop_assert_eq!(super::extract::names(&room), expected);
    }
}
