use std::io::Write;

use super::*;
use crate::tree::tar::Tar;

/// Paths with their text, and gaps.
type Found = (Vec<(String, String)>, Vec<String>);

fn open(bytes: &[u8]) -> Option<Found> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("archive");
    File::create(&path).unwrap().write_all(bytes).unwrap();
    let archive = Archive::open(&path, &Options::default(), directory.path()).unwrap()?;
    let content = |path: &str| {
        let mut text = String::new();
        archive.open(path).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let files = archive.listing().entries().iter();
    let files = files.filter(|entry| entry.is_file() && archive.is_kept(&entry.path));
    let files = files.map(|entry| (entry.path.clone(), content(&entry.path))).collect();
    Some((files, archive.listing().gaps().iter().map(Gap::to_string).collect()))
}

fn sample() -> Tar {
    Tar::default()
        .file("app-1.0/Cargo.lock", "lock")
        .file("app-1.0/README", "text")
        .file("app-1.0/.wh.Cargo.lock", "")
        .file("blobs/sha256/0123", "blob")
}

#[test]
fn a_plain_archive_is_read_where_it_is_and_names_mark_nothing() {
    let (files, gaps) = open(&sample().end()).unwrap();
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    assert_eq!(
        files,
        [file("app-1.0/Cargo.lock", "lock"), file("blobs/sha256/0123", "blob")]
    );
    assert!(gaps.is_empty());
}

#[test]
fn a_compressed_archive_holds_the_same() {
    use attest_archive::{Content, Format, Member, Members, Recipe, write_archive_to};
    for name in ["a.tar", "a.tar.gz", "a.tar.zst", "a.tar.xz", "a.zip"] {
        let lock = Member::file("x/Cargo.lock".parse().unwrap(), Content::Bytes(b"lock".to_vec()), false);
        let recipe = Recipe {
            format: Format::of_file_name(name).unwrap(),
            members: Members::new([lock]).unwrap(),
            source_date: "0".parse().unwrap(),
            threads: std::num::NonZeroUsize::MIN,
            algorithms: "sha256".parse().unwrap(),
        };
        let (bytes, _) = write_archive_to(&recipe, Vec::new(), Path::new(".")).unwrap();
        let (files, gaps) = open(&bytes).unwrap();
        assert_eq!(files, [("x/Cargo.lock".to_owned(), "lock".to_owned())], "{name}");
        assert!(gaps.is_empty(), "{name}");
    }
}

#[test]
fn every_file_is_listed_and_only_what_a_reader_wants_can_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("archive");
    File::create(&path).unwrap().write_all(&sample().end()).unwrap();
    let archive = Archive::open(&path, &Options::default(), directory.path())
        .unwrap()
        .unwrap();
    let readme = archive.listing().at("app-1.0/README").unwrap();
    assert!(readme.is_file() && readme.size() == 4 && !archive.is_kept(&readme.path));
    let error = archive.open(&readme.path).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn what_is_no_archive_is_none() {
    for bytes in [&b""[..], b"text", b"\x1f\x8b\x08nothing", b"\x7fELF", &[7; 2000]] {
        assert_eq!(open(bytes), None);
    }
}

#[test]
fn an_archive_that_is_cut_off_has_a_gap_and_what_came_before() {
    let bytes = Tar::default()
        .file("Cargo.lock", "lock")
        .file("b", &"x".repeat(600))
        .end();
    let (files, gaps) = open(&bytes[..1700]).unwrap();
    assert_eq!(files, [("Cargo.lock".to_owned(), "lock".to_owned())]);
    assert_eq!(gaps, ["damaged: the archive ends inside a member"]);
}
