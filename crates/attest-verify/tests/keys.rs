//! Every kind of key that signs: what is accepted, and its twin, one change apart, that is not.
#![expect(clippy::unwrap_used, reason = "tests")]

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_verify::{
    Artifact, AtHand, ClaimName, Expectation, Expected, InvalidExpectation, PublicKey, Rejection, TrustRoot,
    VerificationTime, Verified, Verifier,
};
use attestation::{Bundle, media_type, pre_authentication_encoding};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA256_ASN1_SIGNING,
    ECDSA_P521_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::{Digest as _, Sha512};
use serde_json::{Value, json};

const ARTIFACT: &[u8] = b"what is released";

struct Signed {
    public_key: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, message: &[u8]) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        Self {
            public_key: pair.public_key().as_der().unwrap().as_ref().to_vec(),
            signature: pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
        }
    }

    fn ed25519(message: &[u8]) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        Self {
            public_key: pair.public_key().as_der().unwrap().as_ref().to_vec(),
            signature: pair.sign(message).as_ref().to_vec(),
        }
    }

    fn ed25519_prehashed(message: &[u8]) -> Self {
        let pair = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let hashed = Sha512::new_with_prefix(message);
        Self {
            public_key: pair.verifying_key().to_public_key_der().unwrap().as_bytes().to_vec(),
            signature: pair.sign_prehashed(hashed, None).unwrap().to_vec(),
        }
    }

    fn rsa(padding: &'static dyn RsaEncoding, message: &[u8]) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(padding, &SystemRandom::new(), message, &mut signature)
            .unwrap();
        Self {
            public_key: AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key())
                .unwrap()
                .as_ref()
                .to_vec(),
            signature,
        }
    }

    fn expectation(&self) -> Expectation {
        Expectation::key(PublicKey::from_der(&self.public_key).unwrap())
    }

    fn artifact_bundle(&self, digest: Option<Algorithm>) -> Value {
        let digest = digest.map(|algorithm| {
            let name = format!("SHA2_{}", 8 * algorithm.digest_len());
            let measured = measured();
            json!({ "algorithm": name, "digest": STANDARD.encode(measured.digest(algorithm).unwrap().as_bytes()) })
        });
        let mut bundle = self.bundle();
        bundle["messageSignature"] = json!({ "signature": STANDARD.encode(&self.signature) });
        if let Some(digest) = digest {
            bundle["messageSignature"]["messageDigest"] = digest;
        }
        bundle
    }

    fn statement_bundle(&self, payload: &[u8]) -> Value {
        let mut bundle = self.bundle();
        bundle["dsseEnvelope"] = json!({
            "payload": STANDARD.encode(payload),
            "payloadType": media_type::IN_TOTO,
            "signatures": [{ "sig": STANDARD.encode(&self.signature) }],
        });
        bundle
    }

    fn bundle(&self) -> Value {
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": { "publicKey": {}, "tlogEntries": [] },
        })
    }

    fn verify(&self, bundle: &Value, at_hand: AtHand<'_>) -> Result<Verified, Rejection> {
        let root = TrustRoot::public_good();
        let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
        Verifier::new(&root, now())
            .without_log_unsafe()
            .verify_bundle_with(&bundle, &self.expectation(), at_hand)?
            .artifact(&Artifact::measured("app", &measured()))
    }
}

fn now() -> VerificationTime {
    VerificationTime::at("2026-01-01T00:00:00Z".parse().unwrap())
}

fn measured() -> Measured {
    let others = [Algorithm::Sha384, Algorithm::Sha512];
    Measured::of_bytes(ARTIFACT, &Algorithms::new(Algorithm::Sha256, &others))
}

fn statement() -> Vec<u8> {
    let digest = measured().digest(Algorithm::Sha384).unwrap().to_hex();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "app", "digest": { "sha384": digest } }],
        "predicateType": "https://example.com/note/v1",
        "predicate": {},
    })
    .to_string()
    .into_bytes()
}

fn encoded() -> Vec<u8> {
    pre_authentication_encoding(media_type::IN_TOTO, &statement())
}

#[test]
fn every_curve_signs_artifacts_by_its_own_hash_and_by_that_of_older_programs() {
    for (algorithm, digest) in [
        (&ECDSA_P256_SHA256_ASN1_SIGNING, Algorithm::Sha256),
        (&ECDSA_P384_SHA384_ASN1_SIGNING, Algorithm::Sha384),
        (&ECDSA_P521_SHA512_ASN1_SIGNING, Algorithm::Sha512),
        (&ECDSA_P521_SHA256_ASN1_SIGNING, Algorithm::Sha256),
    ] {
        let signed = Signed::ecdsa(algorithm, ARTIFACT);
        let verified = signed
            .verify(&signed.artifact_bundle(Some(digest)), AtHand::Nothing)
            .unwrap();
        assert_eq!(verified.not_checked(), ["transparency log", "signed time"]);
        let other = Signed::ecdsa(algorithm, b"something else");
        let rejection = other
            .verify(&other.artifact_bundle(Some(digest)), AtHand::Nothing)
            .unwrap_err();
        assert_eq!(rejection.code(), "signature-invalid", "{algorithm:?}");
    }
}

/// The library that signs everything else here does not sign this pair.
#[test]
fn p384_signs_sha256_as_well() {
    use p384::ecdsa::signature::hazmat::PrehashSigner as _;
    use p384::pkcs8::EncodePublicKey as _;
    let pair = p384::ecdsa::SigningKey::from_slice(&[3; 48]).unwrap();
    let digest = measured().digest(Algorithm::Sha256).unwrap().as_bytes().to_vec();
    let signature: p384::ecdsa::DerSignature = pair.sign_prehash(&digest).unwrap();
    let signed = Signed {
        public_key: pair.verifying_key().to_public_key_der().unwrap().as_bytes().to_vec(),
        signature: signature.as_bytes().to_vec(),
    };
    assert!(
        signed
            .verify(&signed.artifact_bundle(Some(Algorithm::Sha256)), AtHand::Nothing)
            .is_ok()
    );
    // The same signature, said to be over the digest that belongs to the key.
    let rejection = signed
        .verify(&signed.artifact_bundle(Some(Algorithm::Sha384)), AtHand::Nothing)
        .unwrap_err();
    assert_eq!(rejection.code(), "signature-invalid");
}

#[test]
fn a_hash_that_nobody_uses_with_a_curve_is_unsupported() {
    let signed = Signed::ecdsa(&ECDSA_P521_SHA384_ASN1_SIGNING, ARTIFACT);
    let bundle = signed.artifact_bundle(Some(Algorithm::Sha384));
    assert_eq!(
        signed.verify(&bundle, AtHand::Nothing).unwrap_err().code(),
        "unsupported"
    );
}

#[test]
fn every_kind_of_key_signs_statements() {
    for signed in [
        Signed::ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, &encoded()),
        Signed::ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, &encoded()),
        Signed::ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING, &encoded()),
        Signed::ed25519(&encoded()),
        Signed::ed25519_prehashed(&encoded()),
        Signed::rsa(&RSA_PKCS1_SHA256, &encoded()),
        Signed::rsa(&RSA_PSS_SHA256, &encoded()),
    ] {
        let verified = signed
            .verify(&signed.statement_bundle(&statement()), AtHand::Nothing)
            .unwrap();
        assert_eq!(verified.subject().unwrap().name(), Some("app"));
        let changed = [statement(), b" ".to_vec()].concat();
        let rejection = signed
            .verify(&signed.statement_bundle(&changed), AtHand::Nothing)
            .unwrap_err();
        assert_eq!(rejection.code(), "signature-invalid");
    }
}

#[test]
fn rsa_over_another_hash_than_sha256_is_rejected() {
    let signed = Signed::rsa(&RSA_PKCS1_SHA512, &encoded());
    let rejection = signed
        .verify(&signed.statement_bundle(&statement()), AtHand::Nothing)
        .unwrap_err();
    assert_eq!(rejection.code(), "signature-invalid");
}

#[test]
fn a_bare_signature_needs_the_digest_of_the_artifact() {
    let signed = Signed::ecdsa(&ECDSA_P521_SHA256_ASN1_SIGNING, ARTIFACT);
    let bundle = signed.artifact_bundle(None);
    assert_eq!(
        signed.verify(&bundle, AtHand::Nothing).unwrap_err().code(),
        "bundle-invalid"
    );
    assert!(signed.verify(&bundle, AtHand::Digests(measured().digests())).is_ok());
    let other = Measured::of_bytes(b"something else", &Algorithms::one(Algorithm::Sha256));
    let rejection = signed.verify(&bundle, AtHand::Digests(other.digests())).unwrap_err();
    assert_eq!(rejection.code(), "signature-invalid");
}

#[test]
fn ed25519_over_an_artifact_needs_its_bytes() {
    let signed = Signed::ed25519(ARTIFACT);
    for bundle in [
        signed.artifact_bundle(None),
        signed.artifact_bundle(Some(Algorithm::Sha512)),
    ] {
        let by_digest = signed
            .verify(&bundle, AtHand::Digests(measured().digests()))
            .unwrap_err();
        assert_eq!(by_digest.code(), "digest-alone");
        assert!(signed.verify(&bundle, AtHand::Bytes(ARTIFACT)).is_ok());
        let rejection = signed.verify(&bundle, AtHand::Bytes(b"something else")).unwrap_err();
        assert_eq!(rejection.code(), "signature-invalid");
    }
}

#[test]
fn ed25519ph_over_an_artifact_needs_its_digest_alone() {
    let signed = Signed::ed25519_prehashed(ARTIFACT);
    let bundle = signed.artifact_bundle(Some(Algorithm::Sha512));
    assert!(signed.verify(&bundle, AtHand::Nothing).is_ok());
    let bare = signed.artifact_bundle(None);
    assert!(signed.verify(&bare, AtHand::Digests(measured().digests())).is_ok());
    let by_bytes = signed.verify(&bundle, AtHand::Bytes(ARTIFACT));
    assert!(by_bytes.is_ok());
}

#[test]
fn ed25519ph_is_over_sha512_and_nothing_else() {
    let signed = Signed::ed25519_prehashed(ARTIFACT);
    let rejected = |signed: &Signed, digest| {
        let bundle = signed.artifact_bundle(Some(digest));
        let bytes = signed.verify(&bundle, AtHand::Bytes(ARTIFACT)).unwrap_err();
        (
            bytes.code(),
            signed.verify(&bundle, AtHand::Nothing).unwrap_err().code(),
        )
    };
    for digest in [Algorithm::Sha256, Algorithm::Sha384] {
        assert_eq!(rejected(&signed, digest), ("signature-invalid", "digest-alone"));
    }
    let other = Signed::ed25519_prehashed(b"something else");
    assert_eq!(
        rejected(&other, Algorithm::Sha512),
        ("signature-invalid", "digest-alone")
    );
    // What Ed25519ph hashes once more is signed as it is.
    let digest = measured().digest(Algorithm::Sha512).unwrap().as_bytes().to_vec();
    let plain_of_digest = Signed::ed25519(&digest);
    assert_eq!(
        rejected(&plain_of_digest, Algorithm::Sha512),
        ("signature-invalid", "digest-alone")
    );
}

#[test]
fn without_a_log_a_key_is_rejected_unless_that_is_said() {
    let signed = Signed::ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, ARTIFACT);
    let bundle = signed.artifact_bundle(Some(Algorithm::Sha256));
    let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    let (public_good, github) = (TrustRoot::public_good(), TrustRoot::github());
    for roots in [&[&public_good][..], &[&github, &public_good], &[&public_good, &github]] {
        let verifier = Verifier::with_roots(roots, now());
        let rejection = verifier.verify_bundle(&bundle, &signed.expectation()).unwrap_err();
        assert_eq!(rejection.code(), "no-log-entry");
        assert!(
            verifier
                .without_log_unsafe()
                .verify_bundle(&bundle, &signed.expectation())
                .is_ok()
        );
    }
    assert!(
        Verifier::with_roots(&[], now())
            .verify_bundle(&bundle, &signed.expectation())
            .is_err()
    );
}

#[test]
fn a_key_claims_nothing() {
    let signed = Signed::ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, ARTIFACT);
    let bundle = signed.artifact_bundle(Some(Algorithm::Sha256));
    let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    let expected = Expected::exact("push").unwrap();
    let expectation = signed
        .expectation()
        .requiring_claim(ClaimName::BUILD_TRIGGER, expected.clone());
    let root = TrustRoot::public_good();
    let rejection = Verifier::new(&root, now())
        .without_log_unsafe()
        .verify_bundle(&bundle, &expectation);
    assert_eq!(
        rejection.unwrap_err(),
        Rejection::ClaimMismatch {
            claim: ClaimName::BUILD_TRIGGER,
            expected,
            found: None
        }
    );
}

#[test]
fn a_key_of_another_form_is_none() {
    let p256 = Signed::ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, b"").public_key;
    let place = p256.len() - 65;
    let changed = |place: usize, byte: u8| {
        let mut key = p256.clone();
        key[place] = byte;
        key
    };
    let not_keys = [
        // A compressed point, a point that is on no curve of ours, unused bits, something after the key, nothing at all.
        changed(place, 2),
        changed(place - 4, 0x22),
        changed(place - 1, 1),
        [&p256[..], &[0]].concat(),
        p256[..place + 33].to_vec(),
        Vec::new(),
    ];
    for key in not_keys {
        let error = PublicKey::from_der(&key).unwrap_err();
        assert!(matches!(error, InvalidExpectation::NotAKey { .. }), "{key:?}");
    }
}
