//! Archives that other readers take for something else, each beside a twin that all read alike.
//!
//! What is said of GNU tar, bsdtar, Python and unzip was seen with versions 1.34, 3.6.2, 3.11 and 6.0; of others, it stands in their
//! source.

use std::io::Cursor;

use attest_archive::read::{EntryKind, Limits, ReadError, read_archive};

use crate::raw_tar::{self, Block, extended, file, gnu_long};
use crate::raw_zip::{self, Part, deflated, stored};

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

fn read_zip(parts: &[Part]) -> Result<Seen, ReadError> {
    read(&raw_zip::archive(parts))
}

/// A member made by a program of that system.
fn of_system(system: u16, name: &str, mode: u32, dos: u16) -> Part {
    let mut part = stored(name, if name.ends_with('/') { b"" } else { b"/etc/x" });
    (part.made_by, part.mode, part.dos) = (system << 8 | 20, mode, dos);
    part
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
    assert_eq!(star(131, b"tar\0").unwrap(), a_file(&format!("{}/a", "d".repeat(131))));
    assert_eq!(star(155, b"").unwrap(), a_file(&format!("{}/a", "d".repeat(155))));
}

/// Python decides by the name in the header that it is a directory, before it takes the longer name.
#[test]
fn a_directory_from_before_posix_behind_a_longer_name_is_refused() {
    let old = |name: &str, type_flag: u8| Block::new(name, type_flag, 5).with(b"hello");
    for front in [extended("10 path=b\n"), gnu_long(b'L', "b\0")] {
        let error = read_tar(&[front.clone(), old("a/", 0)]).unwrap_err();
        assert!(
            matches!(&error, ReadError::KindDisagrees { name, kind: "a file" } if name == "a/"),
            "{error}"
        );
        assert_eq!(read_tar(&[front.clone(), old("a", 0)]).unwrap(), a_file("b"));
        // A name that was cut off to fit can end there, and the kind says that it is a file.
        assert_eq!(read_tar(&[front, old("a/", b'0')]).unwrap(), a_file("b"));
    }
}

/// bsdtar writes as many bytes as `SCHILY.realsize` says, with holes as `SUN.holesdata` says; star obeys `SCHILY.filetype`.
#[test]
fn records_by_which_some_readers_see_a_sparse_file_are_refused() {
    for record in [
        "20 SUN.holesdata= 0\n",
        "21 SCHILY.realsize=2\n",
        "26 SCHILY.filetype=sparse\n",
    ] {
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

/// unzip makes a link of it for the systems 2, 5, 16 and 30, and a file for the others; Go makes a link for 19.
#[test]
fn a_symbolic_link_that_was_not_made_on_unix_is_refused() {
    for system in [0, 10, 11, 14, 19] {
        let error = read_zip(&[of_system(system, "a", 0o120_777, 0)]).unwrap_err();
        let expected = format!("a symbolic link of system {system}");
        assert!(matches!(error, ReadError::UnsupportedKind { kind, .. } if kind == expected));
    }
    let mut link = stored("a", b"b");
    link.mode = 0o120_777;
    let target = "b".to_owned();
    assert_eq!(
        read_zip(&[link]).unwrap(),
        [("a".to_owned(), EntryKind::Symlink { target })]
    );
}

#[test]
fn a_mode_of_a_system_that_has_another_meaning_for_it_is_refused() {
    for system in [1, 2, 5, 12, 13, 16, 18, 30, 255] {
        for mode in [0o120_777, 0o100_755, 1] {
            let error = read_zip(&[of_system(system, "a", mode, 0)]).unwrap_err();
            assert!(
                matches!(error, ReadError::ZipAttributes { system: found, .. } if found == system),
                "{error}"
            );
        }
        assert_eq!(read_zip(&[of_system(system, "a", 0, 0x21)]).unwrap(), a_file("a"));
    }
    assert_eq!(
        read_zip(&[of_system(5, "a", 0o120_777, 0)]).unwrap_err().to_string(),
        "`a` has the attributes 0xa1ff0000 of system 5, which only some readers understand"
    );
}

#[test]
fn a_kind_that_contradicts_the_name_is_refused_for_every_system() {
    for system in [0, 3, 10, 11, 14, 19] {
        let kind = |name: &str, mode: u32, dos: u16| match read_zip(&[of_system(system, name, mode, dos)]) {
            Err(ReadError::KindDisagrees { kind, .. }) => kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(kind("a", 0, 0x10), "a directory", "bsdtar and Go: one; unzip: a file");
        assert_eq!(kind("a", 0o100_644, 0x10), "a directory");
        assert_eq!(kind("a", 0o040_755, 0), "a directory");
        assert_eq!(kind("a/", 0o100_644, 0), "a file");
        assert_eq!(kind("a/", 0o120_777, 0), "a symbolic link");
        let error = read_zip(&[of_system(system, "a", 0o010_644, 0)]).unwrap_err();
        assert!(matches!(error, ReadError::UnsupportedKind { .. }), "{error}");
        let directory = [("a".to_owned(), EntryKind::Directory)];
        for (mode, dos) in [(0, 0), (0, 0x10), (0o040_755, 0x10)] {
            assert_eq!(read_zip(&[of_system(system, "a/", mode, dos)]).unwrap(), directory);
        }
        // What 7-Zip, Apple and Windows put into the rest of the lower half says nothing of the kind.
        for dos in [0x20, 0x01, 0x8000, 0x4000] {
            assert_eq!(
                read_zip(&[of_system(system, "a", 0o100_644, dos)]).unwrap(),
                a_file("a")
            );
        }
    }
}

/// unzip leaves it out; for others it is a file.
#[test]
fn a_volume_label_is_refused() {
    for system in [0, 3, 5, 11] {
        let error = read_zip(&[of_system(system, "a", 0, 0x08)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`a` is a volume label; only files, directories and links are read"
        );
    }
}

/// bsdtar takes the kind from there: here, a link.
#[test]
fn attributes_in_an_extra_field_are_refused_in_either_header() {
    let field = |identifier: u16| {
        let attributes = (0o120_777_u32 << 16).to_le_bytes();
        [&identifier.to_le_bytes()[..], &[7, 0, 5, 20, 3], &attributes].concat()
    };
    for is_local in [true, false] {
        let with = |identifier| {
            let mut part = stored("a", b"b");
            let header = if is_local { &mut part.local } else { &mut part.central };
            header.extra = field(identifier);
            read_zip(&[part])
        };
        let expected = "extra field of `a`: it holds attributes, which may be other ones";
        assert_eq!(with(0x6c78).unwrap_err().to_string(), expected);
        assert_eq!(with(0x6c79).unwrap(), a_file("a"));
    }
}

/// pip takes it from there too, so that what Python's `zipfile` wrote on Windows stays executable.
#[test]
fn a_mode_counts_also_where_the_archive_was_not_made_on_unix() {
    for system in [0, 3, 10, 11, 14, 19] {
        let executable = |mode| match &read_zip(&[of_system(system, "a", mode, 0)]).unwrap()[..] {
            [(_, EntryKind::File { executable })] => *executable,
            other => panic!("{other:?}"),
        };
        assert!(executable(0o100_755));
        assert!(!executable(0o100_644));
        assert!(!executable(0));
    }
}

/// bsdtar, reading from a pipe, ends it at the first descriptor that fits, also where the local header has the sizes: with
/// the right one in its bytes it holds other members.
#[test]
fn what_is_stored_has_its_size_in_front_of_it() {
    let streamed = |mut part: Part, has_sizes: bool, signature: &[u8]| {
        part.both(|header| header.flags = 8);
        let header = &part.central;
        let fields = [header.checksum, header.compressed, header.size].map(u32::to_le_bytes);
        part.descriptor = [signature, &fields.concat()].concat();
        if !has_sizes {
            (part.local.checksum, part.local.compressed, part.local.size) = (0, 0, 0);
        }
        read_zip(&[part])
    };
    let signature = b"PK\x07\x08";
    for has_sizes in [true, false] {
        let error = streamed(stored("a", b"hello"), has_sizes, signature).unwrap_err();
        assert!(
            matches!(&error, ReadError::StoredStreamed { name } if name == "a"),
            "{error}"
        );
        assert_eq!(
            streamed(deflated("a", b"hello"), has_sizes, signature).unwrap(),
            a_file("a")
        );
        assert_eq!(streamed(stored("a", b""), has_sizes, signature).unwrap(), a_file("a"));
        let error = streamed(stored("a", b""), has_sizes, b"").unwrap_err();
        assert!(
            matches!(error, ReadError::StoredStreamed { .. }),
            "without it the search goes on"
        );
    }
}
