use attest_digest::{Algorithm, Digest};
use attestation::{Bundle, Envelope, media_type};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::{Error, LogEntry, TimestampToken, Verifier};

/// What was signed, with its signature.
pub(crate) enum Content<'a> {
    Message { digest: &'a Digest, signature: &'a [u8] },
    Envelope(&'a Envelope),
}

/// Everything that goes into a bundle.
pub(crate) struct Parts<'a> {
    pub(crate) content: Content<'a>,
    pub(crate) verifier: Verifier<'a>,
    pub(crate) entries: &'a [LogEntry],
    pub(crate) timestamps: &'a [TimestampToken],
}

impl Parts<'_> {
    /// Writes a bundle, version 0.3: one line of JSON without insignificant white space or a line break at its end, and
    /// without any field that no reader needs, so that no byte of it is free to change.
    ///
    /// Source: Sigstore protobuf-specs, `sigstore_bundle.proto`.
    pub(crate) fn to_bundle(&self) -> Result<Bundle, Error> {
        let mut material = Map::new();
        let (name, verifier) = match self.verifier {
            Verifier::Certificate(certificate) => (
                "certificate",
                json!({ "rawBytes": STANDARD.encode(certificate.as_der()) }),
            ),
            Verifier::PublicKey(key) => ("publicKey", json!({ "hint": key.hint() })),
        };
        material.insert(name.to_owned(), verifier);
        if !self.entries.is_empty() {
            let entries = self.entries.iter().map(LogEntry::to_json).collect();
            material.insert("tlogEntries".to_owned(), Value::Array(entries));
        }
        if !self.timestamps.is_empty() {
            let timestamps: Vec<Value> = self.timestamps.iter().map(timestamp).collect();
            let timestamps = json!({ "rfc3161Timestamps": timestamps });
            material.insert("timestampVerificationData".to_owned(), timestamps);
        }
        let (name, content) = self.content.to_json();
        let bundle = json!({
            "mediaType": media_type::BUNDLE_V0_3,
            "verificationMaterial": material,
            name: content,
        });
        Ok(Bundle::parse(bundle.to_string().as_bytes())?)
    }
}

impl Content<'_> {
    fn to_json(&self) -> (&'static str, Value) {
        match self {
            Self::Message { digest, signature } => {
                let algorithm = match digest.algorithm() {
                    Algorithm::Sha384 => "SHA2_384",
                    Algorithm::Sha512 => "SHA2_512",
                    _ => "SHA2_256",
                };
                let digest = json!({ "algorithm": algorithm, "digest": STANDARD.encode(digest.as_bytes()) });
                let message = json!({ "messageDigest": digest, "signature": STANDARD.encode(signature) });
                ("messageSignature", message)
            }
            Self::Envelope(envelope) => {
                let payload = envelope.payload();
                let envelope = json!({
                    "payload": STANDARD.encode(payload.as_bytes()),
                    "payloadType": payload.payload_type(),
                    "signatures": [{ "sig": STANDARD.encode(envelope.signature()) }],
                });
                ("dsseEnvelope", envelope)
            }
        }
    }
}

fn timestamp(token: &TimestampToken) -> Value {
    json!({ "signedTimestamp": STANDARD.encode(token.as_der()) })
}
