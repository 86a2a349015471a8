use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use der::Decode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::public_key::RsaPublicKeyWire;

/// The RSA key that signs identity tokens. RS256 is what every client of Sigstore can check.
pub(crate) struct OidcKey {
    pair: KeyPair,
    modulus: String,
    exponent: String,
    id: String,
}

impl OidcKey {
    pub(crate) fn generate() -> Result<Self, Error> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|error| Error::internal("an RSA key", error))?;
        Self::new(pair)
    }

    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        let pair = KeyPair::from_pkcs8(der).map_err(|error| Error::malformed("RSA key", error))?;
        Self::new(pair)
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Vec<u8>, Error> {
        let der: Pkcs8V1Der<'_> = self
            .pair
            .as_der()
            .map_err(|error| Error::internal("an RSA key", error))?;
        Ok(der.as_ref().to_vec())
    }

    fn new(pair: KeyPair) -> Result<Self, Error> {
        let public = RsaPublicKeyWire::from_der(pair.public_key().as_ref());
        let public = public.map_err(|error| Error::internal("an RSA key", error))?;
        let modulus = BASE64_URL_SAFE_NO_PAD.encode(public.modulus.as_bytes());
        let exponent = BASE64_URL_SAFE_NO_PAD.encode(public.exponent.as_bytes());
        // RFC 7638: the members in this order, without space.
        let thumbprint = Sha256::digest(format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#));
        Ok(Self {
            id: BASE64_URL_SAFE_NO_PAD.encode(thumbprint),
            pair,
            modulus,
            exponent,
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The JSON Web Key Set (RFC 7517).
    pub(crate) fn key_set(&self) -> Value {
        json!({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": self.modulus, "e": self.exponent,
        }]})
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|error| Error::internal("a token", error))?;
        Ok(signature)
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key().as_ref())
            .verify(message, signature)
            .is_ok()
    }
}
