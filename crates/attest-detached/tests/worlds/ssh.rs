use attest_detached::{DetachedError, Format, SignerKeys, Verification, VerifiedDetached};

use crate::{NOW, fixture, keys, moment, signature, verify, verify_over};

fn allowed(signature_name: &str, principal: &str, namespace: &str) -> Result<VerifiedDetached, DetachedError> {
    Verification {
        signature: &signature(signature_name),
        keys: &keys("ssh/allowed_signers"),
        moment: moment(NOW),
        namespace,
        principal: Some(principal),
    }
    .verify(&fixture("SHA256SUMS")[..])
}

fn fingerprint(name: &str) -> String {
    keys(name).fingerprints().remove(0)
}

#[test]
fn every_kind_of_key_is_accepted() {
    let cases = [
        ("ed25519", "Ed25519 over SHA-512"),
        ("ecdsa256", "ECDSA P-256 over SHA-512"),
        ("ecdsa384", "ECDSA P-384 over SHA-512"),
        ("ecdsa521", "ECDSA P-521 over SHA-512"),
        ("rsa3072", "RSA (rsa-sha2-512) over SHA-512"),
    ];
    for (name, algorithm) in cases {
        let proof = verify(&format!("ssh/{name}.sshsig"), &format!("ssh/{name}.pub")).unwrap();
        assert_eq!((proof.format(), proof.algorithm()), (Format::Ssh, algorithm));
        assert_eq!(proof.key(), fingerprint(&format!("ssh/{name}.pub")));
        assert_eq!((proof.namespace(), proof.principal()), (Some("file"), None));
    }
    let proof = verify("ssh/sha256.sshsig", "ssh/ed25519.pub").unwrap();
    assert_eq!(proof.algorithm(), "Ed25519 over SHA-256");
}

#[test]
fn other_bytes_are_rejected_whatever_the_key() {
    for name in ["ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa3072"] {
        let key = format!("ssh/{name}.pub");
        let expected = DetachedError::SignatureInvalid { key: fingerprint(&key) };
        let found = verify_over(b"other bytes", &format!("ssh/{name}.sshsig"), &key, NOW);
        assert_eq!(found, Err(expected), "{name}");
    }
}

#[test]
fn a_signature_for_another_namespace_is_rejected() {
    assert_eq!(
        verify("ssh/git.sshsig", "ssh/ed25519.pub"),
        Err(DetachedError::NamespaceMismatch {
            expected: "file".to_owned(),
            found: "git".to_owned()
        })
    );
    assert!(allowed("ssh/git.sshsig", "release@example.com", "git").is_ok());
}

#[test]
fn another_key_is_not_the_signer() {
    assert_eq!(
        verify("ssh/ed25519.sshsig", "ssh/ecdsa256.pub"),
        Err(DetachedError::SignerUnknown {
            found: fingerprint("ssh/ed25519.pub")
        })
    );
}

#[test]
fn an_allowed_signer_is_accepted_under_their_own_name_alone() {
    let proof = allowed("ssh/ed25519.sshsig", "release@example.com", "file").unwrap();
    assert_eq!(proof.principal(), Some("release@example.com"));
    assert!(allowed("ssh/ed25519.sshsig", "bot@release.example.com", "file").is_ok());
    assert_eq!(
        allowed("ssh/ed25519.sshsig", "past@example.com", "file"),
        Err(DetachedError::PrincipalMismatch {
            expected: "past@example.com".to_owned(),
            found: "release@example.com,*@release.example.com".to_owned()
        })
    );
}

#[test]
fn allowed_signers_need_a_name_and_other_keys_vouch_for_none() {
    assert_eq!(
        verify("ssh/ed25519.sshsig", "ssh/allowed_signers"),
        Err(DetachedError::PrincipalMissing)
    );
    let keys = keys("ssh/ed25519.pub");
    assert!(!keys.need_principal());
    let verification = Verification {
        signature: &signature("ssh/ed25519.sshsig"),
        keys: &keys,
        moment: moment(NOW),
        namespace: "file",
        principal: Some("release@example.com"),
    };
    assert_eq!(
        verification.verify(&fixture("SHA256SUMS")[..]),
        Err(DetachedError::PrincipalUnsupported { format: Format::Ssh })
    );
}

#[test]
fn the_conditions_of_a_list_hold() {
    assert_eq!(
        allowed("ssh/rsa3072.sshsig", "past@example.com", "file"),
        Err(DetachedError::KeyExpired {
            key: fingerprint("ssh/rsa3072.pub"),
            at: moment("2020-03-01T00:00:00Z")
        })
    );
    assert_eq!(
        allowed("ssh/ecdsa256.sshsig", "future@example.com", "file"),
        Err(DetachedError::KeyNotYetValid {
            key: fingerprint("ssh/ecdsa256.pub"),
            from: moment("2027-03-01T12:00:00Z")
        })
    );
    assert_eq!(
        allowed("ssh/ecdsa384.sshsig", "git@example.com", "file"),
        Err(DetachedError::NamespaceForbidden {
            expected: "file".to_owned(),
            found: "git".to_owned()
        })
    );
    assert_eq!(
        allowed("ssh/ecdsa521.sshsig", "ca@example.com", "file"),
        Err(DetachedError::KeyUnfit {
            key: fingerprint("ssh/ecdsa521.pub"),
            problem: "it is an authority, which signs certificates and no messages"
        })
    );
}

#[test]
fn a_malformed_list_says_where() {
    let key = String::from_utf8(fixture("ssh/ed25519.pub")).unwrap();
    let words: Vec<&str> = key.split(' ').collect();
    let (kind, base64) = (words[0], words[1]);
    let cases = [
        (format!("a@example.com {kind}"), "it ends too early"),
        (format!("a@example.com {kind} AAAA!"), "its key is no base64"),
        (
            format!("a@example.com unknown {kind} {base64}"),
            "an option in it is unknown, or there twice",
        ),
        (
            format!("a@example.com valid-after=20260101,valid-after=20260101 {kind} {base64}"),
            "an option in it is unknown, or there twice",
        ),
        (
            format!("a@example.com valid-after=\"tomorrow\" {kind} {base64}"),
            "a time in it is not YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS",
        ),
        (
            format!("a@example.com valid-after=20261301 {kind} {base64}"),
            "a time in it is not YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS",
        ),
        (
            format!("a@example.com namespaces=\"file {kind} {base64}"),
            "a quotation mark in it is not closed",
        ),
        (
            format!("{kind} {base64}\na@example.com {kind} {base64}"),
            "some lines say whose key they hold, and others do not",
        ),
    ];
    for (lines, problem) in cases {
        let list = format!("# a list\n{lines}\n");
        let line = list.lines().count();
        let found = SignerKeys::parse(list.as_bytes()).map(|keys| keys.format());
        assert_eq!(found, Err(DetachedError::MalformedLine { line, problem }), "{list}");
    }
}

#[test]
fn weak_keys_are_refused_by_their_names() {
    let of_blob = |words: &[&[u8]]| {
        let mut blob = Vec::new();
        for word in words {
            blob.extend_from_slice(&u32::try_from(word.len()).unwrap().to_be_bytes());
            blob.extend_from_slice(word);
        }
        blob
    };
    let line = |kind: &str, blob: &[u8]| format!("{kind} {}\n", base64(blob));
    let modulus = [&[0x7f_u8][..], &[0xff; 127]].concat();
    let cases = [
        (
            line("ssh-rsa", &of_blob(&[b"ssh-rsa", &[1, 0, 1], &modulus])),
            "an RSA key of at least 2048 bits",
            "one of 1023 bits",
        ),
        (
            line("ssh-dss", &of_blob(&[b"ssh-dss"])),
            "a key of Ed25519, ECDSA or RSA",
            "a DSA key",
        ),
    ];
    for (line, expected, found) in cases {
        let weak = DetachedError::Weak {
            expected,
            found: found.to_owned(),
        };
        assert_eq!(SignerKeys::parse(line.as_bytes()).map(|keys| keys.format()), Err(weak));
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
