use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use attest_archive::{Content, Format, Member, Members, Recipe, SourceDate, write_archive_to};
use attest_digest::{Algorithm, Algorithms, Measured};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tempfile::TempDir;

use crate::command::{Command, Finished};

pub(crate) const DATE: &str = "1700000000";
pub(crate) const WHEEL: &str = "beagle_vote-1.0-py3-none-any.whl";
pub(crate) const SDIST: &str = "beagle_vote-1.0.tar.gz";
pub(crate) const METADATA: &str = "Metadata-Version: 2.2\nName: beagle-vote\nVersion: 1.0\n";
const INFO: &str = "beagle_vote-1.0.dist-info";

fn archive(format: Format, files: &[(String, String)], seconds: u64) -> Vec<u8> {
    let member = |(path, text): &(String, String)| {
        let path = path.parse().expect("a path");
        Member::file(path, Content::Bytes(text.clone().into_bytes()), false)
    };
    let recipe = Recipe {
        format,
        members: Members::new(files.iter().map(member)).expect("members"),
        source_date: SourceDate::from_seconds(seconds).expect("a date"),
        threads: NonZeroUsize::MIN,
        algorithms: Algorithms::one(Algorithm::Sha256),
    };
    write_archive_to(&recipe, Vec::new(), Path::new("."))
        .expect("an archive")
        .0
}

/// A wheel with directories as members and RECORD in the middle: right, and not in its normal form.
pub(crate) fn wheel(module: &str, recorded: &str) -> Vec<u8> {
    let mut files = vec![
        ("beagle_vote.py".to_owned(), module.to_owned()),
        (format!("{INFO}/METADATA"), METADATA.to_owned()),
        (
            format!("{INFO}/WHEEL"),
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned(),
        ),
    ];
    let mut record = String::new();
    for (path, text) in &files {
        let text = if path == "beagle_vote.py" { recorded } else { text };
        let measured = Measured::of_bytes(text.as_bytes(), &Algorithms::one(Algorithm::Sha256));
        let digest = measured.digest(Algorithm::Sha256).expect("a digest").as_bytes();
        let digest = URL_SAFE_NO_PAD.encode(digest);
        record.push_str(&format!("{path},sha256={digest},{}\r\n", text.len()));
    }
    files.push((format!("{INFO}/RECORD"), format!("{record}{INFO}/RECORD,,\r\n")));
    archive(Format::Zip, &files, 1_500_000_000)
}

pub(crate) fn sdist(metadata: &str) -> Vec<u8> {
    let file = |path: &str, text: &str| (format!("beagle_vote-1.0/{path}"), text.to_owned());
    let files = [file("PKG-INFO", metadata), file("pyproject.toml", "[project]\n")];
    archive(Format::TarGz, &files, 1_500_000_000)
}

/// A directory with a wheel and an sdist.
fn scene() -> TempDir {
    let scene = tempfile::tempdir().expect("a temporary directory");
    put(&scene, WHEEL, &wheel("vote = 1\n", "vote = 1\n"));
    put(&scene, SDIST, &sdist(METADATA));
    scene
}

fn put(scene: &TempDir, name: &str, bytes: &[u8]) {
    fs::write(scene.path().join(name), bytes).expect("a file is written");
}

fn bytes(scene: &TempDir, name: &str) -> Vec<u8> {
    fs::read(scene.path().join(name)).expect("the file is there")
}

fn names(scene: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(scene.path()).expect("the directory is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn python(scene: &TempDir, arguments: &[&str]) -> Finished {
    let command = Command::attest().args(["pack", "python"]).args(arguments);
    command.env("SOURCE_DATE_EPOCH", DATE).current_dir(scene.path()).run()
}

fn hexadecimal(bytes: &[u8]) -> String {
    let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
    measured.digest(Algorithm::Sha256).expect("a digest").to_hex()
}

#[test]
fn files_are_made_anew_in_place_and_the_report_says_why_and_from_what_to_what() {
    let scene = scene();
    let before = [bytes(&scene, WHEEL), bytes(&scene, SDIST)].map(|bytes| hexadecimal(&bytes));
    let finished = python(&scene, &[WHEEL, SDIST]).expect_code(0);
    let after = [bytes(&scene, WHEEL), bytes(&scene, SDIST)].map(|bytes| hexadecimal(&bytes));
    let expected = format!(
        "changed    wheel {WHEEL}\n  order of 3 members, directories of 1 member, times of 4 members, record of 1 member\n  \
         before sha256:{}\n  after  sha256:{}\nchanged    sdist {SDIST}\n  times of 3 members\n  before sha256:{}\n  after  \
         sha256:{}\n",
        before[0], after[0], before[1], after[1]
    );
    assert_eq!(finished.stdout_text(), expected);
    assert_eq!(finished.stderr_text(), "");
    assert_eq!(names(&scene), [WHEEL, SDIST]);
    let again = python(&scene, &[WHEEL, SDIST]).expect_code(0);
    let expected = format!(
        "normal     wheel {WHEEL}\n  sha256:{}\nnormal     sdist {SDIST}\n  sha256:{}\n",
        after[0], after[1]
    );
    assert_eq!(again.stdout_text(), expected);
}

/// A device that is always full, in the place of the second file, which can only be found out at the end.
#[cfg(target_os = "linux")]
#[test]
fn one_that_cannot_be_written_leaves_what_was_there_before_in_the_places_of_all() {
    let scene = scene();
    fs::create_dir(scene.path().join("out")).expect("a directory is made");
    put(&scene, &format!("out/{WHEEL}"), b"before");
    let device = scene.path().join("out").join(SDIST);
    std::os::unix::fs::symlink("/dev/full", &device).expect("a link is made");
    for arguments in [[WHEEL, SDIST], [SDIST, WHEEL]] {
        let [one, other] = arguments;
        let finished = python(&scene, &[one, other, "-d", "out"]).expect_code(3);
        let error = finished.stderr_text();
        assert!(
            error.starts_with("error[output-failed]: cannot write the output file"),
            "{error}"
        );
        assert_eq!(bytes(&scene, &format!("out/{WHEEL}")), b"before");
        assert_eq!(fs::read_dir(scene.path().join("out")).expect("a listing").count(), 2);
    }
    fs::remove_file(&device).expect("the link is removed");
    python(&scene, &[WHEEL, SDIST, "-d", "out"]).expect_code(0);
    assert_ne!(bytes(&scene, &format!("out/{WHEEL}")), b"before");
    assert_eq!(fs::read_dir(scene.path().join("out")).expect("a listing").count(), 2);
}

#[test]
fn a_directory_takes_the_outputs_and_the_inputs_stay() {
    let scene = scene();
    let before = bytes(&scene, WHEEL);
    fs::create_dir(scene.path().join("out")).expect("a directory is made");
    let finished = python(&scene, &[WHEEL, "-d", "out", "--format", "json"]).expect_code(0);
    assert_eq!(bytes(&scene, WHEEL), before);
    let document: serde_json::Value = serde_json::from_slice(&finished.stdout).expect("JSON");
    assert_eq!(document["schema"], "https://attest.dev/schema/pack-python/v1");
    let file = &document["files"][0];
    assert_eq!(file["state"], "changed");
    assert_eq!(file["kind"], "wheel");
    assert_eq!(
        (&file["name"], &file["version"]),
        (&"beagle-vote".into(), &"1.0".into())
    );
    assert_eq!(file["source_date"]["seconds"], 1_700_000_000);
    assert_eq!(file["source_date"]["origin"], "source-date-epoch");
    assert_eq!(file["written"], format!("out/{WHEEL}"));
    assert_eq!(file["changes"][1]["cause"], "directories");
    assert_eq!(file["changes"][1]["first"], INFO);
    let digest = hexadecimal(&bytes(&scene, &format!("out/{WHEEL}")));
    assert_eq!(file["after"]["digests"]["sha256"], digest);
    // Into a directory, a normal file is written too.
    fs::create_dir(scene.path().join("more")).expect("a directory is made");
    python(&scene, &[&format!("out/{WHEEL}"), "-d", "more"]).expect_code(0);
    assert_eq!(hexadecimal(&bytes(&scene, &format!("more/{WHEEL}"))), digest);
}

#[test]
fn check_says_whether_a_file_is_normal_at_its_own_date_and_writes_nothing() {
    let scene = scene();
    let before = bytes(&scene, WHEEL);
    let finished = python(&scene, &["--check", WHEEL]).expect_code(1);
    assert!(
        finished
            .stdout_text()
            .starts_with(&format!("not normal wheel {WHEEL}\n"))
    );
    assert_eq!(
        finished.stderr_text(),
        "1 of 1 not in the form that can be reproduced; `attest pack python FILE…` writes it\n"
    );
    assert_eq!(bytes(&scene, WHEEL), before);
    python(&scene, &[WHEEL]).expect_code(0);
    python(&scene, &["--check", WHEEL]).expect_code(0);
    // Without the variable, the date is the one that all members have.
    let own = Command::attest().args(["pack", "python", "--check", WHEEL]);
    own.current_dir(scene.path()).run().expect_code(0);
    let other = Command::attest()
        .args(["pack", "python", "--check", WHEEL])
        .env("SOURCE_DATE_EPOCH", "1600000000");
    let finished = other.current_dir(scene.path()).run().expect_code(1);
    assert!(
        finished.stdout_text().contains("\n  times of 4 members\n"),
        "{}",
        finished.stdout_text()
    );
}

#[test]
fn what_is_wrong_is_told_all_at_once_and_then_nothing_is_written() {
    let scene = scene();
    put(&scene, WHEEL, &wheel("vote = 2\n", "vote = 1 \n"));
    let changed = METADATA.replace("1.0", "1.1").replace("Name: beagle-vote\n", "");
    let other = "cat-1.0.tar.gz";
    put(&scene, other, &sdist(&changed));
    let before = [bytes(&scene, WHEEL), bytes(&scene, SDIST), bytes(&scene, other)];
    let finished = python(&scene, &[WHEEL, SDIST, other]).expect_code(1);
    let text = finished.stdout_text();
    for line in [
        "rejected   wheel beagle_vote-1.0-py3-none-any.whl\n",
        "  error[size-mismatch]: expected 10 bytes of `beagle_vote.py` as RECORD says, found 9\n",
        "changed    sdist beagle_vote-1.0.tar.gz\n",
        "rejected   sdist cat-1.0.tar.gz\n",
        "  error[directory-mismatch]: expected directory at the top `cat-1.0`, found `beagle_vote-1.0`\n",
        "  error[field-missing]: beagle_vote-1.0/PKG-INFO: expected a field `Name`, found none\n",
        "  error[field-mismatch]: beagle_vote-1.0/PKG-INFO: expected Version `1.0` as in the file name, found `1.1`\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert_eq!(finished.stderr_text(), "2 of 3 rejected; nothing was written\n");
    assert_eq!(
        [bytes(&scene, WHEEL), bytes(&scene, SDIST), bytes(&scene, other)],
        before
    );
}

#[test]
fn what_is_no_archive_is_rejected_and_what_is_not_there_is_not_decided() {
    let scene = scene();
    put(&scene, "a-1.0.tar.gz", b"not an archive");
    let finished = python(&scene, &["a-1.0.tar.gz"]).expect_code(1);
    let expected = "rejected   ?     a-1.0.tar.gz\n  error[archive-refused]: expected a tar or zip archive, found something else\n";
    assert_eq!(finished.stdout_text(), expected);
    let finished = python(&scene, &["b-1.0.tar.gz"]).expect_code(3);
    assert!(
        finished
            .stderr_text()
            .starts_with("error[distribution-unreadable]: cannot read: ")
    );
    let finished = python(&scene, &["."]).expect_code(2);
    assert!(finished.stderr_text().starts_with("error[file-expected]: "));
}

#[test]
fn two_files_for_one_place_are_refused() {
    let scene = scene();
    for directory in ["one", "out"] {
        fs::create_dir(scene.path().join(directory)).expect("a directory is made");
    }
    put(&scene, &format!("one/{WHEEL}"), &bytes(&scene, WHEEL));
    let again = format!("one/{WHEEL}");
    let finished = python(&scene, &[WHEEL, &again, "-d", "out"]).expect_code(2);
    assert!(finished.stderr_text().starts_with("error[output-twice]: "));
    let finished = python(&scene, &[WHEEL, &format!("./{WHEEL}")]).expect_code(2);
    assert!(finished.stderr_text().starts_with("error[output-twice]: "));
    assert_eq!(
        fs::read_dir(scene.path().join("out"))
            .expect("the directory is there")
            .count(),
        0
    );
}

#[test]
fn a_directory_that_is_not_there_is_made_unless_something_is_wrong() {
    let scene = scene();
    python(&scene, &[WHEEL, "-d", "new/dist"]).expect_code(0);
    assert!(scene.path().join("new/dist").join(WHEEL).is_file());
    put(&scene, SDIST, &sdist("Metadata-Version: 2.2\n"));
    python(&scene, &[SDIST, "-d", "other/dist"]).expect_code(1);
    assert!(!scene.path().join("other").exists());
}
