use std::io::{Cursor, Write};

use attest_archive::InvalidPath;
use attest_archive::read::{
    ContainerMetadata, EntryKind, Limits, ReadError, Summary, TarMetadata, read_archive, read_tar,
};
use flate2::write::GzEncoder;

use crate::raw_tar::{Block, archive, extended, file, gnu_long};

type Seen = Vec<(String, EntryKind, Vec<u8>)>;

fn read_with(bytes: &[u8], limits: &Limits) -> Result<(Seen, Summary), ReadError> {
    let mut seen = Seen::new();
    let summary = read_archive(Cursor::new(bytes), limits, |entry, content| {
        let mut found = Vec::new();
        content.read_to_end(&mut found)?;
        seen.push((entry.path.to_string(), entry.kind.clone(), found));
        Ok::<(), ReadError>(())
    })?;
    Ok((seen, summary))
}

fn read(bytes: &[u8]) -> Result<(Seen, Summary), ReadError> {
    read_with(bytes, &Limits::default())
}

fn refused(members: &[Vec<u8>]) -> ReadError {
    read(&archive(members)).unwrap_err()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const FILE: EntryKind = EntryKind::File { executable: false };

fn names(members: &[Vec<u8>]) -> Vec<String> {
    let (seen, _) = read(&archive(members)).unwrap();
    seen.into_iter().map(|(path, ..)| path).collect()
}

#[test]
fn every_kind_of_member_is_seen_with_its_bytes() {
    let mut tool = Block::new("d/tool", b'0', 2);
    tool.put(100, b"0000755\0");
    let bytes = archive(&[
        Block::new("./", b'5', 0).with(b""),
        Block::new("./d/", b'5', 0).with(b""),
        tool.with(b"hi"),
        Block::link("d/link", b'2', "tool").with(b""),
        Block::link("again", b'1', "d/tool").with(b""),
    ]);
    let (seen, summary) = read(&bytes).unwrap();
    let target = || "tool".to_owned();
    assert_eq!(
        seen,
        [
            ("d".to_owned(), EntryKind::Directory, vec![]),
            (
                "d/tool".to_owned(),
                EntryKind::File { executable: true },
                b"hi".to_vec()
            ),
            ("d/link".to_owned(), EntryKind::Symlink { target: target() }, vec![]),
            (
                "again".to_owned(),
                EntryKind::HardLink {
                    target: "d/tool".parse().unwrap()
                },
                vec![]
            ),
        ]
    );
    assert_eq!(summary.root.unwrap().name, "./");
    assert_eq!(summary.end, bytes.len() as u64);
}

#[test]
fn long_names_are_read_in_each_of_the_three_ways() {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(60));
    let mut split = Block::new(&"f".repeat(60), b'0', 0);
    split.put(345, "d".repeat(120).as_bytes());
    assert_eq!(names(&[split.with(b"")]), [&*long]);
    let record = format!("{} path={long}\n", long.len() + 10);
    assert_eq!(names(&[extended(&record), file("short", b"")]), [&*long]);
    assert_eq!(
        names(&[gnu_long(b'L', &format!("{long}\0")), file("short", b"")]),
        [&*long]
    );
}

#[test]
fn what_the_headers_say_is_shown() {
    let mut block = Block::new("f", b'0', 0);
    block
        .put(108, b"0001750\0")
        .put(136, b"14524563400\0")
        .put(265, b"user")
        .put(297, b"group");
    let bytes = archive(&[extended("19 mtime=1700000.5\n"), block.with(b"")]);
    let mut seen: Vec<TarMetadata> = Vec::new();
    read_tar(&bytes[..], &Limits::default(), |entry, _| {
        if let ContainerMetadata::Tar(metadata) = &entry.metadata.container {
            seen.push(metadata.clone());
        }
        Ok::<(), ReadError>(())
    })
    .unwrap();
    let [metadata] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((metadata.user, metadata.modified), (1000, 1_700_000));
    assert_eq!((&*metadata.user_name, &*metadata.group_name), ("user", "group"));
    assert_eq!(metadata.extended, [("mtime".to_owned(), "1700000.5".to_owned())]);
    assert_eq!(metadata.offset, 1024);
}

#[test]
fn names_that_lead_out_are_refused_by_name() {
    for name in ["../a", "a/../../b", "a/.."] {
        let error = refused(&[file(name, b"")]);
        assert!(matches!(error, ReadError::Traversal { found } if found == name));
    }
    for name in ["/etc/passwd", "C:\\a", "\\\\host\\share"] {
        let error = refused(&[file(name, b"")]);
        assert!(matches!(error, ReadError::Absolute { found } if found == name));
    }
    let error = refused(&[extended("16 path=../../x\n"), file("x", b"")]);
    assert!(
        matches!(error, ReadError::Traversal { found } if found == "../../x"),
        "in an extended header"
    );
    let error = refused(&[gnu_long(b'L', "../x\0"), file("x", b"")]);
    assert!(
        matches!(error, ReadError::Traversal { found } if found == "../x"),
        "in a long name"
    );
}

#[test]
fn names_that_are_no_text_are_refused() {
    let mut block = Block::new("", b'0', 0);
    block.put(0, b"caf\xe9");
    let error = refused(&[block.with(b"")]);
    assert!(matches!(error, ReadError::NotUtf8 { escaped } if escaped == "caf\\xe9"));
    let error = refused(&[extended("12 path=a\0b\n"), file("x", b"")]);
    assert_eq!(error.to_string(), "extended header at 0: a value is empty or has a NUL");
    let error = refused(&[file("", b"")]);
    assert!(matches!(error, ReadError::Name(InvalidPath::Empty)));
}

#[test]
fn links_that_lead_out_are_refused_also_through_others() {
    let link = |name: &str, target: &str| Block::link(name, b'2', target).with(b"");
    for target in ["../x", "/etc/passwd", "a/../../x"] {
        let error = refused(&[link("link", target)]);
        assert!(matches!(error, ReadError::LinkEscapes { target: found, .. } if found == target));
    }
    let error = refused(&[link("out", "a/b/up/../.."), link("a/b/up", "..")]);
    assert!(matches!(error, ReadError::LinkEscapes { path, .. } if path.as_str() == "out"));
    let error = refused(&[link("a", "b"), file("a/x", b"")]);
    assert_eq!(error.to_string(), "`a` is not a directory, but `a/x` lies below it");
}

#[test]
fn links_are_taken_as_they_are_written_only_when_that_is_asked_for() {
    let bytes = archive(&[Block::link("link", b'2', "/etc/alternatives/x").with(b"")]);
    assert!(matches!(read(&bytes).unwrap_err(), ReadError::LinkEscapes { .. }));
    let (seen, _) = read_with(&bytes, &Limits::default().with_symlinks_as_written()).unwrap();
    assert_eq!(seen[0].0, "link");
}

#[test]
fn hard_links_lead_to_what_came_before() {
    let link = |target: &str| Block::link("link", b'1', target).with(b"");
    let error = refused(&[link("a"), file("a", b"")]);
    assert_eq!(
        error.to_string(),
        "hard link `link` leads to `a`, and no file of that name came before it"
    );
    let error = refused(&[link("../a")]);
    assert!(matches!(error, ReadError::Traversal { .. }));
    assert_eq!(names(&[file("a", b""), link("./a")]), ["a", "link"]);
}

#[test]
fn duplicates_are_refused() {
    let error = refused(&[file("a", b"1"), file("./a", b"2")]);
    assert!(matches!(error, ReadError::Duplicate { path } if path.as_str() == "a"));
    let root = || Block::new("./", b'5', 0).with(b"");
    assert!(matches!(refused(&[root(), root()]), ReadError::UnsupportedKind { name, .. } if name == "./"));
}

#[test]
fn devices_pipes_and_sparse_files_are_refused() {
    for (type_flag, words) in [
        (b'3', "a character device"),
        (b'4', "a block device"),
        (b'6', "a named pipe"),
        (b'7', "a contiguous file"),
        (b'S', "a sparse file"),
        (b'Z', "of the unknown type `Z`"),
    ] {
        let error = refused(&[Block::new("dev", type_flag, 0).with(b"")]);
        assert!(matches!(error, ReadError::UnsupportedKind { kind, .. } if kind == words));
    }
    let error = refused(&[extended("22 GNU.sparse.major=1\n"), file("f", b"")]);
    assert_eq!(error.to_string(), "extended header at 0: it describes a sparse file");
}

#[test]
fn a_kind_and_a_name_that_disagree_are_refused() {
    let error = refused(&[file("a/", b"")]);
    assert_eq!(
        error.to_string(),
        "`a/` is a file by its header, and by its name it is not"
    );
    let error = refused(&[Block::new("a/", b'5', 3).with(b"abc")]);
    assert_eq!(error.to_string(), "`a/` is a directory and has 3 bytes");
    assert!(matches!(
        refused(&[Block::new("a", b'2', 1).with(b"x")]),
        ReadError::NotEmpty { .. }
    ));
}

#[test]
fn a_wrong_checksum_is_refused() {
    let mut bytes = archive(&[file("a", b"x")]);
    bytes[0] ^= 1;
    // By its content it is no tar archive any more.
    assert!(matches!(read(&bytes).unwrap_err(), ReadError::NotAnArchive));
    let mut bytes = archive(&[file("a", b"x"), file("b", b"y")]);
    bytes[1024] ^= 1;
    let error = read(&bytes).unwrap_err();
    assert!(
        matches!(error, ReadError::TarChecksum { offset: 1024, expected, found } if expected == found - 1 || expected == found + 1)
    );
}

#[test]
fn numbers_that_readers_understand_differently_are_refused() {
    for (at, field, bytes) in [
        (124, "size", &b"0000000000x\0"[..]),
        (124, "size", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        (100, "mode", b"-000644\0"),
        (108, "user", b"000 000\0"),
    ] {
        let mut block = Block::new("a", b'0', 0);
        block.put(at, bytes);
        let error = refused(&[block.with(b"")]);
        assert!(
            matches!(error, ReadError::TarNumber { field: found, .. } if found == field),
            "{error}"
        );
    }
}

#[test]
fn sizes_that_disagree_are_refused() {
    let error = refused(&[extended("9 size=3\n"), file("a", b"")]);
    assert_eq!(
        error.to_string(),
        "`a` has 0 bytes by its header and 3 by its extended header"
    );
    assert_eq!(names(&[extended("9 size=3\n"), file("a", b"abc")]), ["a"]);
}

#[test]
fn extended_headers_that_readers_understand_differently_are_refused() {
    let problem = |members: &[Vec<u8>]| match refused(members) {
        ReadError::TarExtension { problem, .. } => problem,
        other => panic!("{other}"),
    };
    let path = || extended("10 path=b\n");
    assert_eq!(
        problem(&[path(), path(), file("a", b"")]),
        "a second one for the same member"
    );
    assert_eq!(
        problem(&[path(), gnu_long(b'L', "c\0"), file("a", b"")]),
        "a long name stands there in two ways"
    );
    assert_eq!(
        problem(&[gnu_long(b'L', "c"), file("a", b"")]),
        "a long name without an end, or with two"
    );
    assert_eq!(problem(&[path()]), "no member comes after it");
    let global = Block::new("g", b'g', 10).with(b"10 path=b\n");
    assert_eq!(
        problem(&[global, file("a", b"")]),
        "it stands for all members, and says what only one can have"
    );
}

#[test]
fn a_comment_for_all_members_is_kept() {
    let global = Block::new("pax_global_header", b'g', 14).with(b"14 comment=ab\n");
    let (_, summary) = read(&archive(&[global])).unwrap();
    assert_eq!(summary.global, [("comment".to_owned(), "ab".to_owned())]);
}

#[test]
fn an_archive_that_is_cut_off_is_refused_wherever_it_is_cut() {
    let whole = archive(&[file("a", &[7; 700]), extended("10 path=b\n"), file("c", b"x")]);
    for length in (1..whole.len()).step_by(97) {
        let error = read_tar(&whole[..length], &Limits::default(), |_, _| Ok::<(), ReadError>(())).unwrap_err();
        assert!(matches!(error, ReadError::Truncated { .. }), "{length}: {error}");
    }
    let compressed = gzip(&whole);
    for length in 3..compressed.len() {
        let error = read(&compressed[..length]).unwrap_err();
        assert!(
            matches!(error, ReadError::Truncated { .. } | ReadError::NotAnArchive),
            "{length}: {error}"
        );
    }
    let error = read(&whole[..whole.len() - 512]).unwrap_err();
    assert!(matches!(
        error,
        ReadError::Truncated {
            inside: "the blocks that end it"
        }
    ));
}

#[test]
fn nothing_but_zeros_comes_after_the_end() {
    let one = archive(&[file("a", b"")]);
    assert!(read(&[one.clone(), vec![0; 9000]].concat()).is_ok());
    let two = [one.clone(), archive(&[file("b", b"")])].concat();
    let error = read(&two).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected nothing after the end of the tar archive, found more bytes"
    );
    let lone = [file("a", b""), vec![0; 512], file("b", b""), vec![0; 1024]].concat();
    assert!(matches!(
        read(&lone).unwrap_err(),
        ReadError::TarLoneZeros { offset: 512 }
    ));
}

#[test]
fn padding_that_hides_something_is_refused() {
    let mut bytes = archive(&[file("a", b"x")]);
    bytes[1000] = 1;
    let error = read(&bytes).unwrap_err();
    assert!(matches!(error, ReadError::Padding { name } if name == "a"));
}

#[test]
fn headers_members_and_all_of_it_are_limited() {
    let mut limits = Limits::default();
    limits.header = 64;
    let bytes = archive(&[gnu_long(b'L', &"x".repeat(65)), file("a", b"")]);
    let error = read_with(&bytes, &limits).unwrap_err();
    assert!(matches!(error, ReadError::HeaderTooLarge { limit: 64, .. }));
    let huge = Block::new("x", b'x', 0o77_777_777_777).with(b"");
    let error = refused(&[huge]);
    assert!(matches!(
        error,
        ReadError::HeaderTooLarge {
            limit: Limits::HEADER,
            ..
        }
    ));
    limits.member = 9;
    let bytes = archive(&[file("a", &[0; 10])]);
    let error = read_with(&bytes, &limits).unwrap_err();
    assert_eq!(error.to_string(), "`a` has 10 bytes, expected at most 9");
    limits.member = 10;
    limits.total = 1000;
    assert!(matches!(
        read_with(&bytes, &limits).unwrap_err(),
        ReadError::TooLarge { limit: 1000 }
    ));
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let mut limits = Limits::default();
    (limits.ratio, limits.ratio_floor) = (50, 100_000);
    let bytes = gzip(&archive(&[file("zeros", &vec![0; 1_000_000])]));
    let error = read_with(&bytes, &limits).unwrap_err();
    assert!(matches!(error, ReadError::Bomb { .. }), "{error}");
    assert!(read(&bytes).is_ok());
}

#[test]
fn several_gzip_members_are_one_stream_and_counted() {
    let whole = archive(&[file("a", &[7; 700])]);
    let two = [gzip(&whole[..800]), gzip(&whole[800..])].concat();
    let (seen, summary) = read(&two).unwrap();
    assert_eq!(seen, [("a".to_owned(), FILE, vec![7; 700])]);
    assert_eq!(summary.frame_count, 2);
}

#[test]
fn bytes_after_a_compressed_stream_are_refused() {
    let whole = archive(&[file("a", b"x")]);
    for rest in [&b"x"[..], &[0; 8], b"PK\x05\x06"] {
        let error = read(&[&gzip(&whole)[..], rest].concat()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected nothing after the gzip stream, found more bytes"
        );
    }
    let zstd = zstd::encode_all(&whole[..], 3).unwrap();
    let error = read(&[&zstd[..], b"rest"].concat()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected nothing after the Zstandard frames, found more bytes"
    );
    assert!(read(&[zstd.clone(), zstd::encode_all(&[0; 512][..], 3).unwrap()].concat()).is_ok());
    let mut xz = Vec::new();
    liblzma::copy_encode(&whole[..], &mut xz, 6).unwrap();
    assert_eq!(read(&xz).unwrap().0.len(), 1);
    let error = read(&[&xz[..], b"rest"].concat()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected nothing after the xz stream, found more bytes"
    );
}

#[test]
fn a_broken_compressed_stream_is_refused() {
    let mut bytes = gzip(&archive(&[file("a", b"x")]));
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    assert!(matches!(
        read(&bytes).unwrap_err(),
        ReadError::GzipTrailer { field: "checksum", .. }
    ));
    bytes[checksum] ^= 1;
    bytes[checksum + 4] ^= 1;
    assert!(matches!(
        read(&bytes).unwrap_err(),
        ReadError::GzipTrailer { field: "length", .. }
    ));
    let mut bytes = zstd::encode_all(&archive(&[file("a", b"x")])[..], 3).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    assert!(matches!(
        read(&bytes).unwrap_err(),
        ReadError::Compressed { .. } | ReadError::NotAnArchive | ReadError::Truncated { .. }
    ));
}

#[test]
fn something_else_is_no_archive() {
    for bytes in [&b""[..], b"hello", &[1; 4096], &gzip(b"hello")] {
        assert!(matches!(read(bytes).unwrap_err(), ReadError::NotAnArchive));
    }
}

#[test]
fn what_the_visitor_says_ends_the_reading() {
    #[derive(Debug)]
    enum Mine {
        Stop,
        Read,
    }
    impl From<ReadError> for Mine {
        fn from(_: ReadError) -> Self {
            Self::Read
        }
    }
    let bytes = archive(&[file("a", b"x"), file("../b", b"")]);
    let stopped = read_tar(&bytes[..], &Limits::default(), |_, _| Err(Mine::Stop));
    assert!(matches!(stopped.unwrap_err(), Mine::Stop));
    let read = read_tar(&bytes[..], &Limits::default(), |_, _| Ok::<(), Mine>(()));
    assert!(matches!(read.unwrap_err(), Mine::Read));
}
