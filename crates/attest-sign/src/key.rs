use sigstore_crypto::KeyPair;
use sigstore_types::Sha256Hash;

use crate::{Error, Port, SigningKey};

/// A P-256 key that lives in memory, for one session, and is never written anywhere.
#[derive(Debug)]
pub struct EphemeralKey {
    pair: KeyPair,
    public_key_der: Vec<u8>,
}

impl EphemeralKey {
    /// Makes a new key from the randomness of the operating system.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn generate() -> Result<Self, Error> {
        let pair = KeyPair::generate_ecdsa_p256().map_err(|error| Error::port(Port::Key, error))?;
        let public_key = pair.public_key_der().map_err(|error| Error::port(Port::Key, error))?;
        Ok(Self {
            public_key_der: public_key.as_bytes().to_vec(),
            pair,
        })
    }
}

impl SigningKey for EphemeralKey {
    fn public_key_der(&self) -> Vec<u8> {
        self.public_key_der.clone()
    }

    fn sign_sha256(&self, digest: [u8; 32]) -> Result<Vec<u8>, Error> {
        self.pair
            .sign_digest(&Sha256Hash::new(digest))
            .map(|signature| signature.as_bytes().to_vec())
            .map_err(|error| Error::port(Port::Key, error))
    }
}
