//! `attest hash` and named pipes: read when they are named, refused where they were found.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;

use crate::command::{Command, Finished};

/// SHA-256 of `a` and a newline.
const A: &str = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7";
/// SHA-256 of `b` and a newline.
const B: &str = "0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f";

fn pipe(directory: &TempDir, name: &str) -> PathBuf {
    let path = directory.path().join(name);
    Command::new("mkfifo").arg(&path).run().expect_code(0);
    path
}

/// Runs while `bytes` are written to the pipe, a byte at a time.
fn hashed(directory: &TempDir, arguments: &[&str], pipe: &Path, bytes: &[u8]) -> Finished {
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = File::options().write(true).open(pipe).unwrap();
            bytes.chunks(1).for_each(|byte| writer.write_all(byte).unwrap());
        });
        hash(directory).args(arguments).run()
    })
}

fn hash(directory: &TempDir) -> Command {
    Command::attest().arg("hash").current_dir(directory.path())
}

#[test]
fn a_pipe_that_is_an_argument_is_read_to_its_end_in_its_place() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a"), "a\n").unwrap();
    let pipe = pipe(&directory, "p");
    for threads in ["1", "3"] {
        let arguments = ["--threads", threads, "a", "p", "a"];
        let finished = hashed(&directory, &arguments, &pipe, b"b\n").expect_code(0);
        assert_eq!(finished.stdout_text(), format!("{A}  a\n{B}  p\n{A}  a\n"), "{threads}");
    }
    std::os::unix::fs::symlink("p", directory.path().join("link")).unwrap();
    let finished = hashed(&directory, &["link"], &pipe, b"a\n").expect_code(0);
    assert_eq!(finished.stdout_text(), format!("{A}  link\n"));
}

/// Each of two readers would have some of the bytes.
#[test]
fn a_pipe_that_is_named_twice_is_read_once() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = pipe(&directory, "p");
    let finished = hashed(&directory, &["--threads", "3", "p", "./p"], &pipe, b"b\n").expect_code(1);
    assert_eq!(finished.stdout_text(), format!("{B}  p\n"));
    assert_eq!(
        finished.stderr_text(),
        "error[pipe-named-twice]: expected a pipe that is read once, found it named again\n  --> ./p\n\
         attest hash: 1 of 2 files could not be read\n"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn standard_input_that_is_a_pipe_is_read_once_under_either_name() {
    let directory = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        hash(&directory)
            .args(["--threads", "3"])
            .args(arguments)
            .stdin("a\n")
            .run()
    };
    let finished = run(&["/dev/stdin"]).expect_code(0);
    assert_eq!(finished.stdout_text(), format!("{A}  /dev/stdin\n"));
    let finished = run(&["-", "/dev/stdin"]).expect_code(1);
    assert_eq!(finished.stdout_text(), format!("{A}  -\n"));
    assert!(finished.stderr_text().starts_with("error[pipe-named-twice]"));
}

/// Nobody writes: whoever opened the pipe would wait for ever.
#[test]
fn a_pipe_that_was_found_in_a_list_or_a_tree_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    pipe(&directory, "p");
    fs::write(directory.path().join("names"), "p\n").unwrap();
    fs::write(directory.path().join("sums"), format!("{A}  p\n")).unwrap();
    for arguments in [&["--files-from", "names"][..], &["-r", "p"], &["-r", "."]] {
        let finished = hash(&directory).args(arguments).run().expect_code(1);
        let expected = "error[not-a-regular-file]: expected a regular file, found a named pipe\n";
        assert!(
            finished.stderr_text().starts_with(expected),
            "{}",
            finished.stderr_text()
        );
    }
    let finished = hash(&directory).args(["--check", "sums"]).run().expect_code(1);
    assert_eq!(finished.stdout_text(), "p: FAILED open or read\n");
}
