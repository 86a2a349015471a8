//! Signatures that wait for their log.

use attest_sign::{Error, Logging, Pending, PrivateKey, Session, TransparencyLog, Witnesses};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::session::{World, after, key, measured, statement};

fn deferred(world: &World) -> Pending {
    let clock = world.clock();
    let session = Session::open(&world.ports(&clock), key()).unwrap();
    session.begin_artifact(&measured(b"a")).unwrap()
}

fn again(pending: &Pending) -> Pending {
    Pending::parse(pending.to_json().unwrap().to_string().as_bytes()).unwrap()
}

#[test]
fn a_deferred_signature_is_recorded_later_by_whoever_has_it() {
    for rekor in [1, 2] {
        let world = World::new(rekor);
        let pending = deferred(&world);
        assert_eq!(world.asked(), [1, 1, 0]);
        let bundle = again(&pending).record(&[&world as &dyn TransparencyLog]).unwrap();
        assert_eq!(bundle.peek_unverified().log_entries.len(), 1);
        assert_eq!(bundle.peek_unverified().timestamps.len(), 1);
        assert_eq!(world.asked(), [1, 1, 1]);
    }
}

#[test]
fn a_statement_and_a_key_are_deferred_as_well() {
    let world = World::new(2);
    let clock = world.clock();
    let key = PrivateKey::generate(attest_sign::KeyAlgorithm::EcdsaP384).unwrap();
    let session = Session::with_key(world.ports(&clock).witnesses, Box::new(key)).unwrap();
    let pending = session.begin_statement(&statement()).unwrap();
    let document = pending.to_json().unwrap();
    assert_eq!(document["publicKey"], session.public_key().to_pem());
    let text = document.to_string();
    assert!(!text.contains("PRIVATE"), "{text}");
    let bundle = again(&pending).record(&[&world as &dyn TransparencyLog]).unwrap();
    assert_eq!(bundle.peek_unverified().envelope().unwrap().payload(), &statement());
}

#[test]
fn how_it_was_signed_is_remembered() {
    for (kind, name) in [
        (attest_sign::KeyAlgorithm::EcdsaP521, "ecdsa-sha2-512-nistp521"),
        (attest_sign::KeyAlgorithm::Ed25519, "ed25519-ph"),
    ] {
        let world = World::new(2);
        let clock = world.clock();
        let key = Box::new(PrivateKey::generate(kind).unwrap());
        let session = Session::with_key(world.ports(&clock).witnesses, key).unwrap();
        let pending = session.begin_statement(&statement()).unwrap();
        assert_eq!(pending.to_json().unwrap()["signingAlgorithm"], name);
        assert_eq!(again(&pending).algorithm(), pending.algorithm());
        again(&pending).record(&[&world as &dyn TransparencyLog]).unwrap();
        let other = again(&pending).record(&[&World::new(1) as &dyn TransparencyLog]);
        assert!(matches!(other, Err(Error::NotLoggable { .. })));
        let mut older = pending.to_json().unwrap();
        older.as_object_mut().unwrap().remove("signingAlgorithm");
        let older = Pending::parse(older.to_string().as_bytes()).unwrap();
        assert_eq!(older.algorithm(), kind.own());
    }
}

/// The first version says the time at which it recorded, which is too late for the certificate. The timestamp is not.
#[test]
fn a_time_after_the_end_of_the_certificate_is_left_out_of_the_entry() {
    let world = World::new(1);
    let pending = deferred(&world);
    let timely = pending.record(&[&world as &dyn TransparencyLog]).unwrap();
    assert!(timely.peek_unverified().log_entries[0].promise.is_some());
    let pending = deferred(&world);
    world.clock.set(after(60));
    let late = pending.record(&[&world as &dyn TransparencyLog]).unwrap();
    let entry = &late.peek_unverified().log_entries[0];
    assert_eq!((entry.promise.as_ref(), entry.integrated_time), (None, None));
    assert!(entry.proof.is_some());
}

#[test]
fn a_certificate_without_a_signed_time_is_not_deferred() {
    let world = World::new(1);
    let clock = world.clock();
    let mut ports = world.ports(&clock);
    ports.witnesses.timestamps.clear();
    let pending = Session::open(&ports, key())
        .unwrap()
        .begin_artifact(&measured(b"a"))
        .unwrap();
    assert!(matches!(pending.to_json(), Err(Error::NoSignedTime)));
    assert!(matches!(pending.record(&[]), Err(Error::NoLog)));
}

#[test]
fn what_is_no_pending_signature_is_rejected() {
    let world = World::new(2);
    let clock = world.clock();
    let witnesses = Witnesses {
        logging: Logging::Unrecorded,
        ..world.ports(&clock).witnesses
    };
    let session = Session::with_key(witnesses, key()).unwrap();
    let good = session.begin_artifact(&measured(b"a")).unwrap().to_json().unwrap();
    let rejected = |change: &dyn Fn(&mut Value)| {
        let mut document = good.clone();
        change(&mut document);
        Pending::parse(document.to_string().as_bytes()).unwrap_err().to_string()
    };
    assert!(rejected(&|document| document["schema"] = json!("x")).contains("found x"));
    assert!(rejected(&|document| document["lacks"] = json!([])).contains("that lacks the log"));
    assert!(rejected(&|document| document["more"] = json!(1)).contains("unknown field `more`"));
    assert!(
        rejected(&|document| drop(document.as_object_mut().unwrap().remove("publicKey"))).contains("neither or both")
    );
    let algorithm = |name: &'static str| rejected(&|document| document["signingAlgorithm"] = json!(name));
    assert!(algorithm("ed25519").contains("of a key of kind ecdsa-p256, found ed25519"));
    assert!(algorithm("md5").contains("found `md5`"));
    let other = Session::with_key(session_witnesses(), key()).unwrap();
    let pem = other.public_key().to_pem();
    assert!(rejected(&|document| document["publicKey"] = json!(pem)).contains("found another one"));
}

fn session_witnesses<'a>() -> Witnesses<'a> {
    Witnesses {
        logging: Logging::Unrecorded,
        timestamps: Vec::new(),
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Pending::parse(&bytes).is_err());
    }

    #[test]
    fn no_text_makes_a_reader_of_keys_panic(text in ".{0,200}") {
        let _ = attest_sign::KeyFile::parse(text.as_bytes());
        let _ = attest_sign::KeyFile::parse(format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n").as_bytes());
        let _ = attest_sign::TokenUri::parse(&text);
        let _ = attest_sign::TokenUri::parse(&format!("pkcs11:{text}"));
        let _ = attest_sign::PublicKey::from_pem(text.as_bytes());
    }
}
