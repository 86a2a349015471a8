use attestation::{Bundle, Envelope, media_type};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::{Error, LogEntry, SigningCertificate, TimestampToken};

/// What was signed, with its signature.
pub(crate) enum Content<'a> {
    Message { digest: [u8; 32], signature: &'a [u8] },
    Envelope(&'a Envelope),
}

/// Everything that goes into a bundle.
pub(crate) struct Parts<'a> {
    pub(crate) content: Content<'a>,
    pub(crate) certificate: &'a SigningCertificate,
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
        let certificate = json!({ "rawBytes": STANDARD.encode(self.certificate.as_der()) });
        material.insert("certificate".to_owned(), certificate);
        let entries = self.entries.iter().map(LogEntry::to_json).collect();
        material.insert("tlogEntries".to_owned(), Value::Array(entries));
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
                let digest = json!({ "algorithm": "SHA2_256", "digest": STANDARD.encode(digest) });
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
