//! The time of the commit that is checked out, read from repositories that the real program made.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use attest_release::git::{HeadError, committed_seconds};
use tempfile::TempDir;

const FIRST: i64 = 1_700_000_000;

struct Scene(TempDir);

impl Scene {
    fn new(options: &[&str]) -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        fs::create_dir(scene.at("repository")).unwrap();
        scene.git(&[&["init", "--quiet", "--initial-branch=main"], options].concat());
        scene
    }

    /// One with so many commits, of which each is a second later.
    fn with_commits(options: &[&str], count: i64) -> Self {
        let scene = Self::new(options);
        for second in 0..count {
            scene.commit(FIRST + second);
        }
        scene
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn commit(&self, seconds: i64) {
        // Long enough that differences pay.
        let message = format!("{seconds}\n\n{}", "What did not change.\n".repeat(40));
        let date = format!("{seconds} -0330");
        let arguments = ["commit", "--quiet", "--allow-empty", "--message", &message];
        self.run(&arguments, &date);
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.run(arguments, "1600000000 +0000")
    }

    fn run(&self, arguments: &[&str], date: &str) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.at("repository"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "A > <B")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "a@example.com")))
            .env("GIT_AUTHOR_DATE", "1600000000 +0000")
            .env("GIT_COMMITTER_DATE", date)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn seconds(&self, directory: &str) -> Option<i64> {
        committed_seconds(&self.at(directory)).unwrap()
    }

    /// Every commit, the last one first, when `HEAD` is put onto it.
    fn seconds_of_all(&self) -> Vec<Option<i64>> {
        let list = self.git(&["rev-list", "HEAD"]);
        let ids = list.lines().map(|id| {
            fs::write(self.at("repository/.git/HEAD"), format!("{id}\n")).unwrap();
            self.seconds("repository")
        });
        ids.collect()
    }

    fn file(&self, directory: &str, extension: &str) -> PathBuf {
        let files = fs::read_dir(self.at(directory)).unwrap();
        let mut files = files.map(|entry| entry.unwrap().path());
        files
            .find(|path| path.extension().is_some_and(|found| found == extension))
            .unwrap()
    }
}

#[test]
fn a_commit_is_found_loose_and_packed_from_anywhere_in_its_work_tree() {
    for format in ["--object-format=sha1", "--object-format=sha256"] {
        let scene = Scene::with_commits(&[format], 3);
        fs::create_dir_all(scene.at("repository/a/b")).unwrap();
        assert_eq!(scene.seconds("repository/a/b"), Some(FIRST + 2), "{format}");
        scene.git(&["gc", "--quiet"]);
        assert!(!scene.at("repository/.git/refs/heads/main").exists());
        assert_eq!(scene.seconds("repository/a/b"), Some(FIRST + 2), "{format}");
    }
}

#[test]
fn commits_that_are_differences_to_others_are_read_in_both_forms() {
    for (by_offset, format) in [("true", "--object-format=sha1"), ("false", "--object-format=sha256")] {
        let scene = Scene::with_commits(&[format], 40);
        scene.git(&["config", "repack.useDeltaBaseOffset", by_offset]);
        scene.git(&["repack", "-adfq", "--depth=50", "--window=250"]);
        let index = scene.file("repository/.git/objects/pack", "idx");
        let listing = scene.git(&["verify-pack", "--verbose", index.to_str().unwrap()]);
        // id, type, size, size in the pack, offset, and of a difference its depth and what it is to.
        let deltas = listing
            .lines()
            .filter(|line| line.contains(" commit ") && line.split_whitespace().count() == 7);
        assert!(deltas.count() > 5, "{listing}");
        let expected: Vec<_> = (0..40).rev().map(|second| Some(FIRST + second)).collect();
        assert_eq!(scene.seconds_of_all(), expected);
    }
}

#[test]
fn work_trees_submodules_and_borrowed_objects_are_followed() {
    let scene = Scene::with_commits(&[], 2);
    let other = scene.at("other");
    scene.git(&[
        "worktree",
        "add",
        "--quiet",
        "--detach",
        other.to_str().unwrap(),
        "HEAD~1",
    ]);
    assert_eq!(scene.seconds("other"), Some(FIRST));
    assert_eq!(scene.seconds("repository"), Some(FIRST + 1));
    let borrower = scene.at("borrower");
    scene.git(&["clone", "--quiet", "--shared", ".", borrower.to_str().unwrap()]);
    assert!(borrower.join(".git/objects/info/alternates").exists());
    assert_eq!(scene.seconds("borrower"), Some(FIRST + 1));
    fs::write(scene.at("borrower/.git/objects/info/alternates"), "../../nowhere\n").unwrap();
    let missing = committed_seconds(&borrower).unwrap_err();
    assert!(matches!(missing, HeadError::Missing { .. }), "{missing}");
}

#[test]
fn shallow_clones_and_tags_are_read() {
    let scene = Scene::with_commits(&[], 3);
    scene.git(&["tag", "--annotate", "--message", "v1", "v1", "HEAD~1"]);
    scene.git(&["checkout", "--quiet", "v1"]);
    assert_eq!(scene.seconds("repository"), Some(FIRST + 1));
    let from = format!("file://{}", scene.at("repository").display());
    let clone = scene.at("clone");
    scene.git(&[
        "clone",
        "--quiet",
        "--depth=1",
        "--branch=main",
        &from,
        clone.to_str().unwrap(),
    ]);
    assert_eq!(scene.seconds("clone"), Some(FIRST + 2));
}

#[test]
fn no_checkout_and_no_commit_have_no_time() {
    let scene = Scene::new(&[]);
    assert_eq!(scene.seconds("repository"), None);
    assert_eq!(scene.seconds("."), None);
    // Git does not take it for a repository either.
    fs::create_dir_all(scene.at("empty/.git")).unwrap();
    assert_eq!(scene.seconds("empty"), None);
}

#[test]
fn what_is_not_as_it_should_be_is_told() {
    let scene = Scene::with_commits(&[], 1);
    let head = scene.at("repository/.git/HEAD");
    let told = || committed_seconds(&scene.at("repository")).unwrap_err().to_string();
    for (text, expected) in [
        ("", "the id of a commit"),
        ("ref: refs/heads/../../../etc/passwd", "the name of a branch"),
        ("ref: HEAD", "the name of a branch"),
        ("0123", "the id of a commit"),
    ] {
        fs::write(&head, text).unwrap();
        assert!(told().ends_with(expected), "{text}: {}", told());
    }
    fs::write(&head, "ref: refs/heads/main").unwrap();
    fs::write(scene.at("repository/.git/refs/heads/main"), "ref: refs/heads/main").unwrap();
    assert!(told().ends_with("in five steps"), "{}", told());
    fs::write(&head, "ref: refs/heads/.invalid").unwrap();
    assert!(told().ends_with("the name of a branch"), "{}", told());
    fs::write(&head, "ref: refs/heads/gone").unwrap();
    fs::create_dir(scene.at("repository/.git/reftable")).unwrap();
    assert!(told().contains("reftable"), "{}", told());
}

/// Since git 2.45 names may be kept in tables; before, there is nothing to read.
fn in_tables(options: &[&str]) -> Option<Scene> {
    let place = tempfile::tempdir().unwrap();
    let init = ["init", "--quiet", "--ref-format=reftable"];
    let output = Command::new("git").args(init).arg(place.path()).output().unwrap();
    let is_known = output.status.success();
    is_known.then(|| Scene::new(&[&["--ref-format=reftable"], options].concat()))
}

/// Branches, as many as fill several blocks of a table.
fn branches(scene: &Scene, count: usize) {
    let lines: String = (0..count)
        .map(|number| format!("create refs/heads/{number:05} HEAD\n"))
        .collect();
    fs::write(scene.at("lines"), lines).unwrap();
    let output = Command::new("git")
        .args(["update-ref", "--stdin"])
        .current_dir(scene.at("repository"))
        .stdin(fs::File::open(scene.at("lines")).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn names_in_tables_are_read() {
    for options in [&[][..], &["--object-format=sha256"]] {
        let Some(scene) = in_tables(options) else { return };
        assert_eq!(scene.seconds("repository"), None);
        scene.commit(FIRST);
        assert_eq!(scene.seconds("repository"), Some(FIRST));
        branches(&scene, 2_000);
        scene.git(&["tag", "--annotate", "--message", "x", "a"]);
        scene.commit(FIRST + 1);
        assert_eq!(scene.seconds("repository"), Some(FIRST + 1));
        scene.git(&["pack-refs", "--all"]);
        assert_eq!(scene.seconds("repository"), Some(FIRST + 1));
        for branch in ["00000", "01999"] {
            scene.git(&["checkout", "--quiet", branch]);
            assert_eq!(scene.seconds("repository"), Some(FIRST), "{branch}");
        }
        scene.git(&["worktree", "add", "--quiet", "--detach", "../other", "main"]);
        assert_eq!(scene.seconds("other"), Some(FIRST + 1));
        assert_eq!(scene.seconds("repository"), Some(FIRST));
        scene.git(&["update-ref", "-d", "refs/heads/01999"]);
        assert_eq!(scene.seconds("repository"), None);
        scene.git(&["checkout", "--quiet", "--detach", "main~1"]);
        assert_eq!(scene.seconds("repository"), Some(FIRST));
    }
}

#[test]
fn spoiled_tables_are_refused_or_make_no_difference() {
    let Some(scene) = in_tables(&[]) else { return };
    for second in 0..3 {
        scene.commit(FIRST + second);
    }
    branches(&scene, 5);
    scene.git(&["pack-refs", "--all"]);
    let tables = "repository/.git/reftable";
    let path = scene.file(tables, "ref");
    let bytes = fs::read(&path).unwrap();
    let is_time = |seconds: i64| (FIRST..FIRST + 3).contains(&seconds);
    for at in 0..bytes.len() {
        spoil(&path, &bytes, at);
        let found = committed_seconds(&scene.at("repository"));
        assert!(
            !matches!(found, Ok(Some(seconds)) if !is_time(seconds)),
            "{at}: {found:?}"
        );
    }
    for length in [0, 20, 60, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let told = committed_seconds(&scene.at("repository")).unwrap_err().to_string();
        assert!(told.ends_with("a table of names"), "{length}: {told}");
    }
    fs::remove_file(&path).unwrap();
    let told = || committed_seconds(&scene.at("repository")).unwrap_err().to_string();
    assert!(told().ends_with("the names of tables that are there"), "{}", told());
    fs::write(scene.at(tables).join("tables.list"), "../x.ref\n").unwrap();
    assert!(told().ends_with("the names of at most 1,000 tables"), "{}", told());
}

/// Every byte of what is read, spoiled in turn: an answer or an error, and never a wrong time.
#[test]
fn spoiled_files_are_refused_or_make_no_difference() {
    let scene = Scene::with_commits(&[], 12);
    scene.git(&["repack", "-adfq", "--depth=50", "--window=250"]);
    for extension in ["idx", "pack"] {
        let path = scene.file("repository/.git/objects/pack", extension);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        for at in (0..bytes.len()).step_by(3) {
            spoil(&path, &bytes, at);
            let found = committed_seconds(&scene.at("repository"));
            assert!(
                !matches!(found, Ok(Some(seconds)) if !(FIRST..FIRST + 12).contains(&seconds)),
                "{at}: {found:?}"
            );
        }
        for length in [0, 7, 8, 500, bytes.len() / 2, bytes.len() - 30] {
            fs::write(&path, &bytes[..length]).unwrap();
            let found = committed_seconds(&scene.at("repository"));
            assert!(!matches!(found, Ok(None)), "{length}: {found:?}");
        }
        fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(scene.seconds("repository"), Some(FIRST + 11));
}

fn spoil(path: &Path, bytes: &[u8], at: usize) {
    let mut spoiled = bytes.to_vec();
    spoiled[at] ^= 0x41;
    fs::write(path, spoiled).unwrap();
}
