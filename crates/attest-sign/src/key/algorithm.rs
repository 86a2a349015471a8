use std::fmt;
use std::str::FromStr;

use attest_digest::{Algorithm, Algorithms, Digest, Measured};

use crate::Error;

/// What a key is, and with it how it signs: one scheme for each kind of key.
///
/// Source: Sigstore protobuf-specs, `PublicKeyDetails` in `sigstore_common.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on P-256 over SHA-256; signatures in DER.
    EcdsaP256,
    /// ECDSA on P-384 over SHA-384; signatures in DER.
    EcdsaP384,
    /// ECDSA on P-521 over SHA-512; signatures in DER.
    EcdsaP521,
    /// Ed25519 as RFC 8032 has it, over whole messages.
    Ed25519,
    /// RSA, PKCS #1 v1.5, 2048 bits, over SHA-256.
    Rsa2048,
    /// RSA, PKCS #1 v1.5, 3072 bits, over SHA-256.
    Rsa3072,
    /// RSA, PKCS #1 v1.5, 4096 bits, over SHA-256.
    Rsa4096,
}

impl KeyAlgorithm {
    /// Every algorithm, in their order.
    pub const ALL: [Self; 7] = [
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::EcdsaP521,
        Self::Ed25519,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
    ];

    /// The lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::EcdsaP521 => "ecdsa-p521",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
        }
    }

    /// The digest that such keys sign, or none for those that sign whole messages.
    #[must_use]
    pub const fn digest(self) -> Option<Algorithm> {
        match self {
            Self::EcdsaP256 | Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => Some(Algorithm::Sha256),
            Self::EcdsaP384 => Some(Algorithm::Sha384),
            Self::EcdsaP521 => Some(Algorithm::Sha512),
            Self::Ed25519 => None,
        }
    }

    /// The digest of a message by the algorithm that such keys sign.
    pub(crate) fn digest_of(self, message: &[u8]) -> Result<Digest, Error> {
        let algorithm = self.digest().ok_or(Error::WholeMessagesOnly)?;
        let measured = Measured::of_bytes(message, &Algorithms::one(algorithm));
        Ok(measured.digest(algorithm).expect("it was asked for").clone())
    }

    pub(crate) fn check_digest(self, digest: &Digest) -> Result<(), Error> {
        match self.digest() {
            None => Err(Error::WholeMessagesOnly),
            Some(expected) if expected == digest.algorithm() => Ok(()),
            Some(expected) => Err(Error::OtherDigest {
                key: self,
                expected,
                found: digest.algorithm(),
            }),
        }
    }

    /// The name in entries of Rekor v2.
    #[must_use]
    pub const fn key_details(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "PKIX_ECDSA_P256_SHA_256",
            Self::EcdsaP384 => "PKIX_ECDSA_P384_SHA_384",
            Self::EcdsaP521 => "PKIX_ECDSA_P521_SHA_512",
            Self::Ed25519 => "PKIX_ED25519",
            Self::Rsa2048 => "PKIX_RSA_PKCS1V15_2048_SHA256",
            Self::Rsa3072 => "PKIX_RSA_PKCS1V15_3072_SHA256",
            Self::Rsa4096 => "PKIX_RSA_PKCS1V15_4096_SHA256",
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        found.ok_or_else(|| Error::UnsupportedKey { found: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(algorithm.name().parse::<KeyAlgorithm>().unwrap(), algorithm);
        }
        assert!(matches!("dsa".parse::<KeyAlgorithm>(), Err(Error::UnsupportedKey { found }) if found == "dsa"));
    }
}
