use std::fs;

use serde_json::{Value, json};

use crate::command::{Command, Finished};
use crate::fixtures::directory;

const IDENTITY: &str = "https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// The good bundle of Rekor v1 as clients of bundle version 0.1 or 0.2 wrote it: with a chain.
fn older(version: &str) -> Value {
    let bundle = fs::read(directory().join("accept/statement-rekor-v1/bundle.sigstore.json")).unwrap();
    let mut bundle: Value = serde_json::from_slice(&bundle).unwrap();
    bundle["mediaType"] = json!(format!("application/vnd.dev.sigstore.bundle+json;version={version}"));
    let material = bundle["verificationMaterial"].as_object_mut().unwrap();
    let certificate = material.remove("certificate").unwrap();
    material.insert(
        "x509CertificateChain".to_owned(),
        json!({ "certificates": [certificate] }),
    );
    bundle
}

fn without_checkpoint(mut bundle: Value) -> Value {
    let proof = &mut bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"];
    proof.as_object_mut().unwrap().remove("checkpoint").unwrap();
    bundle
}

fn verify(bundle: &Value) -> Finished {
    let path = tempfile::tempdir().unwrap();
    fs::write(path.path().join("old.sigstore.json"), bundle.to_string()).unwrap();
    Command::attest()
        .args(["verify", "app-1.0.0.tar.gz", "--trusted-root", "trusted_root.json"])
        .args(["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER])
        .arg("--bundle")
        .arg(path.path().join("old.sigstore.json"))
        .current_dir(directory().join("accept/statement-rekor-v1"))
        .run()
}

#[track_caller]
fn rejected(bundle: &Value, code: &str) {
    let finished = verify(bundle).expect_code(1);
    let text = finished.stdout_text();
    assert!(text.contains(&format!("[{code}]")), "expected {code} in:\n{text}");
}

#[test]
fn older_versions_are_accepted() {
    verify(&older("0.1")).expect_code(0);
    verify(&older("0.2")).expect_code(0);
}

#[test]
fn a_checkpoint_may_be_missing_only_where_a_promise_is_the_evidence() {
    verify(&without_checkpoint(older("0.1"))).expect_code(0);
    rejected(&without_checkpoint(older("0.2")), "bundle-missing-evidence");
}

#[test]
fn a_promise_that_is_the_only_evidence_is_checked() {
    let mut bundle = without_checkpoint(older("0.1"));
    bundle["verificationMaterial"]["tlogEntries"][0]["logIndex"] = json!("7");
    rejected(&bundle, "inclusion-promise-invalid");
    let mut bundle = without_checkpoint(older("0.1"));
    let entry = bundle["verificationMaterial"]["tlogEntries"][0]
        .as_object_mut()
        .unwrap();
    entry.remove("inclusionPromise").unwrap();
    rejected(&bundle, "bundle-missing-evidence");
}
