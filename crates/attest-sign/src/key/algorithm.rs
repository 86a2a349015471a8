use std::fmt;
use std::str::FromStr;

use attest_digest::Digest;

use crate::{Error, SignatureAlgorithm};

/// What a key is. How it signs is a [`SignatureAlgorithm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on P-256; signatures in DER.
    EcdsaP256,
    /// ECDSA on P-384; signatures in DER.
    EcdsaP384,
    /// ECDSA on P-521; signatures in DER.
    EcdsaP521,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// RSA with 2048 bits; signatures of PKCS #1 v1.5.
    Rsa2048,
    /// RSA with 3072 bits, the same.
    Rsa3072,
    /// RSA with 4096 bits, the same.
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

    /// Every algorithm by which such keys sign. What most programs verify comes first: cosign and sigstore-go hold a key that
    /// they are given against SHA-256, whatever its curve.
    #[must_use]
    pub const fn signature_algorithms(self) -> &'static [SignatureAlgorithm] {
        use SignatureAlgorithm as By;
        match self {
            Self::EcdsaP256 => &[By::EcdsaP256Sha256],
            Self::EcdsaP384 => &[By::EcdsaP384Sha256, By::EcdsaP384Sha384],
            Self::EcdsaP521 => &[By::EcdsaP521Sha256, By::EcdsaP521Sha512],
            Self::Ed25519 => &[By::Ed25519, By::Ed25519Prehashed],
            Self::Rsa2048 => &[By::Rsa2048Sha256],
            Self::Rsa3072 => &[By::Rsa3072Sha256],
            Self::Rsa4096 => &[By::Rsa4096Sha256],
        }
    }

    /// The algorithm that such keys are meant for: the hash is as strong as the curve.
    #[must_use]
    pub const fn own(self) -> SignatureAlgorithm {
        match self {
            Self::EcdsaP256 => SignatureAlgorithm::EcdsaP256Sha256,
            Self::EcdsaP384 => SignatureAlgorithm::EcdsaP384Sha384,
            Self::EcdsaP521 => SignatureAlgorithm::EcdsaP521Sha512,
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
            Self::Rsa2048 => SignatureAlgorithm::Rsa2048Sha256,
            Self::Rsa3072 => SignatureAlgorithm::Rsa3072Sha256,
            Self::Rsa4096 => SignatureAlgorithm::Rsa4096Sha256,
        }
    }

    /// By which algorithm a digest is signed.
    pub(crate) fn for_digest(self, digest: &Digest) -> Result<SignatureAlgorithm, Error> {
        let found = digest.algorithm();
        SignatureAlgorithm::of_digest(self, found).ok_or(Error::OtherDigest { key: self, found })
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
