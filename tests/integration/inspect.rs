use std::fs;

use serde_json::Value;

use crate::command::{Command, Finished};
use crate::fixtures::directory;

fn inspect(content: impl Into<Vec<u8>>) -> Finished {
    Command::attest().args(["inspect", "-"]).stdin(content).run()
}

fn document(content: impl Into<Vec<u8>>) -> Value {
    let command = Command::attest().args(["inspect", "--format", "json", "-"]);
    serde_json::from_slice(&command.stdin(content).run().stdout).unwrap()
}

#[track_caller]
fn says(finished: &Finished, expected: &[&str]) {
    let text = finished.stdout_text();
    for expected in expected {
        assert!(text.contains(expected), "expected {expected} in:\n{text}");
    }
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(directory().join(name)).unwrap()
}

#[test]
fn a_bundle_is_shown_with_its_signer_its_evidence_and_its_subjects() {
    let finished = inspect(fixture("accept/statement-rekor-v2/bundle.sigstore.json")).expect_code(0);
    says(
        &finished,
        &[
            "- (1 of 1): a Sigstore bundle, UNVERIFIED\n",
            "bundle version  0.3",
            "source-repository-uri                    https://github.com/example/app",
            "not after   2025-03-01T12:10:00Z",
            "kind       hashedrekord/0.0.2",
            "time                  authority",
            "2025-03-01T12:00:00Z  issued by CN=attest sandbox timestamp root",
            "app-1.0.0.tar.gz    sha256:",
        ],
    );
}

#[test]
fn one_document_says_the_same_and_that_nothing_is_verified() {
    let document = document(fixture("accept/statement-rekor-v1/bundle.sigstore.json"));
    assert_eq!(document["schema"], "https://attest.dev/schema/inspect/v1");
    assert_eq!(document["verified"], false);
    let item = &document["files"][0]["items"][0];
    assert_eq!(item["format"], "sigstore-bundle");
    let contents = &item["contents"];
    assert_eq!(
        contents["signer"]["issuer"],
        "https://token.actions.githubusercontent.com"
    );
    assert_eq!(contents["logEntries"][0]["loggedAt"], "2025-03-01T12:00:00Z");
    assert_eq!(contents["statement"]["subjects"][1]["name"], "app-1.0.0.cdx.json");
}

#[test]
fn one_bad_item_hides_no_other() {
    let list = fixture("formats/reject/one-of-several_fail/app-1.0.0.tar.gz.attestations.json");
    let finished = inspect(list.clone()).expect_code(1);
    says(
        &finished,
        &[
            "- (1 of 3): a list of GitHub attestations, UNVERIFIED",
            "- (3 of 3)\n  [evidence-incomplete]",
        ],
    );
    let items = document(list)["files"][0]["items"].clone();
    assert_eq!(items[2]["error"]["code"], "evidence-incomplete");
    assert_eq!(items[1]["format"], "github-attestations");
}

#[test]
fn provenance_is_shown_with_builder_and_source() {
    let provenance = r#"{"buildDefinition":{"buildType":"https://example.com/type","externalParameters":{"workflow":{"ref":"main"}},
        "resolvedDependencies":[{"uri":"git+https://example.com/app","digest":{"gitCommit":"abc"}}]},
        "runDetails":{"builder":{"id":"https://example.com/builder"}}}"#;
    says(
        &inspect(provenance).expect_code(0),
        &[
            "SLSA provenance without a statement, UNVERIFIED",
            "builder     https://example.com/builder",
            "build type  https://example.com/type",
            "source      git+https://example.com/app at abc",
            r#"workflow   {"ref":"main"}"#,
        ],
    );
}

#[test]
fn trust_roots_certificates_and_signatures_of_other_worlds_are_shown() {
    let root = fixture("accept/artifact-rekor-v1/trusted_root.json");
    says(
        &inspect(root).expect_code(0),
        &["a Sigstore trust root, UNVERIFIED", "transparency logs", "ECDSA P-256"],
    );
    let certificate = fixture("formats/accept/signature/app-1.0.0.tar.gz.pem");
    says(
        &inspect(certificate).expect_code(0),
        &["a certificate, UNVERIFIED", "identity  https://github.com/example/app"],
    );
    let minisign = "untrusted comment: minisign public key\nRWT68iaAy+gjieegpd8tXFgTI+6AzEKAEQ/EWzGnGSAEKKXQ0OFpCKXb\n";
    says(
        &inspect(minisign).expect_code(0),
        &[
            "a minisign public key, UNVERIFIED",
            "key id             8923E8CB8026F2FA",
        ],
    );
    let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAqEcvshtD7YIvFYHI/htRP5bObRx9D87Ao/GyZc9BPZ somebody\n";
    says(
        &inspect(ssh).expect_code(0),
        &["SHA256:j7+iHFl+w6wispffKdu3St/APpXjskKPa1mCOVc+pW8", "somebody"],
    );
    let openpgp = "-----BEGIN PGP SIGNATURE-----\n\niHUEABYIAB0WIQTK8yxYzNsy08NzjaTZWN2DD2yRIgUCawBT7gAKCRDZWN2DD2yR\n\
        IlvWAP9ze8SNgwQhLZTi4QpCGBX4e31TCGbUaLqimvawhBdX3wD/TDtkG0/bn1oS\n4ddEctAUtpft15XEgwecCXiI9ihw6wM=\n=AAAA\n\
        -----END PGP SIGNATURE-----\n";
    says(
        &inspect(openpgp).expect_code(0),
        &[
            "an OpenPGP signature",
            "caf32c58ccdb32d3c3738da4d958dd830f6c9122",
            "Ed25519",
        ],
    );
}

#[test]
fn a_secret_is_not_shown() {
    let secret = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    let finished = inspect(secret).expect_code(0);
    says(&finished, &["a private key, UNVERIFIED", "not looked into"]);
    assert!(!finished.stdout_text().contains("c2VjcmV0"));
}

#[test]
fn what_is_not_known_is_told_with_what_was_looked_for() {
    for content in ["", "hello\n", "{}", "[]"] {
        says(
            &inspect(content).expect_code(1),
            &["[evidence-unrecognised] expected a Sigstore bundle"],
        );
    }
    says(&inspect("{\"mediaType\":").expect_code(1), &["[bundle-truncated]"]);
}
