use attest_sign::{Error, Port, SigningKey};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey as P256Key};
use p256::pkcs8::EncodePublicKey;

/// A P-256 key that follows from one byte, and whose signatures follow from what is signed (RFC 6979).
#[derive(Debug, Clone)]
pub struct SeededKey(P256Key);

impl SeededKey {
    /// The key of this seed.
    #[must_use]
    pub fn from_seed(seed: u8) -> Self {
        let mut secret = [0x5a; 32];
        secret[31] = seed;
        Self::from_secret(&secret)
    }

    /// One of many keys.
    #[must_use]
    pub fn numbered(number: u32) -> Self {
        let mut secret = [0xa5 >> 1; 32];
        secret[28..].copy_from_slice(&number.to_be_bytes());
        Self::from_secret(&secret)
    }

    fn from_secret(secret: &[u8; 32]) -> Self {
        Self(P256Key::from_slice(secret).expect("it begins below the order of the curve"))
    }
}

impl SigningKey for SeededKey {
    fn public_key_der(&self) -> Vec<u8> {
        let der = self.0.verifying_key().to_public_key_der();
        der.expect("a key of a known curve has a DER form").into_vec()
    }

    fn sign_sha256(&self, digest: [u8; 32]) -> Result<Vec<u8>, Error> {
        let signature: Signature = self
            .0
            .sign_prehash(&digest)
            .map_err(|error| Error::port(Port::Key, error))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_signs_the_same_and_another_one_differently() {
        let sign = |seed| SeededKey::from_seed(seed).sign_sha256([7; 32]).unwrap();
        assert_eq!(sign(1), sign(1));
        assert_ne!(sign(1), sign(2));
    }
}
