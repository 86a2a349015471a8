//! `attest hash` over trees and lists that are too long, too wild or too lively for a list in memory.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use crate::command::{Command, Finished};

fn hash(directory: &TempDir) -> Command {
    Command::attest().arg("hash").current_dir(directory.path())
}

/// A directory with these files, each with its own name as content.
fn tree(files: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in files {
        let path = directory.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    directory
}

/// The names of a list, in its order.
fn listed(finished: &Finished) -> Vec<String> {
    let lines = finished
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| String::from_utf8_lossy(&line[66..]).into_owned())
        .collect()
}

fn json(finished: &Finished) -> serde_json::Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}

#[test]
fn links_are_reported_followed_or_refused() {
    let directory = tree(&["t/a/x", "t/a-b", "outside"]);
    symlink("a", directory.path().join("t/b")).unwrap();
    symlink("../outside", directory.path().join("t/file")).unwrap();

    let reported = hash(&directory).args(["-r", "t"]).run().expect_code(0);
    assert_eq!(listed(&reported), ["t/a-b", "t/a/x"]);
    assert_eq!(
        reported.stderr_text(),
        "attest hash: t/b: symbolic link, not followed\nattest hash: t/file: symbolic link, not followed\n"
    );

    let followed = hash(&directory)
        .args(["-r", "t", "--symlinks", "follow"])
        .run()
        .expect_code(0);
    assert_eq!(listed(&followed), ["t/a-b", "t/a/x", "t/b/x", "t/file"]);
    assert_eq!(followed.stderr_text(), "");

    let refused = hash(&directory)
        .args(["-r", "t", "--symlinks", "refuse"])
        .run()
        .expect_code(1);
    assert_eq!(listed(&refused), ["t/a-b", "t/a/x"]);
    assert_eq!(
        refused.stderr_text(),
        "error[symbolic-link]: expected no symbolic link, found one\n  --> t/b\n\
         error[symbolic-link]: expected no symbolic link, found one\n  --> t/file\n\
         attest hash: 2 of 4 files could not be read\n"
    );
}

#[test]
fn a_link_that_is_an_argument_is_what_it_leads_to() {
    let directory = tree(&["t/x"]);
    symlink("t", directory.path().join("l")).unwrap();
    symlink("t/x", directory.path().join("f")).unwrap();
    for policy in ["report", "follow", "refuse"] {
        let finished = hash(&directory)
            .args(["-r", "--symlinks", policy, "l", "f"])
            .run()
            .expect_code(0);
        assert_eq!(listed(&finished), ["l/x", "f"], "{policy}");
    }
}

#[test]
fn a_loop_and_a_dangling_link_are_errors_in_their_place_and_the_rest_goes_on() {
    let directory = tree(&["t/a/x", "t/z"]);
    symlink("..", directory.path().join("t/a/up")).unwrap();
    symlink("nowhere", directory.path().join("t/gone")).unwrap();
    let finished = hash(&directory)
        .args(["-r", "t", "--symlinks", "follow", "--format", "json"])
        .run()
        .expect_code(1);
    let document = json(&finished);
    let codes = |field: &str| -> Vec<String> {
        let all = document["errors"].as_array().unwrap();
        all.iter()
            .map(|error| error[field].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(codes("name"), ["t/a/up", "t/gone"]);
    assert_eq!(codes("code"), ["symbolic-link-loop", "cannot-open"]);
    assert_eq!(codes("message")[0], "the symbolic link leads back to `t`");
    assert_eq!(document["summary"]["files"], 2);
}

#[test]
fn what_is_no_file_in_a_tree_is_an_error_in_its_place() {
    let directory = tree(&["t/a", "t/z"]);
    Command::new("mkfifo")
        .arg(directory.path().join("t/pipe"))
        .run()
        .expect_code(0);
    let finished = hash(&directory).args(["-r", "t"]).run().expect_code(1);
    assert_eq!(listed(&finished), ["t/a", "t/z"]);
    assert_eq!(
        finished.stderr_text(),
        "error[not-a-regular-file]: expected a regular file, found a named pipe\n  --> t/pipe\n\
         attest hash: 1 of 3 files could not be read\n"
    );
}

#[test]
fn an_empty_tree_is_an_empty_list() {
    let directory = tempfile::tempdir().unwrap();
    let finished = hash(&directory).args(["-r", "."]).run().expect_code(0);
    assert_eq!((finished.stdout_text(), finished.stderr_text()), ("", ""));
    let document = json(&hash(&directory).args(["-r", ".", "--format", "json"]).run());
    assert_eq!(document["files"], serde_json::json!([]));
    assert_eq!(document["summary"]["files"], 0);
}

#[test]
fn the_output_lies_in_the_tree_and_lists_neither_itself_nor_its_beginning() {
    let directory = tree(&["t/a", "t/b/c"]);
    for _ in 0..2 {
        hash(&directory)
            .args(["-r", "t", "-o", "t/b/SUMS"])
            .run()
            .expect_code(0);
        let list = fs::read_to_string(directory.path().join("t/b/SUMS")).unwrap();
        let names: Vec<_> = list.lines().map(|line| &line[66..]).collect();
        assert_eq!(names, ["t/a", "t/b/c"]);
    }
    hash(&directory).args(["--check", "t/b/SUMS"]).run().expect_code(0);
    assert_eq!(fs::read_dir(directory.path().join("t/b")).unwrap().count(), 2);
}

#[test]
fn names_come_from_a_list_one_a_line_or_with_nul_bytes() {
    let directory = tree(&["a", "b c", "d/e"]);
    fs::write(directory.path().join("new\nline"), "x").unwrap();
    fs::write(directory.path().join("list"), "a\r\n\nb c\n").unwrap();
    let from_file = hash(&directory)
        .args(["d/e", "--files-from", "list"])
        .run()
        .expect_code(0);
    assert_eq!(listed(&from_file), ["d/e", "a", "b c"]);
    let from_stdin = hash(&directory)
        .args(["--files-from", "-", "-0", "--format", "json"])
        .stdin("new\nline\0a\0")
        .run()
        .expect_code(0);
    let document = json(&from_stdin);
    assert_eq!(document["files"][0]["name"], "new\nline");
    assert_eq!(document["files"][1]["name"], "a");
    let directories = hash(&directory)
        .args(["-r", "--files-from", "-"])
        .stdin("d\na\n")
        .run()
        .expect_code(0);
    assert_eq!(listed(&directories), ["d/e", "a"]);
    let empty = hash(&directory).args(["--files-from", "-"]).run().expect_code(0);
    assert_eq!(empty.stdout_text(), "");
}

#[test]
fn a_list_of_files_that_is_wrong_says_so() {
    let directory = tree(&["a"]);
    let missing = hash(&directory).args(["--files-from", "no"]).run().expect_code(3);
    assert_eq!(
        missing.stderr_text(),
        "error[list-unreadable]: cannot read the list of files: No such file or directory\n  --> no\n"
    );
    let nul = hash(&directory)
        .args(["--files-from", "-"])
        .stdin("a\0b\0")
        .run()
        .expect_code(2);
    assert!(
        nul.stderr_text()
            .starts_with("error[list-invalid]: expected one name on each line, found NUL bytes")
    );
    let long = [&b"x".repeat(70_000)[..], b"\na\n-\n"].concat();
    let finished = hash(&directory)
        .args(["--files-from", "-"])
        .stdin(long)
        .run()
        .expect_code(1);
    assert_eq!(listed(&finished), ["a"]);
    assert!(finished.stderr_text().contains("error[name-invalid]"));
    assert!(finished.stderr_text().contains("error[standard-input-is-the-list]"));
    assert!(
        finished
            .stderr_text()
            .ends_with("attest hash: 2 of 3 files could not be read\n")
    );
}

#[test]
fn names_of_every_kind_and_length_are_listed_and_checked() {
    let directory = tempfile::tempdir().unwrap();
    let names: [&[u8]; 6] = [
        b"\xff\xfe",
        b"new\nline",
        b"back\\slash",
        b" lead",
        b"tab\t",
        &[b'n'; 255],
    ];
    let deep = directory.path().join("d/".repeat(1500));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("f"), "deep").unwrap();
    for name in names {
        fs::write(directory.path().join(OsStr::from_bytes(name)), name).unwrap();
    }
    let list = hash(&directory).args(["-r", "."]).run().expect_code(0).stdout;
    let checked = hash(&directory).arg("--check").stdin(list).run().expect_code(0);
    assert_eq!(String::from_utf8_lossy(&checked.stdout).matches(": OK\n").count(), 7);
    let too_long = hash(&directory).arg("x".repeat(5000)).run().expect_code(1);
    assert!(too_long.stderr_text().contains("File name too long"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_goes_away_ends_the_run_without_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..3000 {
        fs::write(directory.path().join(number.to_string()), "").unwrap();
    }
    let script = "\"$0\" hash -r . | head -n 1; echo \"${PIPESTATUS[0]}\" >&2";
    let finished = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_attest")])
        .current_dir(directory.path())
        .run();
    assert_eq!(listed(&finished), ["./0"]);
    assert!(finished.stderr_text().starts_with("error[stdout-failed]"));
    assert!(finished.stderr_text().ends_with("\n3\n"), "{}", finished.stderr_text());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_no_list_behind() {
    let directory = tree(&["a"]);
    let finished = Command::new("sh")
        .args([
            "-c",
            "exec \"$0\" hash --format json a > /dev/full",
            env!("CARGO_BIN_EXE_attest"),
        ])
        .current_dir(directory.path())
        .run()
        .expect_code(3);
    assert!(finished.stderr_text().starts_with("error[stdout-failed]"));
}

/// Hashes a directory in which a large file is changed again and again for as long as that takes.
#[cfg(target_os = "linux")]
fn hashed_during(change: impl Fn(&fs::File) + Sync) -> Finished {
    use std::sync::atomic::{AtomicBool, Ordering};

    let directory = tree(&["a", "z"]);
    let log = fs::File::create(directory.path().join("log")).unwrap();
    log.set_len(128 << 20).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                change(&log);
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        let finished = hash(&directory).args(["-r", "."]).run();
        done.store(true, Ordering::Relaxed);
        finished
    })
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_grows_shrinks_or_is_overwritten_meanwhile_is_an_error_and_no_digest() {
    use std::os::unix::fs::FileExt as _;

    let len = |file: &fs::File| file.metadata().unwrap().len();
    let grow = |file: &fs::File| file.set_len(len(file) + 1).unwrap();
    let shrink = |file: &fs::File| file.set_len(len(file) - 1).unwrap();
    let overwrite = |file: &fs::File| file.write_all_at(b"other", 0).unwrap();
    for change in [&grow as &(dyn Fn(&fs::File) + Sync), &shrink, &overwrite] {
        let finished = hashed_during(change).expect_code(1);
        assert_eq!(listed(&finished), ["./a", "./z"]);
        assert_eq!(
            finished.stderr_text(),
            "error[changed-while-reading]: file changed while it was read\n  --> ./log\n\n\
             hint: let whatever writes the file finish, then run `attest hash …` again\n\
             attest hash: 1 of 3 files could not be read\n"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_list_that_a_shell_writes_into_the_tree_does_not_list_itself() {
    let directory = tree(&["a", "b"]);
    for _ in 0..2 {
        Command::new("sh")
            .args(["-c", "exec \"$0\" hash -r . > SUMS", env!("CARGO_BIN_EXE_attest")])
            .current_dir(directory.path())
            .run()
            .expect_code(0);
        let list = fs::read_to_string(directory.path().join("SUMS")).unwrap();
        let names: Vec<_> = list.lines().map(|line| &line[66..]).collect();
        assert_eq!(names, ["./a", "./b"]);
    }
}

#[test]
fn several_lists_are_checked_in_their_order_and_each_has_its_say() {
    let directory = tree(&["a", "b"]);
    let sums = hash(&directory).args(["a", "b"]).run().expect_code(0).stdout;
    fs::write(directory.path().join("one"), &sums).unwrap();
    fs::write(directory.path().join("three"), [&sums[..], b"junk\n"].concat()).unwrap();
    fs::write(directory.path().join("b"), "changed").unwrap();
    let finished = hash(&directory)
        .args(["--check", "one", "two", "three"])
        .run()
        .expect_code(1);
    assert_eq!(finished.stdout_text(), "a: OK\nb: FAILED\na: OK\nb: FAILED\n");
    assert_eq!(
        finished.stderr_text(),
        "attest hash: WARNING: 1 computed checksum did NOT match\n\
         attest hash: two: No such file or directory\n\
         attest hash: WARNING: 1 line is improperly formatted\n\
         attest hash: WARNING: 1 computed checksum did NOT match\n"
    );
    let document = json(
        &hash(&directory)
            .args(["--check", "--format", "json", "one", "two", "three"])
            .run()
            .expect_code(1),
    );
    let lists = document["lists"].as_array().unwrap();
    assert_eq!(
        lists
            .iter()
            .map(|list| list["entries"].as_array().unwrap().len())
            .collect::<Vec<_>>(),
        [2, 0, 2]
    );
    assert_eq!(lists[1]["error"], "No such file or directory");
    assert_eq!(lists[2]["malformed"][0]["line"], 3);
    assert_eq!(
        document["summary"],
        serde_json::json!({"ok": 2, "failed": 2, "unreadable": 0, "missing": 0, "malformed": 1})
    );
}

#[test]
fn standard_input_is_measured_once_wherever_it_is_named() {
    let directory = tree(&["a"]);
    let a = hash(&directory).arg("a").run().stdout_text()[..64].to_owned();
    let finished = hash(&directory).args(["-", "a", "-"]).stdin("a").run().expect_code(0);
    let lines: Vec<_> = finished.stdout_text().lines().collect();
    assert_eq!(lines[0], format!("{a}  -"));
    assert!(lines[2].starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
    fs::write(directory.path().join("list"), format!("{a}  -\n{a}  a\n")).unwrap();
    let checked = hash(&directory)
        .args(["--check", "list"])
        .stdin("a")
        .run()
        .expect_code(0);
    assert_eq!(checked.stdout_text(), "-: OK\na: OK\n");
}

#[test]
fn statistics_say_files_bytes_speed_and_lanes() {
    let directory = tree(&["a", "bb"]);
    let finished = hash(&directory)
        .args(["a", "bb", "--stats", "--threads", "1"])
        .run()
        .expect_code(0);
    let talk = finished.stderr_text();
    assert!(talk.starts_with("attest hash: 2 files, 3 B in 0."), "{talk}");
    assert!(talk.ends_with(", 1 thread\n"), "{talk}");
    let document = json(
        &hash(&directory)
            .args(["a", "--format", "json", "--stats"])
            .run()
            .expect_code(0),
    );
    assert_eq!(document["statistics"]["files"], 1);
    assert!(document["statistics"]["platform"].is_string());
    let silent = hash(&directory).args(["a", "bb"]).run().expect_code(0);
    assert_eq!(silent.stderr_text(), "");
}

#[test]
fn every_platform_has_the_same_answer() {
    let directory = tempfile::tempdir().unwrap();
    for len in [0, 1, 55, 56, 63, 64, 65, 4096, 100_000] {
        fs::write(directory.path().join(len.to_string()), vec![b'x'; len]).unwrap();
    }
    let wrong = hash(&directory)
        .args(["--platform", "?", "-r", "."])
        .run()
        .expect_code(2);
    let names = wrong.stderr_text().split(['(', ')']).nth(1).unwrap().to_owned();
    let expected = hash(&directory).args(["-r", "."]).run().expect_code(0).stdout;
    assert!(names.split(", ").any(|name| name == "portable"), "{names}");
    for name in names.split(", ") {
        let found = hash(&directory)
            .args(["-r", ".", "--platform", name])
            .run()
            .expect_code(0);
        assert_eq!(found.stdout, expected, "{name}");
    }
}

/// The most memory, in KiB, that the program has held when it has hashed a tree of `count` names and waits for its input;
/// without the pages of the program itself, of which one that is not optimised has many.
#[cfg(target_os = "linux")]
fn peak(directory: &Path, arguments: &[&str], count: usize) -> u64 {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_attest"))
        .args(["hash", "--threads", "2", "--recursive"])
        .args(arguments)
        .args([".", "-"])
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The last lines wait in the program for more of them.
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines.skip(count - 1000);
    assert!(lines.next().unwrap().unwrap().contains("./a file"));
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    drop(child.stdin.take());
    assert!(lines.count() >= 1000);
    assert!(child.wait().unwrap().success());
    let field = |name: &str| -> u64 {
        let value = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        value.trim().trim_end_matches(" kB").parse().unwrap()
    };
    field("VmHWM:") - field("RssFile:")
}

#[cfg(target_os = "linux")]
fn directory_of_names(count: usize) -> TempDir {
    /// The most links to one file that every usual file system makes.
    const LINKS: usize = 30_000;
    let directory = tempfile::tempdir().unwrap();
    let path = |number: usize| {
        directory
            .path()
            .join(format!("a file with a name of usual length {number:07}"))
    };
    for number in 0..count {
        match number % LINKS {
            0 => fs::write(path(number), "").unwrap(),
            place => fs::hard_link(path(number - place), path(number)).unwrap(),
        }
    }
    directory
}

/// The first tree already fills everything that is bounded: from there on nothing may grow.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_number_of_names() {
    let (few, many) = (directory_of_names(20_000), directory_of_names(60_000));
    for arguments in [&[][..], &["--format", "json"]] {
        let few = peak(few.path(), arguments, 20_000);
        let many = peak(many.path(), arguments, 60_000);
        assert!(many < few + 3072, "{few} KiB for 20,000 names, {many} KiB for 60,000");
        assert!(many < 20 * 1024, "{many} KiB");
    }
}
