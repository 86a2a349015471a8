use std::collections::BTreeSet;

use attest_detached::{
    CLEAR_SIGNED_LIMIT, ClearSigned, DetachedError, DetachedSignature, FILE_NAMESPACE, KEYS_LIMIT, SIGNATURE_LIMIT,
    SignerKeys, Verification, VerifiedDetached,
};
use proptest::prelude::*;

use crate::{NOW, fixture, keys, moment};

/// Signatures, with the keys that made them.
const PAIRS: [(&str, &str); 9] = [
    ("minisign/prehashed.minisig", "minisign/key.pub"),
    ("minisign/legacy.minisig", "minisign/key.pub"),
    ("signify/SHA256SUMS.sig", "signify/key.pub"),
    ("ssh/ed25519.sshsig", "ssh/ed25519.pub"),
    ("ssh/ecdsa521.sshsig", "ssh/ecdsa521.pub"),
    ("ssh/rsa3072.sshsig", "ssh/rsa3072.pub"),
    ("openpgp/ed25519.sig.gpg", "openpgp/ed25519.gpg"),
    ("openpgp/ed25519.sig.asc", "openpgp/ed25519.asc"),
    ("openpgp/subkey.sig.asc", "openpgp/subkey.asc"),
];

fn verifies(signature: &[u8], keys: &SignerKeys, message: &[u8]) -> Result<VerifiedDetached, DetachedError> {
    let signature = DetachedSignature::parse(signature)?;
    Verification {
        signature: &signature,
        keys,
        moment: moment(NOW),
        namespace: FILE_NAMESPACE,
        principal: None,
    }
    .verify(message)
}

#[test]
fn a_flipped_bit_proves_nothing_else() {
    let list = fixture("SHA256SUMS");
    for (name, key) in PAIRS {
        let (original, keys) = (fixture(name), keys(key));
        let proof = verifies(&original, &keys, &list).unwrap();
        for place in 0..original.len() {
            for bit in 0..8 {
                let mut changed = original.clone();
                changed[place] ^= 1 << bit;
                assert!(verifies(&changed, &keys, b"other bytes").is_err());
                // Comments, armour and hints at the key are not signed, and nothing is said about them.
                if let Ok(found) = verifies(&changed, &keys, &list) {
                    assert_eq!(found, proof, "{name}: bit {bit} of byte {place}");
                }
            }
        }
    }
}

#[test]
fn a_truncated_signature_is_never_accepted() {
    let list = fixture("SHA256SUMS");
    for (name, key) in PAIRS {
        let (original, keys) = (fixture(name), keys(key));
        let end = original.trim_ascii_end().len();
        for length in 0..end {
            assert!(
                verifies(&original[..length], &keys, &list).is_err(),
                "{name}: {length} bytes"
            );
        }
    }
}

#[test]
fn a_flipped_bit_of_a_certificate_never_lets_another_key_sign() {
    let list = fixture("SHA256SUMS");
    let mut problems = BTreeSet::new();
    for (name, signature) in [
        ("openpgp/ed25519.gpg", "openpgp/ed25519.sig.gpg"),
        ("openpgp/subkey.gpg", "openpgp/subkey.sig.asc"),
    ] {
        let (original, signature) = (fixture(name), fixture(signature));
        let fingerprint = keys(name).fingerprints();
        for place in 0..original.len() {
            let mut changed = original.clone();
            changed[place] ^= 1;
            let Ok(keys) = SignerKeys::parse(&changed) else {
                continue;
            };
            match verifies(&signature, &keys, &list) {
                Ok(_) => assert_eq!(keys.fingerprints(), fingerprint, "{name}: byte {place}"),
                Err(DetachedError::KeyUnfit { problem, .. }) => drop(problems.insert(problem)),
                Err(_) => {}
            }
        }
    }
    // Each of the three signatures that let a subkey sign was broken once.
    assert_eq!(
        problems.into_iter().collect::<Vec<_>>(),
        [
            "it does not say itself that it belongs to its certificate",
            "no self-signature of it is valid",
            "nothing binds it to its certificate"
        ]
    );
}

#[test]
fn too_much_is_not_read() {
    let too_large = |what, limit: usize| {
        Err(DetachedError::TooLarge {
            what,
            limit: limit as u64,
        })
    };
    let signature = DetachedSignature::parse(&vec![b'x'; SIGNATURE_LIMIT + 1]).map(|_| ());
    assert_eq!(signature, too_large("a signature", SIGNATURE_LIMIT));
    let keys = SignerKeys::parse(&vec![b'x'; KEYS_LIMIT + 1]).map(|_| ());
    assert_eq!(keys, too_large("public keys", KEYS_LIMIT));
    let message = ClearSigned::parse(&vec![b'x'; CLEAR_SIGNED_LIMIT + 1]).map(|_| ());
    assert_eq!(message, too_large("a clear-signed message", CLEAR_SIGNED_LIMIT));
}

#[test]
fn what_is_nothing_of_this_is_said_to_be_nothing() {
    assert_eq!(
        DetachedSignature::parse(b"hello").map(|_| ()),
        Err(DetachedError::NoSignature)
    );
    assert_eq!(SignerKeys::parse(b"hello").map(|_| ()), Err(DetachedError::NoKeys));
    let pem = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    assert_eq!(SignerKeys::recognise(pem), None);
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = DetachedSignature::parse(&bytes);
        let _ = SignerKeys::parse(&bytes);
        let _ = ClearSigned::parse(&bytes);
    }

    #[test]
    fn no_packets_make_a_reader_panic(
        first in prop::sample::select(vec![0x88_u8, 0x89, 0xc2, 0x98, 0x99, 0xc6]),
        bytes in proptest::collection::vec(any::<u8>(), 0..256),
    ) {
        let bytes = [vec![first], bytes].concat();
        let _ = DetachedSignature::parse(&bytes);
        let _ = SignerKeys::parse(&bytes);
    }

    #[test]
    fn no_change_makes_a_reader_panic(
        pair in prop::sample::select(PAIRS.to_vec()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let change = |mut bytes: Vec<u8>| {
            for (index, byte) in &changes {
                let place = index.index(bytes.len());
                bytes[place] = *byte;
            }
            bytes
        };
        let _ = verifies(&change(fixture(pair.0)), &keys(pair.1), b"message");
        if let Ok(keys) = SignerKeys::parse(&change(fixture(pair.1))) {
            let _ = verifies(&fixture(pair.0), &keys, b"message");
        }
        let _ = ClearSigned::parse(&change(fixture("openpgp/ed25519.clear.asc")))
            .and_then(|message| message.verify(&keys("openpgp/ed25519.asc"), moment(NOW)));
    }
}
