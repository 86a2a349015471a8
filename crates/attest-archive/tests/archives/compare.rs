use std::fs;
use std::io::Write;
use std::path::Path;

use attest_archive::compare::{Cause, CompareError, Findings, MAX_EXAMPLES, compare, compare_named};
use attest_archive::{Format, Members};
use flate2::GzBuilder;

use crate::raw_tar::{self, Block, extended};
use crate::raw_zip::{self, deflated, stored};
use crate::tree::{file, pack, tiny};

fn findings(left: &[u8], right: &[u8]) -> Findings {
    let scene = tempfile::tempdir().unwrap();
    let (here, there) = (scene.path().join("left"), scene.path().join("right"));
    fs::write(&here, left).unwrap();
    fs::write(&there, right).unwrap();
    compare(&here, &there, scene.path()).unwrap()
}

/// Every cause, how often it was met, and where it was met first.
fn causes(left: &[u8], right: &[u8]) -> Vec<(&'static str, u64, String)> {
    let found = findings(left, right);
    let row = |(cause, tally): (Cause, &attest_archive::compare::Tally)| {
        (cause.code(), tally.count, tally.examples[0].place.join(" > "))
    };
    found.tallies().map(row).collect()
}

fn row(code: &'static str, count: u64, place: &str) -> (&'static str, u64, String) {
    (code, count, place.to_owned())
}

fn gzip(builder: GzBuilder, level: u32, bytes: &[u8]) -> Vec<u8> {
    let mut encoder = builder.write(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn spoilt(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut block = Block::new("a", b'0', 1);
    block.put(at, bytes);
    raw_tar::archive(&[block.with(b"x")])
}

#[test]
fn the_same_bytes_have_no_difference() {
    let (bytes, _) = pack(Format::TarGz, tiny(), 1);
    assert!(findings(&bytes, &bytes).is_equal());
}

#[test]
fn the_fields_of_a_gzip_header_are_told_one_by_one() {
    let plain = b"hello hello hello hello".repeat(50);
    let one = gzip(GzBuilder::new().mtime(1).filename("a").operating_system(3), 6, &plain);
    let two = gzip(GzBuilder::new().mtime(2).filename("b").operating_system(255), 6, &plain);
    assert_eq!(
        causes(&one, &two),
        [
            row("gzip-time", 1, ""),
            row("gzip-name", 1, ""),
            row("gzip-system", 1, "")
        ]
    );
    let found = findings(&one, &two);
    let (cause, first) = found.first().unwrap();
    assert_eq!((cause, &*first.left, &*first.right), (Cause::GzipTime, "1", "2"));
}

#[test]
fn another_level_of_the_same_content_is_the_compressor() {
    let plain: Vec<u8> = (0..100_000_u32).flat_map(|n| (n % 1000 * 7).to_le_bytes()).collect();
    let (one, two) = (gzip(GzBuilder::new(), 1, &plain), gzip(GzBuilder::new(), 6, &plain));
    assert_eq!(causes(&one, &two), [row("gzip-level", 1, ""), row("compressor", 1, "")]);
    let split = [
        gzip(GzBuilder::new(), 6, &plain[..9]),
        gzip(GzBuilder::new(), 6, &plain[9..]),
    ]
    .concat();
    assert_eq!(causes(&two, &split), [row("frames", 1, ""), row("compressor", 1, "")]);
    let (one, two) = (
        zstd::encode_all(&plain[..], 1).unwrap(),
        zstd::encode_all(&plain[..], 19).unwrap(),
    );
    assert!(causes(&one, &two).contains(&row("compressor", 1, "")));
    let raw = raw_tar::archive(&[raw_tar::file("a", b"x")]);
    let other = zstd::encode_all(&raw[..], 3).unwrap();
    assert_eq!(
        causes(&gzip(GzBuilder::new(), 6, &raw), &other)[0],
        row("compression", 1, "")
    );
}

#[test]
fn each_field_of_a_tar_header_is_a_cause_of_its_own() {
    let plain = spoilt(0, b"a");
    for (at, bytes, code) in [
        (100, &b"0000600\0"[..], "mode"),
        (108, b"0001750\0", "owner"),
        (116, b"0001750\0", "owner"),
        (136, b"14524563400\0", "time"),
        (265, b"builder", "owner-name"),
        (297, b"builder", "owner-name"),
        (156, b"\0", "header-kind"),
        (257, b"ustar  \0", "header-kind"),
        (329, b"0000001\0", "encoding"),
        (124, b"      00001 ", "encoding"),
    ] {
        let (left, right) = (plain.clone(), spoilt(at, bytes));
        assert_eq!(causes(&left, &right), [row(code, 1, "a")], "{at}");
    }
}

#[test]
fn members_that_differ_are_counted_and_the_first_are_named() {
    let archive = |time: &str| {
        let member = |number: usize| {
            let mut block = Block::new(&format!("f{number:02}"), b'0', 0);
            block.put(136, time.as_bytes());
            block.with(b"")
        };
        raw_tar::archive(&(0..30).map(member).collect::<Vec<_>>())
    };
    let found = findings(&archive("00000000001\0"), &archive("00000000002\0"));
    let (cause, tally) = found.tallies().next().unwrap();
    assert_eq!(
        (cause, tally.count, tally.examples.len()),
        (Cause::Time, 30, MAX_EXAMPLES)
    );
    assert_eq!(found.count(), 30);
}

#[test]
fn order_missing_members_and_contents_are_told_apart() {
    let (a, b, c) = (
        raw_tar::file("a", b"x"),
        raw_tar::file("b", b"y"),
        raw_tar::file("c", b"z"),
    );
    let archive = raw_tar::archive;
    let (ab, ba) = (archive(&[a.clone(), b.clone()]), archive(&[b.clone(), a.clone()]));
    assert_eq!(causes(&ab, &ba), [row("order", 1, "")]);
    assert_eq!(causes(&ab, &archive(&[a.clone(), b, c])), [row("missing", 1, "c")]);
    let other = archive(&[a, raw_tar::file("b", b"Y")]);
    assert_eq!(causes(&ab, &other), [row("text", 1, "b")]);
}

#[test]
fn extended_headers_links_and_the_end_are_told() {
    let archive = raw_tar::archive;
    let member = || raw_tar::file("a", b"x");
    let with = |records: &str| archive(&[extended(records), member()]);
    assert_eq!(
        causes(&with("20 atime=1700000000\n"), &with("20 atime=1700000001\n")),
        [row("extended-header", 1, "a")]
    );
    assert_eq!(
        causes(&with("11 mtime=7\n"), &with("13 mtime=7.5\n")),
        [row("time", 1, "a")]
    );
    let link = |target| archive(&[Block::link("l", b'2', target).with(b"")]);
    assert_eq!(causes(&link("a"), &link("/b")), [row("link-target", 1, "l")]);
    let padded = [archive(&[member()]), vec![0; 512]].concat();
    assert_eq!(causes(&archive(&[member()]), &padded), [row("end", 1, "")]);
    let global = |commit: &str| archive(&[Block::new("g", b'g', 14).with(commit.as_bytes())]);
    assert_eq!(
        causes(&global("14 comment=ab\n"), &global("14 comment=cd\n")),
        [row("global-header", 1, "")]
    );
}

#[test]
fn what_a_zip_archive_says_of_a_member_is_told() {
    let plain = stored("a", b"hello");
    let archive = |change: fn(&mut raw_zip::Part)| {
        let mut part = plain.clone();
        change(&mut part);
        raw_zip::archive(&[part])
    };
    let here = archive(|_| {});
    let extra = |part: &mut raw_zip::Part| part.both(|header| header.extra = vec![0x55, 0x54, 1, 0, 3]);
    assert_eq!(causes(&here, &archive(extra)), [row("zip-extra", 1, "a")]);
    assert_eq!(
        causes(&here, &archive(|part| part.made_by = 3 << 8 | 63)),
        [row("zip-system", 1, "a")]
    );
    assert_eq!(
        causes(&here, &archive(|part| part.mode = 0o100_600)),
        [row("mode", 1, "a")]
    );
    let (fast, none) = (raw_zip::archive(&[deflated("a", b"hello")]), here);
    assert_eq!(causes(&none, &fast), [row("zip-method", 1, "a")]);
}

#[test]
fn archives_in_archives_are_opened() {
    let inner = |byte: &[u8]| {
        gzip(
            GzBuilder::new(),
            6,
            &raw_tar::archive(&[raw_tar::file("deep/er", byte)]),
        )
    };
    let outer = |byte: &[u8]| raw_zip::archive(&[stored("lib/inner.tar.gz", &inner(byte))]);
    let found = causes(&outer(b"one\n"), &outer(b"two\n"));
    assert_eq!(found, [row("text", 1, "lib/inner.tar.gz > deep/er")]);
}

#[test]
fn contents_are_compared_as_what_they_are() {
    let found = findings(b"one\ntwo\nthree\n", b"one\nTwo\nthree\n");
    let (cause, first) = found.first().unwrap();
    assert_eq!(
        (cause, &*first.left, &*first.right),
        (Cause::Text, "line 2: `two`", "line 2: `Two`")
    );
    let found = findings(br#"{"a":{"b":[1,2]}}"#, br#"{"a":{"b":[1,3]}}"#);
    let (cause, first) = found.first().unwrap();
    assert_eq!(
        (cause, &*first.left, &*first.right),
        (Cause::Json, "/a/b/1: 2", "/a/b/1: 3")
    );
    let found = findings(&[0, 1, 2, 3], &[0, 1, 9]);
    let (cause, first) = found.first().unwrap();
    assert_eq!(
        (cause, &*first.left, &*first.right),
        (Cause::Bytes, "byte 2: 0203", "byte 2: 09")
    );
    let found = findings(&[0, 1], &[0]);
    assert_eq!(found.first().unwrap().1.right, "ends at byte 1");
}

/// What both sides say in the first difference.
fn first(left: &[u8], right: &[u8]) -> (Cause, String, String) {
    let found = findings(left, right);
    let (cause, first) = found.first().unwrap();
    (cause, first.left.clone(), first.right.clone())
}

#[test]
fn a_missing_end_of_a_line_is_told() {
    let text = |left: &str, right: &str| (Cause::Text, left.to_owned(), right.to_owned());
    let expected = text("line 2: `b` and the end", "line 2: `b`");
    assert_eq!(first(b"a\nb", b"a\nb\n"), expected);
    let expected = text("line 3: ``", "line 3: `` and the end");
    assert_eq!(first(b"a\nb\n\n", b"a\nb\n"), expected);
    assert_eq!(first(b"a\nb", b"a\nc\n"), text("line 2: `b`", "line 2: `c`"));
}

#[test]
fn bytes_that_look_alike_are_shown_as_bytes() {
    let bytes = |left: &str, right: &str| (Cause::Bytes, left.to_owned(), right.to_owned());
    assert_eq!(first(b"a\xff\n", b"a\xfe\n"), bytes("byte 1: ff0a", "byte 1: fe0a"));
}

#[test]
fn a_difference_far_into_a_long_line_is_shown() {
    let line = |last: &str| format!("{}{last}", "x".repeat(1000));
    let (_, left, right) = first(line("one").as_bytes(), line("two").as_bytes());
    let shown = |last: &str| format!("…{}{last}`", "x".repeat(40));
    assert_eq!((left, right), (shown("one"), shown("two")));
    let (_, left, right) = first(format!("1{}", line("")).as_bytes(), format!("2{}", line("")).as_bytes());
    assert!(left.starts_with("line 1: `1xx") && left.ends_with("x…"), "{left}");
    assert!(right.starts_with("line 1: `2xx") && right.ends_with("x…"), "{right}");
}

#[test]
fn names_are_compared_and_what_is_on_neither_side_is_no_agreement() {
    let scene = tempfile::tempdir().unwrap();
    let (left, right) = (scene.path().join("left"), scene.path().join("right"));
    for side in [&left, &right] {
        fs::create_dir_all(side.join("directory")).unwrap();
        fs::write(side.join("same"), "same").unwrap();
    }
    fs::write(left.join("one"), "").unwrap();
    let named = |name: &str| {
        let found = compare_named([Path::new(name)], &left, &right, scene.path()).unwrap();
        let first = found.first();
        first.map(|(cause, first)| (cause, first.left.clone(), first.right.clone()))
    };
    let row = |cause, left: &str, right: &str| Some((cause, left.to_owned(), right.to_owned()));
    assert_eq!(named("same"), None);
    assert_eq!(named("one"), row(Cause::Missing, "there", "missing"));
    assert_eq!(named("neither"), row(Cause::Missing, "missing", "missing"));
    assert_eq!(named("directory"), row(Cause::FileKind, "no file", "no file"));
}

/// An ELF file of no section but that of the names, whose header names a table at `table` and names at `names`.
fn elf(table: u64, names: u64, last: u8) -> Vec<u8> {
    let mut file = vec![0; 64];
    file[..6].copy_from_slice(b"\x7fELF\x02\x01");
    file[0x28..0x30].copy_from_slice(&table.to_le_bytes());
    file[0x3a..0x3e].copy_from_slice(&[64, 0, 1, 0]);
    let mut section = [0; 64];
    section[0x18..0x20].copy_from_slice(&names.to_le_bytes());
    section[0x20] = 8;
    file.extend(section);
    file.extend(b".names\0");
    file.push(last);
    file
}

#[test]
fn a_header_that_leads_out_of_the_file_makes_no_executable() {
    let whole = elf(64, 128, 0);
    assert_eq!(first(&whole, &elf(64, 128, 1)).0, Cause::Section);
    for broken in [
        elf(u64::MAX, 128, 1),
        elf(1 << 63, 128, 1),
        elf(136, 128, 1),
        elf(64, u64::MAX, 1),
        elf(64, 136, 1),
    ] {
        assert_eq!(first(&whole, &broken).0, Cause::Bytes);
    }
}

/// An ELF file with a build identifier at `start`, and a section of the names, which hold its bytes too.
fn identified(start: u64) -> Vec<u8> {
    let mut file = elf(64, start, 20);
    file.truncate(128);
    // Two sections; the second is that of the names.
    file[0x3c..0x40].copy_from_slice(&[2, 0, 1, 0]);
    file[64 + 0x20] = 20;
    let mut names = [0; 64];
    names[0] = 19;
    names[0x18..0x20].copy_from_slice(&192_u64.to_le_bytes());
    names[0x20] = 24;
    file.extend(names);
    file.extend(b".note.gnu.build-id\0name\0");
    file
}

#[test]
fn a_build_identifier_outside_the_file_is_none() {
    // The bytes `id`, NUL, `n` behind the 16 of the header.
    let other = |other: &str| (Cause::BuildId, "6964006e".to_owned(), other.to_owned());
    assert_eq!(first(&identified(192), &identified(u64::MAX)), other("none"));
    assert_eq!(first(&identified(192), &identified(193)), other("64006e61"));
}

#[test]
fn executables_are_compared_by_section() {
    let program = fs::read(std::env::current_exe().unwrap()).unwrap();
    if !program.starts_with(b"\x7fELF") {
        return;
    }
    let mut other = program.clone();
    // Behind the headers and in front of the section table lies some section.
    let middle = other.len() / 3;
    other[middle] ^= 1;
    let found = findings(&program, &other);
    assert!(matches!(found.first().unwrap().0, Cause::Section), "{found:?}");
}

#[test]
fn what_is_hostile_is_not_looked_into_and_said() {
    let hostile = raw_tar::archive(&[raw_tar::file("../a", b"x")]);
    let found = findings(&hostile, &raw_tar::archive(&[raw_tar::file("a", b"x")]));
    let (cause, first) = found.first().unwrap();
    assert_eq!(cause, Cause::NotRead);
    assert_eq!(
        (&*first.left, &*first.right),
        ("name `../a` leads out of the archive", "readable")
    );
}

#[test]
fn directories_are_compared_file_by_file() {
    let scene = tempfile::tempdir().unwrap();
    for (side, content) in [("left", "one"), ("right", "two")] {
        let directory = scene.path().join(side);
        fs::create_dir_all(directory.join("d")).unwrap();
        fs::write(directory.join("d/f"), content).unwrap();
        fs::write(directory.join("same"), "same").unwrap();
        fs::write(directory.join(side), "").unwrap();
    }
    let (left, right) = (scene.path().join("left"), scene.path().join("right"));
    let found = compare(&left, &right, scene.path()).unwrap();
    let missing = found.tallies().next().unwrap();
    assert_eq!((missing.0, missing.1.count), (Cause::Missing, 2));
    let text = found.tallies().last().unwrap();
    assert_eq!(
        (text.0, text.1.examples[0].place.join(" > ")),
        (Cause::Text, "d/f".to_owned())
    );
    let error = compare(&left, &left.join("same"), scene.path()).unwrap_err();
    assert!(matches!(error, CompareError::Kinds { .. }));
    let error = compare(&left, &scene.path().join("nowhere"), scene.path()).unwrap_err();
    assert!(matches!(error, CompareError::Read { .. }));
}

#[test]
fn our_own_archives_of_other_content_differ_only_there() {
    for format in Format::ALL {
        let archive = |text: &str| {
            let members = tiny().with([file("app-1.0/version", text, false)]).unwrap();
            pack(format, members, 2).0
        };
        let found = causes(&archive("1.0\n"), &archive("1.1\n"));
        assert_eq!(found, [row("text", 1, "app-1.0/version")], "{format}");
    }
    let (one, two) = (
        pack(Format::Tar, Members::default(), 1).0,
        pack(Format::Zip, Members::default(), 1).0,
    );
    assert_eq!(causes(&one, &two)[0], row("file-kind", 1, ""));
}
