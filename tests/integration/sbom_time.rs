//! The time of a document of `attest sbom`: that of the commit, and no program is run for it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{Command, Finished};

const LOCK: &str =
    r#"{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"app","version":"1.0.0"}}}"#;
const MANIFEST: &str = r#"{"name":"app","version":"1.0.0"}"#;

/// A project of which everything is committed.
fn committed() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("package.json"), MANIFEST).unwrap();
    fs::write(directory.path().join("package-lock.json"), LOCK).unwrap();
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &["commit", "--quiet", "--message", "one"],
    ] {
        let command = Command::new("git").args(["-c", "user.name=A", "-c", "user.email=a@example.com"]);
        let command = command.env("GIT_COMMITTER_DATE", "1700000000 +0100");
        command
            .args(arguments)
            .current_dir(directory.path())
            .run()
            .expect_code(0);
    }
    directory
}

fn listed(directory: &Path) -> Command {
    Command::attest().args(["sbom", "."]).current_dir(directory)
}

fn document(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}

#[test]
fn the_time_is_that_of_the_commit_with_or_without_git() {
    let project = committed();
    let with = listed(project.path()).run().expect_code(0);
    assert_eq!(document(&with)["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
    let without = listed(project.path()).env("PATH", "").run().expect_code(0);
    assert_eq!(with.stdout, without.stdout);
}

#[test]
fn a_commit_that_cannot_be_read_is_a_gap() {
    let project = committed();
    fs::write(project.path().join(".git/refs/heads/main"), "0".repeat(40)).unwrap();
    let finished = listed(project.path()).run().expect_code(0);
    let told = "commit-time-unknown: the time of the commit cannot be read (expected the commit 0000000";
    assert!(finished.stderr_text().contains(told), "{}", finished.stderr_text());
    let found = document(&finished);
    assert!(found["metadata"]["timestamp"].is_null());
    assert_eq!(found["compositions"][0]["aggregate"], "incomplete");
    let strict = listed(project.path()).arg("--strict").run().expect_code(1);
    assert!(strict.stdout.is_empty());
    let dated = listed(project.path())
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .arg("--strict");
    assert_eq!(
        document(&dated.run().expect_code(0))["metadata"]["timestamp"],
        "2023-11-14T22:13:20Z"
    );
}
