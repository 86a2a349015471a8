use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::PublicKey;
use crate::crypto::{KeyAlgorithm, VerificationKey, sha256};

/// The hint that cosign writes: base64 of the SHA-256 of the key.
pub(crate) fn usual(key: &VerificationKey) -> String {
    STANDARD.encode(key.id())
}

/// Whether a hint is this key's. It proves nothing, and may be left out; one that is there has to be right, in any spelling
/// that is in use: the usual one, the fingerprint of OpenSSH, by which npm names the key of its registry, or that of
/// OpenSSF Model Signing.
pub(crate) fn is_of(key: &PublicKey, hint: &str) -> bool {
    hint.is_empty()
        || hint == usual(&key.key)
        || hint == of_pem(key.as_der())
        || openssh_fingerprint(&key.key).is_some_and(|fingerprint| hint == fingerprint)
}

/// The SHA-256 of the key in PEM, in hexadecimal, as model-signing 1.1 writes it.
fn of_pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let body: String = lines.flat_map(|line| [line.into_owned(), "\n".to_owned()]).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----\n");
    hex::encode(sha256(pem.as_bytes()))
}

/// Source: RFC 5656, section 3.1; RFC 8709, section 4; `ssh-keygen(1)`, `-l`.
fn openssh_fingerprint(key: &VerificationKey) -> Option<String> {
    let blob = match key.algorithm() {
        KeyAlgorithm::P256 => elliptic("nistp256", key.raw()),
        KeyAlgorithm::P384 => elliptic("nistp384", key.raw()),
        KeyAlgorithm::P521 => elliptic("nistp521", key.raw()),
        KeyAlgorithm::Ed25519 => [string(b"ssh-ed25519"), string(key.raw())].concat(),
        KeyAlgorithm::Rsa => return None,
    };
    Some(format!("SHA256:{}", STANDARD_NO_PAD.encode(sha256(&blob))))
}

fn elliptic(curve: &str, point: &[u8]) -> Vec<u8> {
    let algorithm = format!("ecdsa-sha2-{curve}");
    [string(algorithm.as_bytes()), string(curve.as_bytes()), string(point)].concat()
}

/// RFC 4251, section 5: the length before it. Keys are far below 4 GiB.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of npm's registry, as its keys endpoint gives it.
    const NPM: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1Olb3zMAFFxXKHiIkQO5cJ3Yhl5i6UPp+IhuteBJbuHcA5UogKo0EWtlWwW6KSaKoTNEYL7JlCQiVnkhBktUgg==";

    #[test]
    fn a_key_is_named_as_other_clients_name_it_or_not_at_all() {
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{NPM}\n-----END PUBLIC KEY-----\n");
        let key = PublicKey::from_pem(&pem).unwrap();
        assert!(is_of(&key, "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA"));
        assert!(is_of(&key, &usual(&key.key)));
        // What `sha256sum` says of the PEM that OpenSSL writes.
        assert!(is_of(
            &key,
            "6565ff065634c66d41985976c72afb78ac8433c4131dc652d0d9ed62d13d1a5a"
        ));
        assert!(is_of(&key, ""));
        for other in ["SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzB", "SHA256:", "npm"] {
            assert!(!is_of(&key, other), "{other}");
        }
    }
}
