use attest_digest::Digest;

use crate::{Error, KeyAlgorithm, PrivateKey, PublicKey, SigningKey};

/// A P-256 key that lives in memory, for one session, and is never written anywhere.
#[derive(Debug)]
pub struct EphemeralKey(PrivateKey);

impl EphemeralKey {
    /// Makes a new key from the randomness of the operating system.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn generate() -> Result<Self, Error> {
        PrivateKey::generate(KeyAlgorithm::EcdsaP256).map(Self)
    }
}

impl SigningKey for EphemeralKey {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        self.0.sign_digest(digest)
    }
}
