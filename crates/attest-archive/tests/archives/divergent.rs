//! Archives that other readers take for something else, each beside a twin that all read alike.
//!
//! What is said of GNU tar, bsdtar, Python and unzip was seen with versions 1.34, 3.6.2, 3.11 and 6.0; of others, it stands in their
//! source.

use std::io::Cursor;

use attest_archive::read::{EntryKind, Limits, ReadError, read_archive};

use crate::raw_tar::{self, Block, extended, file, gnu_long};

type Seen = Vec<(String, EntryKind)>;

fn read(bytes: &[u8]) -> Result<Seen, ReadError> {
    let mut seen = Seen::new();
    read_archive(Cursor::new(bytes), &Limits::default(), |entry, _| {
        seen.push((entry.path.to_string(), entry.kind.clone()));
        Ok::<(), ReadError>(())
    })?;
    Ok(seen)
}

fn read_tar(members: &[Vec<u8>]) -> Result<Seen, ReadError> {
    read(&raw_tar::archive(members))
}

fn a_file(path: &str) -> Seen {
    vec![(path.to_owned(), EntryKind::File { executable: false })]
}

fn with_magic(magic: &[u8; 8], prefix: &[u8]) -> Vec<u8> {
    let mut block = Block::new("a", b'0', 0);
    block.put(257, magic).put(345, prefix);
    block.with(b"")
}

/// GNU tar, bsdtar and Python read a prefix whatever the version is; bsdtar whatever follows `ustar`.
#[test]
fn a_magic_that_is_nearly_that_of_ustar_is_refused() {
    for magic in [b"ustar\0\0\0", b"ustar\x0001", b"ustar   ", b"ustar \0\0", b"ustarXXX"] {
        let error = read_tar(&[with_magic(magic, b"")]).unwrap_err();
        let shown = magic.escape_ascii().to_string();
        assert!(matches!(error, ReadError::TarMagic { offset: 0, found } if found == shown));
    }
    for magic in [b"ustar\x0000", b"ustar  \0", &[0; 8], b"anything"] {
        assert_eq!(read_tar(&[with_magic(magic, b"")]).unwrap(), a_file("a"));
    }
}

/// Python puts them in front of the name, also the times of GNU.
#[test]
fn bytes_where_ustar_has_a_prefix_are_refused_in_other_headers() {
    for prefix in [&b"../../elsewhere"[..], b"14524563400\x0014524563400\0", b"\0x"] {
        for magic in [b"ustar  \0", &[0; 8]] {
            let error = read_tar(&[file("first", b""), with_magic(magic, prefix)]).unwrap_err();
            assert!(matches!(error, ReadError::TarPrefix { offset: 512, .. }), "{error}");
        }
    }
    let error = read_tar(&[with_magic(b"ustar  \0", b"../d")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the tar header at 0 has `../d` where only some readers look for the front of its name"
    );
    assert_eq!(read_tar(&[with_magic(b"ustar\x0000", b"d")]).unwrap(), a_file("d/a"));
    // For the header of a long name it counts as well: there is one rule.
    let mut long = Block::new("././@LongLink", b'L', 2);
    long.put(257, b"ustar  \0").put(345, b"d");
    let error = read_tar(&[long.with(b"b\0"), file("a", b"")]).unwrap_err();
    assert!(matches!(error, ReadError::TarPrefix { .. }), "{error}");
    assert_eq!(read_tar(&[gnu_long(b'L', "b\0"), file("a", b"")]).unwrap(), a_file("b"));
}

/// Go ends it after 131 bytes, because star has times behind it; others read all 155.
#[test]
fn a_prefix_that_is_too_long_for_star_is_refused_in_its_headers() {
    let star = |length: usize, trailer: &[u8]| {
        let mut block = Block::new("a", b'0', 0);
        block.put(345, "d".repeat(length).as_bytes()).put(508, trailer);
        read_tar(&[block.with(b"")])
    };
    let long = star(132, b"tar\0").unwrap_err();
    assert!(matches!(long, ReadError::TarPrefix { offset: 0, .. }), "{long}");
    assert_eq!(
        star(131, b"tar\0").unwrap(),
        a_file(&format!("{}/a", "d".repeat(131)))
    );
    assert_eq!(star(155, b"").unwrap(), a_file(&format!("{}/a", "d".repeat(155))));
}

/// Python decides by the name in the header that it is a directory, before it takes the longer name.
#[test]
fn a_directory_from_before_posix_behind_a_longer_name_is_refused() {
    let old = |name: &str, type_flag: u8| Block::new(name, type_flag, 5).with(b"hello");
    for front in [extended("10 path=b\n"), gnu_long(b'L', "b\0")] {
        let error = read_tar(&[front.clone(), old("a/", 0)]).unwrap_err();
        assert!(matches!(&error, ReadError::KindDisagrees { name, kind: "a file" } if name == "a/"), "{error}");
        assert_eq!(read_tar(&[front.clone(), old("a", 0)]).unwrap(), a_file("b"));
        // A name that was cut off to fit can end there, and the kind says that it is a file.
        assert_eq!(read_tar(&[front, old("a/", b'0')]).unwrap(), a_file("b"));
    }
}

/// bsdtar writes as many bytes as `SCHILY.realsize` says, with holes as `SUN.holesdata` says; star obeys `SCHILY.filetype`.
#[test]
fn records_by_which_some_readers_see_a_sparse_file_are_refused() {
    for record in ["20 SUN.holesdata= 0\n", "21 SCHILY.realsize=2\n", "26 SCHILY.filetype=sparse\n"] {
        let global = Block::new("g", b'g', record.len()).with(record.as_bytes());
        for front in [extended(record), global] {
            let error = read_tar(&[front, file("a", b"hello")]).unwrap_err();
            let expected = "extended header at 0: it describes a sparse file";
            assert_eq!(error.to_string(), expected, "{record}");
        }
    }
    let harmless = "31 SCHILY.xattr.user.realsize=\n";
    assert_eq!(read_tar(&[extended(harmless), file("a", b"")]).unwrap(), a_file("a"));
}
