use attest_detached::{DetachedError, DetachedSignature, Format, SignerKeys};

use crate::{NOW, fixture, keys, verify, verify_over};

#[test]
fn a_prehashed_signature_is_accepted_with_its_trusted_comment() {
    let proof = verify("minisign/prehashed.minisig", "minisign/key.pub").unwrap();
    assert_eq!(proof.format(), Format::Minisign);
    assert_eq!(proof.algorithm(), "Ed25519 over BLAKE2b-512");
    assert_eq!(proof.trusted_comment(), Some("release 1.0"));
    assert_eq!(vec![proof.key().to_owned()], keys("minisign/key.pub").fingerprints());
    assert_eq!(proof.measured().size(), fixture("SHA256SUMS").len() as u64);
    assert_eq!(
        proof.not_checked(),
        ["no transparency log", "no time", "no revocation: the given key counts"]
    );
}

#[test]
fn a_legacy_signature_is_accepted_and_called_what_it_is() {
    let proof = verify("minisign/legacy.minisig", "minisign/key.pub").unwrap();
    assert_eq!(proof.algorithm(), "Ed25519");
    assert_eq!(proof.trusted_comment(), Some("release 1.0"));
}

#[test]
fn a_signature_of_signify_is_accepted() {
    let proof = verify("signify/SHA256SUMS.sig", "signify/key.pub").unwrap();
    assert_eq!((proof.format(), proof.algorithm()), (Format::Signify, "Ed25519"));
    assert_eq!(proof.trusted_comment(), None);
}

#[test]
fn other_bytes_are_rejected() {
    for (signature, key) in [
        ("minisign/prehashed.minisig", "minisign/key.pub"),
        ("minisign/legacy.minisig", "minisign/key.pub"),
        ("signify/SHA256SUMS.sig", "signify/key.pub"),
    ] {
        let expected = DetachedError::SignatureInvalid {
            key: keys(key).fingerprints().remove(0),
        };
        assert_eq!(verify_over(b"other bytes", signature, key, NOW), Err(expected));
    }
}

#[test]
fn a_changed_trusted_comment_is_rejected() {
    let changed = String::from_utf8(fixture("minisign/prehashed.minisig"))
        .unwrap()
        .replace("release 1.0", "release 2.0");
    let signature = DetachedSignature::parse(changed.as_bytes()).unwrap();
    let keys = keys("minisign/key.pub");
    let verification = attest_detached::Verification {
        signature: &signature,
        keys: &keys,
        moment: crate::moment(NOW),
        namespace: attest_detached::FILE_NAMESPACE,
        principal: None,
    };
    assert_eq!(
        verification.verify(&fixture("SHA256SUMS")[..]),
        Err(DetachedError::SignatureInvalid {
            key: keys.fingerprints().remove(0)
        })
    );
}

#[test]
fn another_key_is_not_the_signer() {
    let error = verify("minisign/prehashed.minisig", "signify/key.pub").unwrap_err();
    assert!(matches!(error, DetachedError::SignerUnknown { found } if found.len() == 16));
}

#[test]
fn a_trusted_comment_cannot_be_stripped() {
    let text = String::from_utf8(fixture("minisign/legacy.minisig")).unwrap();
    let stripped: Vec<&str> = text.lines().take(2).collect();
    let signature = DetachedSignature::parse(stripped.join("\n").as_bytes()).unwrap();
    let verification = attest_detached::Verification {
        signature: &signature,
        keys: &keys("minisign/key.pub"),
        moment: crate::moment(NOW),
        namespace: attest_detached::FILE_NAMESPACE,
        principal: None,
    };
    assert_eq!(
        verification.verify(&fixture("SHA256SUMS")[..]),
        Err(DetachedError::FormatMismatch {
            expected: Format::Minisign,
            found: Format::Signify
        })
    );
}

#[test]
fn keys_of_another_world_do_not_match() {
    assert_eq!(
        verify("minisign/prehashed.minisig", "ssh/ed25519.pub"),
        Err(DetachedError::FormatMismatch {
            expected: Format::Ssh,
            found: Format::Minisign
        })
    );
}

#[test]
fn a_key_may_stand_alone_as_minisign_prints_it() {
    let file = String::from_utf8(fixture("minisign/key.pub")).unwrap();
    let line = file.lines().nth(1).unwrap();
    let alone = SignerKeys::parse(line.as_bytes()).unwrap();
    assert_eq!(alone.fingerprints(), [line]);
}

#[test]
fn what_is_malformed_is_said() {
    let text = String::from_utf8(fixture("minisign/prehashed.minisig")).unwrap();
    let what = "a minisign or signify signature";
    let lines: Vec<&str> = text.lines().collect();
    let cases = [
        (format!("{text}more\n"), "it has neither two nor four lines"),
        (lines[..3].join("\n"), "it has neither two nor four lines"),
        (
            text.replace(lines[1], "RUQ="),
            "its second line is no base64 of 74 bytes",
        ),
        (
            text.replace(lines[3], "AAAA"),
            "its fourth line is no base64 of 64 bytes",
        ),
    ];
    for (text, problem) in cases {
        let found = DetachedSignature::parse(text.as_bytes()).map(|signature| signature.format());
        assert_eq!(found, Err(DetachedError::Malformed { what, problem }), "{text}");
    }
}

#[test]
fn a_private_key_is_not_taken_for_a_public_one() {
    // 2 + 2 + 2 + 32 + 8 + 8 + 104 bytes, as minisign writes them.
    let private = format!(
        "untrusted comment: minisign encrypted secret key\n{}\n",
        "RWRT".repeat(52) + "RWQ="
    );
    assert_eq!(
        SignerKeys::parse(private.as_bytes()).map(|keys| keys.format()),
        Err(DetachedError::PrivateKey)
    );
}
