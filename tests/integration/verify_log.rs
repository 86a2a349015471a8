//! Transparency logs that have ended, or had not begun.

use std::fs;

use attest_testkit::{ISSUER, LogVersion, WORKFLOW, World};
use serde_json::{Value, json};

use crate::command::{Command, Finished};

const APPLICATION: &[u8] = b"the bytes of an application\n";

/// Verifies what was signed on 1 March 2025 under a root whose logs count in this time.
fn verify(version: LogVersion, window: &Value) -> Finished {
    let directory = tempfile::tempdir().unwrap();
    let world = World::new(1).unwrap();
    let bundle = world.sign_artifact(APPLICATION, version).unwrap();
    let mut root: Value = serde_json::from_str(&world.trusted_root().unwrap()).unwrap();
    for log in root["tlogs"].as_array_mut().unwrap() {
        log["publicKey"]["validFor"] = window.clone();
    }
    let write = |name: &str, bytes: &[u8]| fs::write(directory.path().join(name), bytes).unwrap();
    write("app.bin", APPLICATION);
    write("app.bin.sigstore.json", bundle.as_json());
    write("root.json", root.to_string().as_bytes());
    Command::attest()
        .args(["verify", "app.bin", "--trusted-root", "root.json"])
        .args(["--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", ISSUER])
        .current_dir(directory.path())
        .run()
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
