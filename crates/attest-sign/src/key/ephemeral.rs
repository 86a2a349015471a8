use attest_digest::Digest;

use crate::{Error, KeyAlgorithm, PrivateKey, PublicKey, SigningKey};

/// A key that lives in memory, for one session, and is never written anywhere: on P-256 unless it is said otherwise.
#[derive(Debug)]
pub struct EphemeralKey(PrivateKey);

impl EphemeralKey {
    /// Makes a new key from the randomness of the operating system.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn generate() -> Result<Self, Error> {
        Self::generate_kind(KeyAlgorithm::EcdsaP256)
    }

    /// Makes a new key of some kind.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn generate_kind(algorithm: KeyAlgorithm) -> Result<Self, Error> {
        PrivateKey::generate(algorithm).map(Self)
    }
}

impl SigningKey for EphemeralKey {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        self.0.sign_digest(digest)
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.0.sign_message(message)
    }
}
