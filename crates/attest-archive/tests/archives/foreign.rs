//! The same archives in the hands of other programs, where they are installed.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use attest_archive::{Format, Members};

use crate::tree::{SECONDS, file, link, pack, tiny};

/// The path to a directory with `archive`, packed as `format`, in it.
fn packed(format: Format, members: Members) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("archive"), pack(format, members, 2).0).unwrap();
    directory
}

/// Runs a program that may not be there. Says so, once, when it is not.
fn run(directory: &Path, program: &str, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env("TZ", "UTC")
        .env("LC_ALL", "C.UTF-8")
        .output();
    let Ok(output) = output else {
        println!("skipped: {program} is not installed");
        return None;
    };
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {talk}");
    Some(output)
}

fn is_gnu_tar() -> bool {
    let output = Command::new("tar").arg("--version").output();
    let is_gnu = output.is_ok_and(|output| output.stdout.starts_with(b"tar (GNU tar)"));
    if !is_gnu {
        println!("skipped: tar is not GNU tar");
    }
    is_gnu
}

#[test]
fn gnu_tar_unpacks_what_was_packed() {
    if !is_gnu_tar() {
        return;
    }
    for (format, option) in [(Format::Tar, "-x"), (Format::TarGz, "-xz")] {
        let directory = packed(format, tiny());
        let out = directory.path().join("out");
        fs::create_dir(&out).unwrap();
        let arguments = [option, "-f", "archive", "-C", "out", "--warning=no-timestamp"];
        assert!(run(directory.path(), "tar", &arguments).is_some());
        let unpacked = Members::from_directory(&out, None).unwrap();
        let paths = |members: &Members| members.iter().map(|member| member.path().clone()).collect::<Vec<_>>();
        assert_eq!(paths(&unpacked), paths(&tiny()));
        assert!(pack(format, unpacked, 1).0 == pack(format, tiny(), 1).0);
    }
}

/// The recipe of <https://reproducible-builds.org/docs/archives/>, with the members in our order.
#[test]
fn gnu_tar_makes_the_same_bytes_from_the_usual_recipe() {
    if !is_gnu_tar() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let tree = directory.path().join("tree");
    // Fits no old header. Of paths that need its second field, GNU tar makes an extended header where we do not.
    let long = format!("long/{}", "f".repeat(140));
    let names = [
        "README",
        "a.txt",
        "a/b",
        "a/tool",
        "\u{e9}t\u{e9}/na\u{ef}ve",
        "line\nbreak",
        &*long,
    ];
    for name in names {
        let path = tree.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    let status = Command::new("chmod").arg("711").arg(tree.join("a/tool")).status();
    assert!(status.unwrap().success());
    let members = Members::from_directory(&tree, None).unwrap();
    let list: String = members.iter().map(|member| format!("{}\0", member.path())).collect();
    fs::write(directory.path().join("list"), list).unwrap();
    let mtime = format!("--mtime=@{SECONDS}");
    let arguments = [
        "--format=pax",
        "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
        "--mode=u+rwX,go+rX,go-w,a-s",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        &mtime,
        "--no-recursion",
        "--null",
        "--verbatim-files-from",
        "-C",
        "tree",
        "-cf",
        "theirs.tar",
        "-T",
        "list",
    ];
    assert!(run(directory.path(), "tar", &arguments).is_some());
    let theirs = fs::read(directory.path().join("theirs.tar")).unwrap();
    let (ours, _) = pack(Format::Tar, members, 1);
    let first_difference = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs);
    assert_eq!((first_difference, ours.len()), (None, theirs.len()));
}

#[test]
fn gzip_zstd_and_xz_find_nothing_wrong() {
    let members = || Members::new([file("f", crate::tree::noise(3_000_000, 7), false)]).unwrap();
    let gzip = packed(Format::TarGz, members());
    fs::rename(gzip.path().join("archive"), gzip.path().join("archive.gz")).unwrap();
    run(gzip.path(), "gzip", &["-t", "archive.gz"]);
    let zstd = packed(Format::TarZst, members());
    run(zstd.path(), "zstd", &["-t", "archive"]);
    let xz = packed(Format::TarXz, members());
    fs::rename(xz.path().join("archive"), xz.path().join("archive.xz")).unwrap();
    run(xz.path(), "xz", &["-t", "archive.xz"]);
}

#[test]
fn unzip_finds_nothing_wrong() {
    let directory = packed(Format::Zip, tiny());
    run(directory.path(), "unzip", &["-tqq", "archive"]);
}

/// Names, modes, links and times as Python sees them; it also reads the names that the Rust libraries do not.
const PYTHON: &str = r#"
import sys, tarfile, zipfile
if sys.argv[1] == "zip":
    z = zipfile.ZipFile("archive")
    assert z.testzip() is None
    found = {(i.filename.rstrip("/"), i.external_attr >> 16 & 0o777) for i in z.infolist()}
    assert all(i.date_time == (2023, 11, 14, 22, 13, 20) for i in z.infolist())
else:
    t = tarfile.open("archive", "r:*", errorlevel=2)
    found = {(m.name, m.mode) for m in t}
    assert all(m.mtime == 1700000000 and m.uid == m.gid == 0 and m.uname == m.gname == "" for m in t)
    assert t.extractfile("é/line\nbreak").read() == b"x"
    assert t.getmember("é/link").linkname == "ü"
assert found == {("é", 0o755), ("é/line\nbreak", 0o755), ("é/link", 0o777), ("f", 0o644)}, found
"#;

#[test]
fn python_reads_names_beyond_ascii_and_with_line_breaks() {
    let members = || {
        Members::new([
            file("\u{e9}/line\nbreak", "x", true),
            link("\u{e9}/link", "\u{fc}"),
            file("f", "y", false),
        ])
        .unwrap()
    };
    for (format, name) in [(Format::Zip, "zip"), (Format::Tar, "tar"), (Format::TarGz, "tar")] {
        let directory = packed(format, members());
        run(directory.path(), "python3", &["-c", PYTHON, name]);
    }
}
