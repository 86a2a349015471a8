//! What `attest verify` takes as an artifact: directories, standard input, lists of files.

use std::fs;
use std::path::Path;

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_testkit::{LogVersion, World};
use attestation::{Bundle, Payload};
use serde_json::{Value, json};

use crate::command::{Command, Finished};
use crate::fixtures::directory;
use crate::signed_release::{APPLICATION as APPLICATION_BYTES, Release};

const IDENTITY: &str = "https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const APPLICATION: &str = "app-1.0.0.tar.gz";
const SBOM: &str = "app-1.0.0.cdx.json";

/// A directory that holds `dist`, with an archive, its SBOM and one bundle about both, and the trust root beside it.
struct Site(tempfile::TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        let good = directory().join("accept/statement-rekor-v2");
        fs::create_dir(site.path("dist")).unwrap();
        let copy = |from: &Path, to: &str| {
            fs::copy(from, site.path(to)).unwrap();
        };
        copy(&good.join(APPLICATION), "dist/app-1.0.0.tar.gz");
        // The fixture holds the bytes of the SBOM under the name of the archive.
        copy(
            &directory().join("reject/swapped_fail").join(APPLICATION),
            "dist/app-1.0.0.cdx.json",
        );
        copy(&good.join("bundle.sigstore.json"), "dist/release.sigstore.json");
        copy(&good.join("trusted_root.json"), "root.json");
        site
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        Command::attest()
            .arg("verify")
            .args(arguments)
            .args(["--trusted-root", "root.json", "--certificate-identity", IDENTITY])
            .args(["--certificate-oidc-issuer", ISSUER])
            .current_dir(self.0.path())
    }

    fn verify(&self, arguments: &[&str]) -> Finished {
        self.command(arguments).run()
    }
}

#[track_caller]
fn says(text: &str, expected: &str) {
    assert!(text.contains(expected), "expected {expected:?} in:\n{text}");
}

#[test]
fn every_file_of_a_directory_has_to_be_covered() {
    let site = Site::new();
    let text = site.verify(&["dist"]).expect_code(0);
    says(text.stdout_text(), "2 of 2 artifacts verified");
    fs::create_dir(site.path("dist/sub")).unwrap();
    fs::write(site.path("dist/sub/extra.bin"), "extra").unwrap();
    let text = site.verify(&["dist"]).expect_code(1);
    says(text.stdout_text(), "ok       dist/app-1.0.0.tar.gz");
    says(text.stdout_text(), "FAILED   dist/sub/extra.bin");
    says(text.stdout_text(), "[subject-missing]");
}

#[test]
fn every_bundle_of_a_directory_has_to_verify() {
    let site = Site::new();
    fs::write(site.path("dist/other.sigstore.json"), "{").unwrap();
    let text = site.verify(&["dist"]).expect_code(1);
    says(text.stdout_text(), "FAILED   dist/other.sigstore.json  evidence");
}

#[cfg(unix)]
#[test]
fn a_link_in_a_directory_is_rejected_and_not_followed() {
    let site = Site::new();
    std::os::unix::fs::symlink(APPLICATION, site.path("dist/latest.tar.gz")).unwrap();
    let text = site.verify(&["dist"]).expect_code(1);
    says(text.stdout_text(), "FAILED   dist/latest.tar.gz");
    says(
        text.stdout_text(),
        "[not-coverable] expected a regular file, found a symbolic link",
    );
}

#[test]
fn a_directory_without_artifacts_is_not_verified() {
    let site = Site::new();
    fs::create_dir(site.path("empty")).unwrap();
    let text = site.verify(&["dist", "empty"]).expect_code(1);
    says(text.stdout_text(), "FAILED   empty");
    says(text.stdout_text(), "[directory-empty]");
}

#[test]
fn standard_input_is_verified_by_its_bytes() {
    let site = Site::new();
    let bytes = fs::read(site.path("dist").join(APPLICATION)).unwrap();
    let arguments = ["-", "--bundle", "dist/release.sigstore.json"];
    let good = site.command(&arguments).stdin(bytes).run().expect_code(0);
    says(good.stdout_text(), "ok       -  sha256:");
    let bad = site.command(&arguments).stdin("other").run().expect_code(1);
    says(bad.stdout_text(), "[subject-missing]");
    let none = site.command(&["-"]).stdin("other").run().expect_code(1);
    says(none.stdout_text(), "[no-bundle]");
}

#[test]
fn standard_input_is_read_once() {
    let site = Site::new();
    for arguments in [&["-", "-"][..], &["-", "--files-from", "-"]] {
        let finished = site.verify(arguments).expect_code(2);
        says(finished.stderr_text(), "error[stdin-twice]");
    }
}

#[test]
fn a_list_of_files_is_verified_in_its_order() {
    let site = Site::new();
    let lines = format!("dist/{SBOM}\r\n\ndist/{APPLICATION}\n");
    fs::write(site.path("list"), &lines).unwrap();
    let expected = [format!("dist/{SBOM}"), format!("dist/{APPLICATION}")];
    let listed = site
        .verify(&["--files-from", "list", "--format", "json"])
        .expect_code(0);
    assert_eq!(names(&listed), expected);
    let ended_by_nul = format!("dist/{SBOM}\0dist/{APPLICATION}\0");
    let piped = site.command(&["--files-from", "-", "-0", "--format", "json"]);
    assert_eq!(names(&piped.stdin(ended_by_nul).run().expect_code(0)), expected);
}

fn names(finished: &Finished) -> Vec<String> {
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let artifacts = document["artifacts"].as_array().unwrap();
    artifacts
        .iter()
        .map(|artifact| artifact["artifact"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_list_that_names_nothing_is_wrong_usage_and_one_that_is_not_there_undecided() {
    let site = Site::new();
    fs::write(site.path("list"), "\n").unwrap();
    let finished = site.verify(&["--files-from", "list"]).expect_code(2);
    says(finished.stderr_text(), "error[no-artifact]");
    let finished = site.verify(&["--files-from", "absent"]).expect_code(3);
    says(finished.stderr_text(), "error[list-unreadable]");
}

#[test]
fn of_two_artifacts_one_with_a_bundle_of_its_own_neither_hides_evidence_from_the_other() {
    let site = Site::new();
    fs::rename(
        site.path("dist/release.sigstore.json"),
        site.path("dist/app-1.0.0.tar.gz.sigstore.json"),
    )
    .unwrap();
    let application = format!("dist/{APPLICATION}");
    let sbom = format!("dist/{SBOM}");
    site.verify(&[&sbom]).expect_code(0);
    let both = site.verify(&[&application, &sbom, &application]).expect_code(0);
    says(both.stdout_text(), "dist/app-1.0.0.tar.gz.sigstore.json covers 3");
}

/// Releases whose files have equal names, each with a bundle of its own.
fn releases(names: [&str; 2], sign: impl Fn(&World, &[u8]) -> Bundle) -> tempfile::TempDir {
    let site = tempfile::tempdir().unwrap();
    let world = World::new(1).unwrap();
    for name in names {
        let directory = site.path().join(name);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("app"), name).unwrap();
        let bundle = sign(&world, name.as_bytes());
        fs::write(directory.join("app.sigstore.json"), bundle.as_json()).unwrap();
    }
    fs::write(site.path().join("root.json"), world.trusted_root().unwrap()).unwrap();
    site
}

/// A statement about `app`.
fn sign_statement(world: &World, bytes: &[u8]) -> Bundle {
    let digest = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "app", "digest": { "sha256": digest.digest(Algorithm::Sha256).unwrap().to_hex() } }],
        "predicateType": "https://example.com/note",
        "predicate": {},
    });
    let payload = Payload::in_toto(statement.to_string().into_bytes());
    world.sign_statement(&payload, LogVersion::V1).unwrap()
}

#[test]
fn files_of_one_name_in_two_directories_each_have_their_own_bundle() {
    each_has_its_own(|world, bytes| world.sign_artifact(bytes, LogVersion::V1).unwrap());
    each_has_its_own(sign_statement);
}

fn each_has_its_own(sign: impl Fn(&World, &[u8]) -> Bundle) {
    let site = releases(["dist/linux", "dist/windows"], sign);
    let verify = |files: &[&str]| {
        let signer = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER];
        Command::attest()
            .args(["verify", "--trusted-root", "root.json"])
            .args(files)
            .args(signer)
            .current_dir(site.path())
            .run()
    };
    for files in [&["dist"][..], &["dist/linux", "dist/linux/../windows"]] {
        says(verify(files).expect_code(0).stdout_text(), "2 of 2 artifacts verified");
    }
    // One that an option names is for whatever has its name.
    let named = ["dist/windows/app", "--bundle", "dist/linux/app.sigstore.json"];
    verify(&named).expect_code(1);
    // What is signed for another directory does not heal what the bundle beside the file says.
    fs::copy(site.path().join("dist/linux/app"), site.path().join("dist/windows/app")).unwrap();
    let swapped = verify(&["dist"]).expect_code(1);
    says(swapped.stdout_text(), "ok       dist/linux/app");
    says(swapped.stdout_text(), "FAILED   dist/windows/app");
}

/// A file of a large batch, and what has to be said of it.
fn of_batch(number: usize) -> (&'static str, String, &'static str) {
    let kind = match number {
        0..520 | 1300..1390 => "signed",
        520..1290 => "bare",
        _ => "absent",
    };
    let verdict = match (kind, number % 100) {
        ("signed", 7) => "rejected digest-mismatch",
        ("signed", _) => "accepted -",
        ("bare", _) => "rejected no-bundle",
        _ => "undecided cannot-open",
    };
    (kind, format!("{kind}/{number:04}"), verdict)
}

/// Files are looked at some hundreds at a time: more than once so many with evidence of their own, without any, and not there.
#[test]
fn a_batch_of_many_files_is_judged_in_its_order_whatever_the_threads() {
    let release = Release::new();
    let bundle = release.world.sign_artifact(APPLICATION_BYTES, LogVersion::V1).unwrap();
    let (mut list, mut expected) = (String::new(), Vec::new());
    for number in 0..1400 {
        let (kind, name, verdict) = of_batch(number);
        if kind != "absent" {
            release.write(&name, if number % 100 == 7 { b"other" } else { APPLICATION_BYTES });
        }
        if kind != "bare" {
            release.write(&format!("{name}.sigstore.json"), bundle.as_json());
        }
        list.push_str(&format!("{name}\n"));
        expected.push(format!("{name} {verdict}"));
    }
    release.write("list", &list);
    for threads in ["1", "3"] {
        let signer = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER];
        let arguments = ["--files-from", "list", "--format", "json", "--threads", threads];
        let finished = release.verify(&[&arguments[..], &signer].concat()).expect_code(1);
        let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
        assert_eq!(verdicts(&document), expected, "{threads} threads");
        let first = &document["artifacts"][1300]["bundles"][0];
        let bundle = &document["bundles"][usize::try_from(first.as_u64().unwrap()).unwrap()];
        assert_eq!(bundle["path"], "signed/1300.sigstore.json");
    }
}

/// Each artifact, what became of it, and why.
fn verdicts(document: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let artifacts = document["artifacts"].as_array().unwrap().iter();
    artifacts
        .map(|artifact| {
            let code = text(&artifact["problems"][0]["code"]);
            format!("{} {} {code}", text(&artifact["artifact"]), text(&artifact["verdict"]))
        })
        .collect()
}
