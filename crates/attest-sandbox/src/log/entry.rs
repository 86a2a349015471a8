use serde_json::Value;

use crate::error::Error;
use crate::public_key::{HashAlgorithm, Verifier};

/// A digest, a signature over what was digested, and what verifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedRekord {
    /// The hash that made the digest.
    pub algorithm: HashAlgorithm,
    /// The digest of the artifact, or of the pre-authentication encoding of an envelope.
    pub digest: Vec<u8>,
    /// The signature in the form of the key: DER for ECDSA.
    pub signature: Vec<u8>,
    /// Certificate or key.
    pub verifier: Verifier,
}

impl HashedRekord {
    /// The logs record nothing that does not verify.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self
            .verifier
            .key
            .verifies_digest(self.algorithm, &self.digest, &self.signature)?
        {
            true => Ok(()),
            false => Err(Error::EntrySignature),
        }
    }
}

/// RFC 8785.
pub(crate) fn canonical(value: &Value) -> Result<Vec<u8>, Error> {
    serde_json_canonicalizer::to_vec(value).map_err(|error| Error::internal("canonical JSON", error))
}

/// What a DSSE signature is over (DSSE 1.0, protocol).
pub(crate) fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend(payload);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        let message = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(message, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }
}
