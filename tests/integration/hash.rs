use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use crate::command::{Command, Finished};

/// SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// SHA-256 of `a` and a newline.
const A: &str = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7";

fn hash(directory: &TempDir) -> Command {
    Command::attest().arg("hash").current_dir(directory.path())
}

/// A directory with some files of one byte and a newline, named by that byte.
fn directory_of(names: &[&[u8]]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for name in names {
        let content = [&name[..1], b"\n"].concat();
        fs::write(directory.path().join(OsStr::from_bytes(name)), content).unwrap();
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

fn json(finished: &Finished) -> serde_json::Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}

#[test]
fn a_file_and_stdin_are_listed_as_sha256sum_lists_them() {
    let directory = directory_of(&[b"a", b"b c", b"b\\s"]);
    let finished = hash(&directory).args(["a", "-", "b\\s"]).run().expect_code(0);
    let b = "0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f";
    assert_eq!(finished.stdout_text(), format!("{A}  a\n{EMPTY}  -\n\\{b}  b\\\\s\n"));
    assert_eq!(finished.stderr_text(), "");
}

#[test]
fn no_file_at_all_means_stdin() {
    let finished = Command::attest().arg("hash").stdin("a\n").run().expect_code(0);
    assert_eq!(finished.stdout_text(), format!("{A}  -\n"));
}

#[test]
fn the_binary_of_the_verb_does_the_same() {
    let finished = Command::new(env!("CARGO_BIN_EXE_attest-hash"))
        .stdin("a\n")
        .run()
        .expect_code(0);
    assert_eq!(finished.stdout_text(), format!("{A}  -\n"));
}

#[test]
fn several_algorithms_are_one_line_each() {
    let directory = directory_of(&[b"a"]);
    let finished = hash(&directory)
        .args(["-a", "blake3,sha512,sha256", "--tag", "a"])
        .run()
        .expect_code(0);
    let tags: Vec<_> = finished
        .stdout_text()
        .lines()
        .map(|line| line.split('=').next().unwrap())
        .collect();
    assert_eq!(tags, ["SHA256 (a) ", "SHA512 (a) ", "BLAKE3 (a) "]);
    let ambiguous = hash(&directory).args(["-a", "blake3,sha256", "a"]).run().expect_code(2);
    assert!(ambiguous.stderr_text().starts_with("error[ambiguous-lines]"));
}

#[test]
fn one_missing_file_is_reported_and_the_rest_goes_on() {
    let directory = directory_of(&[b"a", b"b"]);
    let finished = hash(&directory).args(["a", "gone", "b"]).run().expect_code(1);
    assert_eq!(finished.stdout_text().lines().count(), 2);
    assert_eq!(
        finished.stderr_text(),
        "error[cannot-open]: cannot read the file: No such file or directory\n  --> gone\n\
         attest hash: 1 of 3 files could not be read\n"
    );
}

#[test]
fn a_directory_and_a_device_are_refused_by_name() {
    let directory = directory_of(&[]);
    fs::create_dir(directory.path().join("d")).unwrap();
    let finished = hash(&directory).args(["d", "/dev/null"]).run().expect_code(1);
    assert_eq!(finished.stdout_text(), "");
    for (found, place) in [("a directory", "d"), ("a character device", "/dev/null")] {
        let expected = format!("error[not-a-regular-file]: expected a regular file, found {found}\n  --> {place}\n");
        assert!(finished.stderr_text().contains(&expected), "{}", finished.stderr_text());
    }
    assert!(
        finished
            .stderr_text()
            .ends_with("attest hash: 2 of 2 files could not be read\n")
    );
}

#[test]
fn a_tree_is_listed_in_the_order_of_its_bytes_and_links_are_not_followed() {
    let directory = directory_of(&[]);
    let tree = directory.path().join("t");
    fs::create_dir_all(tree.join("a")).unwrap();
    for name in ["a-b", "a/b", "Z"] {
        fs::write(tree.join(name), "a\n").unwrap();
    }
    std::os::unix::fs::symlink("a", tree.join("link")).unwrap();
    let finished = hash(&directory).args(["--recursive", "t"]).run().expect_code(0);
    assert_eq!(finished.stdout_text(), format!("{A}  t/Z\n{A}  t/a-b\n{A}  t/a/b\n"));
    assert_eq!(
        finished.stderr_text(),
        "attest hash: t/link: symbolic link, not followed\n"
    );
}

#[test]
fn the_output_is_the_same_for_any_number_of_threads() {
    let directory = tempfile::tempdir().unwrap();
    for i in 0..40_u32 {
        let content = i.to_le_bytes().repeat(i as usize * 2000);
        fs::write(directory.path().join(format!("{i}")), content).unwrap();
    }
    let serial = hash(&directory)
        .args(["-r", ".", "--threads", "1"])
        .run()
        .expect_code(0);
    assert_eq!(serial.stdout_text().lines().count(), 40);
    for count in ["2", "7", "64"] {
        let parallel = hash(&directory)
            .args(["-r", ".", "--threads", count])
            .run()
            .expect_code(0);
        assert_eq!(parallel.stdout, serial.stdout);
        let by_environment = hash(&directory).args(["-r", "."]).env("RAYON_NUM_THREADS", count).run();
        assert_eq!(by_environment.stdout, serial.stdout);
    }
}

#[test]
fn a_senseless_number_of_threads_is_wrong_usage() {
    Command::attest().args(["hash", "--threads", "0"]).run().expect_code(2);
    let finished = Command::attest()
        .arg("hash")
        .env("RAYON_NUM_THREADS", "many")
        .run()
        .expect_code(2);
    assert!(
        finished
            .stderr_text()
            .starts_with("error[threads-invalid]: RAYON_NUM_THREADS: expected")
    );
}

#[test]
fn the_output_file_is_whole_and_does_not_list_itself() {
    let directory = directory_of(&[b"a"]);
    for _ in 0..2 {
        let finished = hash(&directory)
            .args(["-r", ".", "-o", "SHA256SUMS"])
            .run()
            .expect_code(0);
        assert_eq!(finished.stdout_text(), "");
        assert_eq!(
            fs::read_to_string(directory.path().join("SHA256SUMS")).unwrap(),
            format!("{A}  ./a\n")
        );
    }
    assert_eq!(names(directory.path()), ["SHA256SUMS", "a"]);
    let mode = fs::metadata(directory.path().join("SHA256SUMS"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o600, 0o600);
}

#[test]
fn a_failure_leaves_no_output_file() {
    let directory = directory_of(&[b"a"]);
    let finished = hash(&directory).args(["a", "gone", "-o", "sums"]).run().expect_code(1);
    let expected = "error[incomplete-list]: 1 of 2 files could not be read; nothing was written\n  --> sums\n";
    assert!(finished.stderr_text().ends_with(expected), "{}", finished.stderr_text());
    assert_eq!(names(directory.path()), ["a"]);
    let nowhere = hash(&directory).args(["a", "-o", "no/such/sums"]).run().expect_code(3);
    assert!(nowhere.stderr_text().starts_with("error[output-failed]"));
    assert_eq!(names(directory.path()), ["a"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_no_success() {
    let directory = directory_of(&[b"a"]);
    let finished = Command::new("sh")
        .args(["-c", "exec \"$0\" hash a > /dev/full", env!("CARGO_BIN_EXE_attest")])
        .current_dir(directory.path())
        .run()
        .expect_code(3);
    assert!(finished.stderr_text().starts_with("error[stdout-failed]"));
}

#[test]
fn json_says_names_sizes_digests_and_what_is_missing() {
    let directory = directory_of(&[b"a", b"b\xff"]);
    let finished = hash(&directory)
        .args(["--format", "json", "a", "gone"])
        .arg(OsStr::from_bytes(b"b\xff"))
        .run()
        .expect_code(1);
    let document = json(&finished);
    assert_eq!(document["schema"], "https://attest.dev/schema/hash/v1");
    assert_eq!(
        document["files"][0],
        serde_json::json!({"name": "a", "size": 2, "digests": {"sha256": A}})
    );
    assert_eq!(document["files"][1]["nameHex"], "62ff");
    assert_eq!(document["errors"][0]["name"], "gone");
    assert_eq!(document["errors"][0]["code"], "cannot-open");
    assert_eq!(
        document["summary"],
        serde_json::json!({"files": 2, "bytes": 4, "skipped": 0, "errors": 1})
    );
}

#[test]
fn options_that_make_no_sense_together_are_wrong_usage() {
    for wrong in [
        &["--check", "--tag"][..],
        &["--check", "--zero"],
        &["--check", "--output", "x"],
        &["--check", "--format", "bsd"],
        &["--check", "--algorithm", "sha256,sha512"],
        &["--quiet"],
        &["--ignore-missing"],
        &["--tag", "--text"],
        &["--format", "json", "--zero"],
        &["--algorithm", "md5"],
        &["--null"],
        &["--symlinks", "follow", "a"],
        &["--check", "--files-from", "x"],
        &["--files-from", "-", "-"],
        &["--platform", "abacus"],
    ] {
        let finished = Command::attest().arg("hash").args(wrong).run().expect_code(2);
        assert_eq!(finished.stdout_text(), "", "{wrong:?}");
    }
}

#[test]
fn a_right_list_is_accepted_and_a_wrong_one_is_rejected() {
    let directory = directory_of(&[b"a", b"b"]);
    let list = hash(&directory).args(["a", "b"]).run().expect_code(0).stdout;
    let accepted = hash(&directory).arg("--check").stdin(list.clone()).run().expect_code(0);
    assert_eq!(accepted.stdout_text(), "a: OK\nb: OK\n");
    fs::write(directory.path().join("b"), "changed").unwrap();
    let rejected = hash(&directory).arg("--check").stdin(list).run().expect_code(1);
    assert_eq!(rejected.stdout_text(), "a: OK\nb: FAILED\n");
    assert_eq!(
        rejected.stderr_text(),
        "attest hash: WARNING: 1 computed checksum did NOT match\n"
    );
}

#[test]
fn every_form_and_algorithm_checks_without_being_named() {
    let directory = directory_of(&[b"a", b"b\nb", b"c\\\xff"]);
    let names = [&b"a"[..], b"b\nb", b"c\\\xff"].map(OsStr::from_bytes);
    for form in [
        &["-a", "sha256,sha384,sha512"][..],
        &["-a", "sha256,sha384,sha512,blake3", "--tag"],
        &["-a", "sha512", "--binary"],
    ] {
        let list = hash(&directory).args(form).args(names).run().expect_code(0).stdout;
        let lines = list.iter().filter(|byte| **byte == b'\n').count();
        let checked = hash(&directory).arg("--check").stdin(list).run().expect_code(0);
        let ok = String::from_utf8_lossy(&checked.stdout).matches(": OK\n").count();
        assert_eq!(ok, lines, "{form:?}");
    }
}

#[test]
fn blake3_is_read_from_untagged_lines_only_when_asked_for() {
    let directory = directory_of(&[b"a"]);
    let list = hash(&directory).args(["-a", "blake3", "a"]).run().expect_code(0).stdout;
    let asked = hash(&directory)
        .args(["--check", "-a", "blake3"])
        .stdin(list.clone())
        .run();
    assert_eq!(asked.expect_code(0).stdout_text(), "a: OK\n");
    hash(&directory).arg("--check").stdin(list).run().expect_code(1);
}

#[test]
fn a_list_that_verifies_nothing_is_rejected() {
    let directory = directory_of(&[b"a"]);
    let gone = format!("{A}  gone\n");
    for (list, option) in [
        ("junk\n", "--strict"),
        ("", "--strict"),
        (gone.as_str(), "--ignore-missing"),
    ] {
        hash(&directory)
            .args(["--check", option])
            .stdin(list)
            .run()
            .expect_code(1);
    }
}

#[test]
fn a_listed_file_that_cannot_be_read_is_rejected_and_an_unreadable_list_is_undecided() {
    let directory = directory_of(&[b"a"]);
    let (gone, wrong) = (format!("{A}  gone\n"), format!("{EMPTY}  a\n"));
    let finished = hash(&directory).arg("--check").stdin(gone.clone()).run().expect_code(1);
    assert_eq!(finished.stdout_text(), "gone: FAILED open or read\n");
    hash(&directory)
        .arg("--check")
        .stdin(gone + &wrong)
        .run()
        .expect_code(1);
    hash(&directory).args(["--check", "no-such-list"]).run().expect_code(3);
}

#[test]
fn malformed_lines_matter_only_under_strict() {
    let directory = directory_of(&[b"a"]);
    let list = format!("# comment\n\njunk\n{A}  a\r\n");
    let lenient = hash(&directory)
        .args(["--check", "--warn"])
        .stdin(list.clone())
        .run()
        .expect_code(0);
    assert_eq!(
        lenient.stderr_text(),
        "attest hash: 'standard input': 3: improperly formatted SHA256 checksum line\n\
         attest hash: WARNING: 1 line is improperly formatted\n"
    );
    hash(&directory)
        .args(["--check", "--strict"])
        .stdin(list)
        .run()
        .expect_code(1);
}

#[test]
fn the_json_report_says_what_was_expected_and_found() {
    let directory = directory_of(&[b"a"]);
    let list = format!("{EMPTY}  a\n{A}  gone\njunk\n");
    let finished = hash(&directory)
        .args(["--check", "--format", "json"])
        .stdin(list)
        .run()
        .expect_code(1);
    let document = json(&finished);
    assert_eq!(document["schema"], "https://attest.dev/schema/hash-check/v1");
    assert_eq!(document["verdict"], "rejected");
    assert_eq!(
        document["summary"],
        serde_json::json!({"ok": 0, "failed": 1, "unreadable": 1, "missing": 0, "malformed": 1})
    );
    assert_eq!(
        document["lists"][0]["entries"],
        serde_json::json!([
            {"name": "a", "status": "failed", "algorithm": "sha256", "expected": EMPTY, "found": A},
            {"name": "gone", "status": "unreadable", "algorithm": "sha256", "expected": A, "reason": "No such file or directory"},
        ])
    );
    assert_eq!(document["lists"][0]["malformed"][0]["line"], 3);
}

#[test]
fn a_long_list_is_checked_to_its_end() {
    let directory = directory_of(&[b"a"]);
    let list = format!("{A}  a\n").repeat(9000) + &format!("{EMPTY}  a\n");
    let finished = hash(&directory)
        .args(["--check", "--quiet"])
        .stdin(list)
        .run()
        .expect_code(1);
    assert_eq!(finished.stdout_text(), "a: FAILED\n");
}
