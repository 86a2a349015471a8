use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use serde_json::{Map, Value, json};

use super::log_entry::LoggedSignature;
use super::{EvidenceError, Format, base64, der, pem};
use crate::{Bundle, media_type};

/// How every block of PEM begins.
const PEM_BOUNDARY: &[u8] = b"-----BEGIN ";

/// What a bundle is made of, before it is written and read like any other.
pub(super) struct Draft {
    pub(super) format: Format,
    pub(super) signer: Signer,
    pub(super) log_entries: Vec<Value>,
    pub(super) timestamps: Vec<Vec<u8>>,
    pub(super) content: Content,
}

/// Who is said to have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signer {
    /// Leaf first, never empty.
    Certificates(Vec<Vec<u8>>),
    /// A key that the verifier has to know.
    Key {
        /// base64 of the SHA-256 of the key, or empty.
        hint: String,
    },
}

/// What is said to be signed.
pub(super) enum Content {
    Message { digest: Option<Digest>, signature: Vec<u8> },
    Envelope(EnvelopeDraft),
}

/// A DSSE envelope with one signature.
pub(super) struct EnvelopeDraft {
    pub(super) payload_type: String,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl Draft {
    /// Writes it as the newest version that holds it, and reads that.
    pub(super) fn into_bundle(self) -> Result<Bundle, EvidenceError> {
        let proven = self.log_entries.iter().all(has_checkpoint);
        let mut material = Map::new();
        let (field, signer) = self.signer.into_json(proven);
        material.insert(field.to_owned(), signer);
        material.insert("tlogEntries".to_owned(), Value::Array(self.log_entries));
        if !self.timestamps.is_empty() {
            let signed = |response: &Vec<u8>| json!({ "signedTimestamp": base64::encode(response) });
            let responses: Vec<Value> = self.timestamps.iter().map(signed).collect();
            let data = json!({ "rfc3161Timestamps": responses });
            material.insert("timestampVerificationData".to_owned(), data);
        }
        let media_type = match proven {
            true => media_type::BUNDLE_V0_3,
            // The last version in which the promise of a log is enough.
            false => media_type::BUNDLE_V0_1,
        };
        let mut bundle = json!({ "mediaType": media_type, "verificationMaterial": material });
        let (field, content) = self.content.into_json(self.format)?;
        bundle[field] = content;
        Ok(Bundle::parse(bundle.to_string().as_bytes())?)
    }
}

fn has_checkpoint(entry: &Value) -> bool {
    let checkpoint = &entry["inclusionProof"]["checkpoint"]["envelope"];
    checkpoint.as_str().is_some_and(|checkpoint| !checkpoint.is_empty())
}

impl Signer {
    /// Certificates or a public key, in PEM, in base64 of PEM, or in DER.
    pub(super) fn read(bytes: &[u8], format: Format) -> Result<Self, EvidenceError> {
        // The signs of a boundary are signs of URL-safe base64 too.
        let is_pem = bytes.windows(PEM_BOUNDARY.len()).any(|window| window == PEM_BOUNDARY);
        let decoded = if is_pem { None } else { base64::decode(bytes) };
        Self::decoded(decoded.as_deref().unwrap_or(bytes), format)
    }

    /// Whoever the log entry names; without one, a key of which nothing is known.
    pub(super) fn unnamed(logged: Option<&LoggedSignature>) -> Self {
        let hint = String::new();
        logged.and_then(LoggedSignature::signer).unwrap_or(Self::Key { hint })
    }

    fn decoded(bytes: &[u8], format: Format) -> Result<Self, EvidenceError> {
        let is_der = der::is_certificate(bytes) || der::is_public_key(bytes);
        let blocks: Vec<Vec<u8>> = match is_der {
            true => vec![bytes.to_vec()],
            false => pem::read_pem(bytes)?.into_iter().map(|block| block.der).collect(),
        };
        match blocks.as_slice() {
            [key] if der::is_public_key(key) => Ok(Self::key(key)),
            [_, ..] if blocks.iter().all(|block| der::is_certificate(block)) => Ok(Self::certificates(blocks)),
            _ => Err(EvidenceError::malformed(
                format,
                "expected certificates or a public key",
            )),
        }
    }

    /// A root is what the verifier has to know itself, and has no place among what it is told.
    fn certificates(chain: Vec<Vec<u8>>) -> Self {
        let is_leaf_or_between =
            |(place, certificate): &(usize, Vec<u8>)| *place == 0 || !der::is_self_issued(certificate);
        let chain = chain.into_iter().enumerate().filter(is_leaf_or_between);
        Self::Certificates(chain.map(|(_, certificate)| certificate).collect())
    }

    fn key(spki: &[u8]) -> Self {
        let measured = Measured::of_bytes(spki, &Algorithms::one(Algorithm::Sha256));
        let digest = measured.digest(Algorithm::Sha256);
        Self::Key {
            hint: digest
                .map(|digest| base64::encode(digest.as_bytes()))
                .unwrap_or_default(),
        }
    }

    /// In version 0.3 the certificate stands alone; before, in a chain.
    fn into_json(self, stands_alone: bool) -> (&'static str, Value) {
        let raw = |certificate: &Vec<u8>| json!({ "rawBytes": base64::encode(certificate) });
        match self {
            Self::Certificates(chain) if stands_alone => ("certificate", chain.first().map(raw).unwrap_or_default()),
            Self::Certificates(chain) => {
                let certificates: Vec<Value> = chain.iter().map(raw).collect();
                ("x509CertificateChain", json!({ "certificates": certificates }))
            }
            Self::Key { hint } => ("publicKey", json!({ "hint": hint })),
        }
    }
}

impl Content {
    fn into_json(self, format: Format) -> Result<(&'static str, Value), EvidenceError> {
        match self {
            Self::Message { digest, signature } => {
                let mut message = json!({ "signature": base64::encode(signature) });
                if let Some(digest) = digest {
                    message["messageDigest"] = json!({
                        "algorithm": algorithm(&digest, format)?,
                        "digest": base64::encode(digest.as_bytes()),
                    });
                }
                Ok(("messageSignature", message))
            }
            Self::Envelope(envelope) => Ok((
                "dsseEnvelope",
                json!({
                    "payload": base64::encode(envelope.payload),
                    "payloadType": envelope.payload_type,
                    "signatures": [{ "sig": base64::encode(envelope.signature) }],
                }),
            )),
        }
    }
}

fn algorithm(digest: &Digest, format: Format) -> Result<&'static str, EvidenceError> {
    match digest.algorithm() {
        Algorithm::Sha256 => Ok("SHA2_256"),
        Algorithm::Sha384 => Ok("SHA2_384"),
        Algorithm::Sha512 => Ok("SHA2_512"),
        other => Err(EvidenceError::malformed(
            format,
            format_args!("expected a digest by sha256, sha384 or sha512, found {other}"),
        )),
    }
}
