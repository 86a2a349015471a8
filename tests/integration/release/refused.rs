//! What is refused or fails, and that nothing is left of it.

use std::fs;

use super::project::{Project, contents, names};
use crate::command::Command;

#[test]
fn a_directory_that_no_release_made_is_left_alone() {
    let project = Project::new("prebuilt");
    fs::create_dir(project.dist()).unwrap();
    fs::write(project.dist().join("thesis.txt"), "years of work").unwrap();
    let refused = project.release(&[]).expect_code(2);
    assert!(
        refused.stderr_text().contains("error[output-foreign]"),
        "{}",
        refused.stderr_text()
    );
    assert!(refused.stderr_text().contains("thesis.txt"));
    assert_eq!(fs::read(project.dist().join("thesis.txt")).unwrap(), b"years of work");
    assert_eq!(names(&project.dist()), ["thesis.txt"]);
}

#[test]
fn a_release_that_fails_leaves_the_one_before_as_it_was() {
    let project = Project::new("rust-hello");
    project.release(&[]).expect_code(0);
    let before = contents(&project.dist());
    fs::write(project.path().join("src/main.rs"), "fn main() { missing() }\n").unwrap();
    let failed = project.release(&[]).expect_code(3);
    assert!(
        failed.stderr_text().contains("error[build-failed]"),
        "{}",
        failed.stderr_text()
    );
    assert!(failed.stderr_text().contains("cannot find function `missing`"));
    assert!(contents(&project.dist()) == before);
    project.verify().expect_code(0);
}

#[test]
fn without_a_commit_the_error_says_what_to_do() {
    let project = Project::new("prebuilt");
    fs::remove_dir_all(project.path().join(".git")).unwrap();
    // No repository above may be found either.
    let released = project
        .attest(&["release", "--sandbox"])
        .env("GIT_CEILING_DIRECTORIES", project.path().parent().unwrap())
        .run()
        .expect_code(2);
    assert!(
        released.stderr_text().contains("error[commit-missing]"),
        "{}",
        released.stderr_text()
    );
    project.assert_nothing_left();
}

#[test]
fn without_an_identity_nothing_is_begun() {
    let project = Project::new("prebuilt");
    let released = project.attest(&["release"]).run().expect_code(2);
    assert!(
        released.stderr_text().contains("error[identity-missing]"),
        "{}",
        released.stderr_text()
    );
    project.assert_nothing_left();
}

#[test]
fn a_service_that_does_not_answer_leaves_nothing() {
    let project = Project::new("prebuilt");
    // A first release leaves a trust root; the port of that sandbox answers no more.
    project.release(&[]).expect_code(0);
    fs::remove_dir_all(project.dist()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    fs::write(project.path().join(".attest/config.json"), signing_config(port)).unwrap();
    let released = project
        .attest(&["release", "--signing-config", ".attest/config.json", "--retry-for", "1"])
        .args([
            "--trusted-root",
            ".attest/sandbox/trusted_root.json",
            "--identity-token",
            &token(),
        ])
        .run()
        .expect_code(3);
    assert!(
        released.stderr_text().contains("error[service-unreachable]"),
        "{}",
        released.stderr_text()
    );
    project.assert_nothing_left();
}

fn signing_config(port: u16) -> String {
    let service = |path: &str, version: u32| {
        format!(
            r#"[{{"url":"http://localhost:{port}{path}","majorApiVersion":{version},"validFor":{{"start":"2020-01-01T00:00:00Z"}},"operator":"example.com"}}]"#
        )
    };
    format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","caUrls":{},"oidcUrls":{},"rekorTlogUrls":{},"tsaUrls":{},"rekorTlogConfig":{{"selector":"ANY"}},"tsaConfig":{{"selector":"ANY"}}}}"#,
        service("", 1),
        service("", 1),
        service("", 2),
        service("/api/v1/timestamp", 1)
    )
}

/// Claims that nobody signed: they are sent to a service, which here does not answer.
fn token() -> String {
    // {"alg":"none"} . {"iss":"https://example.com","sub":"a","aud":"sigstore","exp":4102444800}
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2V4YW1wbGUuY29tIiwic3ViIjoiYSIsImF1ZCI6InNpZ3N0b3JlIiwiZXhwIjo0MTAyNDQ0ODAwfQ.AA".to_owned()
}

#[test]
#[cfg(unix)]
fn a_disk_that_is_full_leaves_nothing() {
    let project = Project::new("prebuilt");
    fs::write(project.path().join("bin/tally.sh"), vec![b'x'; 4 << 20]).unwrap();
    // The largest file may have some KiB; a signal for it would end the process before it could clean up.
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$ATTEST_UNDER_TEST\" release --skip-sign";
    let released = Command::new("sh")
        .args(["-c", script])
        .current_dir(project.path())
        .env("ATTEST_UNDER_TEST", env!("CARGO_BIN_EXE_attest"))
        .run();
    released.expect_code(3);
    project.assert_nothing_left();
}

#[test]
#[cfg(unix)]
fn a_device_or_a_link_in_the_place_of_a_binary_is_refused() {
    let project = Project::new("prebuilt");
    let binary = project.path().join("bin/tally.sh");
    fs::remove_file(&binary).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &binary).unwrap();
    let released = project.release(&[]).expect_code(2);
    assert!(
        released.stderr_text().contains("bin/tally.sh"),
        "{}",
        released.stderr_text()
    );
    project.assert_nothing_left();
}

#[test]
#[cfg(unix)]
fn a_committed_link_that_leaves_the_archive_is_refused() {
    let project = Project::new("prebuilt");
    std::os::unix::fs::symlink("../../etc/passwd", project.path().join("link")).unwrap();
    project.commit();
    let released = project.release(&[]).expect_code(2);
    assert!(released.stderr_text().contains("link"), "{}", released.stderr_text());
    project.assert_nothing_left();
}

#[test]
#[cfg(target_os = "linux")]
fn a_committed_name_that_is_not_utf8_is_refused_by_name() {
    use std::os::unix::ffi::OsStrExt;
    let project = Project::new("prebuilt");
    fs::write(project.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "").unwrap();
    project.commit();
    let released = project.release(&[]).expect_code(2);
    assert!(
        released.stderr_text().contains("error[name-not-utf8]"),
        "{}",
        released.stderr_text()
    );
    assert!(
        released.stderr_text().contains("caf\\xe9"),
        "{}",
        released.stderr_text()
    );
    project.assert_nothing_left();
}

#[test]
fn a_configuration_from_the_future_is_refused() {
    let project = Project::new("prebuilt");
    fs::write(project.path().join("attest.toml"), "format = 2\n[future]\n").unwrap();
    let released = project.release(&[]).expect_code(2);
    assert!(
        released.stderr_text().contains("error[config-invalid]"),
        "{}",
        released.stderr_text()
    );
    project.assert_nothing_left();
}

#[test]
fn a_target_that_cannot_be_built_is_an_error_unless_it_may_be_skipped() {
    let project = Project::new("rust-hello");
    let text = fs::read_to_string(project.path().join("attest.toml")).unwrap();
    let text = text.replace("skip-unavailable = true", "skip-unavailable = false");
    let targets = "targets = [\"linux/amd64\", \"linux/s390x\"]";
    let text: Vec<&str> = text
        .lines()
        .map(|line| if line.starts_with("targets") { targets } else { line })
        .collect();
    fs::write(project.path().join("attest.toml"), text.join("\n")).unwrap();
    project.commit();
    let planned = project.attest(&["release", "--plan"]).run();
    if planned.code == 0 {
        println!("skipped: this machine builds for linux/s390x");
        return;
    }
    let planned = planned.expect_code(2);
    assert!(
        planned.stderr_text().contains("error[target-unavailable]"),
        "{}",
        planned.stderr_text()
    );
    assert!(planned.stderr_text().contains("s390x-unknown-linux-gnu"));
    let planned = project
        .attest(&["release", "--plan", "--skip-unavailable"])
        .run()
        .expect_code(0);
    assert!(
        planned.stdout_text().contains("linux/s390x: "),
        "{}",
        planned.stdout_text()
    );
}

#[test]
fn a_set_of_files_that_is_empty_or_holds_the_output_is_refused() {
    let project = Project::new("prebuilt");
    let docs = project.path().join("docs");
    fs::create_dir(&docs).unwrap();
    project.configure(
        "[[binary]]",
        "[[files]]\nname = \"docs\"\ndirectory = \"docs\"\n\n[[binary]]",
    );
    let empty = project.release(&[]).expect_code(2);
    assert!(
        empty
            .stderr_text()
            .contains("error[nothing-to-pack]: expected files to pack into `docs.tar.gz`"),
        "{}",
        empty.stderr_text()
    );
    fs::write(docs.join("guide.md"), "# Guide\n").unwrap();
    let inside = project.release(&["--output", "docs/dist"]).expect_code(2);
    assert!(
        inside.stderr_text().contains("error[output-packed]"),
        "{}",
        inside.stderr_text()
    );
    assert_eq!(names(&docs), ["guide.md"]);
    fs::remove_dir_all(&docs).unwrap();
    let missing = project.release(&["--plan"]).expect_code(2);
    assert!(
        missing
            .stderr_text()
            .contains("expected `docs` of `files.directory` to be a directory"),
        "{}",
        missing.stderr_text()
    );
}
