//! `attest release`: fixture projects become signed and verified directories, or nothing at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::command::{Command, Finished};

const IDENTITY: &str = "sandbox@example.com";
const ISSUER: &str = "https://sandbox.example.com";

/// A copy of a fixture, committed at a fixed time.
struct Project {
    directory: TempDir,
}

impl Project {
    fn new(fixture: &str) -> Self {
        let project = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/releases");
        copy_tree(&fixtures.join(fixture), project.path());
        project.git(&["init", "--quiet", "--initial-branch=main"]);
        project.commit();
        project
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn dist(&self) -> PathBuf {
        self.path().join("dist")
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "all of it"]);
    }

    fn git(&self, arguments: &[&str]) {
        let git = Command::new("git").args(arguments).current_dir(self.path());
        git.env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "A")
            .env("GIT_AUTHOR_EMAIL", "a@example.com")
            .env("GIT_COMMITTER_NAME", "A")
            .env("GIT_COMMITTER_EMAIL", "a@example.com")
            .env("GIT_AUTHOR_DATE", "1700000000 +0000")
            .env("GIT_COMMITTER_DATE", "1700000000 +0000")
            .run()
            .expect_code(0);
    }

    fn attest(&self, arguments: &[&str]) -> Command {
        Command::attest().args(arguments).current_dir(self.path())
    }

    fn release(&self, arguments: &[&str]) -> Finished {
        let arguments = ["release", "--sandbox"].iter().chain(arguments);
        self.attest(&[]).args(arguments).run()
    }

    /// What `attest verify dist/*` says.
    fn verify(&self) -> Finished {
        let files = names(&self.dist()).into_iter().map(|name| format!("dist/{name}"));
        self.attest(&[
            "verify",
            "--certificate-identity",
            IDENTITY,
            "--certificate-oidc-issuer",
            ISSUER,
        ])
        .args(["--trusted-root", ".attest/sandbox/trusted_root.json"])
        .args(files)
        .run()
    }

    /// Nothing of a release that failed is left beside what was there.
    #[track_caller]
    fn assert_nothing_left(&self) {
        let left: Vec<String> = names(self.path())
            .into_iter()
            .filter(|name| name.contains("dist"))
            .collect();
        assert_eq!(left, [""; 0]);
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_tree(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| (name.clone(), fs::read(directory.join(name)).unwrap());
    names(directory).into_iter().map(read).collect()
}

/// Everything that has to be the same wherever it is made. A bundle has a time and a signature of its own.
fn repeatable(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = contents(directory);
    files.retain(|name, _| !name.ends_with(".sigstore.json"));
    assert!(!files.is_empty());
    files
}

fn json(finished: &Finished) -> serde_json::Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}

#[test]
fn a_rust_project_is_released_and_verified() {
    let project = Project::new("rust-hello");
    let released = project.release(&["--format", "json"]).expect_code(0);
    let report = json(&released);
    assert_eq!(report["schema"], "https://attest.dev/schema/release/v1");
    assert_eq!(report["version"], "1.2.0");
    assert_eq!(report["signer"]["identity"], IDENTITY);
    assert_eq!(report["signer"]["issuer"], ISSUER);
    assert_eq!(report["dirty"], false);
    let listed: Vec<&str> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(listed, names(&project.dist()));
    for expected in [
        "SHA256SUMS",
        "hello-1.2.0-source.tar.gz",
        "hello-1.2.0-source.zip",
        "hello-1.2.0.sigstore.json",
    ] {
        assert!(listed.contains(&expected), "{expected}");
    }
    project.verify().expect_code(0);
    project.git(&["diff", "--exit-code"]);
}

#[test]
fn prebuilt_files_are_released_with_a_bundle_for_each_archive() {
    let project = Project::new("prebuilt");
    project.release(&[]).expect_code(0);
    let names = names(&project.dist());
    for expected in [
        "tally-2.0.1-linux-amd64.tar.zst.sigstore.json",
        "tally-2.0.1-windows-amd64.zip.sigstore.json",
    ] {
        assert!(names.iter().any(|name| name == expected), "{expected} in {names:?}");
    }
    project.verify().expect_code(0);
}

#[test]
fn the_account_names_a_command_that_works_as_it_stands() {
    let project = Project::new("prebuilt");
    let released = project.release(&[]).expect_code(0);
    let command = released
        .stdout_text()
        .lines()
        .find_map(|line| line.trim().strip_prefix("attest verify "));
    let command = format!(
        "\"$ATTEST_UNDER_TEST\" verify {}",
        command.expect("the account ends with a command")
    );
    let shell = Command::new("sh").args(["-c", &command]).current_dir(project.path());
    shell
        .env("ATTEST_UNDER_TEST", env!("CARGO_BIN_EXE_attest"))
        .run()
        .expect_code(0);
}

#[test]
fn the_plan_touches_nothing() {
    let project = Project::new("rust-hello");
    let before = names(project.path());
    let planned = project.attest(&["release", "--plan", "--sandbox"]).run().expect_code(0);
    assert!(planned.stdout_text().contains("hello-1.2.0-source.tar.gz"));
    assert_eq!(names(project.path()), before);
}

#[test]
fn directory_time_zone_umask_and_threads_change_no_byte() {
    let (one, two) = (Project::new("rust-hello"), Project::new("rust-hello"));
    let shell = |project: &Project, umask: &str, zone: &str, threads: &str| {
        let script = format!("umask {umask}; exec \"$ATTEST_UNDER_TEST\" release --sandbox");
        Command::new("sh")
            .args(["-c", &script])
            .current_dir(project.path())
            .env("ATTEST_UNDER_TEST", env!("CARGO_BIN_EXE_attest"))
            .env("TZ", zone)
            .env("RAYON_NUM_THREADS", threads)
            .run()
            .expect_code(0);
    };
    shell(&one, "022", "UTC", "1");
    shell(&two, "077", "Asia/Kathmandu", "2");
    assert!(
        repeatable(&one.dist()) == repeatable(&two.dist()),
        "archives or lists differ"
    );
}

#[test]
fn a_second_release_replaces_the_first_and_changes_no_byte_of_what_is_repeatable() {
    let project = Project::new("prebuilt");
    project.release(&[]).expect_code(0);
    let first = repeatable(&project.dist());
    project.release(&[]).expect_code(0);
    assert!(first == repeatable(&project.dist()), "archives or lists differ");
    project.verify().expect_code(0);
}

#[test]
fn a_changed_byte_anywhere_is_found_and_the_file_is_named() {
    let project = Project::new("prebuilt");
    project.release(&[]).expect_code(0);
    for (name, bytes) in contents(&project.dist()) {
        for position in positions(bytes.len(), name.ends_with(".sigstore.json")) {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            fs::write(project.dist().join(&name), &changed).unwrap();
            let verdict = project.verify();
            assert_eq!(verdict.code, 1, "{name} at {position}: {}", verdict.stdout_text());
            let said = format!("{}{}", verdict.stdout_text(), verdict.stderr_text());
            assert!(said.contains(&name), "{name} at {position} is not named: {said}");
        }
        fs::write(project.dist().join(&name), &bytes).unwrap();
    }
    project.verify().expect_code(0);
}

/// The ends, the middle, and for bundles places all over.
fn positions(length: usize, many: bool) -> Vec<usize> {
    let count = if many { 12 } else { 3 };
    (0..count).map(|step| step * (length - 1) / (count - 1)).collect()
}

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
fn what_is_not_committed_is_said_and_not_packed_as_source() {
    let project = Project::new("prebuilt");
    project.release(&[]).expect_code(0);
    let before = fs::read(project.dist().join("tally-2.0.1-source.tar.gz")).unwrap();
    fs::write(project.path().join("README.md"), "changed\n").unwrap();
    let released = project.release(&["--format", "json"]).expect_code(0);
    assert!(
        released.stderr_text().contains("not committed: `README.md`"),
        "{}",
        released.stderr_text()
    );
    assert_eq!(json(&released)["dirty"], true);
    assert!(fs::read(project.dist().join("tally-2.0.1-source.tar.gz")).unwrap() == before);
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
fn an_unsigned_release_says_so_and_can_be_repeated() {
    let project = Project::new("prebuilt");
    for _ in 0..2 {
        let released = project.attest(&["release", "--skip-sign"]).run().expect_code(0);
        assert!(
            released.stdout_text().contains("signed    by nobody"),
            "{}",
            released.stdout_text()
        );
    }
    assert!(
        names(&project.dist())
            .iter()
            .any(|name| name == "tally-2.0.1.provenance.json")
    );
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
