use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::crypto::{KeyAlgorithm, VerificationKey, sha256};

/// The hint that cosign writes: base64 of the SHA-256 of the key.
pub(crate) fn usual(key: &VerificationKey) -> String {
    STANDARD.encode(key.id())
}

/// Whether a hint is this key's. It proves nothing, and may be left out; one that is there has to be right, in either
/// spelling that is in use: the usual one, or the fingerprint of OpenSSH, by which npm names the key of its registry.
pub(crate) fn is_of(key: &VerificationKey, hint: &str) -> bool {
    hint.is_empty() || hint == usual(key) || openssh_fingerprint(key).is_some_and(|fingerprint| hint == fingerprint)
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
    fn a_key_is_named_as_cosign_or_as_npm_names_it_or_not_at_all() {
        let key = VerificationKey::from_spki(&STANDARD.decode(NPM).unwrap()).unwrap();
        assert!(is_of(&key, "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA"));
        assert!(is_of(&key, &usual(&key)));
        assert!(is_of(&key, ""));
        for other in ["SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzB", "SHA256:", "npm"] {
            assert!(!is_of(&key, other), "{other}");
        }
    }
}
