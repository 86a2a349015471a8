//! Which signatures the two versions of the log take, as the real ones do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use attest_sandbox::{
    Claims, Config, Error, HashAlgorithm, HashedRekord, Keys, ManualClock, ProposalV1, RequestV2, Sigstore, Verifier,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::Signer as _;
use p384::ecdsa::DerSignature;
use p384::ecdsa::signature::hazmat::PrehashSigner as _;
use p384::pkcs8::EncodePublicKey as _;
use serde_json::json;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

const ARTIFACT: &[u8] = b"artifact";

fn sigstore() -> Sigstore {
    let start = "2026-03-01T12:00:00Z".parse().unwrap();
    let config = Config {
        keys: Keys::from_seed([1; 32], start),
        clock: Arc::new(ManualClock::new(start)),
        user: Claims::email("signer@example.com"),
        issuers: Vec::new(),
    };
    Sigstore::new(config).unwrap()
}

fn p384() -> p384::ecdsa::SigningKey {
    p384::ecdsa::SigningKey::from_slice(&[5; 48]).unwrap()
}

fn ed25519() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[5; 32])
}

fn by_p384(digest: &[u8]) -> Vec<u8> {
    let signature: DerSignature = p384().sign_prehash(digest).unwrap();
    signature.as_bytes().to_vec()
}

fn verifier(der: &[u8]) -> Verifier {
    Verifier::public_key(der).unwrap()
}

fn p384_verifier() -> Verifier {
    verifier(p384().verifying_key().to_public_key_der().unwrap().as_bytes())
}

fn ed25519_verifier() -> Verifier {
    verifier(ed25519().verifying_key().to_public_key_der().unwrap().as_bytes())
}

fn p384_entry(algorithm: HashAlgorithm) -> HashedRekord {
    let digest = match algorithm {
        HashAlgorithm::Sha256 => Sha256::digest(ARTIFACT).to_vec(),
        HashAlgorithm::Sha384 => Sha384::digest(ARTIFACT).to_vec(),
        HashAlgorithm::Sha512 => Sha512::digest(ARTIFACT).to_vec(),
    };
    HashedRekord {
        algorithm,
        signature: by_p384(&digest),
        digest,
        verifier: p384_verifier(),
    }
}

fn ed25519_entry(signature: &ed25519_dalek::Signature) -> HashedRekord {
    HashedRekord {
        algorithm: HashAlgorithm::Sha512,
        digest: Sha512::digest(ARTIFACT).to_vec(),
        signature: signature.to_vec(),
        verifier: ed25519_verifier(),
    }
}

/// Ed25519ph over the artifact.
fn prehashed(context: Option<&[u8]>) -> ed25519_dalek::Signature {
    use ed25519_dalek::Digest as _;
    let hash = ed25519_dalek::Sha512::new_with_prefix(ARTIFACT);
    ed25519().sign_prehashed(hash, context).unwrap()
}

fn envelope(signature: &[u8]) -> String {
    let signature = BASE64_STANDARD.encode(signature);
    let payload = BASE64_STANDARD.encode("{}");
    json!({ "payloadType": "text/plain", "payload": payload, "signatures": [{ "sig": signature }] }).to_string()
}

const ENCODED: &[u8] = b"DSSEv1 10 text/plain 2 {}";

#[test]
fn version_one_records_artifacts_by_any_digest() {
    let sigstore = sigstore();
    for algorithm in [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512] {
        let proposal = ProposalV1::HashedRekord(p384_entry(algorithm));
        assert!(sigstore.log_v1(&proposal).is_ok(), "{algorithm:?}");
    }
}

#[test]
fn version_one_verifies_envelopes_with_sha256_alone() {
    let narrow = envelope(&by_p384(&Sha256::digest(ENCODED)));
    assert!(ProposalV1::dsse(&narrow, &[p384_verifier()]).is_ok());
    let wide = envelope(&by_p384(&Sha384::digest(ENCODED)));
    assert_eq!(ProposalV1::dsse(&wide, &[p384_verifier()]), Err(Error::EntrySignature));
    let plain = envelope(&ed25519().sign(ENCODED).to_bytes());
    assert!(ProposalV1::dsse(&plain, &[ed25519_verifier()]).is_ok());
}

#[test]
fn version_two_takes_one_hash_for_each_kind_of_key() {
    assert!(RequestV2::new(p384_entry(HashAlgorithm::Sha384)).is_ok());
    let expected = Error::Unsupported {
        what: "hash for this key",
        found: "PKIX_ECDSA_P384_SHA_384 with SHA2_256".to_owned(),
    };
    assert_eq!(RequestV2::new(p384_entry(HashAlgorithm::Sha256)), Err(expected));
}

#[test]
fn both_versions_take_the_prehashed_form_of_ed25519_for_artifacts_and_no_other() {
    let sigstore = sigstore();
    let good = ed25519_entry(&prehashed(None));
    let logged = sigstore.log_v2(&RequestV2::new(good.clone()).unwrap()).unwrap();
    let body = BASE64_STANDARD
        .decode(logged["canonicalizedBody"].as_str().unwrap())
        .unwrap();
    assert!(
        String::from_utf8(body)
            .unwrap()
            .contains(r#""keyDetails":"PKIX_ED25519_PH""#)
    );
    assert!(sigstore.log_v1(&ProposalV1::HashedRekord(good.clone())).is_ok());
    for other in [
        ed25519().sign(ARTIFACT),
        ed25519().sign(&Sha512::digest(ARTIFACT)),
        prehashed(Some(b"context")),
    ] {
        let entry = ed25519_entry(&other);
        let first = sigstore.log_v1(&ProposalV1::HashedRekord(entry.clone()));
        assert_eq!(first.unwrap_err(), Error::EntrySignature);
        let second = sigstore.log_v2(&RequestV2::new(entry).unwrap());
        assert_eq!(second.unwrap_err(), Error::EntrySignature);
    }
    let sha256 = HashedRekord {
        algorithm: HashAlgorithm::Sha256,
        digest: Sha256::digest(ARTIFACT).to_vec(),
        ..good
    };
    let expected = Error::Unsupported {
        what: "key",
        found: "Ed25519 with SHA2_256".to_owned(),
    };
    let found = sigstore.log_v1(&ProposalV1::HashedRekord(sha256));
    assert_eq!(found.unwrap_err(), expected);
}
