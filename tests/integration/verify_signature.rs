//! Signatures that came without a bundle: `.sig` beside the artifact, with `.pem` and a log entry, or by options.

use std::fs;

use attest_testkit::{ISSUER, LogVersion, WORKFLOW};
use attestation::Payload;
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::command::Finished;
use crate::fixtures::directory;
use crate::signed_release::{APPLICATION, Release, says};

const WITHOUT_LOG: &str = "--insecure-ignore-tlog";

const MINISIGN: &str = "untrusted comment: x\nRUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
     trusted comment: y\ny/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==\n";

/// What an older cosign leaves behind: signature, certificate and log entry, each in its file.
fn keyless() -> Release {
    let release = Release::new();
    let bundle = release.world.sign_artifact(APPLICATION, LogVersion::V1).unwrap();
    let bundle: Value = serde_json::from_slice(bundle.as_json()).unwrap();
    let material = &bundle["verificationMaterial"];
    let certificate = material["certificate"]["rawBytes"].as_str().unwrap();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
    release.write("app.bin.sig", signature(&bundle));
    release.write("app.bin.pem", pem);
    release.write("app.bin.rekor.json", material["tlogEntries"][0].to_string());
    release
}

fn verify_keyless(release: &Release, arguments: &[&str]) -> Finished {
    let identity = ["--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", ISSUER];
    release.verify(&[arguments, &identity].concat())
}

fn signature(bundle: &Value) -> &str {
    bundle["messageSignature"]["signature"].as_str().unwrap()
}

#[test]
fn a_bare_signature_is_in_no_log_and_counts_only_when_that_is_said() {
    let release = Release::new();
    let bundle = release.signer().sign_artifact(APPLICATION).unwrap();
    release.write("app.bin.sig", signature(&bundle));
    release.write("named", signature(&bundle));
    for given in [&["app.bin"][..], &["app.bin", "--signature", "named"]] {
        let arguments = [given, &["--key", "key.pub"]].concat();
        let finished = release.verify(&arguments).expect_code(1);
        says(finished.stdout_text(), "[no-log-entry]");
        says(finished.stdout_text(), "It is by the expected key");
        assert!(
            !finished.stdout_text().contains("--insecure"),
            "{}",
            finished.stdout_text()
        );
        let finished = release
            .verify(&[&arguments[..], &[WITHOUT_LOG]].concat())
            .expect_code(0);
        says(finished.stdout_text(), "NOT checked   transparency-log, signed-time");
    }
    release.write("app.bin", "other bytes");
    for relaxation in [&[][..], &[WITHOUT_LOG]] {
        let arguments = [&["app.bin", "--key", "key.pub"], relaxation].concat();
        let finished = release.verify(&arguments).expect_code(1);
        says(finished.stdout_text(), "[signature-invalid]");
    }
}

#[test]
fn a_bare_signature_counts_under_a_trust_root_without_logs() {
    let release = Release::new();
    let bundle = release.signer().sign_artifact(APPLICATION).unwrap();
    release.write("app.bin.sig", signature(&bundle));
    let mut root: Value = serde_json::from_str(&release.world.trusted_root().unwrap()).unwrap();
    root["tlogs"] = Value::Array(Vec::new());
    release.write("root.json", root.to_string());
    let finished = release.verify(&["app.bin", "--key", "key.pub"]).expect_code(0);
    says(finished.stdout_text(), "NOT checked   transparency-log, signed-time");
}

#[test]
fn an_envelope_taken_out_of_its_bundle_is_in_no_log() {
    let release = Release::new();
    let fixture = directory().join("accept/statement-rekor-v2");
    let by_certificate: Value =
        serde_json::from_slice(&fs::read(fixture.join("bundle.sigstore.json")).unwrap()).unwrap();
    let payload = by_certificate["dsseEnvelope"]["payload"].as_str().unwrap();
    let payload = Payload::in_toto(STANDARD.decode(payload).unwrap());
    let bundle = release.signer().sign_statement(&payload).unwrap();
    release.write("app-1.0.0.tar.gz", fs::read(fixture.join("app-1.0.0.tar.gz")).unwrap());
    release.write("whole.sigstore.json", bundle.to_string());
    release.write("stripped.intoto.jsonl", bundle["dsseEnvelope"].to_string());
    let verify = |bundle: &str, more: &[&str]| {
        let arguments = ["app-1.0.0.tar.gz", "--key", "key.pub", "--bundle", bundle];
        release.verify(&[&arguments[..], more].concat())
    };
    verify("whole.sigstore.json", &[]).expect_code(0);
    says(
        verify("stripped.intoto.jsonl", &[]).expect_code(1).stdout_text(),
        "[no-log-entry]",
    );
    verify("stripped.intoto.jsonl", &[WITHOUT_LOG]).expect_code(0);
}

#[test]
fn signature_certificate_and_log_entry_are_put_together() {
    let release = keyless();
    let finished = verify_keyless(&release, &["app.bin"]).expect_code(0);
    says(finished.stdout_text(), "app.bin.sig covers 1");
    says(finished.stdout_text(), "(hashedrekord/0.0.1)");
    // The parts are evidence when they are named, too.
    let all = ["app.bin", "app.bin.sig", "app.bin.pem", "app.bin.rekor.json"];
    says(
        verify_keyless(&release, &all).expect_code(0).stdout_text(),
        "1 of 1 artifacts verified",
    );
}

#[test]
fn a_certificate_without_a_log_entry_has_no_time_and_is_rejected() {
    let release = keyless();
    release.remove("app.bin.rekor.json");
    let finished = verify_keyless(&release, &["app.bin"]).expect_code(1);
    says(finished.stdout_text(), "FAILED   app.bin");
}

#[test]
fn the_parts_may_be_named_by_options() {
    let release = keyless();
    for (part, name) in [("app.bin.sig", "s"), ("app.bin.pem", "c"), ("app.bin.rekor.json", "r")] {
        fs::rename(release.path(part), release.path(name)).unwrap();
    }
    let parts = ["--signature", "s", "--certificate", "c", "--rekor-entry", "r"];
    let finished = verify_keyless(&release, &[&["app.bin"][..], &parts].concat());
    says(finished.expect_code(0).stdout_text(), "s covers 1");
    release.write("other.bin", "other bytes");
    let finished = verify_keyless(&release, &[&["other.bin"][..], &parts].concat());
    says(finished.expect_code(1).stdout_text(), "FAILED   other.bin");
    let finished = verify_keyless(&release, &[&["app.bin", "other.bin"][..], &parts].concat());
    let finished = finished.expect_code(2);
    assert!(finished.stderr_text().contains("error[signature-for-several-files]"));
}

#[test]
fn a_signature_without_its_artifact_is_rejected() {
    let release = keyless();
    release.write("alone.sig", "MAYCAQUCAQY=\n");
    let finished = verify_keyless(&release, &["app.bin", "alone.sig"]).expect_code(1);
    says(finished.stdout_text(), "[signature-without-artifact]");
}

#[test]
fn a_signature_of_another_world_beside_the_artifact_is_passed_over_and_covers_nothing() {
    let release = keyless();
    release.write("app.bin.minisig", MINISIGN);
    says(
        verify_keyless(&release, &["app.bin"]).expect_code(0).stdout_text(),
        "app.bin.sig covers 1",
    );
    release.remove("app.bin.sig");
    let finished = verify_keyless(&release, &["app.bin"]).expect_code(1);
    says(finished.stdout_text(), "[signature-of-another-world]");
}

#[test]
fn the_parts_of_a_signature_drop_out_of_a_directory_once_they_were_used() {
    let release = keyless();
    let download = release.path("download");
    fs::create_dir(&download).unwrap();
    for name in ["app.bin", "app.bin.sig", "app.bin.pem", "app.bin.rekor.json"] {
        fs::copy(release.path(name), download.join(name)).unwrap();
    }
    let finished = verify_keyless(&release, &["download"]).expect_code(0);
    says(finished.stdout_text(), "1 of 1 artifacts verified");
    // A second certificate is one that nothing was verified with.
    release.write("download/app.bin.crt", "anything");
    let finished = verify_keyless(&release, &["download"]).expect_code(1);
    says(finished.stdout_text(), "FAILED   download/app.bin.crt");
    says(finished.stdout_text(), "1 of 2 artifacts verified");
}

#[test]
fn what_is_named_like_the_part_of_a_signature_that_is_passed_over_is_an_artifact_without_evidence() {
    let release = Release::new();
    let bundle = release.world.sign_artifact(APPLICATION, LogVersion::V1).unwrap();
    release.write("app.bin.sigstore.json", bundle.as_json());
    release.write("app.bin.sig", MINISIGN);
    let finished = verify_keyless(&release, &["app.bin", "app.bin.sig"]).expect_code(0);
    says(finished.stdout_text(), "passed over app.bin.sig  evidence");
    for name in ["app.bin.pem", "app.bin.crt", "app.bin.rekor"] {
        release.write(name, "anything");
        let finished = verify_keyless(&release, &["app.bin", name]).expect_code(1);
        says(finished.stdout_text(), &format!("FAILED   {name}"));
    }
}

/// The key of this seed as `openssl` writes it, and its signature over the bytes. Source: RFC 8410, section 4.
fn ed25519(seed: u8, bytes: &[u8]) -> (String, String) {
    let key = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let spki = [
        &[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..],
        key.public_key().as_ref(),
    ]
    .concat();
    let pem = STANDARD.encode(spki);
    (
        format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n"),
        STANDARD.encode(key.sign(bytes)),
    )
}

#[test]
fn an_ed25519_signature_is_held_against_the_bytes_of_its_file() {
    let release = Release::new();
    let (key, signature) = ed25519(7, APPLICATION);
    release.write("key.pub", key);
    release.write("other.pub", ed25519(8, APPLICATION).0);
    release.write("app.bin.sig", &signature);
    let verify = |key: &str, more: &[&str]| release.verify(&[&["app.bin", "--key", key], more].concat());
    let finished = verify("key.pub", &[WITHOUT_LOG]).expect_code(0);
    says(finished.stdout_text(), "app.bin.sig covers 1");
    let finished = verify("key.pub", &[]).expect_code(1);
    says(finished.stdout_text(), "[no-log-entry]");
    says(finished.stdout_text(), "It is by the expected key");
    let finished = verify("other.pub", &[WITHOUT_LOG]).expect_code(1);
    says(finished.stdout_text(), "[signature-invalid]");
    release.write("app.bin", "other bytes");
    let finished = verify("key.pub", &[WITHOUT_LOG]).expect_code(1);
    says(finished.stdout_text(), "[signature-invalid]");
}

#[test]
fn a_signature_by_a_larger_curve_may_be_over_the_hash_of_that_curve() {
    for algorithm in [&ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1_SIGNING] {
        let release = Release::new();
        let key = EcdsaKeyPair::generate(algorithm).unwrap();
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        let pem = STANDARD.encode(public.as_ref());
        release.write(
            "key.pub",
            format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n"),
        );
        let signature = key.sign(&SystemRandom::new(), APPLICATION).unwrap();
        release.write("app.bin.sig", STANDARD.encode(signature.as_ref()));
        let verify = |more: &[&str]| release.verify(&[&["app.bin", "--key", "key.pub"], more].concat());
        says(
            verify(&[WITHOUT_LOG]).expect_code(0).stdout_text(),
            "app.bin.sig covers 1",
        );
        says(verify(&[]).expect_code(1).stdout_text(), "[no-log-entry]");
        release.write("app.bin", "other bytes");
        says(
            verify(&[WITHOUT_LOG]).expect_code(1).stdout_text(),
            "[signature-invalid]",
        );
    }
}

#[test]
fn an_ed25519_signature_is_held_against_the_bytes_of_standard_input() {
    let release = Release::new();
    let (key, signature) = ed25519(7, APPLICATION);
    release.write("key.pub", key);
    release.write("other.pub", ed25519(8, APPLICATION).0);
    release.write("signature", &signature);
    release.write("raw", STANDARD.decode(&signature).unwrap());
    let verify = |key: &str, signature: &str, bytes: &[u8]| {
        let arguments = ["verify", "--trusted-root", "root.json", "-", WITHOUT_LOG];
        let arguments = [&arguments[..], &["--key", key, "--signature", signature]].concat();
        release.attest().args(arguments).stdin(bytes).run()
    };
    for signature in ["signature", "raw"] {
        let finished = verify("key.pub", signature, APPLICATION).expect_code(0);
        says(finished.stdout_text(), "1 of 1 artifacts verified");
        for (key, bytes) in [
            ("key.pub", &b"other bytes"[..]),
            ("key.pub", b""),
            ("other.pub", APPLICATION),
        ] {
            let finished = verify(key, signature, bytes).expect_code(1);
            says(finished.stdout_text(), "[signature-invalid]");
        }
    }
}

#[test]
fn an_ed25519_signature_says_nothing_of_a_digest_or_of_more_bytes_than_are_read() {
    let release = Release::new();
    let (key, signature) = ed25519(7, APPLICATION);
    release.write("key.pub", key);
    release.write("signature", &signature);
    let verify = |artifact: &str| {
        let arguments = [artifact, "--key", "key.pub", "--signature", "signature", WITHOUT_LOG];
        release.verify(&arguments)
    };
    let digest = format!("sha256:{}", "0".repeat(64));
    says(verify(&digest).expect_code(1).stdout_text(), "[digest-alone]");
    let large = fs::File::create(release.path("large.bin")).unwrap();
    large.set_len((256 << 20) + 1).unwrap();
    says(verify("large.bin").expect_code(3).stdout_text(), "[artifact-too-large]");
}
