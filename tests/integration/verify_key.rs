use attest_testkit::{KeySigner, LogVersion};
use serde_json::{Value, json};

use crate::command::Finished;
use crate::signed_release::{APPLICATION, Release, says, statement};

/// An application, the key that signs it, and another one.
fn release() -> Release {
    let release = Release::new();
    release.write("other.pub", KeySigner::new(&release.world, 8).public_key_pem());
    release
}

/// The same content signed in both ways, each in a world of its own.
fn bundles() -> [(Release, Value); 2] {
    let artifact = release();
    let bundle = artifact.signer().sign_artifact(APPLICATION).unwrap();
    let stated = release();
    let payload = statement(("app.bin", APPLICATION), "https://example.com/note/v1", &json!({}));
    let envelope = stated.signer().sign_statement(&payload).unwrap();
    [(artifact, bundle), (stated, envelope)]
}

fn verify(release: &Release, bundle: &Value, key: &str) -> Finished {
    release.write("app.bin.sigstore.json", bundle.to_string());
    release.verify(&["app.bin", "--key", key])
}

#[track_caller]
fn rejected(finished: Finished, code: &str) {
    says(finished.expect_code(1).stdout_text(), &format!("[{code}]"));
}

#[test]
fn what_the_expected_key_has_signed_is_accepted() {
    for (release, bundle) in bundles() {
        let finished = verify(&release, &bundle, "key.pub").expect_code(0);
        assert!(finished.stdout_text().contains("signed by     the given key"));
        assert!(finished.stdout_text().contains("1 of 1 artifacts verified"));
    }
}

#[test]
fn a_hint_may_be_left_empty_and_may_not_be_wrong() {
    for (release, mut bundle) in bundles() {
        let hint = |bundle: &mut Value, hint: &str| bundle["verificationMaterial"]["publicKey"]["hint"] = json!(hint);
        hint(&mut bundle, "");
        verify(&release, &bundle, "key.pub").expect_code(0);
        hint(&mut bundle, "another");
        rejected(verify(&release, &bundle, "key.pub"), "key-hint-mismatch");
    }
}

#[test]
fn another_key_is_rejected_with_and_without_a_hint() {
    for (release, mut bundle) in bundles() {
        rejected(verify(&release, &bundle, "other.pub"), "key-hint-mismatch");
        bundle["verificationMaterial"]["publicKey"]["hint"] = json!("");
        rejected(verify(&release, &bundle, "other.pub"), "signature-invalid");
    }
}

#[test]
fn other_bytes_are_rejected() {
    for (release, bundle) in bundles() {
        release.write("app.bin", "other bytes");
        rejected(verify(&release, &bundle, "key.pub"), "digest-mismatch");
    }
}

#[test]
fn a_file_beside_the_bundle_of_another_file_has_none() {
    let release = release();
    let bundle = release.signer().sign_artifact(APPLICATION).unwrap();
    release.write("other.bin", "other bytes");
    release.write("app.bin.sigstore.json", bundle.to_string());
    let verify = |arguments: &[&str]| release.verify(&[arguments, &["--key", "key.pub"]].concat());
    for arguments in [&["other.bin"][..], &["other.bin", "app.bin", "app.bin.sigstore.json"]] {
        let finished = verify(arguments);
        let expected = "[no-bundle] expected a bundle for `other.bin`, found only that of `app.bin`";
        says(finished.stdout_text(), expected);
        rejected(finished, "no-bundle");
    }
    // Evidence that an option names is for whatever is verified, and so may be one whose file is not there.
    rejected(
        verify(&["other.bin", "--bundle", "app.bin.sigstore.json"]),
        "digest-mismatch",
    );
    release.remove("app.bin");
    rejected(verify(&["other.bin"]), "digest-mismatch");
}

#[test]
fn the_log_entry_of_another_key_is_rejected() {
    let release = release();
    let mut bundle = release.signer().sign_artifact(APPLICATION).unwrap();
    let other = KeySigner::new(&release.world, 8).sign_artifact(APPLICATION).unwrap();
    bundle["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"].clone();
    rejected(verify(&release, &bundle, "key.pub"), "log-entry-mismatch");
}

#[test]
fn a_certificate_is_rejected_where_a_key_is_expected() {
    let release = release();
    let bundle = release.world.sign_artifact(APPLICATION, LogVersion::V2).unwrap();
    let bundle = serde_json::from_slice(bundle.as_json()).unwrap();
    rejected(verify(&release, &bundle, "key.pub"), "key-material-mismatch");
}
