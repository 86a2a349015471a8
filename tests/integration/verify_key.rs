use std::fs;

use attest_testkit::{KeySigner, LogVersion, World};
use attestation::Payload;
use serde_json::{Value, json};

use crate::command::{Command, Finished};

const APPLICATION: &[u8] = b"the bytes of an application\n";

/// The SHA-256 of the application is measured by the program under test, not here.
fn statement(directory: &std::path::Path) -> Payload {
    let listing = Command::attest()
        .args(["hash", "app.bin"])
        .current_dir(directory)
        .run()
        .expect_code(0);
    let digest = &listing.stdout_text()[..64];
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "app.bin", "digest": { "sha256": digest } }],
        "predicateType": "https://example.com/note/v1",
        "predicate": {},
    });
    Payload::in_toto(statement.to_string().into_bytes())
}

/// An application, the key that signs it, and another one.
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
        release.write("key.pub", release.signer().public_key_pem());
        release.write("other.pub", KeySigner::new(&release.world, 8).public_key_pem());
        release
    }

    fn signer(&self) -> KeySigner<'_> {
        KeySigner::new(&self.world, 7)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.directory.path().join(name), bytes).unwrap();
    }

    /// The same content signed in both ways, each in a world of its own.
    fn bundles() -> [(Self, Value); 2] {
        let artifact = Self::new();
        let bundle = artifact.signer().sign_artifact(APPLICATION).unwrap();
        let stated = Self::new();
        let payload = statement(stated.directory.path());
        let envelope = stated.signer().sign_statement(&payload).unwrap();
        [(artifact, bundle), (stated, envelope)]
    }

    fn verify(&self, bundle: &Value, key: &str) -> Finished {
        self.write("app.bin.sigstore.json", bundle.to_string());
        Command::attest()
            .args(["verify", "app.bin", "--trusted-root", "root.json", "--key", key])
            .current_dir(self.directory.path())
            .run()
    }
}

#[track_caller]
fn rejected(finished: Finished, code: &str) {
    let finished = finished.expect_code(1);
    let text = finished.stdout_text();
    assert!(text.contains(&format!("[{code}]")), "expected {code} in:\n{text}");
}

#[test]
fn what_the_expected_key_has_signed_is_accepted() {
    for (release, bundle) in Release::bundles() {
        let finished = release.verify(&bundle, "key.pub").expect_code(0);
        assert!(finished.stdout_text().contains("signed by     the given key"));
        assert!(finished.stdout_text().contains("1 of 1 artifacts verified"));
    }
}

#[test]
fn a_hint_may_be_left_empty_and_may_not_be_wrong() {
    for (release, mut bundle) in Release::bundles() {
        let hint = |bundle: &mut Value, hint: &str| bundle["verificationMaterial"]["publicKey"]["hint"] = json!(hint);
        hint(&mut bundle, "");
        release.verify(&bundle, "key.pub").expect_code(0);
        hint(&mut bundle, "another");
        rejected(release.verify(&bundle, "key.pub"), "key-hint-mismatch");
    }
}

#[test]
fn another_key_is_rejected_with_and_without_a_hint() {
    for (release, mut bundle) in Release::bundles() {
        rejected(release.verify(&bundle, "other.pub"), "key-hint-mismatch");
        bundle["verificationMaterial"]["publicKey"]["hint"] = json!("");
        rejected(release.verify(&bundle, "other.pub"), "signature-invalid");
    }
}

#[test]
fn other_bytes_are_rejected() {
    for (release, bundle) in Release::bundles() {
        release.write("app.bin", "other bytes");
        rejected(release.verify(&bundle, "key.pub"), "digest-mismatch");
    }
}

#[test]
fn the_log_entry_of_another_key_is_rejected() {
    let release = Release::new();
    let mut bundle = release.signer().sign_artifact(APPLICATION).unwrap();
    let other = KeySigner::new(&release.world, 8).sign_artifact(APPLICATION).unwrap();
    bundle["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"].clone();
    rejected(release.verify(&bundle, "key.pub"), "log-entry-mismatch");
}

#[test]
fn a_certificate_is_rejected_where_a_key_is_expected() {
    let release = Release::new();
    let bundle = release.world.sign_artifact(APPLICATION, LogVersion::V2).unwrap();
    let bundle = serde_json::from_slice(bundle.as_json()).unwrap();
    rejected(release.verify(&bundle, "key.pub"), "key-material-mismatch");
}
