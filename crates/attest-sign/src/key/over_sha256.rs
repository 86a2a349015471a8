use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ECDSA_P521_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use p384::ecdsa::signature::hazmat::RandomizedPrehashSigner as _;
use p384::ecdsa::{DerSignature, SigningKey};
use p384::elliptic_curve::rand_core::{self, CryptoRng, RngCore};

use crate::{Error, KeyAlgorithm, Port};

/// The bytes of a number modulo the order of P-384: as much randomness as goes into a signature.
const FIELD_BYTES: usize = 48;

/// A key on one of the larger curves, as it signs SHA-256 digests.
pub(super) enum OverSha256 {
    /// aws-lc-rs verifies this pair and does not sign it.
    P384(Box<SigningKey>),
    P521(Box<EcdsaKeyPair>),
}

impl OverSha256 {
    /// The same key; none for a curve whose own hash is SHA-256.
    pub(super) fn new(algorithm: KeyAlgorithm, pair: &EcdsaKeyPair) -> Result<Option<Self>, Error> {
        let failed = || Error::port(Port::Key, "the key cannot be read");
        match algorithm {
            KeyAlgorithm::EcdsaP384 => {
                let number: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().map_err(|_| failed())?;
                let key = SigningKey::from_slice(number.as_ref()).map_err(|_| failed())?;
                Ok(Some(Self::P384(Box::new(key))))
            }
            KeyAlgorithm::EcdsaP521 => {
                let document = pair.to_pkcs8v1().map_err(|_| failed())?;
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P521_SHA256_ASN1_SIGNING, document.as_ref());
                Ok(Some(Self::P521(Box::new(pair.map_err(|_| failed())?))))
            }
            _ => Ok(None),
        }
    }

    /// Signs a digest; the signature is in DER, and another one each time.
    pub(super) fn sign(&self, digest: &aws_lc_rs::digest::Digest) -> Result<Vec<u8>, Error> {
        let failed = || Error::port(Port::Key, "the key does not sign");
        match self {
            Self::P384(key) => {
                let mut drawn = Drawn::new()?;
                let signature: Result<DerSignature, _> = key.sign_prehash_with_rng(&mut drawn, digest.as_ref());
                Ok(signature.map_err(|_| failed())?.as_bytes().to_vec())
            }
            Self::P521(pair) => Ok(pair.sign_digest(digest).map_err(|_| failed())?.as_ref().to_vec()),
        }
    }
}

/// Randomness that was drawn beforehand, where it can still fail; it goes into the nonce beside key and digest (RFC 6979,
/// section 3.6), so that not even its loss would give the key away.
struct Drawn([u8; FIELD_BYTES]);

impl Drawn {
    fn new() -> Result<Self, Error> {
        let mut bytes = [0; FIELD_BYTES];
        let drawn = rand::fill(&mut bytes);
        drawn.map_err(|_| Error::port(Port::Key, "there is no randomness to be had"))?;
        Ok(Self(bytes))
    }
}

impl RngCore for Drawn {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, into: &mut [u8]) {
        into.iter_mut()
            .zip(self.0.iter())
            .for_each(|(into, byte)| *into = *byte);
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(into);
        Ok(())
    }
}

impl CryptoRng for Drawn {}
