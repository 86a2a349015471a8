//! `attest sign` with a key of one's own, and with less evidence than is usual.

use std::fs;

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_sandbox::KeyProof;
use attest_sign::{IdentityToken, KeyFile, SigningCertificate, SigningKey as _};
use attest_verify::{Artifact, Expectation, PublicKey, TrustRoot, VerificationTime, Verifier};
use attestation::Bundle;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::command::Finished;
use crate::sign::Bench;

fn bench(kind: &str) -> Bench {
    let bench = Bench::new();
    for name in ["release", "other"] {
        let arguments = [
            "key",
            "generate",
            "--algorithm",
            kind,
            "--without-password",
            "--output-key-prefix",
            name,
        ];
        bench.attest().args(arguments).run().expect_code(0);
    }
    bench
}

/// Without a token, as a key has no use for one.
fn sign(bench: &Bench, arguments: &[&str]) -> Finished {
    bench.sign_without_token(&[&["--key", "release.key"], arguments].concat())
}

fn verify(bench: &Bench, key: &str, arguments: &[&str]) -> Finished {
    let root = ["--trusted-root", "trusted_root.json", "--key", key];
    bench.attest().arg("verify").args(root).args(arguments).run()
}

/// What holds of the first file when nobody asks for a log.
fn verifies_unlogged(bench: &Bench, key: &str) -> bool {
    let root = TrustRoot::parse(&fs::read(bench.path("trusted_root.json")).unwrap()).unwrap();
    let bundle = Bundle::parse(&fs::read(bench.path("a.tar.gz.sigstore.json")).unwrap()).unwrap();
    let key = PublicKey::from_pem(&fs::read_to_string(bench.path(key)).unwrap()).unwrap();
    let moment = VerificationTime::at(Timestamp::now() + SignedDuration::from_secs(5));
    let verifier = Verifier::new(&root, moment).without_log_unsafe();
    let measured = Measured::of_bytes(b"first", &Algorithms::one(Algorithm::Sha256));
    let artifact = Artifact::measured("a.tar.gz", &measured);
    let verified = verifier.verify_bundle(&bundle, &Expectation::key(key));
    verified.is_ok_and(|verified| verified.artifact(&artifact).is_ok())
}

fn json(bench: &Bench, name: &str) -> Value {
    serde_json::from_slice(&fs::read(bench.path(name)).unwrap()).unwrap()
}

#[test]
fn a_key_signs_files_and_statements_for_both_logs() {
    let bench = bench("ecdsa-p256");
    for version in ["1", "2"] {
        let finished = sign(
            &bench,
            &["a.tar.gz", "b.zip", "--rekor-version", version, "--format", "json"],
        )
        .expect_code(0);
        let report: Value = serde_json::from_slice(&finished.stdout).unwrap();
        assert_eq!(report["signer"]["keyAlgorithm"], "ecdsa-p256");
        assert_eq!(report["bundles"][0]["logEntries"], 1);
        assert_eq!(report["bundles"][0]["timestamps"], 1);
        assert_eq!(report["bundles"][0]["pending"], false);
        let material = &json(&bench, "a.tar.gz.sigstore.json")["verificationMaterial"];
        assert_eq!(material["publicKey"]["hint"], report["signer"]["keyHint"]);
        verify(&bench, "release.pub", &["a.tar.gz", "b.zip"]).expect_code(0);
        verify(&bench, "other.pub", &["a.tar.gz"]).expect_code(1);
        sign(
            &bench,
            &[
                "a.tar.gz",
                "b.zip",
                "--bundle",
                "all.sigstore.json",
                "--rekor-version",
                version,
            ],
        )
        .expect_code(0);
        verify(
            &bench,
            "release.pub",
            &["--bundle", "all.sigstore.json", "a.tar.gz", "b.zip"],
        )
        .expect_code(0);
        verify(&bench, "other.pub", &["--bundle", "all.sigstore.json", "a.tar.gz"]).expect_code(1);
    }
}

#[test]
fn an_ed25519_key_signs_statements_and_by_its_prehashed_form_artifacts() {
    let bench = bench("ed25519");
    for rekor in ["1", "2"] {
        sign(&bench, &["a.tar.gz", "--rekor-version", rekor]).expect_code(0);
        assert!(json(&bench, "a.tar.gz.sigstore.json").get("dsseEnvelope").is_some());
        let form = ["--signing-algorithm", "ed25519-ph", "--rekor-version", rekor];
        sign(&bench, &[&["b.zip"], &form[..]].concat()).expect_code(0);
        let digest = &json(&bench, "b.zip.sigstore.json")["messageSignature"]["messageDigest"];
        assert_eq!(digest["algorithm"], "SHA2_512");
        verify(&bench, "release.pub", &["a.tar.gz", "b.zip"]).expect_code(0);
        verify(&bench, "other.pub", &["a.tar.gz"]).expect_code(1);
        verify(&bench, "other.pub", &["b.zip"]).expect_code(1);
    }
    let plain = ["b.zip", "--rekor-version", "2", "--signing-algorithm", "ed25519"];
    let finished = sign(&bench, &plain).expect_code(2);
    let expected =
        "error[key-not-loggable]: expected a signature that Rekor 2 takes for statements, found one of ed25519";
    assert!(finished.stderr_text().contains(expected), "{}", finished.stderr_text());
}

#[test]
fn a_digest_without_the_bytes_is_verified_for_ed25519ph() {
    let bench = bench("ed25519");
    sign(&bench, &["a.tar.gz", "--signing-algorithm", "ed25519-ph"]).expect_code(0);
    let digest = |bytes: &[u8]| {
        let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha512));
        format!("sha512:{}", measured.digest(Algorithm::Sha512).unwrap().to_hex())
    };
    let verify = |digest: &str| verify(&bench, "release.pub", &["--bundle", "a.tar.gz.sigstore.json", digest]);
    verify(&digest(b"first")).expect_code(0);
    verify(&digest(b"something else")).expect_code(1);
}

#[test]
fn the_log_decides_the_hash_and_who_asks_for_another_is_heard() {
    for (kind, own, wide) in [
        ("ecdsa-p384", "ecdsa-sha2-384-nistp384", "SHA2_384"),
        ("ecdsa-p521", "ecdsa-sha2-512-nistp521", "SHA2_512"),
    ] {
        let bench = bench(kind);
        let digest =
            || json(&bench, "a.tar.gz.sigstore.json")["messageSignature"]["messageDigest"]["algorithm"].clone();
        for (arguments, expected) in [
            (&["--rekor-version", "1"][..], "SHA2_256"),
            (&["--rekor-version", "2"], wide),
            (&["--rekor-version", "1", "--signing-algorithm", own], wide),
            (&["--no-log"], "SHA2_256"),
        ] {
            sign(&bench, &[&["a.tar.gz"], arguments].concat()).expect_code(0);
            assert_eq!(digest(), expected, "{arguments:?}");
            let relaxed: &[&str] = if arguments.contains(&"--no-log") {
                &["--insecure-ignore-tlog"]
            } else {
                &[]
            };
            verify(&bench, "release.pub", &[&["a.tar.gz"], relaxed].concat()).expect_code(0);
            verify(&bench, "other.pub", &[&["a.tar.gz"], relaxed].concat()).expect_code(1);
        }
        let unfit = sign(&bench, &["a.tar.gz", "--signing-algorithm", "ed25519"]).expect_code(2);
        let expected = format!(
            "error[signing-algorithm-unfit]: expected a signature algorithm of a key of kind {kind}, found ed25519"
        );
        assert!(unfit.stderr_text().contains(&expected), "{}", unfit.stderr_text());
    }
}

#[test]
fn less_evidence_is_had_only_in_so_many_words() {
    let bench = bench("ecdsa-p256");
    for words in [&["--no-log"][..], &["--tlog-upload=false"]] {
        sign(&bench, &[&["a.tar.gz"], words].concat()).expect_code(0);
        let material = &json(&bench, "a.tar.gz.sigstore.json")["verificationMaterial"];
        assert_eq!(material.get("tlogEntries"), None);
        assert!(material["timestampVerificationData"]["rfc3161Timestamps"][0].is_object());
        // Whoever verifies has to say so, too.
        verify(&bench, "release.pub", &["a.tar.gz"]).expect_code(1);
        assert!(verifies_unlogged(&bench, "release.pub"));
        assert!(!verifies_unlogged(&bench, "other.pub"));
    }
    sign(&bench, &["a.tar.gz", "--no-timestamp"]).expect_code(0);
    let material = &json(&bench, "a.tar.gz.sigstore.json")["verificationMaterial"];
    assert_eq!(material.get("timestampVerificationData"), None);
    verify(&bench, "release.pub", &["a.tar.gz"]).expect_code(0);
}

#[test]
fn a_certificate_is_not_used_where_nobody_signs_the_time() {
    let bench = Bench::new();
    for words in [&["--no-log", "--no-timestamp"][..], &["--defer-log", "--no-timestamp"]] {
        let finished = bench.sign(&[&["a.tar.gz"], words].concat()).expect_code(2);
        assert!(
            finished.stderr_text().starts_with("error[evidence-missing]: "),
            "{}",
            finished.stderr_text()
        );
    }
    let finished = bench
        .sign(&["a.tar.gz", "--no-timestamp", "--rekor-version", "2"])
        .expect_code(2);
    assert!(
        finished.stderr_text().starts_with("error[signing-config-unusable]: "),
        "{}",
        finished.stderr_text()
    );
    assert_eq!(bench.bundles(), [""; 0]);
    bench
        .sign(&["a.tar.gz", "--no-timestamp", "--rekor-version", "1"])
        .expect_code(0);
    bench.verify("a.tar.gz.sigstore.json", "a.tar.gz").unwrap();
    bench.sign(&["b.zip", "--no-log"]).expect_code(0);
    assert_eq!(
        json(&bench, "b.zip.sigstore.json")["verificationMaterial"].get("tlogEntries"),
        None
    );
    assert!(bench.verify("b.zip.sigstore.json", "b.zip").is_err());
}

#[test]
fn neither_key_nor_certificate_is_written_over() {
    let bench = bench("ecdsa-p256");
    let before = fs::read(bench.path("release.key")).unwrap();
    let finished = sign(&bench, &["a.tar.gz", "--bundle", "release.key"]).expect_code(2);
    assert!(
        finished.stderr_text().starts_with("error[bundle-place-taken]: "),
        "{}",
        finished.stderr_text()
    );
    assert_eq!(fs::read(bench.path("release.key")).unwrap(), before);
    let finished = sign(&bench, &["a.tar.gz", "--certificate", "a.tar.gz"]).expect_code(2);
    assert!(
        finished.stderr_text().contains("error[certificate-invalid]: "),
        "{}",
        finished.stderr_text()
    );
    // A key of one's own and an identity at once would leave open who signs.
    sign(&bench, &["a.tar.gz", "--identity-token", "token"]).expect_code(2);
    assert_eq!(bench.bundles(), [""; 0]);
}

#[test]
fn keys_of_every_kind_sign_what_they_can_and_are_verified() {
    for kind in ["ecdsa-p384", "ecdsa-p521", "rsa-2048"] {
        let bench = bench(kind);
        for version in ["1", "2"] {
            sign(&bench, &["a.tar.gz", "--rekor-version", version]).expect_code(0);
            verify(&bench, "release.pub", &["a.tar.gz"]).expect_code(0);
            verify(&bench, "other.pub", &["a.tar.gz"]).expect_code(1);
            let statement = [
                "a.tar.gz",
                "b.zip",
                "--bundle",
                "all.sigstore.json",
                "--rekor-version",
                version,
            ];
            sign(&bench, &statement).expect_code(0);
            verify(&bench, "release.pub", &["--bundle", "all.sigstore.json", "b.zip"]).expect_code(0);
        }
    }
}

/// Such a bundle is a signature and nothing else, and no service and no trust root has a say.
#[test]
fn a_key_alone_needs_no_service_and_no_trust_root() {
    for kind in ["ecdsa-p256", "ed25519"] {
        let bench = bench(kind);
        let nothing = ["sign", "a.tar.gz", "--key", "release.key", "--no-log", "--no-timestamp"];
        bench.attest().args(nothing).run().expect_code(0);
        let material = &json(&bench, "a.tar.gz.sigstore.json")["verificationMaterial"];
        assert_eq!(material.as_object().unwrap().keys().collect::<Vec<_>>(), ["publicKey"]);
        verify(&bench, "release.pub", &["a.tar.gz"]).expect_code(1);
        assert!(verifies_unlogged(&bench, "release.pub"));
        assert!(!verifies_unlogged(&bench, "other.pub"));
    }
}

/// The sandbox's authority stands for one of one's own: its trust root has no log, of signatures or of certificates.
#[test]
fn a_certificate_that_was_there_before_is_signed_with_under_a_trust_root_without_logs() {
    let bench = bench("ecdsa-p256");
    let sigstore = bench.server.sigstore();
    let KeyFile::Plain(key) = KeyFile::parse(&fs::read(bench.path("release.key")).unwrap()).unwrap() else {
        panic!("expected a key without a password");
    };
    let token = IdentityToken::parse(&sigstore.mint_user().unwrap()).unwrap();
    let proof = KeyProof::Signature {
        public_key: key.public_key().as_der(),
        signature: &key.sign_message(token.challenge().as_bytes()).unwrap(),
    };
    let issued = sigstore.issue_certificate(token.expose_secret(), proof).unwrap();
    let leaf = SigningCertificate::from_der(&issued.leaf_der().unwrap()).unwrap();
    bench.write("leaf.pem", leaf.to_pem());
    let mut root = bench.json("trusted_root.json");
    root.as_object_mut().unwrap().retain(|name, _| !name.ends_with("logs"));
    bench.write("own.json", root.to_string());
    let own = [
        "--key",
        "release.key",
        "--certificate",
        "leaf.pem",
        "--trusted-root",
        "own.json",
    ];
    let sign = |arguments: &[&str]| {
        let config = ["--signing-config", "signing_config.json", "--no-log"];
        bench.attest().arg("sign").args(own).args(config).args(arguments).run()
    };
    let finished = sign(&["a.tar.gz"]).expect_code(0);
    assert!(
        finished.stderr_text().starts_with("signing as signer@example.com"),
        "{}",
        finished.stderr_text()
    );
    let identity = [
        "--certificate-identity",
        "signer@example.com",
        "--certificate-oidc-issuer",
        bench.server.url(),
    ];
    let verify = |root: &str| {
        let root = ["--trusted-root", root, "a.tar.gz"];
        bench.attest().arg("verify").args(identity).args(root).run()
    };
    verify("own.json").expect_code(0);
    verify("trusted_root.json").expect_code(1);
    // Neither without any signed time, nor with the certificate of another key.
    let finished = sign(&["b.zip", "--no-timestamp"]).expect_code(2);
    assert!(
        finished.stderr_text().starts_with("error[evidence-missing]: "),
        "{}",
        finished.stderr_text()
    );
    let chain = sign(&["b.zip", "--certificate-chain", "leaf.pem"]).expect_code(2);
    assert!(
        chain.stderr_text().starts_with("error[certificate-invalid]: "),
        "{}",
        chain.stderr_text()
    );
    assert_eq!(bench.bundles(), ["a.tar.gz.sigstore.json"]);
}
