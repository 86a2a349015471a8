use attest_digest::Digest;
use attest_sign::{Error, Port, PublicKey, SigningKey};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey as P256Key};
use p256::pkcs8::EncodePublicKey;

/// A P-256 key that follows from one byte, and whose signatures follow from what is signed (RFC 6979).
#[derive(Debug, Clone)]
pub struct SeededKey {
    key: P256Key,
    public_key: PublicKey,
}

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
        let key = P256Key::from_slice(secret).expect("it begins below the order of the curve");
        let der = key.verifying_key().to_public_key_der();
        let der = der.expect("a key of a known curve has a DER form");
        let public_key = PublicKey::from_der(der.as_bytes()).expect("P-256 is spoken");
        Self { key, public_key }
    }
}

impl SigningKey for SeededKey {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        let signature: Signature = self
            .key
            .sign_prehash(digest.as_bytes())
            .map_err(|error| Error::port(Port::Key, error))?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_signs_the_same_and_another_one_differently() {
        let sign = |seed| SeededKey::from_seed(seed).sign_message(b"message").unwrap();
        assert_eq!(sign(1), sign(1));
        assert_ne!(sign(1), sign(2));
    }
}
