use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;

use crate::media_type;

/// The exact bytes that are signed, and their type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    payload_type: String,
    bytes: Vec<u8>,
}

impl Payload {
    /// An in-toto statement, as received or as written.
    #[must_use]
    pub fn in_toto(bytes: Vec<u8>) -> Self {
        Self {
            payload_type: media_type::IN_TOTO.to_owned(),
            bytes,
        }
    }

    /// Bytes of any other type, as received.
    #[must_use]
    pub fn of_type(payload_type: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            payload_type: payload_type.into(),
            bytes,
        }
    }

    /// The media type of the bytes.
    #[must_use]
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A payload with exactly one signature over its pre-authentication encoding.
///
/// More than one signature cannot be said: a verifier that checks one of them would vouch for the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload: Payload,
    signature: Vec<u8>,
}

impl Envelope {
    /// Puts a payload and its signature together.
    #[must_use]
    pub fn new(payload: Payload, signature: Vec<u8>) -> Self {
        Self { payload, signature }
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The signature, raw.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The envelope in JSON, byte for byte as cosign 2 writes it. Rekor v1 records the hash of the bytes that it is sent, and cosign 2
    /// compares that with the bytes that it finds beside an image.
    ///
    /// Source: DSSE 1.0.2, `envelope.md`; Rekor, `pkg/types/dsse/v0.0.1/entry.go`.
    ///
    /// ```
    /// use attestation::{Envelope, Payload};
    ///
    /// let envelope = Envelope::new(Payload::in_toto(b"{}".to_vec()), vec![1]);
    /// let expected = r#"{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"","sig":"AQ=="}]}"#;
    /// assert_eq!(envelope.to_json(), expected);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let wire = EnvelopeWire {
            payload_type: &self.payload.payload_type,
            payload: STANDARD.encode(&self.payload.bytes),
            signatures: [SignatureWire {
                keyid: "",
                sig: STANDARD.encode(&self.signature),
            }],
        };
        serde_json::to_string(&wire).expect("strings can be written")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeWire<'a> {
    payload_type: &'a str,
    payload: String,
    signatures: [SignatureWire; 1],
}

#[derive(Serialize)]
struct SignatureWire {
    keyid: &'static str,
    sig: String,
}

/// What a DSSE signature is computed over. Lengths are in bytes, in decimal.
///
/// Source: DSSE 1.0.2, `protocol.md`.
///
/// ```
/// use attestation::pre_authentication_encoding;
///
/// let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
/// assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
/// ```
#[must_use]
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    encoded.extend_from_slice(payload);
    encoded
}
