//! The same arguments to `attest hash` and to coreutils: the same bytes. Where coreutils is not installed there is nothing
//! to compare with, and these tests say so and pass.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use tempfile::TempDir;

use crate::command::{Command, Finished};

const NAMES: [&[u8]; 11] = [
    b"plain",
    b"with blank",
    b"it's",
    b"back\\slash",
    b"new\nline",
    b"carriage\rreturn",
    b"tab\tbed",
    b"*star",
    b"#comment",
    b"not-utf8-\xff",
    "ümlaut".as_bytes(),
];

/// coreutils gained the carriage return escape in 9.0; an older one is no reference.
#[expect(clippy::print_stderr, reason = "a skipped comparison must be visible")]
fn reference(program: &str) -> Option<String> {
    let path = format!("/usr/bin/{program}");
    if !Path::new(&path).exists() {
        eprintln!("skipped: there is no {path} to compare with");
        return None;
    }
    let version = Command::new(&path).arg("--version").run();
    let first = String::from_utf8_lossy(&version.stdout)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    let major = first
        .rsplit(' ')
        .next()
        .and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    let fits = first.contains("GNU coreutils") && major.is_some_and(|major| major >= 9);
    if !fits {
        eprintln!("skipped: {path} is not GNU coreutils 9 or later: {first}");
    }
    fits.then_some(path)
}

fn files() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for name in NAMES {
        fs::write(directory.path().join(OsStr::from_bytes(name)), name.repeat(100)).unwrap();
    }
    directory
}

fn theirs(program: &str, directory: &TempDir) -> Command {
    Command::new(program)
        .env("LC_ALL", "C.UTF-8")
        .current_dir(directory.path())
}

fn ours(algorithm: &str, directory: &TempDir) -> Command {
    Command::attest()
        .args(["hash", "--algorithm", algorithm])
        .current_dir(directory.path())
}

#[test]
fn lists_are_those_of_coreutils_byte_for_byte() {
    for (algorithm, program) in [
        ("sha256", "sha256sum"),
        ("sha384", "sha384sum"),
        ("sha512", "sha512sum"),
    ] {
        let Some(program) = reference(program) else { continue };
        let directory = files();
        for options in [&[][..], &["--tag"], &["--binary"], &["--zero"], &["--zero", "--tag"]] {
            let names = || NAMES.map(OsStr::from_bytes);
            let expected = theirs(&program, &directory)
                .args(options)
                .arg("--")
                .args(names())
                .run()
                .expect_code(0);
            let found = ours(algorithm, &directory)
                .args(options)
                .arg("--")
                .args(names())
                .run()
                .expect_code(0);
            assert_eq!(found.stdout, expected.stdout, "{program} {options:?}");
        }
    }
}

/// What coreutils says, with our name and, where a list could not be read and nothing differs, our exit code.
fn assert_same_report(found: &Finished, expected: &Finished, case: &str) {
    let talk = String::from_utf8_lossy(&expected.stderr).replace("/usr/bin/sha256sum:", "attest hash:");
    assert_eq!(
        String::from_utf8_lossy(&found.stdout),
        String::from_utf8_lossy(&expected.stdout),
        "{case}"
    );
    assert_eq!(String::from_utf8_lossy(&found.stderr), talk, "{case}");
    match (expected.code, found.code) {
        (0, 0) | (1, 1) => {}
        (1, 3) => assert!(talk.contains("'no list': No such file"), "{case}: {talk}"),
        codes => panic!("{case}: {codes:?}"),
    }
}

fn lists(good: &str) -> Vec<(&'static str, String)> {
    let hex = "0".repeat(64);
    vec![
        ("right", good.to_owned()),
        ("one wrong", format!("{hex}  plain\n{good}")),
        (
            "two wrong, two gone",
            format!("{hex}  plain\n{hex} *it's\n{good}{hex}  a 'b'\n{hex}  gone\n"),
        ),
        ("gone", format!("{hex}  gone\n")),
        ("a directory", format!("{hex}  .\n{good}")),
        ("junk", "junk\n".to_owned()),
        ("empty", String::new()),
        (
            "junk among lines",
            format!("junk\n{good}\n# comment\n{hex}\n{hex}  \n\\{hex}  a\\tb\nSHA256 (x = {hex}\n"),
        ),
        ("carriage returns", good.replace('\n', "\r\n")),
        (
            "upper case and blanks",
            format!(" \t{}", good.to_uppercase().replace("PLAIN", "plain")),
        ),
        (
            "tagged",
            format!("SHA256 (plain) = {hex}\nSHA256(it's)= {hex}\nSHA512 (plain) = {hex}{hex}\n"),
        ),
        ("reversed", format!("{hex} plain\n{hex}  plain\n")),
        ("mixed", format!("{hex}  plain\n{hex} plain\n")),
        (
            "short and long digests",
            format!("{}  plain\n{hex}0  plain\n{good}", &hex[1..]),
        ),
        ("no last newline", good.trim_end().to_owned()),
        ("stdin from stdin", format!("{hex}  -\n")),
    ]
}

#[test]
fn reports_are_those_of_coreutils_byte_for_byte() {
    let Some(program) = reference("sha256sum") else { return };
    let directory = files();
    // coreutils 9.1 escapes a name in a report only for a newline, later ones as lists do: leave out what sets them apart.
    let alike = |name: &&&[u8]| std::str::from_utf8(name).is_ok_and(|name| !name.contains(['\\', '\r']));
    let names: Vec<_> = NAMES.iter().filter(alike).collect();
    let good = theirs(&program, &directory)
        .arg("--")
        .args(names.iter().map(|name| OsStr::from_bytes(name)))
        .run();
    for (case, list) in lists(good.stdout_text()) {
        fs::write(directory.path().join("a list"), &list).unwrap();
        for options in [
            &[][..],
            &["--quiet"],
            &["--status"],
            &["--warn"],
            &["--strict"],
            &["--ignore-missing"],
            &["--warn", "--strict", "--ignore-missing"],
            &["--status", "--warn"],
            &["--warn", "--quiet"],
        ] {
            let from_file = |command: Command| command.arg("--check").args(options).args(["a list", "no list"]).run();
            let from_stdin = |command: Command| command.arg("--check").args(options).stdin(list.clone()).run();
            let case = format!("{case} {options:?}");
            let (expected, found) = (theirs(&program, &directory), ours("sha256", &directory));
            assert_same_report(&from_file(found), &from_file(expected), &case);
            let (expected, found) = (theirs(&program, &directory), ours("sha256", &directory));
            let (expected, found) = (from_stdin(expected), from_stdin(found));
            assert_same_report(&found, &expected, &case);
            assert_eq!(found.code, expected.code, "{case}");
        }
    }
}

#[test]
fn a_tree_is_what_find_sort_and_coreutils_make_of_it() {
    let Some(program) = reference("sha256sum") else { return };
    let directory = files();
    for name in NAMES {
        let below = directory.path().join("d").join(OsStr::from_bytes(name)).join("e");
        fs::create_dir_all(&below).unwrap();
        for name in NAMES {
            fs::write(below.join(OsStr::from_bytes(name)), name).unwrap();
        }
    }
    let script = format!("find . -type f -print0 | LC_ALL=C sort -z | xargs -0 {program} --");
    let expected = theirs("sh", &directory).args(["-c", &script]).run().expect_code(0);
    let found = ours("sha256", &directory).args(["-r", "."]).run().expect_code(0);
    assert_eq!(found.stdout, expected.stdout);
    let list = theirs("sh", &directory)
        .args(["-c", "find . -type f -print0 | LC_ALL=C sort -z"])
        .run();
    let from_list = ours("sha256", &directory)
        .args(["--files-from", "-", "-0"])
        .stdin(list.stdout);
    assert_eq!(from_list.run().expect_code(0).stdout, expected.stdout);
}

#[test]
fn what_b3sum_writes_is_what_we_write() {
    let version = std::process::Command::new("b3sum").arg("--version").output();
    let Ok(version) = version else {
        return say_skipped("there is no b3sum to compare with");
    };
    assert!(version.status.success());
    let directory = files();
    // b3sum refuses or escapes otherwise what is not plain.
    let names = ["plain", "with blank", "*star", "ümlaut"];
    let expected = theirs("b3sum", &directory).args(names).run().expect_code(0);
    let found = ours("blake3", &directory).args(names).run().expect_code(0);
    assert_eq!(found.stdout, expected.stdout);
}

#[expect(clippy::print_stderr, reason = "a skipped comparison must be visible")]
fn say_skipped(reason: &str) {
    eprintln!("skipped: {reason}");
}

#[test]
fn coreutils_accepts_what_we_write() {
    let Some(program) = reference("sha256sum") else { return };
    let directory = files();
    for options in [&[][..], &["--tag"], &["--binary"]] {
        let list = ours("sha256", &directory)
            .args(options)
            .args(["--recursive", "."])
            .run()
            .expect_code(0)
            .stdout;
        let checked = theirs(&program, &directory)
            .args(["--check", "--strict"])
            .stdin(list)
            .run()
            .expect_code(0);
        let ok = String::from_utf8_lossy(&checked.stdout).matches(": OK\n").count();
        assert_eq!(ok, NAMES.len());
    }
}
