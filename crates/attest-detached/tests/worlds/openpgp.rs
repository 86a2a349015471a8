use attest_detached::{ClearSigned, DetachedError, Format, SignerKeys, helm_files};

use crate::{NOW, fixture, keys, moment, verify, verify_over};

fn fingerprint(name: &str) -> String {
    keys(name).fingerprints().remove(0)
}

#[test]
fn every_kind_of_key_is_accepted() {
    let cases = [
        ("ed25519", "Ed25519 over SHA-256"),
        ("rsa3072", "RSA-3072 over SHA-512"),
        ("p256", "ECDSA P-256 over SHA-256"),
        ("p384", "ECDSA P-384 over SHA-384"),
        ("p521", "ECDSA P-521 over SHA-512"),
    ];
    for (name, algorithm) in cases {
        let proof = verify(&format!("openpgp/{name}.sig.asc"), &format!("openpgp/{name}.asc")).unwrap();
        assert_eq!((proof.format(), proof.algorithm()), (Format::OpenPgp, algorithm));
        assert_eq!(proof.key(), fingerprint(&format!("openpgp/{name}.asc")));
        assert_eq!(proof.signing_key(), None);
        assert_eq!(proof.self_claimed_user_ids(), [format!("{name} <{name}@example.com>")]);
        let claimed = proof.claimed_time().unwrap();
        assert!(claimed >= moment("2020-02-01T00:00:00Z") && claimed < moment("2020-02-01T00:01:00Z"));
    }
}

#[test]
fn armour_is_only_armour() {
    for (signature, key) in [
        ("openpgp/ed25519.sig.gpg", "openpgp/ed25519.asc"),
        ("openpgp/ed25519.sig.asc", "openpgp/ed25519.gpg"),
        ("openpgp/sha384.sig.asc", "openpgp/ed25519.gpg"),
    ] {
        assert_eq!(
            verify(signature, key).unwrap().key(),
            fingerprint("openpgp/ed25519.asc")
        );
    }
}

#[test]
fn other_bytes_are_rejected_whatever_the_key() {
    for name in ["ed25519", "rsa3072", "p256", "p384", "p521"] {
        let key = format!("openpgp/{name}.asc");
        let expected = DetachedError::SignatureInvalid { key: fingerprint(&key) };
        let found = verify_over(b"other bytes", &format!("openpgp/{name}.sig.asc"), &key, NOW);
        assert_eq!(found, Err(expected), "{name}");
    }
}

#[test]
fn a_bound_subkey_signs_for_its_certificate() {
    let proof = verify("openpgp/subkey.sig.asc", "openpgp/subkey.asc").unwrap();
    assert_eq!(proof.key(), fingerprint("openpgp/subkey.asc"));
    assert!(
        proof
            .signing_key()
            .is_some_and(|key| key.len() == 40 && key != proof.key())
    );
}

#[test]
fn another_key_is_not_the_signer() {
    assert_eq!(
        verify("openpgp/ed25519.sig.asc", "openpgp/p256.asc"),
        Err(DetachedError::SignerUnknown {
            found: fingerprint("openpgp/ed25519.asc")
        })
    );
}

#[test]
fn one_of_several_signatures_is_enough_and_the_others_are_passed_over() {
    for key in ["openpgp/ed25519.asc", "openpgp/rsa3072.asc"] {
        let proof = verify("openpgp/two-signers.sig.gpg", key).unwrap();
        assert_eq!((proof.key(), proof.passed_over()), (fingerprint(key).as_str(), 1));
    }
    assert!(matches!(
        verify("openpgp/two-signers.sig.gpg", "openpgp/p256.asc"),
        Err(DetachedError::SignerUnknown { found }) if found.contains(", ")
    ));
}

#[test]
fn a_file_of_several_certificates_with_words_between_is_read() {
    let mut file = b"These people sign releases.\n\n".to_vec();
    file.extend(fixture("openpgp/p256.asc"));
    file.extend(b"\nAnd:\n");
    file.extend(fixture("openpgp/ed25519.asc"));
    let keys = SignerKeys::parse(&file).unwrap();
    assert_eq!(
        keys.fingerprints(),
        [fingerprint("openpgp/p256.asc"), fingerprint("openpgp/ed25519.asc")]
    );
}

#[test]
fn weak_signatures_and_keys_are_refused_by_their_names() {
    let strong_key = "a key of Ed25519, Ed448, ECDSA or RSA with at least 2048 bits";
    let strong_hash = "an OpenPGP signature over SHA-2 or SHA-3 with at least 256 bits";
    let cases = [
        ("sha1.sig.asc", "ed25519.asc", strong_hash, "one over SHA1"),
        ("sha1-binding.sig.asc", "sha1-binding.asc", strong_hash, "one over SHA1"),
        ("dsa.sig.asc", "dsa.asc", strong_key, "one of DSA"),
        (
            "rsa1024.sig.asc",
            "rsa1024.asc",
            strong_key,
            "one of RSA with 1024 bits",
        ),
        (
            "text-mode.sig.asc",
            "ed25519.asc",
            "an OpenPGP signature over the bytes of a file",
            "one over its text, whatever its lines end with",
        ),
    ];
    for (signature, key, expected, found) in cases {
        let weak = DetachedError::Weak {
            expected,
            found: found.to_owned(),
        };
        let result = verify(&format!("openpgp/{signature}"), &format!("openpgp/{key}"));
        assert_eq!(result, Err(weak), "{signature}");
    }
}

#[test]
fn a_critical_notation_is_not_passed_over() {
    assert_eq!(
        verify("openpgp/critical-notation.sig.asc", "openpgp/ed25519.asc"),
        Err(DetachedError::CriticalSubpacket { number: 20 })
    );
}

#[test]
fn a_key_that_may_not_sign_is_refused() {
    assert_eq!(
        verify("openpgp/certifies-only.sig.asc", "openpgp/certifies-only.asc"),
        Err(DetachedError::KeyUnfit {
            key: fingerprint("openpgp/certifies-only.asc"),
            problem: "its owner does not let it sign"
        })
    );
}

#[test]
fn a_revoked_key_is_refused() {
    assert_eq!(
        verify("openpgp/revoked.sig.asc", "openpgp/revoked.asc"),
        Err(DetachedError::KeyRevoked {
            key: fingerprint("openpgp/revoked.asc")
        })
    );
}

#[test]
fn a_key_that_has_run_out_is_refused_and_was_good_before() {
    let expired = |result| match result {
        Err(DetachedError::KeyExpired { key, at }) => (key, at),
        other => panic!("expected an expired key, found {other:?}"),
    };
    let (key, at) = expired(verify("openpgp/expired.sig.asc", "openpgp/expired.asc"));
    assert_eq!(key, fingerprint("openpgp/expired.asc"));
    assert!(at < moment(NOW));
    let list = fixture("SHA256SUMS");
    let before = "2020-02-02T00:00:00Z";
    assert!(verify_over(&list, "openpgp/expired.sig.asc", "openpgp/expired.asc", before).is_ok());
    let (key, _) = expired(verify("openpgp/expired-subkey.sig.asc", "openpgp/expired-subkey.asc"));
    assert_ne!(key, fingerprint("openpgp/expired-subkey.asc"));
    assert!(
        verify_over(
            &list,
            "openpgp/expired-subkey.sig.asc",
            "openpgp/expired-subkey.asc",
            before
        )
        .is_ok()
    );
}

#[test]
fn a_signature_that_has_run_out_is_refused_and_was_good_before() {
    assert!(matches!(
        verify("openpgp/one-day.sig.asc", "openpgp/ed25519.asc"),
        Err(DetachedError::SignatureExpired { at }) if at < moment("2020-02-02T00:01:00Z")
    ));
    let list = fixture("SHA256SUMS");
    let before = "2020-02-01T12:00:00Z";
    assert!(verify_over(&list, "openpgp/one-day.sig.asc", "openpgp/ed25519.asc", before).is_ok());
}

#[test]
fn a_signature_from_the_future_is_refused() {
    let now = "2020-01-31T00:00:00Z";
    let found = verify_over(
        &fixture("SHA256SUMS"),
        "openpgp/ed25519.sig.asc",
        "openpgp/ed25519.asc",
        now,
    );
    assert!(matches!(found, Err(DetachedError::SignatureFromFuture { moment: at, .. }) if at == moment(now)));
}

#[test]
fn a_clear_signed_message_gives_its_text_to_its_signer_alone() {
    let message = ClearSigned::parse(&fixture("openpgp/ed25519.clear.asc")).unwrap();
    let verified = message.verify(&keys("openpgp/ed25519.asc"), moment(NOW)).unwrap();
    assert_eq!(verified.text(), fixture("SHA256SUMS"));
    assert_eq!(verified.proof().key(), fingerprint("openpgp/ed25519.asc"));
    assert_eq!(verified.proof().measured().size(), fixture("SHA256SUMS").len() as u64);
    assert_eq!(
        message.verify(&keys("openpgp/p256.asc"), moment(NOW)),
        Err(DetachedError::SignerUnknown {
            found: fingerprint("openpgp/ed25519.asc")
        })
    );
}

#[test]
fn the_samples_of_rfc_9580_are_accepted() {
    let message = ClearSigned::parse(&fixture("rfc9580/clear-signed.asc")).unwrap();
    let verified = message
        .verify(&keys("rfc9580/certificate.asc"), moment("2023-01-01T00:00:00Z"))
        .unwrap();
    let text = "What we need from the grocery store:\n\n- tofu\n- vegetables\n- noodles\n\n";
    assert_eq!(String::from_utf8_lossy(verified.text()), text);
    let proof = verified.proof();
    assert_eq!(
        proof.key(),
        "CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9"
    );
    assert_eq!(
        (proof.algorithm(), proof.self_claimed_user_ids()),
        ("Ed25519 over SHA-512", &[][..])
    );
}

#[test]
fn a_provenance_file_of_helm_is_a_clear_signed_message() {
    let message = ClearSigned::parse(&fixture("openpgp/helm.prov")).unwrap();
    let verified = message.verify(&keys("openpgp/ed25519.asc"), moment(NOW)).unwrap();
    let files = helm_files(&verified).unwrap();
    let archive = attest_digest::Measured::of_bytes(
        &fixture("app-1.0.tar.gz"),
        &attest_digest::Algorithms::one(attest_digest::Algorithm::Sha256),
    );
    let digest = archive.digests().iter().next().unwrap().clone();
    assert_eq!(files, [("app-1.0.tar.gz".to_owned(), digest)]);
    let other = ClearSigned::parse(&fixture("openpgp/ed25519.clear.asc")).unwrap();
    let other = other.verify(&keys("openpgp/ed25519.asc"), moment(NOW)).unwrap();
    assert!(matches!(helm_files(&other), Err(DetachedError::Malformed { .. })));
}

#[test]
fn a_changed_clear_signed_message_is_refused() {
    let text = String::from_utf8(fixture("openpgp/ed25519.clear.asc")).unwrap();
    let keys = keys("openpgp/ed25519.asc");
    let changed = ClearSigned::parse(text.replace("app-1.0.zip", "app-2.0.zip").as_bytes()).unwrap();
    assert_eq!(
        changed.verify(&keys, moment(NOW)),
        Err(DetachedError::SignatureInvalid {
            key: fingerprint("openpgp/ed25519.asc")
        })
    );
    // Blanks at the ends of lines are not signed, and are not in the text either.
    let padded = ClearSigned::parse(text.replace("app-1.0.zip\n", "app-1.0.zip \t\r\n").as_bytes()).unwrap();
    assert_eq!(padded.verify(&keys, moment(NOW)).unwrap().text(), fixture("SHA256SUMS"));
}

#[test]
fn nothing_unsigned_can_stand_in_a_clear_signed_message() {
    let text = String::from_utf8(fixture("openpgp/ed25519.clear.asc")).unwrap();
    let what = "a clear-signed message";
    let cases = [
        (format!("unsigned\n{text}"), what, "it does not begin as one"),
        (
            text.replace("Hash: SHA256\n", "Hash: SHA256\nunsigned words\n"),
            what,
            "it has a header other than `Hash`",
        ),
        (
            text.replace("Hash: SHA256\n", "Comment: unsigned\n"),
            what,
            "it has a header other than `Hash`",
        ),
        (
            text.replace("-----BEGIN PGP SIGNATURE-----", "--more"),
            what,
            "a line begins with a dash that is not escaped",
        ),
        (
            format!("{text}unsigned\n"),
            "an armoured block",
            "there is text around it",
        ),
    ];
    for (text, what, problem) in cases {
        let found = ClearSigned::parse(text.as_bytes()).map(|message| message.peek_unverified_signer());
        assert_eq!(found, Err(DetachedError::Malformed { what, problem }), "{text}");
    }
}

#[test]
fn a_clear_signed_message_is_no_detached_signature_and_the_reverse() {
    // The signature of the message is over its text: it does not count for the bytes of a file.
    let text = String::from_utf8(fixture("openpgp/ed25519.clear.asc")).unwrap();
    let place = text.find("-----BEGIN PGP SIGNATURE-----").unwrap();
    let signature = attest_detached::DetachedSignature::parse(&text.as_bytes()[place..]).unwrap();
    let verification = attest_detached::Verification {
        signature: &signature,
        keys: &keys("openpgp/ed25519.asc"),
        moment: moment(NOW),
        namespace: "file",
        principal: None,
    };
    assert!(matches!(
        verification.verify(&fixture("SHA256SUMS")[..]),
        Err(DetachedError::Weak { .. })
    ));
}
