//! Sessions with a key that verifiers know, or with a certificate of one's own authority.

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_sign::{
    EphemeralKey, Error, KeyAlgorithm, Logging, PrivateKey, Session, SignatureAlgorithm, SigningCertificate,
    SigningKey as _, Witnesses,
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
        let expected = match algorithm {
            KeyAlgorithm::Ed25519 => Algorithm::Sha512,
            _ => Algorithm::Sha256,
        };
        let bundle = session.sign_artifact(&all()).unwrap();
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
        assert_eq!(world.asked(), [0, 0, 10], "no token and no certificate");
    }
}

/// By which algorithm a bundle was signed, as its digest or its entry says.
fn signed_digest(bundle: &Bundle) -> Option<Algorithm> {
    match &bundle.peek_unverified().content {
        SignedContent::Message(message) => message.digest.as_ref().map(attest_digest::Digest::algorithm),
        _ => None,
    }
}

#[test]
fn the_log_decides_by_which_hash_a_larger_curve_signs() {
    for (rekor, kind, expected) in [
        (1, KeyAlgorithm::EcdsaP384, Algorithm::Sha256),
        (1, KeyAlgorithm::EcdsaP521, Algorithm::Sha256),
        (2, KeyAlgorithm::EcdsaP384, Algorithm::Sha384),
        (2, KeyAlgorithm::EcdsaP521, Algorithm::Sha512),
        (1, KeyAlgorithm::Ed25519, Algorithm::Sha512),
        (2, KeyAlgorithm::Ed25519, Algorithm::Sha512),
    ] {
        let world = World::new(rekor);
        let clock = world.clock();
        let key = Box::new(PrivateKey::generate(kind).unwrap());
        let session = Session::with_key(world.ports(&clock).witnesses, key).unwrap();
        assert_eq!(signed_digest(&session.sign_artifact(&all()).unwrap()), Some(expected));
    }
}

#[test]
fn who_asks_for_another_hash_gets_it_where_the_log_takes_it() {
    let own = SignatureAlgorithm::EcdsaP384Sha384;
    let session = |world: &World, algorithm| -> Result<[usize; 2], Error> {
        let clock = world.clock();
        let key = Box::new(PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap());
        let session = Session::with_key(world.ports(&clock).witnesses, key)?.signing_by(algorithm)?;
        let artifact = session.sign_artifact(&all()).map(|bundle| entries(&bundle))?;
        Ok([
            artifact,
            session.sign_statement(&statement()).map(|bundle| entries(&bundle))?,
        ])
    };
    let refused = |result: Result<[usize; 2], Error>| result.unwrap_err().to_string();
    assert_eq!(
        refused(session(&World::new(1), own)),
        "expected a signature that Rekor 1 takes for statements, found one of ecdsa-sha2-384-nistp384"
    );
    assert_eq!(session(&World::new(2), own).unwrap(), [1, 1]);
    assert_eq!(
        refused(session(&World::new(2), SignatureAlgorithm::EcdsaP384Sha256)),
        "expected a signature that Rekor 2 takes for artifacts, found one of ecdsa-sha2-256-nistp384"
    );
    assert_eq!(
        refused(session(&World::new(2), SignatureAlgorithm::EcdsaP521Sha512)),
        "expected a signature algorithm of a key of kind ecdsa-p384, found ecdsa-sha2-512-nistp521"
    );
}

#[test]
fn plain_ed25519_signs_statements_for_the_first_version_and_no_digest() {
    let world = World::new(1);
    let clock = world.clock();
    let key = || Box::new(PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap());
    let plain = |witnesses| {
        Session::with_key(witnesses, key())
            .unwrap()
            .signing_by(SignatureAlgorithm::Ed25519)
    };
    let session = plain(world.ports(&clock).witnesses).unwrap();
    assert_eq!(entries(&session.sign_statement(&statement()).unwrap()), 1);
    assert!(matches!(session.sign_artifact(&all()), Err(Error::NotLoggable { .. })));
    let unrecorded = plain(nobody()).unwrap().sign_artifact(&all());
    assert!(matches!(unrecorded, Err(Error::WholeMessagesOnly)));
}

#[test]
fn an_artifact_without_the_digest_of_the_key_is_not_signed() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap();
    let session = Session::with_key(nobody(), Box::new(key)).unwrap();
    let session = session.signing_by(SignatureAlgorithm::EcdsaP384Sha384).unwrap();
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
