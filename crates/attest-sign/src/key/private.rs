use std::fmt;

use attest_digest::{Algorithm, Digest};
use aws_lc_rs::digest::{self, Digest as LcDigest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use der::pem::LineEnding;

use super::over_sha256::OverSha256;
use super::prehashed;
use crate::{Error, KeyAlgorithm, Port, PublicKey, Secret, SigningKey};

/// A private key in the memory of this process. `Debug` shows the public part alone.
pub struct PrivateKey {
    pair: Pair,
    over_sha256: Option<OverSha256>,
    public_key: PublicKey,
}

enum Pair {
    /// By the hash of the curve.
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl PrivateKey {
    /// Makes a new key from the randomness of the operating system.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, Error> {
        let failed = |_| Error::port(Port::Key, "no key could be generated");
        let pair = match algorithm {
            KeyAlgorithm::EcdsaP256 => {
                Pair::Ecdsa(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?)
            }
            KeyAlgorithm::EcdsaP384 => {
                Pair::Ecdsa(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).map_err(failed)?)
            }
            KeyAlgorithm::EcdsaP521 => {
                Pair::Ecdsa(EcdsaKeyPair::generate(&ECDSA_P521_SHA512_ASN1_SIGNING).map_err(failed)?)
            }
            KeyAlgorithm::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate().map_err(failed)?),
            KeyAlgorithm::Rsa2048 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?),
            KeyAlgorithm::Rsa3072 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa3072).map_err(failed)?),
            KeyAlgorithm::Rsa4096 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa4096).map_err(failed)?),
        };
        Self::new(pair)
    }

    /// Reads PKCS #8 (RFC 5208, RFC 5958), DER.
    ///
    /// # Errors
    /// When it holds no key of an algorithm and size that is spoken.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let ecdsa = CURVES
            .iter()
            .find_map(|curve| EcdsaKeyPair::from_pkcs8(curve, der).ok());
        let pair = ecdsa
            .map(Pair::Ecdsa)
            .or_else(|| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(Pair::Ed25519))
            .or_else(|| RsaKeyPair::from_pkcs8(der).ok().map(Pair::Rsa));
        Self::new(pair.ok_or_else(|| unknown("PKCS #8"))?)
    }

    /// Reads an `ECPrivateKey` (SEC 1, RFC 5915), DER, with its curve.
    ///
    /// # Errors
    /// When it holds no key on P-256, P-384 or P-521.
    pub fn from_sec1(der: &[u8]) -> Result<Self, Error> {
        let pair = CURVES
            .iter()
            .find_map(|curve| EcdsaKeyPair::from_private_key_der(curve, der).ok());
        Self::new(Pair::Ecdsa(pair.ok_or_else(|| unknown("SEC 1"))?))
    }

    /// Reads an `RSAPrivateKey` (PKCS #1, RFC 8017), DER.
    ///
    /// # Errors
    /// When it holds no key of 2048, 3072 or 4096 bits.
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, Error> {
        Self::new(Pair::Rsa(RsaKeyPair::from_der(der).map_err(|_| unknown("PKCS #1"))?))
    }

    /// The key as PKCS #8, DER.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn to_pkcs8(&self) -> Result<Secret, Error> {
        let failed = |_| Error::port(Port::Key, "the key could not be written");
        let der = match &self.pair {
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map_err(failed)?.as_ref().to_vec(),
        };
        Ok(Secret::new(der))
    }

    /// The key as PKCS #8 in PEM: whoever reads it can sign.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn to_pem(&self) -> Result<Secret, Error> {
        let der = self.to_pkcs8()?;
        let pem = der::pem::encode_string("PRIVATE KEY", LineEnding::LF, der.expose());
        Ok(Secret::from(pem.expect("the label is plain text")))
    }

    fn new(pair: Pair) -> Result<Self, Error> {
        let failed = |_| Error::port(Port::Key, "the key has no public part");
        let der = match &pair {
            Pair::Ecdsa(pair) => AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).map_err(failed)?,
            Pair::Ed25519(pair) => AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).map_err(failed)?,
            Pair::Rsa(pair) => AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).map_err(failed)?,
        };
        let public_key = PublicKey::from_der(der.as_ref())?;
        let over_sha256 = match &pair {
            Pair::Ecdsa(pair) => OverSha256::new(public_key.algorithm(), pair)?,
            _ => None,
        };
        Ok(Self {
            pair,
            over_sha256,
            public_key,
        })
    }
}

const CURVES: [&EcdsaSigningAlgorithm; 3] = [
    &ECDSA_P256_SHA256_ASN1_SIGNING,
    &ECDSA_P384_SHA384_ASN1_SIGNING,
    &ECDSA_P521_SHA512_ASN1_SIGNING,
];

impl SigningKey for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::port(Port::Key, "the key does not sign");
        self.public_key.algorithm().for_digest(digest)?;
        let imported = imported(digest)?;
        match (&self.pair, &self.over_sha256) {
            (_, Some(key)) if digest.algorithm() == Algorithm::Sha256 => key.sign(&imported),
            (Pair::Ecdsa(pair), _) => Ok(pair.sign_digest(&imported).map_err(failed)?.as_ref().to_vec()),
            (Pair::Rsa(pair), _) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PKCS1_SHA256, &imported, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            (Pair::Ed25519(pair), _) => prehashed::sign(pair, digest.as_bytes()),
        }
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match &self.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            _ => self.sign_digest(&self.public_key.algorithm().own().recorded_digest(message)),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PrivateKey").field(&self.public_key).finish()
    }
}

fn imported(digest: &Digest) -> Result<LcDigest, Error> {
    let algorithm = match digest.algorithm() {
        Algorithm::Sha256 => &digest::SHA256,
        Algorithm::Sha384 => &digest::SHA384,
        _ => &digest::SHA512,
    };
    LcDigest::import_less_safe(digest.as_bytes(), algorithm)
        .map_err(|_| Error::port(Port::Key, "a digest of another length"))
}

fn unknown(form: &'static str) -> Error {
    Error::UnsupportedKey {
        found: format!("{form} that holds no key on P-256, P-384, P-521, no Ed25519 and no RSA key"),
    }
}

#[cfg(test)]
mod tests {
    use attest_digest::{Algorithms, Measured};
    use aws_lc_rs::signature::{ECDSA_P384_SHA256_ASN1, ECDSA_P521_SHA256_ASN1, ParsedPublicKey};

    use super::*;
    use crate::key::public::verification;

    /// RSA keys of the larger sizes take seconds to make.
    const QUICK: [KeyAlgorithm; 5] = [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::EcdsaP521,
        KeyAlgorithm::Ed25519,
        KeyAlgorithm::Rsa2048,
    ];

    #[test]
    fn every_kind_of_key_is_read_back_and_signs_for_its_public_key() {
        for algorithm in QUICK {
            let key = PrivateKey::generate(algorithm).unwrap();
            let again = PrivateKey::from_pkcs8(key.to_pkcs8().unwrap().expose()).unwrap();
            assert_eq!(again.public_key(), key.public_key());
            assert_eq!(again.public_key().algorithm(), algorithm);
            let signature = again.sign_message(b"message").unwrap();
            let verifier = ParsedPublicKey::new(verification(algorithm), key.public_key().as_der()).unwrap();
            verifier.verify_sig(b"message", &signature).unwrap();
            verifier.verify_sig(b"another", &signature).unwrap_err();
        }
    }

    #[test]
    fn the_larger_curves_sign_sha256_as_well_and_never_twice_the_same() {
        for (algorithm, verification) in [
            (KeyAlgorithm::EcdsaP384, &ECDSA_P384_SHA256_ASN1),
            (KeyAlgorithm::EcdsaP521, &ECDSA_P521_SHA256_ASN1),
        ] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let sign = || key.sign_digest(&digest(b"message", Algorithm::Sha256)).unwrap();
            let (first, second) = (sign(), sign());
            assert_ne!(first, second);
            let verifier = ParsedPublicKey::new(verification, key.public_key().as_der()).unwrap();
            verifier.verify_sig(b"message", &first).unwrap();
            verifier.verify_sig(b"message", &second).unwrap();
            verifier.verify_sig(b"another", &first).unwrap_err();
        }
    }

    #[test]
    fn the_two_forms_of_ed25519_are_not_each_other() {
        let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let prehashed = key.sign_digest(&digest(b"message", Algorithm::Sha512)).unwrap();
        assert_ne!(prehashed, key.sign_message(b"message").unwrap());
        let verifier = ParsedPublicKey::new(verification(KeyAlgorithm::Ed25519), key.public_key().as_der()).unwrap();
        verifier.verify_sig(b"message", &prehashed).unwrap_err();
    }

    #[test]
    fn a_digest_of_another_algorithm_is_not_signed() {
        for (algorithm, other) in [
            (KeyAlgorithm::EcdsaP256, Algorithm::Sha384),
            (KeyAlgorithm::EcdsaP384, Algorithm::Sha512),
            (KeyAlgorithm::EcdsaP521, Algorithm::Sha384),
            (KeyAlgorithm::Ed25519, Algorithm::Sha256),
            (KeyAlgorithm::Rsa2048, Algorithm::Sha512),
        ] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let error = key.sign_digest(&digest(b"a", other)).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("expected a digest that a key of kind {algorithm} signs, found one of {other}")
            );
        }
    }

    fn digest(message: &[u8], algorithm: Algorithm) -> Digest {
        let measured = Measured::of_bytes(message, &Algorithms::one(algorithm));
        measured.digest(algorithm).unwrap().clone()
    }

    #[test]
    fn neither_noise_nor_an_empty_key_is_read() {
        for bytes in [&b""[..], b"noise", &[0x30, 0x00]] {
            assert!(matches!(
                PrivateKey::from_pkcs8(bytes),
                Err(Error::UnsupportedKey { .. })
            ));
            assert!(matches!(
                PrivateKey::from_sec1(bytes),
                Err(Error::UnsupportedKey { .. })
            ));
            assert!(matches!(
                PrivateKey::from_pkcs1(bytes),
                Err(Error::UnsupportedKey { .. })
            ));
        }
    }
}
