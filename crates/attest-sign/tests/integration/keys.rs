//! Sessions with a key that verifiers know, or with a certificate of one's own authority.

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_sign::{
    EphemeralKey, Error, KeyAlgorithm, Logging, PrivateKey, Session, SigningCertificate, SigningKey as _, Witnesses,
};
use attestation::{Bundle, KeyMaterial, SignedContent};

use crate::session::{World, statement};

/// Larger RSA keys take seconds to make, and are signed with in the same way.
const KINDS: [KeyAlgorithm; 5] = [
    KeyAlgorithm::EcdsaP256,
    KeyAlgorithm::EcdsaP384,
    KeyAlgorithm::EcdsaP521,
    KeyAlgorithm::Ed25519,
    KeyAlgorithm::Rsa3072,
];

fn nobody<'a>() -> Witnesses<'a> {
    Witnesses {
        logging: Logging::Unrecorded,
        timestamps: Vec::new(),
    }
}

fn all() -> Measured {
    let rest = [Algorithm::Sha384, Algorithm::Sha512];
    Measured::of_bytes(b"a", &Algorithms::new(Algorithm::Sha256, &rest))
}

fn entries(bundle: &Bundle) -> usize {
    bundle.peek_unverified().log_entries.len()
}

#[test]
fn every_kind_of_key_signs_and_is_named_by_its_hint() {
    for algorithm in KINDS {
        let key = PrivateKey::generate(algorithm).unwrap();
        let hint = key.public_key().hint();
        let session = Session::with_key(nobody(), Box::new(key)).unwrap();
        let bundle = session.sign_statement(&statement()).unwrap();
        assert_eq!(bundle.peek_unverified().key_material, KeyMaterial::PublicKey { hint });
        assert_eq!((session.identity(), session.issuer()), (None, None));
        let signed = session.sign_artifact(&all());
        let Some(expected) = algorithm.digest() else {
            assert!(matches!(signed, Err(Error::WholeMessagesOnly)));
            continue;
        };
        let bundle = signed.unwrap();
        let SignedContent::Message(message) = &bundle.peek_unverified().content else {
            panic!("expected a signature over an artifact");
        };
        assert_eq!(
            message.digest.as_ref().map(attest_digest::Digest::algorithm),
            Some(expected)
        );
    }
}

#[test]
fn both_logs_record_keys_of_every_kind_that_they_take() {
    for rekor in [1, 2] {
        let world = World::new(rekor);
        let clock = world.clock();
        for algorithm in KINDS {
            // The log of the second version takes no plain Ed25519, and the sandbox says so.
            if algorithm == KeyAlgorithm::Ed25519 {
                continue;
            }
            let witnesses = world.ports(&clock).witnesses;
            let session = Session::with_key(witnesses, Box::new(PrivateKey::generate(algorithm).unwrap())).unwrap();
            assert_eq!(
                entries(&session.sign_artifact(&all()).unwrap()),
                1,
                "{algorithm} {rekor}"
            );
            assert_eq!(
                entries(&session.sign_statement(&statement()).unwrap()),
                1,
                "{algorithm} {rekor}"
            );
        }
        assert_eq!(world.asked(), [0, 0, 8], "no token and no certificate");
    }
}

#[test]
fn ed25519_statements_are_recorded_in_the_first_version() {
    let world = World::new(1);
    let clock = world.clock();
    let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let session = Session::with_key(world.ports(&clock).witnesses, Box::new(key)).unwrap();
    assert_eq!(entries(&session.sign_statement(&statement()).unwrap()), 1);
}

#[test]
fn an_artifact_without_the_digest_of_the_key_is_not_signed() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap();
    let session = Session::with_key(nobody(), Box::new(key)).unwrap();
    let artifact = Measured::of_bytes(b"a", &Algorithms::one(Algorithm::Sha256));
    let error = session.sign_artifact(&artifact).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected an artifact that was measured with sha384, found only sha256"
    );
}

#[test]
fn a_certificate_of_ones_own_signs_for_its_key_and_with_a_signed_time_alone() {
    let world = World::new(2);
    let clock = world.clock();
    let key = EphemeralKey::generate().unwrap();
    let certificate = certificate(&world, &key);
    let witnesses = Witnesses {
        logging: Logging::Unrecorded,
        ..world.ports(&clock).witnesses
    };
    let other = Session::with_certificate(witnesses.clone(), crate::session::key(), certificate.clone());
    assert_eq!(
        other.unwrap_err().to_string(),
        "expected a certificate for the key that was sent from the certificate authority, found one for another key"
    );
    let untimed = Session::with_certificate(nobody(), Box::new(key), certificate.clone());
    assert!(matches!(untimed, Err(Error::NoSignedTime)));

    let key = EphemeralKey::generate().unwrap();
    let certificate = self::certificate(&world, &key);
    let session = Session::with_certificate(witnesses, Box::new(key), certificate).unwrap();
    assert_eq!(session.identity(), Some("a@example.com"));
    let bundle = session.sign_artifact(&all()).unwrap();
    assert_eq!(entries(&bundle), 0);
    assert_eq!(bundle.peek_unverified().timestamps.len(), 1);
    assert_eq!(world.asked(), [2, 2, 0]);
}

/// What stands for an authority of one's own: the sandbox's.
fn certificate(world: &World, key: &EphemeralKey) -> SigningCertificate {
    use attest_sign::{CertificateAuthority as _, CertificateRequest, IdentityProvider as _};
    let token = world.token().unwrap();
    let proof = key.sign_message(token.challenge().as_bytes()).unwrap();
    let request = CertificateRequest {
        token: &token,
        public_key: key.public_key(),
        proof_of_possession: &proof,
    };
    world.issue(&request).unwrap()
}

#[test]
fn a_known_key_may_do_without_any_witness_and_a_log_that_is_wanted_has_to_be_there() {
    let session = Session::with_key(nobody(), crate::session::key()).unwrap();
    let bundle = session.sign_artifact(&all()).unwrap();
    assert_eq!(entries(&bundle), 0);
    assert!(bundle.peek_unverified().timestamps.is_empty());
    let witnesses = Witnesses {
        logging: Logging::Recorded(Vec::new()),
        timestamps: Vec::new(),
    };
    assert!(matches!(
        Session::with_key(witnesses, crate::session::key()),
        Err(Error::NoLog)
    ));
}
