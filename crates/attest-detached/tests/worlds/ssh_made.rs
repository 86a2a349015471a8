//! SSH signatures that no program at hand writes: by security tokens, and malformed on purpose.

use attest_detached::{DetachedError, DetachedSignature, FILE_NAMESPACE, SignerKeys, Verification, VerifiedDetached};
use aws_lc_rs::digest::{SHA256, SHA512, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{NOW, moment};

const MESSAGE: &[u8] = b"a message\n";
const TOKEN: &[u8] = b"sk-ssh-ed25519@openssh.com";

/// Strings as SSH writes them, one after the other.
fn strings(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

fn key_pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

/// What goes into a signature besides the key; each test changes one part.
struct Parts {
    reserved: &'static [u8],
    hash: &'static [u8],
    version: u32,
    flags: u8,
}

const SOUND: Parts = Parts {
    reserved: b"",
    hash: b"sha512",
    version: 1,
    flags: 1,
};

impl Parts {
    fn token_key() -> Vec<u8> {
        strings(&[TOKEN, key_pair().public_key().as_ref(), b"ssh:"])
    }

    /// As OpenSSH's `PROTOCOL.sshsig` and `PROTOCOL.u2f` have it.
    fn signature(&self) -> Vec<u8> {
        let hashed = digest(&SHA512, MESSAGE);
        let data = [b"SSHSIG".to_vec(), strings(&[b"file", b"", b"sha512", hashed.as_ref()])].concat();
        let counter = 5_u32.to_be_bytes();
        let signed = [
            digest(&SHA256, b"ssh:").as_ref(),
            &[self.flags],
            &counter,
            digest(&SHA256, &data).as_ref(),
        ]
        .concat();
        let value = key_pair().sign(&signed);
        let value = [strings(&[TOKEN, value.as_ref()]), vec![self.flags], counter.to_vec()].concat();
        [
            b"SSHSIG".to_vec(),
            self.version.to_be_bytes().to_vec(),
            strings(&[&Self::token_key(), b"file", self.reserved, self.hash, &value]),
        ]
        .concat()
    }
}

fn armoured(blob: &[u8]) -> String {
    let base64 = STANDARD.encode(blob);
    format!("-----BEGIN SSH SIGNATURE-----\n{base64}\n-----END SSH SIGNATURE-----\n")
}

fn verify(parts: &Parts) -> Result<VerifiedDetached, DetachedError> {
    let line = format!("sk-ssh-ed25519@openssh.com {}\n", STANDARD.encode(Parts::token_key()));
    let keys = SignerKeys::parse(line.as_bytes())?;
    let signature = DetachedSignature::parse(armoured(&parts.signature()).as_bytes())?;
    Verification {
        signature: &signature,
        keys: &keys,
        moment: moment(NOW),
        namespace: FILE_NAMESPACE,
        principal: None,
    }
    .verify(MESSAGE)
}

#[test]
fn a_security_token_that_was_touched_signs() {
    let proof = verify(&SOUND).unwrap();
    assert_eq!(proof.algorithm(), "Ed25519 in a security token over SHA-512");
}

#[test]
fn a_security_token_that_nobody_touched_does_not() {
    let weak = DetachedError::Weak {
        expected: "a security token that was touched",
        found: "one that nobody touched".to_owned(),
    };
    assert_eq!(verify(&Parts { flags: 0, ..SOUND }), Err(weak));
}

#[test]
fn what_nothing_signs_may_not_be_there() {
    let reserved = Parts {
        reserved: b"x",
        ..SOUND
    };
    let malformed = DetachedError::Malformed {
        what: "an SSH signature",
        problem: "its reserved field is not empty",
    };
    assert_eq!(verify(&reserved), Err(malformed));
}

#[test]
fn other_versions_and_weak_hashes_are_refused_by_their_names() {
    let later = DetachedError::Unsupported {
        what: "version 2 of SSH signatures".to_owned(),
    };
    assert_eq!(verify(&Parts { version: 2, ..SOUND }), Err(later));
    let weak = DetachedError::Weak {
        expected: "an SSH signature over SHA-256 or SHA-512",
        found: "one over `sha1`".to_owned(),
    };
    assert_eq!(verify(&Parts { hash: b"sha1", ..SOUND }), Err(weak));
}

#[test]
fn a_signature_over_sha_1_by_an_rsa_key_is_refused() {
    let public = String::from_utf8(crate::fixture("ssh/rsa3072.pub")).unwrap();
    let key = STANDARD.decode(public.split(' ').nth(1).unwrap()).unwrap();
    let value = strings(&[b"ssh-rsa", &[1; 384]]);
    let blob = [
        b"SSHSIG".to_vec(),
        1_u32.to_be_bytes().to_vec(),
        strings(&[&key, b"file", b"", b"sha512", &value]),
    ]
    .concat();
    let signature = DetachedSignature::parse(armoured(&blob).as_bytes()).unwrap();
    let verification = Verification {
        signature: &signature,
        keys: &crate::keys("ssh/rsa3072.pub"),
        moment: moment(NOW),
        namespace: FILE_NAMESPACE,
        principal: None,
    };
    let weak = DetachedError::Weak {
        expected: "an RSA signature over SHA-256 or SHA-512",
        found: "one over SHA-1".to_owned(),
    };
    assert_eq!(verification.verify(MESSAGE), Err(weak));
}
