//! The sandbox without sockets: what it issues, what it refuses, and that it always does so with the same bytes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::slice;
use std::sync::Arc;

use attest_sandbox::{
    Claims, Clock, Config, Error, HashAlgorithm, HashedRekord, KeyProof, Keys, ManualClock, ProposalV1, RequestV2,
    Sigstore, TimestampRequest, Verifier,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const START: &str = "2026-03-01T12:00:00Z";
const EMAIL: &str = "signer@example.com";

struct Client {
    sigstore: Sigstore,
    clock: Arc<ManualClock>,
    key: SigningKey,
}

impl Client {
    fn new() -> Self {
        let start: Timestamp = START.parse().unwrap();
        let clock = Arc::new(ManualClock::new(start));
        let config = Config {
            keys: Keys::from_seed([1; 32], start),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            user: Claims::email(EMAIL),
            issuers: vec!["https://token.actions.githubusercontent.com".to_owned()],
        };
        Self {
            sigstore: Sigstore::new(config).unwrap(),
            clock,
            key: SigningKey::from_slice(&[9; 32]).unwrap(),
        }
    }

    fn public_key(&self) -> Vec<u8> {
        self.key.verifying_key().to_public_key_der().unwrap().into_vec()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.key.sign(message);
        signature.to_der().as_bytes().to_vec()
    }

    fn certificate(&self, claims: &Claims, challenge: &str) -> Result<Vec<u8>, Error> {
        let token = self.sigstore.mint(claims)?;
        self.certificate_for(&token, challenge)
    }

    fn certificate_for(&self, token: &str, challenge: &str) -> Result<Vec<u8>, Error> {
        let proof = KeyProof::Signature {
            public_key: &self.public_key(),
            signature: &self.sign(challenge.as_bytes()),
        };
        self.sigstore.issue_certificate(token, proof)?.leaf_der()
    }

    fn entry(&self, artifact: &[u8], signature: Vec<u8>) -> HashedRekord {
        HashedRekord {
            algorithm: HashAlgorithm::Sha256,
            digest: Sha256::digest(artifact).to_vec(),
            signature,
            verifier: Verifier::certificate(&self.certificate(&Claims::email(EMAIL), EMAIL).unwrap()).unwrap(),
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn the_same_seed_and_clock_give_the_same_bytes() {
    let run = || {
        let client = Client::new();
        let entry = client.entry(b"artifact", client.sign(b"artifact"));
        let request = TimestampRequest::sha256(Sha256::digest(&entry.signature).into()).unwrap();
        (
            client.sigstore.trusted_root_json().unwrap(),
            client.sigstore.tuf_root_json().unwrap(),
            client.sigstore.timestamp(&request).unwrap(),
            client
                .sigstore
                .log_v1(&ProposalV1::HashedRekord(entry.clone()))
                .unwrap(),
            client.sigstore.log_v2(&RequestV2::new(entry).unwrap()).unwrap(),
        )
    };
    assert_eq!(run(), run());
}

#[test]
fn a_certificate_names_the_workflow_of_a_github_token() {
    let claims = Claims::github("acme/app", ".github/workflows/release.yml", "refs/tags/v1.2.0")
        .with("iss", "https://token.actions.githubusercontent.com");
    let certificate = Client::new()
        .certificate(&claims, "repo:acme/app:ref:refs/tags/v1.2.0")
        .unwrap();
    for text in [
        "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.0",
        "https://token.actions.githubusercontent.com",
        "https://github.com/acme/app/actions/runs/3003/attempts/1",
        "github-hosted",
    ] {
        assert!(contains(&certificate, text.as_bytes()), "{text}");
    }
}

#[test]
fn a_certificate_names_the_configuration_of_a_gitlab_token() {
    let claims = Claims::gitlab("acme/app", ".gitlab-ci.yml", "refs/heads/main");
    let certificate = Client::new()
        .certificate(&claims, "project_path:acme/app:ref_type:branch:ref:main")
        .unwrap();
    assert!(contains(
        &certificate,
        b"https://gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main"
    ));
    assert!(contains(&certificate, b"https://gitlab.com/acme/app/-/jobs/9009"));
}

#[test]
fn two_certificates_have_two_serial_numbers() {
    let client = Client::new();
    let certificate = || client.certificate(&Claims::email(EMAIL), EMAIL).unwrap();
    assert_ne!(certificate(), certificate());
}

#[test]
fn a_proof_over_another_challenge_is_refused() {
    let refused = Client::new().certificate(&Claims::email(EMAIL), "other@example.com");
    assert_eq!(refused, Err(Error::ProofOfPossession));
}

#[test]
fn an_unverified_address_is_refused() {
    let refused = Client::new().certificate(&Claims::email(EMAIL).with("email_verified", false), EMAIL);
    assert_eq!(
        refused,
        Err(Error::TokenClaim {
            claim: "email_verified",
            expected: "true".to_owned(),
            found: "false".to_owned(),
        })
    );
}

#[test]
fn a_token_for_another_audience_is_refused() {
    let refused = Client::new().certificate(&Claims::email(EMAIL).with("aud", "pypi"), EMAIL);
    assert_eq!(
        refused,
        Err(Error::TokenClaim {
            claim: "aud",
            expected: "sigstore".to_owned(),
            found: "pypi".to_owned(),
        })
    );
}

#[test]
fn a_token_of_an_unknown_issuer_is_refused() {
    let refused = Client::new().certificate(&Claims::email(EMAIL).with("iss", "https://other.example.com"), EMAIL);
    assert_eq!(
        refused,
        Err(Error::TokenClaim {
            claim: "iss",
            expected: "http://localhost` or `https://token.actions.githubusercontent.com".to_owned(),
            found: "https://other.example.com".to_owned(),
        })
    );
}

#[test]
fn an_expired_token_is_refused() {
    let client = Client::new();
    let token = client.sigstore.mint_user().unwrap();
    client.clock.set("2026-03-01T12:10:00Z".parse().unwrap());
    assert_eq!(
        client.certificate_for(&token, EMAIL),
        Err(Error::TokenTime {
            from: 1_772_366_400,
            until: 1_772_367_000,
            now: 1_772_367_000,
        })
    );
}

#[test]
fn a_token_of_another_sandbox_is_refused() {
    let token = Client::new().sigstore.mint_user().unwrap();
    assert_eq!(Client::new().certificate_for(&token, EMAIL), Err(Error::TokenSignature));
}

#[test]
fn an_entry_whose_signature_is_over_something_else_is_refused() {
    let client = Client::new();
    let entry = client.entry(b"artifact", client.sign(b"another artifact"));
    assert_eq!(
        client.sigstore.log_v1(&ProposalV1::HashedRekord(entry.clone())),
        Err(Error::EntrySignature)
    );
    assert_eq!(
        client.sigstore.log_v2(&RequestV2::new(entry).unwrap()),
        Err(Error::EntrySignature)
    );
}

#[test]
fn version_two_records_an_envelope_whose_signature_verifies_and_no_other() {
    let client = Client::new();
    let verifier = client.entry(b"", Vec::new()).verifier;
    let envelope = |signed: &[u8]| {
        let signature = BASE64_STANDARD.encode(client.sign(signed));
        json!({ "payload": "e30=", "payloadType": "text/x", "signatures": [{ "sig": signature }] }).to_string()
    };
    let request = RequestV2::dsse(&envelope(b"DSSEv1 6 text/x 2 {}"), slice::from_ref(&verifier)).unwrap();
    let entry = client.sigstore.log_v2(&request).unwrap();
    assert_eq!(entry["kindVersion"], json!({ "kind": "dsse", "version": "0.0.2" }));
    let body = BASE64_STANDARD
        .decode(entry["canonicalizedBody"].as_str().unwrap())
        .unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let digest = BASE64_STANDARD.encode(Sha256::digest(b"{}"));
    assert_eq!(body["spec"]["dsseV002"]["payloadHash"]["digest"], digest);
    assert_eq!(
        RequestV2::dsse(&envelope(b"DSSEv1 6 text/x 2 {]"), &[verifier]),
        Err(Error::EntrySignature)
    );
}

#[test]
fn an_entry_is_recorded_once() {
    let client = Client::new();
    let entry = client.entry(b"artifact", client.sign(b"artifact"));
    let proposal = ProposalV1::HashedRekord(entry.clone());
    let logged = client.sigstore.log_v1(&proposal).unwrap();
    assert_eq!(
        client.sigstore.log_v1(&proposal),
        Err(Error::Duplicate {
            index: 1,
            uuid: logged.uuid
        })
    );
    let request = RequestV2::new(entry).unwrap();
    assert_eq!(client.sigstore.log_v2(&request).unwrap()["logIndex"], "1");
    assert!(matches!(
        client.sigstore.log_v2(&request),
        Err(Error::Duplicate { index: 1, .. })
    ));
}

#[test]
fn the_hash_of_version_two_is_that_of_the_key() {
    let client = Client::new();
    let entry = HashedRekord {
        algorithm: HashAlgorithm::Sha512,
        ..client.entry(b"artifact", client.sign(b"artifact"))
    };
    assert_eq!(
        RequestV2::new(entry),
        Err(Error::Unsupported {
            what: "hash for this key",
            found: "PKIX_ECDSA_P256_SHA_256 with SHA2_512".to_owned()
        })
    );
}

#[test]
fn an_envelope_is_recorded_only_with_a_signature_that_verifies() {
    let client = Client::new();
    let verifier = client.entry(b"", Vec::new()).verifier;
    let envelope = |signature: &[u8]| {
        serde_json::json!({
            "payloadType": "application/vnd.in-toto+json",
            "payload": "e30=",
            "signatures": [{"sig": base64::Engine::encode(&base64::prelude::BASE64_STANDARD, signature)}],
        })
        .to_string()
    };
    let good = envelope(&client.sign(b"DSSEv1 28 application/vnd.in-toto+json 2 {}"));
    let proposal = ProposalV1::dsse(&good, std::slice::from_ref(&verifier)).unwrap();
    let logged = client.sigstore.log_v1(&proposal).unwrap();
    assert_eq!(logged.entry["kindVersion"]["kind"], "dsse");
    let bad = envelope(&client.sign(b"{}"));
    assert_eq!(ProposalV1::dsse(&bad, &[verifier]), Err(Error::EntrySignature));
}

#[test]
fn a_timestamp_repeats_the_nonce_and_holds_the_certificate_only_if_asked() {
    let client = Client::new();
    let digest = Sha256::digest(b"signature");
    let query = |wants: bool| {
        let mut query = vec![0x30, 0x3e + 3 * u8::from(wants), 2, 1, 1, 0x30, 0x2f, 0x30, 0x0b, 6, 9];
        query.extend([0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 4, 0x20]);
        query.extend(digest);
        query.extend([2, 8, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf1]);
        query.extend(wants.then_some([1, 1, 0xff]).into_iter().flatten());
        query
    };
    let stamp = |wants| {
        client
            .sigstore
            .timestamp(&TimestampRequest::from_der(&query(wants)).unwrap())
            .unwrap()
    };
    let (bare, full) = (stamp(false), stamp(true));
    for token in [&bare, &full] {
        assert!(contains(token, &[2, 8, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf1]));
        assert!(contains(token, &digest));
    }
    // The subject of the leaf stands only in the certificate, its issuer in the signer info too.
    assert!(!contains(&bare, b"attest sandbox timestamp0"));
    assert!(contains(&full, b"attest sandbox timestamp0"));
}

#[test]
fn a_query_cut_short_is_refused() {
    assert!(matches!(
        TimestampRequest::from_der(&[0x30, 0x3e, 2]),
        Err(Error::Malformed {
            what: "timestamp query",
            ..
        })
    ));
}

#[test]
fn trust_root_and_configuration_name_every_service() {
    let sigstore = Client::new().sigstore;
    let root: Value = serde_json::from_str(&sigstore.trusted_root_json().unwrap()).unwrap();
    assert_eq!(root["tlogs"].as_array().unwrap().len(), 2);
    assert_eq!(root["tlogs"][0]["publicKey"]["validFor"]["start"], START);
    assert_eq!(
        root["timestampAuthorities"][0]["certChain"]["certificates"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let config: Value = serde_json::from_str(&sigstore.signing_config_json().unwrap()).unwrap();
    assert_eq!(config["tsaUrls"][0]["url"], "http://localhost/api/v1/timestamp");
    assert_eq!(config["rekorTlogUrls"][0]["majorApiVersion"], 2);
}
