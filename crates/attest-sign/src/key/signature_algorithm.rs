use std::fmt;
use std::str::FromStr;

use attest_digest::{Algorithm, Algorithms, Digest, Measured};

use crate::{Error, KeyAlgorithm};

/// How something is signed: a kind of key, and the hash that goes with it.
///
/// Sources: Sigstore protobuf-specs, `PublicKeyDetails` in `sigstore_common.proto`; the names are those of sigstore/sigstore,
/// `pkg/signature/algorithm_registry.go`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 over SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-384 over SHA-256.
    EcdsaP384Sha256,
    /// ECDSA on P-384 over SHA-384.
    EcdsaP384Sha384,
    /// ECDSA on P-521 over SHA-256.
    EcdsaP521Sha256,
    /// ECDSA on P-521 over SHA-512.
    EcdsaP521Sha512,
    /// Ed25519 over whole messages (RFC 8032, section 5.1).
    Ed25519,
    /// Ed25519ph: over SHA-512, with an empty context (RFC 8032, section 5.1).
    Ed25519Prehashed,
    /// RSA, PKCS #1 v1.5, 2048 bits, over SHA-256.
    Rsa2048Sha256,
    /// RSA, PKCS #1 v1.5, 3072 bits, over SHA-256.
    Rsa3072Sha256,
    /// RSA, PKCS #1 v1.5, 4096 bits, over SHA-256.
    Rsa4096Sha256,
}

/// The kind of key, the digest that is signed, the name in the registry, and the name in entries of Rekor v2.
type Row = (KeyAlgorithm, Option<Algorithm>, &'static str, &'static str);

impl SignatureAlgorithm {
    /// Every algorithm, in their order.
    pub const ALL: [Self; 10] = [
        Self::EcdsaP256Sha256,
        Self::EcdsaP384Sha256,
        Self::EcdsaP384Sha384,
        Self::EcdsaP521Sha256,
        Self::EcdsaP521Sha512,
        Self::Ed25519,
        Self::Ed25519Prehashed,
        Self::Rsa2048Sha256,
        Self::Rsa3072Sha256,
        Self::Rsa4096Sha256,
    ];

    /// The kind of key that signs so.
    #[must_use]
    pub const fn key(self) -> KeyAlgorithm {
        self.row().0
    }

    /// The digest that is signed; none where whole messages are.
    #[must_use]
    pub const fn digest(self) -> Option<Algorithm> {
        self.row().1
    }

    /// The name, as `--signing-algorithm` of cosign has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().2
    }

    /// The name in entries of Rekor v2.
    #[must_use]
    pub const fn key_details(self) -> &'static str {
        self.row().3
    }

    /// The algorithm by which a key of this kind signs a digest.
    pub(crate) fn of_digest(key: KeyAlgorithm, digest: Algorithm) -> Option<Self> {
        let all = key.signature_algorithms().iter().copied();
        all.into_iter().find(|algorithm| algorithm.digest() == Some(digest))
    }

    /// The digest of a message that logs record: the one that is signed, and SHA-256 where whole messages are.
    pub(crate) fn recorded_digest(self, message: &[u8]) -> Digest {
        let algorithm = self.digest().unwrap_or(Algorithm::Sha256);
        let measured = Measured::of_bytes(message, &Algorithms::one(algorithm));
        measured.digest(algorithm).expect("it was asked for").clone()
    }

    const fn row(self) -> Row {
        use Algorithm::{Sha256, Sha384, Sha512};
        use KeyAlgorithm as Key;
        match self {
            Self::EcdsaP256Sha256 => (
                Key::EcdsaP256,
                Some(Sha256),
                "ecdsa-sha2-256-nistp256",
                "PKIX_ECDSA_P256_SHA_256",
            ),
            Self::EcdsaP384Sha256 => (
                Key::EcdsaP384,
                Some(Sha256),
                "ecdsa-sha2-256-nistp384",
                "PKIX_ECDSA_P384_SHA_256",
            ),
            Self::EcdsaP384Sha384 => (
                Key::EcdsaP384,
                Some(Sha384),
                "ecdsa-sha2-384-nistp384",
                "PKIX_ECDSA_P384_SHA_384",
            ),
            Self::EcdsaP521Sha256 => (
                Key::EcdsaP521,
                Some(Sha256),
                "ecdsa-sha2-256-nistp521",
                "PKIX_ECDSA_P521_SHA_256",
            ),
            Self::EcdsaP521Sha512 => (
                Key::EcdsaP521,
                Some(Sha512),
                "ecdsa-sha2-512-nistp521",
                "PKIX_ECDSA_P521_SHA_512",
            ),
            Self::Ed25519 => (Key::Ed25519, None, "ed25519", "PKIX_ED25519"),
            Self::Ed25519Prehashed => (Key::Ed25519, Some(Sha512), "ed25519-ph", "PKIX_ED25519_PH"),
            Self::Rsa2048Sha256 => (
                Key::Rsa2048,
                Some(Sha256),
                "rsa-sign-pkcs1-2048-sha256",
                "PKIX_RSA_PKCS1V15_2048_SHA256",
            ),
            Self::Rsa3072Sha256 => (
                Key::Rsa3072,
                Some(Sha256),
                "rsa-sign-pkcs1-3072-sha256",
                "PKIX_RSA_PKCS1V15_3072_SHA256",
            ),
            Self::Rsa4096Sha256 => (
                Key::Rsa4096,
                Some(Sha256),
                "rsa-sign-pkcs1-4096-sha256",
                "PKIX_RSA_PKCS1V15_4096_SHA256",
            ),
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SignatureAlgorithm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        found.ok_or_else(|| Error::UnknownSignatureAlgorithm { found: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(algorithm.name().parse::<SignatureAlgorithm>().unwrap(), algorithm);
        }
        let error = "ecdsa-sha2-384-nistp256".parse::<SignatureAlgorithm>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a signature algorithm of the registry of Sigstore, found `ecdsa-sha2-384-nistp256`"
        );
    }

    #[test]
    fn every_algorithm_is_one_of_its_key_and_found_by_what_it_signs() {
        for algorithm in SignatureAlgorithm::ALL {
            assert!(algorithm.key().signature_algorithms().contains(&algorithm));
            if let Some(digest) = algorithm.digest() {
                assert_eq!(SignatureAlgorithm::of_digest(algorithm.key(), digest), Some(algorithm));
            }
        }
        let count: usize = KeyAlgorithm::ALL
            .map(|key| key.signature_algorithms().len())
            .iter()
            .sum();
        assert_eq!(count, SignatureAlgorithm::ALL.len());
        let none = SignatureAlgorithm::of_digest(KeyAlgorithm::EcdsaP521, Algorithm::Sha384);
        assert_eq!(none, None);
    }
}
