use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{Command, Finished};

/// SHA-256 of `a` and a newline.
const A: &str = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7";
const GITHUB: &str = include_str!("../../crates/attest-provenance/tests/variables/github.env");
const GITLAB: &str = include_str!("../../crates/attest-provenance/tests/variables/gitlab.env");

fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("dist")).unwrap();
    fs::write(directory.path().join("dist/a"), "a\n").unwrap();
    directory
}

fn provenance(directory: &TempDir) -> Command {
    // A checkout that the temporary directory happens to lie in is none of the test's.
    let ceiling = directory.path().parent().unwrap();
    let command = Command::attest()
        .arg("provenance")
        .env("GIT_CEILING_DIRECTORIES", ceiling);
    command.current_dir(directory.path())
}

fn with_variables(command: Command, variables: &str) -> Command {
    let lines = variables.lines().filter_map(|line| line.split_once('='));
    lines.fold(command, |command, (name, value)| command.env(name, value))
}

fn statement(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let identity = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "commit.gpgsign=false",
    ];
    let finished = Command::new("git")
        .args(identity)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .current_dir(directory)
        .run()
        .expect_code(0);
    finished.stdout_text().trim().to_owned()
}

#[test]
fn files_become_subjects_with_the_digests_that_were_measured() {
    let directory = directory();
    let finished = provenance(&directory)
        .args(["dist/a", "--external-parameter", "profile=release"])
        .run()
        .expect_code(0);
    let found = statement(&finished);
    assert_eq!(found["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(found["subject"], json!([{ "name": "a", "digest": { "sha256": A } }]));
    assert_eq!(found["predicateType"], "https://slsa.dev/provenance/v1");
    let expected = json!({
        "buildDefinition": {
            "buildType": "https://attest.dev/buildtypes/files/v1",
            "externalParameters": { "profile": "release" },
        },
        "runDetails": {
            "builder": {
                "id": "https://attest.dev/builders/local/v1",
                "version": { "attest": env!("CARGO_PKG_VERSION") },
            },
        },
    });
    assert_eq!(found["predicate"], expected);
    assert_eq!(
        finished.stderr_text(),
        "note: no git commit was found, so the provenance names none\n"
    );
}

#[test]
fn the_checkout_is_named_without_its_credentials() {
    let directory = directory();
    git(directory.path(), &["init", "--quiet", "--initial-branch=main"]);
    let remote = "https://user:secret@example.com/team/app.git";
    git(directory.path(), &["remote", "add", "origin", remote]);
    git(
        directory.path(),
        &["commit", "--quiet", "--allow-empty", "--message=one"],
    );
    let commit = git(directory.path(), &["rev-parse", "HEAD"]);
    let found = statement(&provenance(&directory).arg("dist/a").run().expect_code(0));
    let definition = &found["predicate"]["buildDefinition"];
    let uri = "git+https://example.com/team/app.git@refs/heads/main";
    assert_eq!(
        definition["resolvedDependencies"],
        json!([{ "uri": uri, "digest": { "gitCommit": commit } }])
    );
    fs::write(directory.path().join("changed"), "").unwrap();
    let found = statement(&provenance(&directory).arg("dist/a").run().expect_code(0));
    let dependency = &found["predicate"]["buildDefinition"]["resolvedDependencies"][0];
    assert_eq!(dependency["annotations"], json!({ "attest_dirty": true }));
}

#[test]
fn ci_systems_are_recognised_and_their_secrets_stay_theirs() {
    let cases = [
        (GITHUB, "https://github.com/example/app/actions/runs/777/attempts/2"),
        (GITLAB, "https://gitlab.example.com/example/app/-/jobs/99"),
    ];
    for (variables, invocation) in cases {
        let directory = directory();
        let finished = with_variables(provenance(&directory), variables)
            .arg("dist/a")
            .run()
            .expect_code(0);
        let found = statement(&finished);
        assert_eq!(found["predicate"]["runDetails"]["metadata"]["invocationId"], invocation);
        assert!(!finished.stdout_text().contains("not-to-be-seen"));
    }
}

#[test]
fn a_builder_that_may_be_the_caller_of_the_one_that_builds_is_told() {
    let warns = |variables: &str, more: &[&str]| {
        let directory = directory();
        let command = with_variables(provenance(&directory), variables)
            .arg("dist/a")
            .args(more);
        let finished = command.run().expect_code(0);
        let text = finished.stderr_text();
        let warning = "warning: the builder is named after the workflow that was started, \
                       `https://github.com/example/app/.github/workflows/release@prod.yml@refs/tags/app@1.2.0`";
        assert_eq!(text.contains("hint: "), text.contains(warning), "{text}");
        text.contains("name it with `--builder-id`")
    };
    assert!(warns(GITHUB, &[]));
    let builder = "https://github.com/example/builders/.github/workflows/build.yml@refs/tags/v3";
    assert!(!warns(GITHUB, &["--builder-id", builder]));
    assert!(!warns(GITLAB, &[]));
}

#[test]
fn a_ci_system_that_says_too_little_is_not_taken_for_a_local_build() {
    let directory = directory();
    let finished = provenance(&directory)
        .env("GITHUB_ACTIONS", "true")
        .arg("dist/a")
        .run()
        .expect_code(3);
    assert_eq!(finished.stdout_text(), "");
    assert!(
        finished
            .stderr_text()
            .starts_with("error[provenance-environment]: expected GitHub Actions to set the variable `GITHUB_"),
        "{}",
        finished.stderr_text()
    );
}

#[test]
fn parameters_of_a_foreign_build_type_are_wrong_usage() {
    let directory = directory();
    let command = with_variables(provenance(&directory), GITHUB);
    let finished = command
        .args(["dist/a", "--external-parameter", "a=b"])
        .run()
        .expect_code(2);
    assert!(
        finished.stderr_text().contains("error[provenance-parameter]: "),
        "{}",
        finished.stderr_text()
    );
    provenance(&directory)
        .args(["dist/a", "--external-parameter", "a"])
        .run()
        .expect_code(2);
    provenance(&directory)
        .args(["dist/a", "--build-type", "no uri"])
        .run()
        .expect_code(2);
}

#[test]
fn a_file_that_cannot_be_measured_leaves_no_output() {
    let directory = directory();
    let finished = provenance(&directory)
        .args(["dist/a", "dist/b", "-o", "out.json"])
        .run()
        .expect_code(3);
    assert!(
        finished.stderr_text().starts_with("error[cannot-open]: "),
        "{}",
        finished.stderr_text()
    );
    assert!(!directory.path().join("out.json").exists());
    fs::create_dir(directory.path().join("other")).unwrap();
    fs::write(directory.path().join("other/a"), "").unwrap();
    let twice = provenance(&directory).args(["dist/a", "other/a"]).run().expect_code(2);
    assert!(
        twice.stderr_text().contains("error[provenance-subjects]: "),
        "{}",
        twice.stderr_text()
    );
}

#[test]
fn the_binary_of_the_verb_writes_the_same_into_a_file() {
    let directory = directory();
    let ceiling = directory.path().parent().unwrap();
    Command::new(env!("CARGO_BIN_EXE_attest-provenance"))
        .args(["dist/a", "-o", "out.json"])
        .env("GIT_CEILING_DIRECTORIES", ceiling)
        .current_dir(directory.path())
        .run()
        .expect_code(0);
    let printed = provenance(&directory).arg("dist/a").run().expect_code(0);
    assert_eq!(fs::read(directory.path().join("out.json")).unwrap(), printed.stdout);
}
