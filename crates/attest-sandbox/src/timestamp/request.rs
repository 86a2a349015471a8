use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_SHA_256, ID_SHA_384, ID_SHA_512};
use der::asn1::{Int, OctetString, Uint};
use der::{Decode, Encode};
use serde::Deserialize;
use serde_json::Number;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::error::Error;
use crate::timestamp::wire::{MessageImprintWire, RequestWire};

/// Longest nonce: clients send 8 to 20 bytes.
const MAX_NONCE_BYTES: usize = 64;

/// A digest that is to be stamped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampRequest {
    pub(super) imprint: MessageImprintWire,
    pub(super) nonce: Option<Int>,
    pub(super) wants_certificate: bool,
}

/// The form that sigstore-js sends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonWire {
    artifact_hash: String,
    hash_algorithm: String,
    #[serde(default)]
    certificates: bool,
    nonce: Option<Number>,
}

impl TimestampRequest {
    /// A SHA-256 digest, without a nonce; the answer holds no certificate.
    ///
    /// # Errors
    /// Never: 32 bytes fit every limit of DER.
    pub fn sha256(digest: [u8; 32]) -> Result<Self, Error> {
        Ok(Self {
            imprint: imprint(ID_SHA_256, &digest)?,
            nonce: None,
            wants_certificate: false,
        })
    }

    /// Reads a DER query.
    ///
    /// # Errors
    /// When it is not one, or asks for what the sandbox does not have.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let wire = RequestWire::from_der(der).map_err(|error| Error::malformed("timestamp query", error))?;
        if wire.version != 1 {
            return Err(unsupported("version of a timestamp query", wire.version));
        }
        if wire
            .nonce
            .as_ref()
            .is_some_and(|nonce| nonce.as_bytes().len() > MAX_NONCE_BYTES)
        {
            return Err(Error::malformed("nonce", format!("more than {MAX_NONCE_BYTES} bytes")));
        }
        if wire.policy.is_some_and(|policy| policy != super::token::POLICY) {
            return Err(unsupported(
                "timestamp policy",
                wire.policy.map(|policy| policy.to_string()).unwrap_or_default(),
            ));
        }
        if let Some(extension) = wire.extensions.iter().flatten().next() {
            return Err(unsupported("extension of a timestamp query", extension.extn_id));
        }
        Ok(Self {
            imprint: imprint(
                wire.message_imprint.algorithm.oid,
                wire.message_imprint.digest.as_bytes(),
            )?,
            nonce: wire.nonce,
            wants_certificate: wire.wants_certificate,
        })
    }

    /// Reads a JSON query.
    ///
    /// # Errors
    /// When it is not one.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let wire: JsonWire =
            serde_json::from_slice(json).map_err(|error| Error::malformed("timestamp query", error))?;
        let digest = BASE64_STANDARD
            .decode(&wire.artifact_hash)
            .map_err(|error| Error::malformed("digest", error))?;
        let algorithm = match wire.hash_algorithm.to_ascii_lowercase().as_str() {
            "sha256" => ID_SHA_256,
            "sha384" => ID_SHA_384,
            "sha512" => ID_SHA_512,
            other => return Err(unsupported("hash algorithm", other)),
        };
        Ok(Self {
            imprint: imprint(algorithm, &digest)?,
            nonce: wire.nonce.map(|nonce| json_nonce(&nonce)).transpose()?,
            wants_certificate: wire.certificates,
        })
    }
}

fn imprint(algorithm: ObjectIdentifier, digest: &[u8]) -> Result<MessageImprintWire, Error> {
    let expected = match algorithm {
        ID_SHA_256 => 32,
        ID_SHA_384 => 48,
        ID_SHA_512 => 64,
        other => return Err(unsupported("hash algorithm", other)),
    };
    if digest.len() != expected {
        return Err(Error::malformed(
            "digest",
            format!("expected {expected} bytes, found {}", digest.len()),
        ));
    }
    Ok(MessageImprintWire {
        algorithm: AlgorithmIdentifierOwned {
            oid: algorithm,
            parameters: None,
        },
        digest: OctetString::new(digest).map_err(|error| Error::malformed("digest", error))?,
    })
}

fn json_nonce(nonce: &Number) -> Result<Int, Error> {
    let value = nonce
        .as_u64()
        .ok_or_else(|| Error::malformed("nonce", "not a whole number of 64 bits"))?;
    let unsigned = Uint::new(&value.to_be_bytes()).map_err(|error| Error::malformed("nonce", error))?;
    let der = unsigned.to_der().map_err(|error| Error::malformed("nonce", error))?;
    Int::from_der(&der).map_err(|error| Error::malformed("nonce", error))
}

fn unsupported(what: &'static str, found: impl ToString) -> Error {
    Error::Unsupported {
        what,
        found: found.to_string(),
    }
}
