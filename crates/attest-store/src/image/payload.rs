use std::collections::BTreeMap;

use attest_digest::Digest;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The largest payload: three fields and what somebody annotates.
const MAX_PAYLOAD_BYTES: usize = 1 << 20;

const TYPES: [&str; 2] = ["cosign container image signature", "atomic container signature"];

/// What cosign 2 and containers-policy sign for an image.
///
/// Source: containers/image, `docs/containers-signature.5.md`; cosign, `specs/SIGNATURE_SPEC.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimpleSigning {
    image: Digest,
    reference: String,
    annotations: BTreeMap<String, String>,
}

/// Why signed bytes say nothing of an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPayload {
    /// No JSON, or other fields.
    #[error("invalid simple signing payload: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// Another kind of thing was signed.
    #[error("expected the payload of a container image signature, found type `{found}`")]
    Type {
        /// The type that was found.
        found: String,
    },
    /// Another image was signed.
    #[error("expected a signature of image `{expected}`, found one of `{found}`")]
    OtherImage {
        /// The image that it lies beside.
        expected: String,
        /// The image that it names.
        found: String,
    },
}

#[derive(Deserialize)]
struct PayloadWire {
    critical: CriticalWire,
    #[serde(default)]
    optional: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CriticalWire {
    identity: IdentityWire,
    image: ImageWire,
    r#type: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct IdentityWire {
    docker_reference: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ImageWire {
    docker_manifest_digest: String,
}

impl SimpleSigning {
    /// Reads a payload. Fields below `critical` that are unknown are refused: whoever wrote them meant them to be understood.
    ///
    /// # Errors
    /// [`InvalidPayload`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidPayload> {
        let malformed = |reason: String| InvalidPayload::Malformed { reason };
        if bytes.len() > MAX_PAYLOAD_BYTES {
            let reason = format!("expected at most {MAX_PAYLOAD_BYTES} bytes, found {}", bytes.len());
            return Err(malformed(reason));
        }
        let read = attestation::parse_unambiguous(bytes).and_then(serde_json::from_value);
        let wire: PayloadWire = read.map_err(|error| malformed(error.to_string()))?;
        let critical = wire.critical;
        if !TYPES.contains(&critical.r#type.as_str()) {
            return Err(InvalidPayload::Type { found: critical.r#type });
        }
        let digest = critical.image.docker_manifest_digest;
        let image = digest
            .parse()
            .map_err(|_| malformed(format!("expected a digest, found `{digest}`")))?;
        Ok(Self {
            image,
            reference: critical.identity.docker_reference,
            annotations: texts(wire.optional.unwrap_or_default()),
        })
    }

    /// The same, and it must be about this image.
    ///
    /// # Errors
    /// [`InvalidPayload`].
    pub fn parse_about(bytes: &[u8], image: &Digest) -> Result<Self, InvalidPayload> {
        let payload = Self::parse(bytes)?;
        match payload.image == *image {
            true => Ok(payload),
            false => Err(InvalidPayload::OtherImage {
                expected: image.to_string(),
                found: payload.image.to_string(),
            }),
        }
    }

    /// The name that the image had when it was signed.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// What the signer annotated, as far as it is text.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }

    /// The digest of the image.
    #[must_use]
    pub fn image(&self) -> &Digest {
        &self.image
    }
}

fn texts(values: Map<String, Value>) -> BTreeMap<String, String> {
    let text = |(name, value)| match value {
        Value::String(text) => Some((name, text)),
        _ => None,
    };
    values.into_iter().filter_map(text).collect()
}
