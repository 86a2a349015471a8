//! Where `attest hash` writes its lists, and what is there when it is stopped.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;

use crate::command::Command;

fn hash(directory: &TempDir) -> Command {
    Command::attest().arg("hash").current_dir(directory.path())
}

fn tree(files: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in files {
        let path = directory.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    directory
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_link_is_written_through_and_what_it_leads_to_does_not_list_itself() {
    let directory = tree(&["t/a", "t/SUMS"]);
    symlink("t/SUMS", directory.path().join("link")).unwrap();
    let place = directory.path().join("t/SUMS");
    fs::set_permissions(&place, fs::Permissions::from_mode(0o600)).unwrap();
    hash(&directory).args(["-r", "t", "-o", "link"]).run().expect_code(0);
    let list = fs::read_to_string(&place).unwrap();
    assert_eq!(list.lines().map(|line| &line[66..]).collect::<Vec<_>>(), ["t/a"]);
    assert!(directory.path().join("link").is_symlink());
    assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_manifest_is_not_written_into_its_tree_through_a_link() {
    let directory = tree(&["data/a"]);
    symlink("data/out.json", directory.path().join("link")).unwrap();
    let run = |output| hash(&directory).args(["--manifest", "data", "-o", output]).run();
    let refused = run("link").expect_code(2);
    assert!(refused.stderr_text().starts_with("error[output-in-tree]"));
    run("beside").expect_code(0);
    assert_eq!(names(&directory.path().join("data")), ["a"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_manifest_is_not_written_into_its_tree_by_a_shell() {
    let directory = tree(&["data/a", "data/left-out/b"]);
    let run = |arguments: &str, place: &str| {
        let script = format!("\"$ATTEST\" hash --manifest data {arguments} > {place}");
        let finished = Command::new("sh")
            .args(["-c", &script])
            .env("ATTEST", env!("CARGO_BIN_EXE_attest"))
            .current_dir(directory.path())
            .run();
        let written = fs::read_to_string(directory.path().join(place)).unwrap();
        (finished, written)
    };
    let (beside, manifest) = run("--ignore-path left-out", "beside");
    beside.expect_code(0);
    for arguments in ["", "--shard 0/1", "-o /dev/stdout"] {
        let (refused, written) = run(arguments, "data/out.json");
        let refused = refused.expect_code(2);
        assert!(refused.stderr_text().starts_with("error[output-in-tree]"));
        assert_eq!(written, "");
    }
    fs::remove_file(directory.path().join("data/out.json")).unwrap();
    let (ignored, written) = run("--ignore-path left-out", "data/left-out/out.json");
    ignored.expect_code(0);
    assert_eq!(written, manifest);
}

#[test]
fn a_named_pipe_gets_the_list_and_a_directory_is_refused() {
    let directory = tree(&["a", "d/b"]);
    let pipe = directory.path().join("pipe");
    Command::new("mkfifo").arg(&pipe).run().expect_code(0);
    let read = pipe.clone();
    let reader = std::thread::spawn(move || fs::read(read).unwrap());
    hash(&directory).args(["a", "-o", "pipe"]).run().expect_code(0);
    let list = hash(&directory).arg("a").run().expect_code(0).stdout;
    assert_eq!(reader.join().unwrap(), list);
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());

    let refused = hash(&directory).args(["a", "-o", "d"]).run().expect_code(3);
    assert_eq!(
        refused.stderr_text(),
        "error[output-failed]: cannot write the output file: expected a place for a file, found a directory\n  --> d\n"
    );
    let shown = hash(&directory).args(["a", "-o", "/dev/stdout"]).run().expect_code(0);
    assert_eq!(shown.stdout, list);
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_is_killed_leaves_nothing_in_the_directory() {
    let directory = tree(&["a", "SUMS"]);
    let heeded = [("-HUP", 1), ("-INT", 2), ("-KILL", 9), ("-TERM", 15)];
    for (signal, _) in heeded.into_iter().filter(|(_, number)| !is_ignored(*number)) {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_attest"))
            .args(["hash", "--files-from", "-", "-o", "SUMS", "--stats"])
            .current_dir(directory.path())
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut names_in = child.stdin.take().unwrap();
        // More than a pipe holds: it has begun to read once all of it is written.
        names_in.write_all(&b"a\n".repeat(64 << 10)).unwrap();
        Command::new("kill")
            .args([signal, &child.id().to_string()])
            .run()
            .expect_code(0);
        assert_eq!(child.wait().unwrap().code(), None);
        assert_eq!(names(directory.path()), ["SUMS", "a"], "{signal}");
        assert_eq!(fs::read_to_string(directory.path().join("SUMS")).unwrap(), "SUMS");
    }
}

/// A program inherits what its parent ignores: below `nohup`, hanging up ends nobody.
#[cfg(target_os = "linux")]
fn is_ignored(signal: u32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(ignored.trim(), 16).unwrap() >> (signal - 1) & 1 == 1
}

#[test]
fn a_directory_that_cannot_be_sorted_is_counted_as_one() {
    // So many long names do not fit into what is sorted in memory.
    let directory = tree(&["t/z/a", "t/b"]);
    for number in 0..11_000 {
        fs::write(directory.path().join(format!("t/z/{number:0200}")), "").unwrap();
    }
    let hashed = |place: &str| hash(&directory).args(["-r", "t"]).env("TMPDIR", place).run();
    let missing = hashed("/nonexistent").expect_code(1);
    let list = missing.stdout_text();
    assert_eq!(list.lines().map(|line| &line[66..]).collect::<Vec<_>>(), ["t/b"]);
    let said = missing.stderr_text();
    assert!(said.starts_with("error[temporary-file-failed]"), "{said}");
    assert!(
        said.ends_with("attest hash: 1 directory could not be listed\n"),
        "{said}"
    );
    let whole = hashed(directory.path().to_str().unwrap()).expect_code(0);
    assert_eq!(whole.stdout_text().lines().count(), 11_002);
}

#[test]
fn who_closes_stdout_does_not_wait_for_who_writes_the_names() {
    let directory = tree(&["a"]);
    let list = hash(&directory).arg("a").run().expect_code(0).stdout;
    for (arguments, line) in [(["--files-from", "-"], b"a\n".to_vec()), (["--check", "-"], list)] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_attest"))
            .arg("hash")
            .args(arguments)
            .current_dir(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut names_in = child.stdin.take().unwrap();
        drop(child.stdout.take());
        // More than waits anywhere on its way to stdout. The pipe stays open until the process has ended.
        let _ = names_in.write_all(&line.repeat(20_000));
        assert_eq!(child.wait().unwrap().code(), Some(3));
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
        assert!(said.starts_with("error[stdout-failed]"), "{said}");
    }
}
