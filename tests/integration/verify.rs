use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{Command, Finished};
use crate::fixtures::directory;

const IDENTITY: &str = "https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const APPLICATION: &str = "app-1.0.0.tar.gz";
const SBOM: &str = "app-1.0.0.cdx.json";

/// A release in a directory of its own: an archive, its SBOM, and one bundle about both.
struct Release(tempfile::TempDir);

impl Release {
    fn new() -> Self {
        let release = Self(tempfile::tempdir().unwrap());
        let good = directory().join("accept/statement-rekor-v2");
        let swapped = directory().join("reject/swapped_fail");
        release.copy(&good.join(APPLICATION), APPLICATION);
        // The fixture holds the bytes of the SBOM under the name of the archive.
        release.copy(&swapped.join(APPLICATION), SBOM);
        release.copy(&good.join("bundle.sigstore.json"), "release.sigstore.json");
        release.copy(&good.join("trusted_root.json"), "root.json");
        release
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn copy(&self, from: &Path, to: &str) {
        fs::copy(from, self.path().join(to)).unwrap();
    }

    fn verify(&self, arguments: &[&str]) -> Finished {
        self.verify_as(IDENTITY, arguments)
    }

    fn verify_as(&self, identity: &str, arguments: &[&str]) -> Finished {
        Command::attest()
            .arg("verify")
            .args(arguments)
            .args(["--trusted-root", "root.json", "--certificate-identity", identity])
            .args(["--certificate-oidc-issuer", ISSUER])
            .current_dir(self.path())
            .run()
    }
}

#[track_caller]
fn says(text: &str, expected: &str) {
    assert!(text.contains(expected), "expected {expected:?} in:\n{text}");
}

#[test]
fn a_whole_release_is_verified_in_one_call_in_the_order_of_the_call() {
    let finished = Release::new()
        .verify(&[SBOM, "release.sigstore.json", APPLICATION])
        .expect_code(0);
    let text = finished.stdout_text();
    assert_eq!(finished.stderr_text(), "");
    assert!(text.find(SBOM).unwrap() < text.find(APPLICATION).unwrap(), "{text}");
    says(text, "signed by     https://github.com/example/app");
    says(text, "2025-03-01T12:00:00Z, says http://localhost");
    says(text, "2 of 2 artifacts verified");
    says(text, "against the trust root root.json");
}

#[test]
fn the_bundle_of_a_release_is_found_beside_its_files() {
    Release::new().verify(&[APPLICATION]).expect_code(0);
}

#[test]
fn without_an_identity_nothing_is_accepted_and_the_claimed_one_is_shown() {
    let release = Release::new();
    let finished = Command::attest()
        .args(["verify", APPLICATION, "--trusted-root", "root.json"])
        .current_dir(release.path())
        .run()
        .expect_code(2);
    assert_eq!(finished.stdout_text(), "");
    let text = finished.stderr_text();
    says(text, "error[no-identity]");
    says(text, "UNVERIFIED");
    says(
        text,
        &format!(
            "attest verify {APPLICATION} --trusted-root root.json --certificate-identity {IDENTITY} --certificate-oidc-issuer {ISSUER}"
        ),
    );
}

#[test]
fn half_an_identity_is_none() {
    let release = Release::new();
    let finished = Command::attest()
        .args(["verify", APPLICATION, "--certificate-identity", IDENTITY])
        .current_dir(release.path())
        .run()
        .expect_code(2);
    says(finished.stderr_text(), "expected --certificate-oidc-issuer");
}

#[test]
fn another_identity_is_a_mismatch() {
    let finished = Release::new()
        .verify_as("https://example.com/somebody", &[APPLICATION, "release.sigstore.json"])
        .expect_code(1);
    says(finished.stdout_text(), "[identity-mismatch]");
    says(finished.stdout_text(), "FAILED   release.sigstore.json  evidence");
}

#[test]
fn a_changed_byte_of_any_file_is_rejected_and_the_file_is_named() {
    for name in [APPLICATION, SBOM, "release.sigstore.json"] {
        let release = Release::new();
        let path = release.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        let finished = release
            .verify(&[APPLICATION, SBOM, "release.sigstore.json"])
            .expect_code(1);
        says(finished.stdout_text(), &format!("FAILED   {name}"));
    }
}

#[test]
fn an_artifact_that_no_bundle_covers_is_rejected_and_named() {
    let release = Release::new();
    fs::write(release.path().join("other.bin"), "other").unwrap();
    let finished = release
        .verify(&[APPLICATION, "other.bin", "release.sigstore.json"])
        .expect_code(1);
    says(finished.stdout_text(), "ok       app-1.0.0.tar.gz");
    says(finished.stdout_text(), "FAILED   other.bin");
    says(finished.stdout_text(), "[subject-missing]");
}

#[test]
fn an_artifact_without_any_bundle_is_rejected() {
    let release = Release::new();
    fs::remove_file(release.path().join("release.sigstore.json")).unwrap();
    let finished = release.verify(&[APPLICATION]).expect_code(1);
    says(finished.stdout_text(), "[no-bundle]");
}

#[test]
fn files_that_changed_names_are_rejected() {
    let release = Release::new();
    let at = |name: &str| release.path().join(name);
    fs::rename(at(APPLICATION), at("x")).unwrap();
    fs::rename(at(SBOM), at(APPLICATION)).unwrap();
    fs::rename(at("x"), at(SBOM)).unwrap();
    let finished = release.verify(&[APPLICATION, SBOM]).expect_code(1);
    says(finished.stdout_text(), "[subject-swapped]");
}

#[test]
fn a_file_of_an_unknown_name_is_accepted_by_its_bytes_and_the_signed_name_is_shown() {
    let release = Release::new();
    fs::rename(release.path().join(APPLICATION), release.path().join("download.bin")).unwrap();
    let finished = release.verify(&["download.bin"]).expect_code(0);
    says(finished.stdout_text(), "signed under the name `app-1.0.0.tar.gz`");
}

#[test]
fn a_bundle_that_bears_the_name_of_an_artifact_has_to_be_about_it() {
    let release = Release::new();
    let alone = directory().join("accept/artifact-rekor-v2/bundle.sigstore.json");
    release.copy(&alone, "app-1.0.0.cdx.json.sigstore.json");
    let finished = release
        .verify(&[SBOM, "app-1.0.0.cdx.json.sigstore.json", "release.sigstore.json"])
        .expect_code(1);
    says(finished.stdout_text(), "--> app-1.0.0.cdx.json.sigstore.json");
}

#[test]
fn one_bad_bundle_hides_no_other() {
    let release = Release::new();
    fs::write(release.path().join("bad.sigstore.json"), "{").unwrap();
    let finished = release
        .verify(&[APPLICATION, "bad.sigstore.json", "release.sigstore.json"])
        .expect_code(1);
    says(finished.stdout_text(), "ok       app-1.0.0.tar.gz");
    says(finished.stdout_text(), "FAILED   bad.sigstore.json");
    says(finished.stdout_text(), "[bundle-truncated]");
}

#[test]
fn several_bundles_in_a_file_are_each_verified() {
    let release = Release::new();
    let good = fs::read_to_string(release.path().join("release.sigstore.json")).unwrap();
    let forged = fs::read_to_string(directory().join("reject/forged-signature_fail/bundle.sigstore.json")).unwrap();
    fs::write(release.path().join("all.sigstore.jsonl"), format!("{good}\n{forged}\n")).unwrap();
    let finished = release
        .verify(&[APPLICATION, "--bundle", "all.sigstore.jsonl"])
        .expect_code(1);
    says(finished.stdout_text(), "ok       app-1.0.0.tar.gz");
    says(finished.stdout_text(), "FAILED   all.sigstore.jsonl:2");
}

#[test]
fn an_oversized_bundle_is_rejected_unread() {
    let release = Release::new();
    let file = fs::File::create(release.path().join("big.sigstore.json")).unwrap();
    file.set_len((64 << 20) + 1).unwrap();
    let finished = release.verify(&[APPLICATION, "big.sigstore.json"]).expect_code(1);
    says(finished.stdout_text(), "[bundle-too-large]");
}

#[test]
fn a_digest_is_verified_without_the_file() {
    let release = Release::new();
    let listing = Command::attest()
        .args(["hash", APPLICATION])
        .current_dir(release.path())
        .run()
        .expect_code(0);
    let digest = format!("sha256:{}", &listing.stdout_text()[..64]);
    let finished = release
        .verify(&[&digest, "--bundle", "release.sigstore.json"])
        .expect_code(0);
    says(finished.stdout_text(), &format!("ok       {digest}"));
    let wrong = format!("sha256:{}", "0".repeat(64));
    release
        .verify(&[&wrong, "--bundle", "release.sigstore.json"])
        .expect_code(1);
}

#[test]
fn bundles_alone_are_no_artifacts() {
    let finished = Release::new().verify(&["release.sigstore.json"]).expect_code(2);
    says(finished.stderr_text(), "error[no-artifact]");
}

#[test]
fn a_file_that_is_not_there_is_undecided() {
    let finished = Release::new()
        .verify(&["absent.tar.gz", "release.sigstore.json"])
        .expect_code(3);
    says(finished.stdout_text(), "UNKNOWN  absent.tar.gz");
}

#[test]
fn a_trust_root_that_is_none_is_wrong_usage() {
    let release = Release::new();
    fs::write(release.path().join("root.json"), "{}").unwrap();
    let finished = release.verify(&[APPLICATION]).expect_code(2);
    says(finished.stderr_text(), "error[trusted-root-invalid]");
}

#[test]
fn the_built_in_trust_root_is_named_and_does_not_know_the_sandbox() {
    let release = Release::new();
    let finished = Command::attest()
        .args(["verify", APPLICATION, "--certificate-identity", IDENTITY])
        .args(["--certificate-oidc-issuer", ISSUER])
        .current_dir(release.path())
        .run()
        .expect_code(1);
    says(finished.stdout_text(), "[log-unknown]");
    says(
        finished.stdout_text(),
        "of the public-good instance of Sigstore, built in, as of ",
    );
}

#[test]
fn one_json_document_says_the_same() {
    let release = Release::new();
    fs::write(release.path().join("other.bin"), "other").unwrap();
    let arguments = [APPLICATION, "other.bin", "release.sigstore.json", "--format", "json"];
    let finished = release.verify(&arguments).expect_code(1);
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    assert_eq!(document["schema"], "https://attest.dev/schema/verify/v1");
    assert_eq!(document["verdict"], "rejected");
    assert_eq!(document["artifacts"][0]["verdict"], "accepted");
    assert_eq!(document["artifacts"][0]["bundles"][0], 0);
    assert_eq!(document["artifacts"][1]["problems"][0]["code"], "subject-missing");
    assert_eq!(document["bundles"][0]["signer"]["certificateIdentity"], IDENTITY);
    assert_eq!(document["bundles"][0]["statement"]["subjects"], 2);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let release = Release::new();
    let run = |threads: &str| {
        let arguments = [APPLICATION, SBOM, "--threads", threads, "--format", "json"];
        let mut document: Value = serde_json::from_slice(&release.verify(&arguments).expect_code(0).stdout).unwrap();
        document["time"] = Value::Null;
        document
    };
    assert_eq!(run("1"), run("2"));
}

#[test]
fn a_name_cannot_forge_a_verdict() {
    let release = Release::new();
    let name = "x\nok       everything";
    fs::write(release.path().join(name), "x").unwrap();
    let finished = release.verify(&[name]).expect_code(1);
    says(finished.stdout_text(), r"FAILED   x\nok       everything");
}

#[test]
fn inspect_shows_what_a_bundle_says_as_unverified() {
    let finished = Command::attest()
        .arg("inspect")
        .arg(directory().join("reject/forged-signature_fail/bundle.sigstore.json"))
        .run()
        .expect_code(0);
    let text = finished.stdout_text();
    says(text, "UNVERIFIED");
    says(text, IDENTITY);
    says(text, "app-1.0.0.cdx.json  sha256:");
    let finished = Command::attest()
        .arg("inspect")
        .arg(directory().join("reject/truncated_fail/bundle.sigstore.json"))
        .run()
        .expect_code(1);
    says(finished.stdout_text(), "[bundle-truncated]");
}

#[test]
fn a_copy_of_a_good_bundle_in_the_place_of_an_artifact_is_rejected() {
    let release = Release::new();
    release.copy(&release.path().join("release.sigstore.json"), APPLICATION);
    let finished = release
        .verify(&[APPLICATION, SBOM, "release.sigstore.json"])
        .expect_code(1);
    says(finished.stdout_text(), &format!("FAILED   {APPLICATION}"));
    says(finished.stdout_text(), "1 of 2 artifacts verified");
}

#[test]
fn a_bundle_of_another_name_is_given_by_an_option() {
    let release = Release::new();
    fs::rename(
        release.path().join("release.sigstore.json"),
        release.path().join("evidence.json"),
    )
    .unwrap();
    release
        .verify(&[APPLICATION, "--bundle", "evidence.json"])
        .expect_code(0);
    let finished = release.verify(&[APPLICATION, "evidence.json"]).expect_code(1);
    says(finished.stdout_text(), "FAILED   evidence.json");
}

#[test]
fn the_moment_is_shown_in_whole_seconds() {
    let finished = Release::new().verify(&[APPLICATION]).expect_code(0);
    let (_, rest) = finished.stdout_text().split_once("verified as of ").unwrap();
    assert_eq!(rest.find(','), Some("2025-03-01T12:00:00Z".len()), "{rest}");
}

#[test]
fn an_oversized_trust_root_or_key_is_not_read_to_its_end() {
    let release = Release::new();
    let file = fs::File::create(release.path().join("root.json")).unwrap();
    file.set_len(1 << 40).unwrap();
    let finished = release.verify(&[APPLICATION]).expect_code(2);
    says(finished.stderr_text(), "error[input-too-large]");
    let finished = Command::attest()
        .args(["verify", APPLICATION, "--key", "root.json"])
        .current_dir(release.path())
        .run()
        .expect_code(2);
    says(finished.stderr_text(), "error[input-too-large]");
}

#[test]
fn a_directory_in_the_place_of_a_bundle_is_undecided_and_named() {
    let release = Release::new();
    fs::create_dir(release.path().join("a.sigstore.json")).unwrap();
    let finished = release
        .verify(&[APPLICATION, "a.sigstore.json", "release.sigstore.json"])
        .expect_code(3);
    says(finished.stdout_text(), "UNKNOWN  a.sigstore.json");
}

/// Pipes are made by `mkfifo`, which is everywhere but where there are no pipes in the file system.
#[cfg(unix)]
#[test]
fn a_pipe_is_undecided_and_not_waited_for() {
    let release = Release::new();
    for name in ["pipe", "pipe.sigstore.json"] {
        let made = std::process::Command::new("mkfifo")
            .arg(release.path().join(name))
            .status();
        assert!(made.unwrap().success());
    }
    for (arguments, named) in [
        (&["pipe", "release.sigstore.json"][..], "UNKNOWN  pipe"),
        (&[APPLICATION, "--bundle", "pipe"], "UNKNOWN  pipe"),
        (&[APPLICATION, "pipe.sigstore.json"], "UNKNOWN  pipe.sigstore.json"),
    ] {
        says(release.verify(arguments).expect_code(3).stdout_text(), named);
    }
}

#[test]
fn inspect_goes_on_after_a_file_that_cannot_be_read_and_ends_with_the_worst() {
    let release = Release::new();
    let big = fs::File::create(release.path().join("big.sigstore.json")).unwrap();
    big.set_len((64 << 20) + 1).unwrap();
    let inspect = |names: &[&str], code: i32| {
        let command = Command::attest().arg("inspect").args(names);
        let finished = command.current_dir(release.path()).run().expect_code(code);
        finished.stdout_text().to_owned()
    };
    let text = inspect(&["absent", "release.sigstore.json"], 3);
    says(&text, "[bundle-unreadable]");
    says(&text, IDENTITY);
    let text = inspect(&["big.sigstore.json", "absent"], 1);
    says(&text, "[bundle-too-large]");
    says(&text, "[bundle-unreadable]");
}

#[test]
fn a_name_cannot_forge_a_line_of_a_hint() {
    let release = Release::new();
    let name = "a\nhint: \u{202e}forged";
    release.copy(&release.path().join("release.sigstore.json"), name);
    let finished = Command::attest()
        .args(["verify", APPLICATION, "--bundle", name])
        .current_dir(release.path())
        .run()
        .expect_code(2);
    let text = finished.stderr_text();
    says(text, r"a\nhint: \u{202e}forged");
    let hints = text.lines().filter(|line| line.starts_with("hint: "));
    assert_eq!(hints.count(), 1, "{text}");
}
