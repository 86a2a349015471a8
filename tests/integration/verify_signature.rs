//! Signatures that came without a bundle: `.sig` beside the artifact, with `.pem` and a log entry, or by options.

use std::fs;

use attest_testkit::{KeySigner, LogVersion, World};
use attestation::Payload;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::command::{Command, Finished};
use crate::fixtures::directory;

const IDENTITY: &str = "https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const WITHOUT_LOG: &str = "--insecure-ignore-tlog";
const APPLICATION: &[u8] = b"the bytes of an application\n";

const MINISIGN: &str = "untrusted comment: x\nRUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
     trusted comment: y\ny/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==\n";

struct Release {
    directory: tempfile::TempDir,
    world: World,
}

impl Release {
    fn new() -> Self {
        let release = Self {
            directory: tempfile::tempdir().unwrap(),
            world: World::new(1).unwrap(),
        };
        release.write("app.bin", APPLICATION);
        release.write("root.json", release.world.trusted_root().unwrap());
        release.write("key.pub", KeySigner::new(&release.world, 7).public_key_pem());
        release
    }

    /// What an older cosign leaves behind: signature, certificate and log entry, each in its file.
    fn keyless(self) -> Self {
        let bundle = self.world.sign_artifact(APPLICATION, LogVersion::V1).unwrap();
        let bundle: Value = serde_json::from_slice(bundle.as_json()).unwrap();
        let material = &bundle["verificationMaterial"];
        let certificate = material["certificate"]["rawBytes"].as_str().unwrap();
        let pem = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
        self.write("app.bin.sig", signature(&bundle));
        self.write("app.bin.pem", pem);
        self.write("app.bin.rekor.json", material["tlogEntries"][0].to_string());
        self
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.directory.path().join(name), bytes).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.directory.path().join(name)).unwrap();
    }

    fn verify(&self, arguments: &[&str]) -> Finished {
        Command::attest()
            .args(["verify", "--trusted-root", "root.json"])
            .args(arguments)
            .current_dir(self.directory.path())
            .run()
    }

    fn verify_keyless(&self, arguments: &[&str]) -> Finished {
        let identity = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER];
        self.verify(&[arguments, &identity].concat())
    }
}

fn signature(bundle: &Value) -> &str {
    bundle["messageSignature"]["signature"].as_str().unwrap()
}

#[track_caller]
fn says(finished: &Finished, expected: &str) {
    let text = finished.stdout_text();
    assert!(text.contains(expected), "expected {expected:?} in:\n{text}");
}

#[test]
fn a_bare_signature_is_in_no_log_and_counts_only_when_that_is_said() {
    let release = Release::new();
    let bundle = KeySigner::new(&release.world, 7).sign_artifact(APPLICATION).unwrap();
    release.write("app.bin.sig", signature(&bundle));
    release.write("named", signature(&bundle));
    for given in [&["app.bin"][..], &["app.bin", "--signature", "named"]] {
        let arguments = [given, &["--key", "key.pub"]].concat();
        let finished = release.verify(&arguments).expect_code(1);
        says(&finished, "[no-log-entry]");
        says(&finished, "It is by the expected key");
        let finished = release
            .verify(&[&arguments[..], &[WITHOUT_LOG]].concat())
            .expect_code(0);
        says(&finished, "NOT checked   transparency-log, signed-time");
    }
    release.write("app.bin", "other bytes");
    for relaxation in [&[][..], &[WITHOUT_LOG]] {
        let arguments = [&["app.bin", "--key", "key.pub"], relaxation].concat();
        let finished = release.verify(&arguments).expect_code(1);
        says(&finished, "[signature-invalid]");
    }
}

#[test]
fn a_bare_signature_counts_under_a_trust_root_without_logs() {
    let release = Release::new();
    let bundle = KeySigner::new(&release.world, 7).sign_artifact(APPLICATION).unwrap();
    release.write("app.bin.sig", signature(&bundle));
    let mut root: Value = serde_json::from_str(&release.world.trusted_root().unwrap()).unwrap();
    root["tlogs"] = Value::Array(Vec::new());
    release.write("root.json", root.to_string());
    let finished = release.verify(&["app.bin", "--key", "key.pub"]).expect_code(0);
    says(&finished, "NOT checked   transparency-log, signed-time");
}

#[test]
fn an_envelope_taken_out_of_its_bundle_is_in_no_log() {
    let release = Release::new();
    let fixture = directory().join("accept/statement-rekor-v2");
    let by_certificate: Value =
        serde_json::from_slice(&fs::read(fixture.join("bundle.sigstore.json")).unwrap()).unwrap();
    let payload = by_certificate["dsseEnvelope"]["payload"].as_str().unwrap();
    let payload = Payload::in_toto(STANDARD.decode(payload).unwrap());
    let bundle = KeySigner::new(&release.world, 7).sign_statement(&payload).unwrap();
    release.write("app-1.0.0.tar.gz", fs::read(fixture.join("app-1.0.0.tar.gz")).unwrap());
    release.write("whole.sigstore.json", bundle.to_string());
    release.write("stripped.intoto.jsonl", bundle["dsseEnvelope"].to_string());
    let verify = |bundle: &str, more: &[&str]| {
        let arguments = ["app-1.0.0.tar.gz", "--key", "key.pub", "--bundle", bundle];
        release.verify(&[&arguments[..], more].concat())
    };
    verify("whole.sigstore.json", &[]).expect_code(0);
    says(&verify("stripped.intoto.jsonl", &[]).expect_code(1), "[no-log-entry]");
    verify("stripped.intoto.jsonl", &[WITHOUT_LOG]).expect_code(0);
}

#[test]
fn signature_certificate_and_log_entry_are_put_together() {
    let release = Release::new().keyless();
    let finished = release.verify_keyless(&["app.bin"]).expect_code(0);
    says(&finished, "app.bin.sig covers 1");
    says(&finished, "(hashedrekord/0.0.1)");
    // The parts are evidence when they are named, too.
    let all = ["app.bin", "app.bin.sig", "app.bin.pem", "app.bin.rekor.json"];
    says(
        &release.verify_keyless(&all).expect_code(0),
        "1 of 1 artifacts verified",
    );
}

#[test]
fn a_certificate_without_a_log_entry_has_no_time_and_is_rejected() {
    let release = Release::new().keyless();
    release.remove("app.bin.rekor.json");
    let finished = release.verify_keyless(&["app.bin"]).expect_code(1);
    says(&finished, "FAILED   app.bin");
}

#[test]
fn the_parts_may_be_named_by_options() {
    let release = Release::new().keyless();
    for (part, name) in [("app.bin.sig", "s"), ("app.bin.pem", "c"), ("app.bin.rekor.json", "r")] {
        fs::rename(release.directory.path().join(part), release.directory.path().join(name)).unwrap();
    }
    let parts = ["--signature", "s", "--certificate", "c", "--rekor-entry", "r"];
    let finished = release.verify_keyless(&[&["app.bin"][..], &parts].concat());
    says(&finished.expect_code(0), "s covers 1");
    release.write("other.bin", "other bytes");
    let finished = release.verify_keyless(&[&["other.bin"][..], &parts].concat());
    says(&finished.expect_code(1), "FAILED   other.bin");
    let finished = release.verify_keyless(&[&["app.bin", "other.bin"][..], &parts].concat());
    let finished = finished.expect_code(2);
    assert!(finished.stderr_text().contains("error[signature-for-several-files]"));
}

#[test]
fn a_signature_without_its_artifact_is_rejected() {
    let release = Release::new().keyless();
    release.write("alone.sig", "MAYCAQUCAQY=\n");
    let finished = release.verify_keyless(&["app.bin", "alone.sig"]).expect_code(1);
    says(&finished, "[signature-without-artifact]");
}

#[test]
fn a_signature_of_another_world_beside_the_artifact_is_passed_over_and_covers_nothing() {
    let release = Release::new().keyless();
    release.write("app.bin.minisig", MINISIGN);
    says(
        &release.verify_keyless(&["app.bin"]).expect_code(0),
        "app.bin.sig covers 1",
    );
    release.remove("app.bin.sig");
    let finished = release.verify_keyless(&["app.bin"]).expect_code(1);
    says(&finished, "[signature-of-another-world]");
}

#[test]
fn the_parts_of_a_signature_drop_out_of_a_directory_once_they_were_used() {
    let release = Release::new().keyless();
    let download = release.directory.path().join("download");
    fs::create_dir(&download).unwrap();
    for name in ["app.bin", "app.bin.sig", "app.bin.pem", "app.bin.rekor.json"] {
        fs::copy(release.directory.path().join(name), download.join(name)).unwrap();
    }
    let finished = release.verify_keyless(&["download"]).expect_code(0);
    says(&finished, "1 of 1 artifacts verified");
    // A second certificate is one that nothing was verified with.
    release.write("download/app.bin.crt", "anything");
    let finished = release.verify_keyless(&["download"]).expect_code(1);
    says(&finished, "FAILED   download/app.bin.crt");
    says(&finished, "1 of 2 artifacts verified");
}

#[test]
fn what_is_named_like_the_part_of_a_signature_that_is_passed_over_is_an_artifact_without_evidence() {
    let release = Release::new();
    let bundle = release.world.sign_artifact(APPLICATION, LogVersion::V1).unwrap();
    release.write("app.bin.sigstore.json", bundle.as_json());
    release.write("app.bin.sig", MINISIGN);
    let finished = release.verify_keyless(&["app.bin", "app.bin.sig"]).expect_code(0);
    says(&finished, "passed over app.bin.sig  evidence");
    for name in ["app.bin.pem", "app.bin.crt", "app.bin.rekor"] {
        release.write(name, "anything");
        let finished = release.verify_keyless(&["app.bin", name]).expect_code(1);
        says(&finished, &format!("FAILED   {name}"));
    }
}
