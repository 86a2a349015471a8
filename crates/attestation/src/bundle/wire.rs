//! The document as it is written. Every object is a struct that refuses unknown and repeated fields.

use serde::Deserialize;

use attest_digest::{Algorithm, Digest};

use super::encoding::{Base64, Hash, Number};
use super::{
    BundleError, BundleVersion, InclusionProof, KeyMaterial, LogEntry, MessageSignature, SignedContent, Unverified,
};
use crate::{Envelope, Payload, limits};

/// Reads a document, and holds it against the rules of its version.
pub(super) fn read(json: &[u8]) -> Result<Unverified, BundleError> {
    let wire: BundleWire = match serde_json::from_slice(json) {
        Ok(wire) => wire,
        Err(error) => {
            version_of(&serde_json::from_slice::<MediaTypeWire>(json)?.media_type)?;
            return Err(error.into());
        }
    };
    let version = version_of(&wire.media_type)?;
    let mut material = wire.verification_material;
    let contents = Unverified {
        version,
        key_material: key_material(&mut material, version)?,
        log_entries: material
            .tlog_entries
            .unwrap_or_default()
            .into_iter()
            .map(LogEntry::from)
            .collect(),
        timestamps: timestamps(material.timestamp_verification_data),
        content: content(wire.message_signature, wire.dsse_envelope)?,
    };
    check_counts(&contents)?;
    check_evidence(&contents)?;
    Ok(contents)
}

/// Read alone when the whole cannot be read, so that a bundle of a later version is called unsupported, not malformed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MediaTypeWire {
    media_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BundleWire {
    media_type: String,
    verification_material: VerificationMaterialWire,
    message_signature: Option<MessageSignatureWire>,
    dsse_envelope: Option<EnvelopeWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VerificationMaterialWire {
    certificate: Option<CertificateWire>,
    x509_certificate_chain: Option<CertificateChainWire>,
    public_key: Option<PublicKeyWire>,
    tlog_entries: Option<Vec<LogEntryWire>>,
    timestamp_verification_data: Option<TimestampsWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CertificateWire {
    raw_bytes: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CertificateChainWire {
    certificates: Vec<CertificateWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PublicKeyWire {
    #[serde(default)]
    hint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TimestampsWire {
    rfc3161_timestamps: Option<Vec<TimestampWire>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TimestampWire {
    signed_timestamp: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LogEntryWire {
    // proto3 JSON leaves out a number that is zero.
    log_index: Option<Number>,
    log_id: LogIdWire,
    kind_version: KindVersionWire,
    integrated_time: Option<Number>,
    inclusion_promise: Option<InclusionPromiseWire>,
    inclusion_proof: Option<InclusionProofWire>,
    canonicalized_body: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LogIdWire {
    key_id: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KindVersionWire {
    kind: String,
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InclusionPromiseWire {
    signed_entry_timestamp: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InclusionProofWire {
    log_index: Option<Number>,
    root_hash: Hash,
    tree_size: Number,
    hashes: Option<Vec<Hash>>,
    checkpoint: Option<CheckpointWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CheckpointWire {
    #[serde(default)]
    envelope: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MessageSignatureWire {
    message_digest: Option<MessageDigestWire>,
    signature: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MessageDigestWire {
    algorithm: String,
    digest: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnvelopeWire {
    payload: Base64,
    payload_type: String,
    signatures: Vec<EnvelopeSignatureWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnvelopeSignatureWire {
    sig: Base64,
    // A hint that nothing authenticates: read, and dropped.
    #[serde(default, rename = "keyid")]
    _keyid: Option<String>,
}

fn version_of(media_type: &str) -> Result<BundleVersion, BundleError> {
    match media_type {
        "application/vnd.dev.sigstore.bundle+json;version=0.1" => Ok(BundleVersion::V0_1),
        "application/vnd.dev.sigstore.bundle+json;version=0.2" => Ok(BundleVersion::V0_2),
        "application/vnd.dev.sigstore.bundle+json;version=0.3" | crate::media_type::BUNDLE_V0_3 => {
            Ok(BundleVersion::V0_3)
        }
        found => Err(BundleError::UnsupportedMediaType {
            found: found.to_owned(),
        }),
    }
}

fn key_material(wire: &mut VerificationMaterialWire, version: BundleVersion) -> Result<KeyMaterial, BundleError> {
    let wrong = |expected| BundleError::WrongKeyMaterial { version, expected };
    match (
        wire.certificate.take(),
        wire.x509_certificate_chain.take(),
        wire.public_key.take(),
    ) {
        (Some(certificate), None, None) if version >= BundleVersion::V0_3 => {
            Ok(KeyMaterial::Certificate(certificate.raw_bytes.0))
        }
        (Some(_), None, None) => Err(wrong("a certificate chain or a public key")),
        (None, Some(_), None) if version >= BundleVersion::V0_3 => Err(wrong("a single certificate or a public key")),
        (None, Some(chain), None) if chain.certificates.is_empty() => Err(wrong("at least one certificate")),
        (None, Some(chain), None) => Ok(KeyMaterial::Chain(
            chain.certificates.into_iter().map(|wire| wire.raw_bytes.0).collect(),
        )),
        (None, None, Some(key)) => Ok(KeyMaterial::PublicKey { hint: key.hint }),
        (certificate, chain, key) => Err(BundleError::NotExactlyOne {
            expected: "`certificate`, `x509CertificateChain` and `publicKey`",
            found: usize::from(certificate.is_some()) + usize::from(chain.is_some()) + usize::from(key.is_some()),
        }),
    }
}

fn timestamps(wire: Option<TimestampsWire>) -> Vec<Vec<u8>> {
    wire.and_then(|wire| wire.rfc3161_timestamps)
        .unwrap_or_default()
        .into_iter()
        .map(|timestamp| timestamp.signed_timestamp.0)
        .collect()
}

fn content(
    message: Option<MessageSignatureWire>,
    envelope: Option<EnvelopeWire>,
) -> Result<SignedContent, BundleError> {
    match (message, envelope) {
        (Some(message), None) => Ok(SignedContent::Message(MessageSignature {
            digest: message.message_digest.map(digest).transpose()?,
            signature: message.signature.0,
        })),
        (None, Some(envelope)) => {
            let found = envelope.signatures.len();
            let [signature] = <[EnvelopeSignatureWire; 1]>::try_from(envelope.signatures)
                .map_err(|_| BundleError::SignatureCount { found })?;
            let payload = Payload::of_type(envelope.payload_type, envelope.payload.0);
            Ok(SignedContent::Envelope(Envelope::new(payload, signature.sig.0)))
        }
        (message, envelope) => Err(BundleError::NotExactlyOne {
            expected: "`messageSignature` and `dsseEnvelope`",
            found: usize::from(message.is_some()) + usize::from(envelope.is_some()),
        }),
    }
}

fn digest(wire: MessageDigestWire) -> Result<Digest, BundleError> {
    let algorithm = match wire.algorithm.as_str() {
        "SHA2_256" => Algorithm::Sha256,
        "SHA2_384" => Algorithm::Sha384,
        "SHA2_512" => Algorithm::Sha512,
        _ => return Err(BundleError::UnsupportedDigest { found: wire.algorithm }),
    };
    Digest::from_bytes(algorithm, &wire.digest.0).map_err(|error| BundleError::Malformed {
        detail: error.to_string(),
    })
}

fn check_counts(contents: &Unverified) -> Result<(), BundleError> {
    let counts = [
        ("log entries", contents.log_entries.len(), limits::MAX_LOG_ENTRIES),
        ("timestamps", contents.timestamps.len(), limits::MAX_TIMESTAMPS),
    ];
    match counts.into_iter().find(|(_, found, limit)| found > limit) {
        Some((what, found, limit)) => Err(BundleError::TooMany { what, limit, found }),
        None => Ok(()),
    }
}

fn check_evidence(contents: &Unverified) -> Result<(), BundleError> {
    let version = contents.version;
    let mut seen = std::collections::BTreeSet::new();
    for (entry, found) in contents.log_entries.iter().enumerate() {
        if !seen.insert((&found.log_id, found.log_index)) {
            return Err(BundleError::DuplicateLogEntry {
                log_index: found.log_index,
            });
        }
        let proof = found.proof.as_ref();
        let missing = match version {
            BundleVersion::V0_1 => found.promise.is_none().then_some("inclusion promise"),
            BundleVersion::V0_2 | BundleVersion::V0_3 => proof
                .is_none_or(|proof| proof.checkpoint.is_empty())
                .then_some("inclusion proof with a checkpoint"),
        };
        if let Some(what) = missing {
            return Err(BundleError::MissingEvidence { version, entry, what });
        }
    }
    Ok(())
}

impl From<LogEntryWire> for LogEntry {
    fn from(wire: LogEntryWire) -> Self {
        Self {
            log_index: wire.log_index.map_or(0, |index| index.0),
            log_id: wire.log_id.key_id.0,
            kind: wire.kind_version.kind,
            version: wire.kind_version.version,
            // proto3 cannot tell zero from absent, and writes either.
            integrated_time: wire.integrated_time.map(|time| time.0).filter(|time| *time != 0),
            promise: wire.inclusion_promise.map(|promise| promise.signed_entry_timestamp.0),
            proof: wire.inclusion_proof.map(InclusionProof::from),
            body: wire.canonicalized_body.0,
        }
    }
}

impl From<InclusionProofWire> for InclusionProof {
    fn from(wire: InclusionProofWire) -> Self {
        Self {
            log_index: wire.log_index.map_or(0, |index| index.0),
            root_hash: wire.root_hash.0,
            tree_size: wire.tree_size.0,
            hashes: wire.hashes.unwrap_or_default().into_iter().map(|hash| hash.0).collect(),
            checkpoint: wire
                .checkpoint
                .map(|checkpoint| checkpoint.envelope)
                .unwrap_or_default(),
        }
    }
}
