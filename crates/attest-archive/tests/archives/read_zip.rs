use std::io::Cursor;

use attest_archive::read::{Container, EntryKind, Limits, ReadError, Summary, read_archive, read_zip};

use crate::raw_zip::{Part, archive, body, deflated, stored};

type Seen = Vec<(String, EntryKind, Vec<u8>)>;

fn read_with(bytes: &[u8], limits: &Limits) -> Result<(Seen, Summary), ReadError> {
    let mut seen = Seen::new();
    let summary = read_zip(Cursor::new(bytes), limits, |entry, content| {
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

fn refused(parts: &[Part]) -> ReadError {
    read(&archive(parts)).unwrap_err()
}

/// One file, changed.
fn spoilt(change: impl FnOnce(&mut Part)) -> Part {
    let mut part = stored("a", b"hello");
    change(&mut part);
    part
}

const FILE: EntryKind = EntryKind::File { executable: false };

#[test]
fn every_kind_of_member_is_seen_with_its_bytes() {
    let mut tool = deflated("d/tool", &[7; 1000]);
    tool.mode = 0o100_755;
    let mut directory = stored("d/", b"");
    directory.mode = 0o040_755;
    let mut link = stored("link", b"d/tool");
    link.mode = 0o120_777;
    let mut of_windows = stored("w", b"x");
    (of_windows.made_by, of_windows.mode) = (20, 0);
    let (seen, summary) = read(&archive(&[directory, tool, link, of_windows])).unwrap();
    let target = || "d/tool".to_owned();
    assert_eq!(
        seen,
        [
            ("d".to_owned(), EntryKind::Directory, vec![]),
            ("d/tool".to_owned(), EntryKind::File { executable: true }, vec![7; 1000]),
            (
                "link".to_owned(),
                EntryKind::Symlink { target: target() },
                b"d/tool".to_vec()
            ),
            ("w".to_owned(), FILE, b"x".to_vec()),
        ]
    );
    assert_eq!(summary.comment, b"");
}

#[test]
fn sizes_after_the_bytes_are_read_with_and_without_their_signature() {
    let mut part = deflated("a", b"hello hello hello");
    let central = part.central.clone();
    part.both(|header| header.flags = 8);
    (part.local.checksum, part.local.compressed, part.local.size) = (0, 0, 0);
    let fields = [central.checksum, central.compressed, central.size]
        .map(u32::to_le_bytes)
        .concat();
    for signature in [&b""[..], b"PK\x07\x08"] {
        part.descriptor = [signature, &fields].concat();
        assert_eq!(read(&archive(&[part.clone()])).unwrap().0[0].2, b"hello hello hello");
    }
    let last = part.descriptor.len() - 1;
    part.descriptor[last] ^= 1;
    assert!(matches!(
        refused(&[part.clone()]),
        ReadError::ZipMismatch {
            field: "after the bytes the size",
            ..
        }
    ));
    part.descriptor.clear();
    assert!(matches!(refused(&[part]), ReadError::ZipGap { .. }));
}

#[test]
fn headers_that_disagree_are_refused_field_by_field() {
    let field = |change: fn(&mut Part)| match refused(&[spoilt(change)]) {
        ReadError::ZipMismatch { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(field(|part| part.local.name = b"b".to_vec()), "the name");
    assert_eq!(field(|part| part.local.name = b"../evil".to_vec()), "the name");
    assert_eq!(field(|part| part.local.flags = 1 << 11), "the flags");
    assert_eq!(field(|part| part.local.method = 8), "the method");
    assert_eq!(field(|part| part.local.size = 4), "the size");
    assert_eq!(field(|part| part.local.compressed = 4), "the compressed size");
    assert_eq!(field(|part| part.local.checksum = 0), "the checksum");
}

#[test]
fn what_cannot_be_read_is_refused() {
    for flag in [1, 1 << 6, 1 << 13] {
        let part = spoilt(|part| part.both(|header| header.flags = flag));
        assert!(matches!(refused(&[part]), ReadError::Encrypted { name } if name == "a"));
    }
    let part = spoilt(|part| part.both(|header| header.flags = 1 << 5));
    assert!(matches!(
        refused(&[part]),
        ReadError::UnsupportedFlags { flags: 32, .. }
    ));
    for method in [1, 9, 12, 14, 93, 99] {
        let part = spoilt(|part| part.both(|header| header.method = method));
        assert!(matches!(refused(&[part]), ReadError::UnsupportedMethod { method: found, .. } if found == method));
    }
    let device = spoilt(|part| part.mode = 0o020_644);
    assert!(matches!(refused(&[device]), ReadError::UnsupportedKind { .. }));
}

#[test]
fn members_that_share_bytes_are_refused() {
    let mut twice = spoilt(|part| part.shift = -36);
    twice.both(|header| header.name = b"b".to_vec());
    let error = refused(&[stored("a", b"hello"), twice]);
    assert!(matches!(error, ReadError::ZipOverlap { .. }), "{error}");
    let longer = spoilt(|part| part.both(|header| (header.compressed, header.size) = (50, 50)));
    let error = refused(&[longer, stored("b", b"hello")]);
    assert!(matches!(error, ReadError::ZipOverlap { .. }), "{error}");
}

#[test]
fn bytes_that_belong_to_nothing_are_refused() {
    let error = refused(&[spoilt(|part| part.descriptor = b"hidden".to_vec()), stored("b", b"")]);
    assert_eq!(
        error.to_string(),
        "expected what follows `a` at 36, found it at 42: the bytes between belong to nothing"
    );
    // A first member that the central directory does not name: whoever reads from the front sees it.
    let (hidden, _) = body(&[stored("hidden", b"x")]);
    let front = &hidden[..37];
    let mut parts = [stored("a", b"hello")];
    parts[0].shift = front.len() as i64;
    let (rest, mut end) = body(&parts);
    end.offset += front.len() as u32;
    let error = read(&[front, &rest, &end.bytes()].concat()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected `a` at 0, found it at 37: the bytes between belong to nothing"
    );
}

#[test]
fn a_local_header_that_is_none_is_refused() {
    let mut bytes = archive(&[stored("a", b"hello"), stored("b", b"x")]);
    bytes[36] = b'Q';
    assert!(matches!(
        read(&bytes).unwrap_err(),
        ReadError::ZipRecord {
            what: "a local header",
            offset: 36
        }
    ));
}

#[test]
fn the_end_is_at_the_last_byte_and_there_is_one() {
    let whole = archive(&[stored("a", b"hello")]);
    assert!(matches!(
        read(&[&whole[..], b"x"].concat()).unwrap_err(),
        ReadError::ZipEnd
    ));
    let (rest, mut end) = body(&[stored("a", b"hello")]);
    end.comment = b"made by hand".to_vec();
    let (_, summary) = read(&[rest.clone(), end.bytes()].concat()).unwrap();
    assert_eq!(summary.comment, b"made by hand");
    // Another archive, in the comment.
    end.comment = archive(&[stored("evil", b"x")]);
    assert!(matches!(
        read(&[rest, end.bytes()].concat()).unwrap_err(),
        ReadError::ZipEnd
    ));
    for length in 0..whole.len() {
        let error = read(&whole[..length]).unwrap_err();
        assert!(
            matches!(error, ReadError::Truncated { .. } | ReadError::ZipEnd),
            "{length}: {error}"
        );
    }
}

#[test]
fn an_end_that_lies_is_refused() {
    let field = |change: fn(&mut crate::raw_zip::End)| {
        let (rest, mut end) = body(&[stored("a", b"hello"), stored("b", b"")]);
        change(&mut end);
        read(&[rest, end.bytes()].concat()).unwrap_err().to_string()
    };
    assert_eq!(
        field(|end| end.here = 1),
        "expected 2 as the number of members on this disk, found 1"
    );
    assert_eq!(
        field(|end| end.offset -= 1),
        "expected 161 as the end of the central directory, found 160"
    );
    assert_eq!(
        field(|end| end.size += 1),
        "expected 161 as the end of the central directory, found 162"
    );
    assert_eq!(
        field(|end| (end.here, end.members) = (1, 1)),
        "expected 161 as the end of the last record, found 114"
    );
    assert_eq!(
        field(|end| (end.here, end.members) = (3, 3)),
        "the archive ends inside the central directory"
    );
}

#[test]
fn large_numbers_that_lie_are_refused() {
    let large = |numbers: &[u64]| {
        let mut extra = vec![1, 0, 8 * numbers.len() as u8, 0];
        extra.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        extra
    };
    let right = spoilt(|part| {
        part.both(|header| (header.compressed, header.size, header.extra) = (u32::MAX, u32::MAX, large(&[5, 5])));
    });
    assert_eq!(read(&archive(std::slice::from_ref(&right))).unwrap().0[0].2, b"hello");
    let mut differs = right.clone();
    differs.local.extra = large(&[6, 5]);
    assert!(matches!(
        refused(&[differs]),
        ReadError::ZipMismatch { field: "the size", .. }
    ));
    for numbers in [&[5][..], &[5, 5, 5]] {
        let mut wrong = right.clone();
        wrong.central.extra = large(numbers);
        let error = refused(&[wrong]);
        assert_eq!(
            error.to_string(),
            "extra field of `a`: the large numbers do not fit the header"
        );
    }
    let unasked = spoilt(|part| part.both(|header| header.extra = large(&[5])));
    assert!(matches!(refused(&[unasked]), ReadError::ZipExtra { .. }));
    let huge = spoilt(|part| part.central.size = u32::MAX - 1);
    assert!(matches!(refused(&[huge]), ReadError::Bomb { .. }));
}

#[test]
fn a_large_end_that_lies_is_refused() {
    let with = |members: u64, position_shift: u64| {
        let (mut bytes, mut end) = body(&[stored("a", b"hello")]);
        let at = bytes.len() as u64 + position_shift;
        bytes.extend_from_slice(b"PK\x06\x06");
        bytes.extend_from_slice(&44_u64.to_le_bytes());
        bytes.extend_from_slice(&[45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [members, members, u64::from(end.size), u64::from(end.offset)] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        bytes.extend_from_slice(&at.to_le_bytes());
        bytes.extend_from_slice(&1_u32.to_le_bytes());
        end.offset = u32::MAX;
        read(&[bytes, end.bytes()].concat())
    };
    assert_eq!(with(1, 0).unwrap().0.len(), 1);
    assert_eq!(
        with(2, 0).unwrap_err().to_string(),
        "expected 1 as the number of members, found 2"
    );
    assert_eq!(
        with(1, 1).unwrap_err().to_string(),
        "expected 83 as the place of the large end, found 84"
    );
}

#[test]
fn names_that_lead_out_or_are_read_differently_are_refused() {
    for name in ["../a", "a/../../b"] {
        assert!(matches!(refused(&[stored(name, b"")]), ReadError::Traversal { found } if found == name));
    }
    for name in ["/a", "C:\\a", "\\\\host\\share"] {
        assert!(matches!(refused(&[stored(name, b"")]), ReadError::Absolute { found } if found == name));
    }
    assert!(matches!(refused(&[stored("a\\b", b"")]), ReadError::Backslash { found } if found == "a\\b"));
    assert!(matches!(refused(&[stored("..\\b", b"")]), ReadError::Traversal { .. }));
    assert!(
        matches!(refused(&[stored("\u{e9}", b"")]), ReadError::NotUtf8 { .. }),
        "without the flag"
    );
    let mut marked = stored("\u{e9}", b"");
    marked.both(|header| header.flags = 1 << 11);
    assert_eq!(read(&archive(&[marked])).unwrap().0[0].0, "\u{e9}");
    assert!(matches!(refused(&[stored("a\0b", b"")]), ReadError::Name(_)));
    let second = spoilt(|part| part.central.extra = [&[0x75, 0x70, 6, 0, 1, 0, 0, 0, 0][..], b"b"].concat());
    assert_eq!(
        refused(&[second]).to_string(),
        "extra field of `a`: it holds another name"
    );
}

#[test]
fn duplicates_and_what_lies_below_a_file_are_refused() {
    let error = refused(&[stored("a", b"1"), stored("a", b"2")]);
    assert!(matches!(error, ReadError::Duplicate { path } if path.as_str() == "a"));
    let error = refused(&[stored("a", b"1"), stored("a/b", b"2")]);
    assert!(matches!(error, ReadError::NotADirectory { .. }));
    let (_, summary) = read(&archive(&[stored("a", b"1"), stored("A", b"2")])).unwrap();
    assert_eq!(summary.case_collisions.len(), 1);
}

#[test]
fn links_that_lead_out_are_refused() {
    let mut link = stored("link", b"../../etc/passwd");
    link.mode = 0o120_777;
    assert!(matches!(refused(&[link]), ReadError::LinkEscapes { .. }));
}

#[test]
fn a_kind_and_a_name_that_disagree_are_refused() {
    let directory = spoilt(|part| part.mode = 0o040_755);
    assert!(matches!(
        refused(&[directory]),
        ReadError::KindDisagrees {
            kind: "a directory",
            ..
        }
    ));
    let file = spoilt(|part| part.both(|header| header.name = b"a/".to_vec()));
    assert!(matches!(
        refused(&[file]),
        ReadError::KindDisagrees { kind: "a file", .. }
    ));
    let mut full = stored("a/", b"x");
    full.mode = 0o040_755;
    assert!(matches!(refused(&[full]), ReadError::NotEmpty { size: 1, .. }));
}

#[test]
fn bytes_are_held_against_checksum_and_size() {
    let mut part = stored("a", b"hello");
    part.bytes[0] ^= 1;
    assert!(matches!(refused(&[part]), ReadError::MemberChecksum { name, .. } if name == "a"));
    for size in [4, 6] {
        let mut part = deflated("a", b"hello");
        part.both(|header| header.size = size);
        assert!(matches!(refused(&[part]), ReadError::MemberSize { expected, .. } if expected == u64::from(size)));
    }
    let stored_short = spoilt(|part| part.both(|header| header.size = 4));
    assert!(matches!(
        refused(&[stored_short]),
        ReadError::MemberSize { expected: 4, .. }
    ));
    let mut rest = deflated("a", b"hello");
    rest.bytes.extend_from_slice(b"hidden");
    let length = rest.bytes.len() as u32;
    rest.both(|header| header.compressed = length);
    assert_eq!(
        refused(&[rest]).to_string(),
        "expected nothing after the compressed bytes of a member, found more bytes"
    );
}

#[test]
fn sizes_are_limited_before_anything_is_read() {
    let bytes = archive(&[deflated("zeros", &vec![0; 1_000_000])]);
    let mut limits = Limits::default();
    (limits.ratio, limits.ratio_floor) = (50, 100_000);
    assert!(matches!(
        read_with(&bytes, &limits).unwrap_err(),
        ReadError::Bomb { .. }
    ));
    limits.total = 999_999;
    assert!(matches!(
        read_with(&bytes, &limits).unwrap_err(),
        ReadError::TooLarge { limit: 999_999 }
    ));
    limits.member = 999_999;
    assert!(matches!(
        read_with(&bytes, &limits).unwrap_err(),
        ReadError::MemberTooLarge { found: 1_000_000, .. }
    ));
    limits.members = 0;
    assert!(matches!(
        read_with(&bytes, &limits).unwrap_err(),
        ReadError::TooManyMembers { limit: 0 }
    ));
    assert!(read(&bytes).is_ok());
}

#[test]
fn an_empty_archive_is_one() {
    let summary = read_archive(Cursor::new(archive(&[])), &Limits::default(), |_, _| {
        Ok::<(), ReadError>(())
    })
    .unwrap();
    assert_eq!(summary.container, Some(Container::Zip));
}
