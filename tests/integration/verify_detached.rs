//! Signatures of minisign, signify, OpenPGP and SSH, and the checksum lists that they are made for.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::command::{Command, Finished};
use crate::fixtures::directory;

/// Files of `fixtures/detached`, each under the name that a publisher would give it.
struct Download(tempfile::TempDir);

impl Download {
    /// The two artifacts and their list.
    fn new() -> Self {
        let download = Self(tempfile::tempdir().unwrap());
        for name in ["SHA256SUMS", "app-1.0.tar.gz", "app-1.0.zip"] {
            download.take(name, name);
        }
        download
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let download = Self::new();
        files.iter().for_each(|(fixture, name)| download.take(fixture, name));
        download
    }

    fn take(&self, fixture: &str, name: &str) {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/detached");
        fs::copy(fixtures.join(fixture), self.0.path().join(name)).unwrap();
    }

    fn write(&self, name: &str, bytes: &str) {
        fs::write(self.0.path().join(name), bytes).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.0.path().join(name)).unwrap();
    }

    fn verify(&self, arguments: &[&str]) -> Finished {
        Command::attest()
            .arg("verify")
            .args(arguments)
            .current_dir(self.0.path())
            .run()
    }

    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let finished = self.verify(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(finished.expect_code(code).stdout_text()).unwrap()
    }
}

/// What is said of each artifact: its name, the verdict, the list, and the code of what is wrong.
fn verdicts(report: &Value) -> Vec<(String, String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let artifacts = report["artifacts"].as_array().unwrap().iter();
    artifacts
        .map(|artifact| {
            (
                text(&artifact["artifact"]),
                text(&artifact["verdict"]),
                text(&artifact["checksumList"]),
                text(&artifact["problems"][0]["code"]),
            )
        })
        .collect()
}

fn expect(report: &Value, expected: &[(&str, &str, &str, &str)]) {
    let found = verdicts(report);
    let found: Vec<_> = found
        .iter()
        .map(|(name, verdict, list, code)| (name.as_str(), verdict.as_str(), list.as_str(), code.as_str()))
        .collect();
    assert_eq!(found, expected, "{report:#}");
}

/// The list is accepted, and by it both files.
const ALL: [(&str, &str, &str, &str); 3] = [
    ("SHA256SUMS", "accepted", "-", "-"),
    ("app-1.0.tar.gz", "accepted", "SHA256SUMS", "-"),
    ("app-1.0.zip", "accepted", "SHA256SUMS", "-"),
];

#[test]
fn a_signed_list_vouches_for_its_files_in_every_world() {
    let cases = [
        ("minisign/prehashed.minisig", "SHA256SUMS.minisig", "minisign/key.pub"),
        ("minisign/legacy.minisig", "SHA256SUMS.minisig", "minisign/key.pub"),
        ("signify/SHA256SUMS.sig", "SHA256SUMS.sig", "signify/key.pub"),
        ("ssh/ed25519.sshsig", "SHA256SUMS.sig", "ssh/ed25519.pub"),
        ("ssh/rsa3072.sshsig", "SHA256SUMS.sshsig", "ssh/rsa3072.pub"),
        ("openpgp/ed25519.sig.asc", "SHA256SUMS.asc", "openpgp/ed25519.asc"),
        ("openpgp/ed25519.sig.gpg", "SHA256SUMS.gpg", "openpgp/ed25519.gpg"),
        ("openpgp/subkey.sig.asc", "SHA256SUMS.sign", "openpgp/subkey.asc"),
        ("openpgp/ed25519.clear.asc", "SHA256SUMS.asc", "openpgp/ed25519.asc"),
    ];
    for (signature, name, key) in cases {
        let download = Download::with(&[(signature, name), (key, "publisher.key")]);
        let report = download.json(0, &["SHA256SUMS", "--key", "publisher.key"]);
        expect(&report, &ALL);
        assert_eq!(report["trustedRoot"], Value::Null);
        assert_eq!(report["expected"]["key"], "publisher.key");
        assert_eq!(report["bundles"][0]["path"], name);
    }
}

#[test]
fn the_report_says_who_signed_and_what_nobody_vouches_for() {
    let download = Download::with(&[
        ("openpgp/subkey.sig.asc", "SHA256SUMS.asc"),
        ("openpgp/subkey.asc", "publisher.asc"),
    ]);
    let report = download.json(0, &["SHA256SUMS", "--key", "publisher.asc"]);
    let signer = &report["bundles"][0]["signer"];
    assert_eq!(signer["world"], "OpenPGP");
    assert_eq!(signer["algorithm"], "Ed25519 over SHA-256");
    assert_eq!(signer["selfClaimedUserIds"], json!(["subkey <subkey@example.com>"]));
    assert_ne!(signer["key"], signer["signingKey"]);
    assert!(
        signer["selfClaimedTime"]
            .as_str()
            .unwrap()
            .starts_with("2020-02-01T00:00:")
    );
    assert_eq!(
        report["artifacts"][0]["notChecked"],
        json!(["signed-time", "transparency-log", "user-id"])
    );
    let finished = download
        .verify(&["SHA256SUMS", "--key", "publisher.asc"])
        .expect_code(0);
    let text = finished.stdout_text();
    for expected in [
        "ok       app-1.0.zip  sha256:",
        "         by the list SHA256SUMS\n",
        "subkey <subkey@example.com> (vouched for by nobody else)\n",
        "3 of 3 artifacts verified as of ",
        ", against the given key\n",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn a_changed_file_is_rejected_and_a_missing_one_is_undecided() {
    let download = Download::with(&[
        ("minisign/prehashed.minisig", "SHA256SUMS.minisig"),
        ("minisign/key.pub", "key.pub"),
    ]);
    download.write("app-1.0.zip", "another artifact\n");
    let changed = download.json(1, &["SHA256SUMS", "--key", "key.pub"]);
    expect(
        &changed,
        &[
            ALL[0],
            ALL[1],
            ("app-1.0.zip", "rejected", "SHA256SUMS", "checksum-mismatch"),
        ],
    );
    download.remove("app-1.0.zip");
    let missing = download.json(3, &["SHA256SUMS", "--key", "key.pub"]);
    expect(
        &missing,
        &[
            ALL[0],
            ALL[1],
            ("app-1.0.zip", "undecided", "SHA256SUMS", "cannot-open"),
        ],
    );
    let ignored = download.json(0, &["SHA256SUMS", "--ignore-missing", "--key", "key.pub"]);
    expect(&ignored, &ALL[..2]);
}

#[test]
fn only_the_named_files_are_looked_at_when_some_are_named() {
    let download = Download::with(&[("ssh/ed25519.sshsig", "SHA256SUMS.sig"), ("ssh/ed25519.pub", "key.pub")]);
    download.write("app-1.0.zip", "another artifact\n");
    download.write("notes.txt", "of no list\n");
    let report = download.json(0, &["app-1.0.tar.gz", "SHA256SUMS", "--key", "key.pub"]);
    expect(&report, &[ALL[1], ALL[0]]);
    let report = download.json(1, &["app-1.0.zip", "notes.txt", "SHA256SUMS", "--key", "key.pub"]);
    expect(
        &report,
        &[
            ("app-1.0.zip", "rejected", "SHA256SUMS", "checksum-mismatch"),
            ("notes.txt", "rejected", "-", "no-signature"),
            ALL[0],
        ],
    );
}

#[test]
fn a_list_that_is_not_accepted_vouches_for_nothing() {
    let download = Download::with(&[
        ("minisign/prehashed.minisig", "SHA256SUMS.minisig"),
        ("minisign/key.pub", "key.pub"),
        ("signify/key.pub", "other.pub"),
    ]);
    let other = download.json(1, &["SHA256SUMS", "app-1.0.zip", "--key", "other.pub"]);
    expect(
        &other,
        &[
            ("SHA256SUMS", "rejected", "-", "signer-unknown"),
            ("app-1.0.zip", "rejected", "-", "no-signature"),
        ],
    );
    let list = fs::read_to_string(download.0.path().join("SHA256SUMS")).unwrap();
    download.write("SHA256SUMS", &list.replace("app-1.0.zip", "app-2.0.zip"));
    let changed = download.json(1, &["SHA256SUMS", "--key", "key.pub"]);
    expect(
        &changed,
        &[("SHA256SUMS", "rejected", "-", "detached-signature-invalid")],
    );
    download.remove("SHA256SUMS.minisig");
    let unsigned = download.json(1, &["SHA256SUMS", "--key", "key.pub"]);
    expect(&unsigned, &[("SHA256SUMS", "rejected", "-", "no-signature")]);
}

#[test]
fn a_clear_signed_list_stands_alone() {
    let download = Download::with(&[
        ("openpgp/ed25519.clear.asc", "SHA256SUMS.asc"),
        ("openpgp/ed25519.asc", "key.asc"),
    ]);
    download.remove("SHA256SUMS");
    let report = download.json(0, &["SHA256SUMS.asc", "--key", "key.asc"]);
    expect(
        &report,
        &[
            ("SHA256SUMS.asc", "accepted", "-", "-"),
            ("app-1.0.tar.gz", "accepted", "SHA256SUMS.asc", "-"),
            ("app-1.0.zip", "accepted", "SHA256SUMS.asc", "-"),
        ],
    );
    download.write("app-1.0.zip", "another artifact\n");
    let report = download.json(1, &["SHA256SUMS.asc", "app-1.0.zip", "--key", "key.asc"]);
    expect(
        &report,
        &[
            ("app-1.0.zip", "rejected", "SHA256SUMS.asc", "checksum-mismatch"),
            ("SHA256SUMS.asc", "accepted", "-", "-"),
        ],
    );
}

#[test]
fn a_clear_signed_list_beside_another_list_is_no_signature_of_it() {
    let download = Download::with(&[
        ("openpgp/ed25519.clear.asc", "SHA256SUMS.asc"),
        ("openpgp/ed25519.asc", "key.asc"),
    ]);
    let list = fs::read_to_string(download.0.path().join("SHA256SUMS")).unwrap();
    download.write("SHA256SUMS", list.lines().next().unwrap());
    let report = download.json(1, &["SHA256SUMS", "--key", "key.asc"]);
    expect(&report, &[("SHA256SUMS", "rejected", "-", "clear-signed-mismatch")]);
}

#[test]
fn a_chart_is_verified_with_its_provenance_file() {
    let download = Download::with(&[
        ("openpgp/helm.prov", "app-1.0.tar.gz.prov"),
        ("openpgp/ed25519.asc", "key.asc"),
    ]);
    let report = download.json(0, &["app-1.0.tar.gz", "--key", "key.asc"]);
    expect(&report, &[("app-1.0.tar.gz", "accepted", "-", "-")]);
    download.write("app-1.0.tar.gz", "another artifact\n");
    let report = download.json(1, &["app-1.0.tar.gz", "--key", "key.asc"]);
    expect(&report, &[("app-1.0.tar.gz", "rejected", "-", "checksum-mismatch")]);
}

#[test]
fn an_allowed_signer_is_asked_for_by_name() {
    let download = Download::with(&[
        ("ssh/ed25519.sshsig", "SHA256SUMS.sshsig"),
        ("ssh/allowed_signers", "allowed_signers"),
    ]);
    let key = ["SHA256SUMS", "--key", "allowed_signers"];
    let nobody = download.verify(&key).expect_code(2);
    assert!(nobody.stderr_text().contains("error[principal-missing]"));
    let named = [&key[..], &["--certificate-identity", "release@example.com"]].concat();
    let report = download.json(0, &named);
    expect(&report, &ALL);
    assert_eq!(report["expected"]["principal"], "release@example.com");
    assert_eq!(report["bundles"][0]["signer"]["principal"], "release@example.com");
    let other = [&key[..], &["--certificate-identity", "git@example.com"]].concat();
    let report = download.json(1, &other);
    expect(&report, &[("SHA256SUMS", "rejected", "-", "principal-mismatch")]);
}

#[test]
fn a_namespace_is_what_was_asked_for() {
    let download = Download::with(&[("ssh/git.sshsig", "SHA256SUMS.sshsig"), ("ssh/ed25519.pub", "key.pub")]);
    let report = download.json(1, &["SHA256SUMS", "--key", "key.pub"]);
    expect(&report, &[("SHA256SUMS", "rejected", "-", "namespace-mismatch")]);
    let report = download.json(0, &["SHA256SUMS", "--key", "key.pub", "--namespace", "git"]);
    expect(&report, &ALL);
}

#[test]
fn the_signature_may_be_named_and_the_artifact_come_from_standard_input() {
    let download = Download::with(&[
        ("minisign/prehashed.minisig", "elsewhere"),
        ("minisign/key.pub", "key.pub"),
    ]);
    let report = download.json(0, &["SHA256SUMS", "--signature", "elsewhere", "--key", "key.pub"]);
    expect(&report, &ALL);
    let list = fs::read(download.0.path().join("SHA256SUMS")).unwrap();
    Command::attest()
        .args(["verify", "-", "--signature", "elsewhere", "--key", "key.pub"])
        .current_dir(download.0.path())
        .stdin(list)
        .run()
        .expect_code(0);
}

#[test]
fn signatures_of_other_worlds_are_passed_over_and_those_of_this_one_all_count() {
    let download = Download::with(&[
        ("minisign/prehashed.minisig", "SHA256SUMS.minisig"),
        ("openpgp/p256.sig.asc", "SHA256SUMS.asc"),
        ("minisign/key.pub", "key.pub"),
        ("openpgp/ed25519.asc", "key.asc"),
    ]);
    expect(&download.json(0, &["SHA256SUMS", "--key", "key.pub"]), &ALL);
    let among_files = ["SHA256SUMS", "SHA256SUMS.asc", "SHA256SUMS.minisig", "--key", "key.pub"];
    expect(&download.json(0, &among_files), &ALL);
    let named = ["SHA256SUMS", "--signature", "SHA256SUMS.asc", "--key", "key.pub"];
    expect(
        &download.json(1, &named),
        &[("SHA256SUMS", "rejected", "-", "signature-format-mismatch")],
    );
    download.take("openpgp/ed25519.sig.gpg", "SHA256SUMS.gpg");
    let report = download.json(1, &["SHA256SUMS", "--key", "key.asc"]);
    expect(&report, &[("SHA256SUMS", "rejected", "-", "signer-unknown")]);
}

#[test]
fn a_directory_is_verified_whole() {
    let download = Download::with(&[("minisign/prehashed.minisig", "SHA256SUMS.minisig")]);
    let keys = Download::with(&[("minisign/key.pub", "key.pub")]);
    let key = keys.0.path().join("key.pub").display().to_string();
    let report = download.json(0, &[".", "--key", &key]);
    assert_eq!(verdicts(&report).len(), 3, "{report:#}");
    download.write("extra.txt", "of no list\n");
    let report = download.json(1, &[".", "--key", &key]);
    let refused: Vec<_> = verdicts(&report)
        .into_iter()
        .filter(|verdict| verdict.1 != "accepted")
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].3, "no-signature");
}

#[test]
fn what_does_not_apply_is_refused_and_not_passed_over() {
    let download = Download::with(&[
        ("minisign/prehashed.minisig", "SHA256SUMS.minisig"),
        ("minisign/key.pub", "key.pub"),
    ]);
    let cases: [(&[&str], &str); 5] = [
        (&["--bundle", "SHA256SUMS.sigstore.json"], "flag-not-applicable"),
        (&["--trusted-root", "root.json"], "flag-not-applicable"),
        (&["--source-ref", "refs/tags/v1"], "flag-not-applicable"),
        (
            &["--certificate-identity", "release@example.com"],
            "principal-unsupported",
        ),
        (
            &["--certificate", "c.pem", "--signature", "SHA256SUMS.minisig"],
            "flag-not-applicable",
        ),
    ];
    for (arguments, code) in cases {
        let finished = download.verify(&[&["SHA256SUMS", "--key", "key.pub"], arguments].concat());
        let finished = finished.expect_code(2);
        let stderr = finished.stderr_text();
        assert!(stderr.contains(&format!("error[{code}]")), "{arguments:?}: {stderr}");
    }
    let alone = download
        .verify(&["SHA256SUMS.minisig", "--key", "key.pub"])
        .expect_code(2);
    assert!(alone.stderr_text().contains("error[no-artifact]"));
}

#[test]
fn a_weak_or_expired_key_is_refused_by_its_name() {
    let cases = [
        ("sha1", "ed25519", "signature-weak"),
        ("dsa", "dsa", "signature-weak"),
        ("revoked", "revoked", "key-revoked"),
        ("expired", "expired", "key-expired"),
        ("certifies-only", "certifies-only", "key-unfit"),
    ];
    for (signature, key, code) in cases {
        let download = Download::with(&[
            (&format!("openpgp/{signature}.sig.asc"), "SHA256SUMS.asc"),
            (&format!("openpgp/{key}.asc"), "key.asc"),
        ]);
        let report = download.json(1, &["SHA256SUMS", "--key", "key.asc"]);
        expect(&report, &[("SHA256SUMS", "rejected", "-", code)]);
    }
}

#[test]
fn a_file_that_is_only_named_like_a_signature_is_an_artifact_without_one() {
    let download = Download::with(&[("minisign/prehashed.minisig", "SHA256SUMS.minisig")]);
    let keys = Download::with(&[("minisign/key.pub", "key.pub")]);
    let key = keys.0.path().join("key.pub").display().to_string();
    for ending in ["gpg", "sign", "sig", "asc", "crt"] {
        let name = format!("SHA256SUMS.{ending}");
        download.write(&name, "#!/bin/sh\n");
        for files in [&["SHA256SUMS", &name][..], &["."]] {
            let finished = download.verify(&[files, &["--key", &key]].concat()).expect_code(1);
            let text = finished.stdout_text();
            assert!(text.contains("[no-signature]"), "{name}: {text}");
        }
        download.remove(&name);
    }
    for (fixture, name) in [
        ("openpgp/p256.sig.asc", "SHA256SUMS.asc"),
        ("openpgp/ed25519.sig.gpg", "SHA256SUMS.gpg"),
    ] {
        download.take(fixture, name);
        let finished = download.verify(&["SHA256SUMS", name, "--key", &key]).expect_code(0);
        let text = finished.stdout_text();
        assert!(text.contains(&format!("passed over {name}  evidence")), "{text}");
    }
}

#[test]
fn a_file_that_is_only_named_like_a_bundle_is_an_artifact_without_a_signature() {
    let download = Download::with(&[
        ("minisign/prehashed.minisig", "SHA256SUMS.minisig"),
        ("minisign/key.pub", "key.pub"),
    ]);
    let good = directory().join("accept/statement-rekor-v2/bundle.sigstore.json");
    for name in ["app.bundle", "app.sigstore.json", "app.provenance", "app.attestation"] {
        let verify = || download.verify(&["SHA256SUMS", name, "--key", "key.pub"]);
        download.write(name, "{\"anything\": 1}\n");
        let text = verify().expect_code(1);
        assert!(text.stdout_text().contains(&format!("FAILED   {name}")), "{name}");
        let bundle = fs::read_to_string(&good).unwrap();
        download.write(name, &format!("{bundle}\nanything\n"));
        verify().expect_code(1);
        download.write(name, &bundle);
        let text = verify().expect_code(0);
        assert!(
            text.stdout_text().contains(&format!("passed over {name}  evidence")),
            "{name}"
        );
    }
}
