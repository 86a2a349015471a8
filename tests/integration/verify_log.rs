//! Transparency logs that have ended, or had not begun.

use attest_testkit::{ISSUER, LogVersion, WORKFLOW};
use serde_json::{Value, json};

use crate::command::Finished;
use crate::signed_release::{APPLICATION, Release, says};

/// Verifies what was signed on 1 March 2025 under a root whose logs count in this time.
fn verify(version: LogVersion, window: &Value) -> Finished {
    verify_changed(version, window, |_, _| ())
}

fn verify_changed(version: LogVersion, window: &Value, change: impl FnOnce(&Release, &mut Value)) -> Finished {
    let release = Release::new();
    let mut bundle = signed(&release, version);
    change(&release, &mut bundle);
    let mut root: Value = serde_json::from_str(&release.world.trusted_root().unwrap()).unwrap();
    for log in root["tlogs"].as_array_mut().unwrap() {
        log["publicKey"]["validFor"] = window.clone();
    }
    release.write("app.bin.sigstore.json", bundle.to_string());
    release.write("root.json", root.to_string());
    let identity = ["--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", ISSUER];
    release.verify(&[&["app.bin"][..], &identity].concat())
}

fn signed(release: &Release, version: LogVersion) -> Value {
    let bundle = release.world.sign_artifact(APPLICATION, version).unwrap();
    serde_json::from_slice(bundle.as_json()).unwrap()
}

/// Leaves of an entry of Rekor v1 what its proof alone shows.
fn without_promise(_: &Release, bundle: &mut Value) {
    let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
    entry.as_object_mut().unwrap().remove("inclusionPromise").unwrap();
}

/// The same, with the time of an authority in the place of that of the log. A key of this world signs the same bytes alike.
fn stamped_without_promise(release: &Release, bundle: &mut Value) {
    without_promise(release, bundle);
    let stamped = signed(release, LogVersion::V2);
    let (signature, stamps) = ("messageSignature", "timestampVerificationData");
    assert_eq!(bundle[signature], stamped[signature]);
    bundle["verificationMaterial"][stamps] = stamped["verificationMaterial"][stamps].clone();
}

#[test]
fn what_was_signed_before_its_log_ended_stays_good() {
    let window = json!({ "start": "2025-01-01T00:00:00Z", "end": "2025-06-01T00:00:00Z" });
    for version in [LogVersion::V1, LogVersion::V2] {
        verify(version, &window).expect_code(0);
    }
}

#[test]
fn what_was_signed_after_its_log_had_ended_is_rejected() {
    let window = json!({ "start": "2025-01-01T00:00:00Z", "end": "2025-02-01T00:00:00Z" });
    for (version, expected) in [
        (LogVersion::V1, "[inclusion-promise-invalid]"),
        (LogVersion::V2, "[log-entry-invalid]"),
    ] {
        let finished = verify(version, &window).expect_code(1);
        let text = finished.stdout_text();
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_log_may_begin_after_a_stamp_and_not_after_its_own_promise() {
    let window = json!({ "start": "2025-06-01T00:00:00Z" });
    let finished = verify(LogVersion::V1, &window).expect_code(1);
    assert!(finished.stdout_text().contains("[inclusion-promise-invalid]"));
    verify(LogVersion::V2, &window).expect_code(0);
}

#[test]
fn an_entry_without_a_promise_under_a_log_that_had_ended_is_rejected() {
    let until = |end: &str| json!({ "start": "2025-01-01T00:00:00Z", "end": end });
    let stamped = |window: &Value| verify_changed(LogVersion::V1, window, stamped_without_promise);
    stamped(&until("2025-06-01T00:00:00Z")).expect_code(0);
    let finished = stamped(&until("2025-02-01T00:00:00Z")).expect_code(1);
    says(finished.stdout_text(), "[log-entry-invalid]");
    // The time of an entry is signed by its promise alone.
    for end in ["2025-06-01T00:00:00Z", "2025-02-01T00:00:00Z"] {
        let finished = verify_changed(LogVersion::V1, &until(end), without_promise).expect_code(1);
        says(finished.stdout_text(), "[no-signed-time]");
    }
}
