use serde_json::json;

use super::material::*;
use crate::foreign::{Format, base64};

#[track_caller]
fn is(content: impl AsRef<[u8]>, expected: Option<Format>) {
    let content = content.as_ref();
    assert_eq!(
        Format::recognise(content),
        expected,
        "{}",
        String::from_utf8_lossy(content)
    );
}

#[test]
fn a_document_is_known_by_its_fields() {
    let (message, statement) = (bundle("artifact-rekor-v1"), bundle("statement-rekor-v1"));
    for (document, expected) in [
        (message.clone(), Format::SigstoreBundle),
        (json!([message]), Format::SigstoreBundle),
        (blob_bundle(&message), Format::CosignBlobBundle),
        (attestation(&statement), Format::PypiAttestation),
        (
            json!({ "version": 1, "attestation_bundles": [] }),
            Format::PypiProvenance,
        ),
        (json!({ "attestations": [] }), Format::GithubAttestations),
        (
            json!({ "attestations": [{ "bundle": {} }] }),
            Format::GithubAttestations,
        ),
        (
            json!({ "attestations": [{ "bundle": {}, "predicateType": "x" }] }),
            Format::NpmAttestations,
        ),
        (json!({ "attestation": { "bundle": {} } }), Format::GithubAttestations),
        (statement["dsseEnvelope"].clone(), Format::DsseEnvelope),
        (answer(&message), Format::LogEntry),
        (promise(&message), Format::LogEntry),
        (entry(&message).clone(), Format::LogEntry),
        (json!({ "SignedRFC3161Timestamp": "" }), Format::Timestamp),
        (
            json!({ "_type": "https://in-toto.io/Statement/v1", "subject": [] }),
            Format::Statement,
        ),
        (
            json!({ "buildDefinition": {}, "runDetails": {} }),
            Format::SlsaProvenance,
        ),
        (json!({ "builder": {}, "buildType": "" }), Format::SlsaProvenance),
        (
            json!({ "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1" }),
            Format::TrustedRoot,
        ),
        (
            json!({ "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json" }),
            Format::SigningConfig,
        ),
        (
            json!({ "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json" }),
            Format::ClientTrustConfig,
        ),
        (json!({ "signed": {}, "signatures": [] }), Format::TufMetadata),
    ] {
        is(document.to_string(), Some(expected));
    }
    for unknown in [
        "{}",
        "[]",
        "[1]",
        r#"{"mediaType":"text/plain"}"#,
        r#"{"mediaType":7}"#,
        "{",
        "[{",
    ] {
        is(unknown, None);
    }
}

#[test]
fn a_text_is_known_by_its_first_lines() {
    let minisign = |length: usize| {
        let bytes = [&b"Ed"[..], &vec![0; length - 2]].concat();
        format!("untrusted comment: somebody's\n{}\n", base64::encode(bytes))
    };
    let (signature, public, private) = (minisign(74), minisign(42), minisign(158));
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (text, expected) in [
        (signature.as_str(), Format::MinisignSignature),
        (&public, Format::MinisignKey),
        (&private, Format::PrivateKey),
        ("-----BEGIN PGP SIGNATURE-----\n\n", Format::OpenpgpSignature),
        (
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n",
            Format::OpenpgpMessage,
        ),
        ("-----BEGIN PGP PUBLIC KEY BLOCK-----\n", Format::OpenpgpKey),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n", Format::PrivateKey),
        ("-----BEGIN SSH SIGNATURE-----\n", Format::SshSignature),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", Format::PrivateKey),
        ("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n", Format::PrivateKey),
        ("-----BEGIN PUBLIC KEY-----\n", Format::PublicKey),
        ("ssh-ed25519 AAAA somebody\n", Format::SshKey),
        (
            "# signers\nsomebody@example.com namespaces=\"file\" ssh-ed25519 AAAA\n",
            Format::SshKey,
        ),
        (&format!("{hash}  file\n"), Format::Checksums),
        (&format!("SHA256 (file) = {hash}\n"), Format::Checksums),
        ("MAYCAQUCAQY=\n", Format::Signature),
    ] {
        is(text, Some(expected));
    }
    for unknown in [
        "",
        "\n",
        "hello",
        "-----BEGIN SOMETHING-----",
        "untrusted comment: x",
        hash,
    ] {
        is(unknown, None);
    }
}

#[test]
fn base64_around_it_hides_nothing() {
    let bundle = bundle("statement-rekor-v1");
    let certificate = pem("CERTIFICATE", &certificate(&bundle));
    is(&certificate, Some(Format::Certificate));
    is(
        format!("Issued for a test.\n\n{certificate}"),
        Some(Format::Certificate),
    );
    is(base64::encode(&certificate), Some(Format::Certificate));
    is(base64::encode([7; 64]), Some(Format::Signature));
    is(
        base64::encode(bundle["dsseEnvelope"].to_string()),
        Some(Format::DsseEnvelope),
    );
}

#[test]
fn bytes_are_known_by_their_structure() {
    is(certificate(&bundle("artifact-rekor-v1")), Some(Format::Certificate));
    is(hex::decode("3006020105020106").unwrap(), Some(Format::Signature));
    // Packets of OpenPGP: a signature of version 4 in the old and in the new form, a key of version 4.
    is(hex::decode("88750400160a001d").unwrap(), Some(Format::OpenpgpSignature));
    is(hex::decode("c2750400160a001d").unwrap(), Some(Format::OpenpgpSignature));
    is(hex::decode("98330460000000").unwrap(), Some(Format::OpenpgpKey));
    is([0xff; 64], Some(Format::Signature));
    is([0xff; 256], Some(Format::Signature));
    is([0xff; 63], None);
    is(b"PK\x03\x04\xff", None);
}
