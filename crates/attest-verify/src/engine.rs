//! The only place that speaks to the engine: our types into its own, its errors into ours.

use attest_digest::{Algorithm, Digest};
use attestation::{BundleVersion, InclusionProof, KeyMaterial, LogEntry, SignedContent, Unverified};
use jiff::Timestamp;
use sigstore_types as engine;
use sigstore_types::bundle::{
    CertificateContent, CheckpointData, InclusionPromise, MessageDigest, MessageSignature, PublicKeyIdentifier,
    Rfc3161Timestamp, TimestampVerificationData, VerificationMaterial, VerificationMaterialContent, X509Certificate,
};
use sigstore_verify::{CertificateError, Error, TimestampError, TransparencyLogError};

use crate::Rejection;
use crate::checkpoint::Checkpoint;
use crate::signer::UnverifiedSigner;
use crate::trust_root::KnownLog;

/// Builds the engine's bundle from what was read strictly, so that the two can never read the same text differently.
/// `logs` are those that the entries name, in the same order.
pub(crate) fn bundle(contents: &Unverified, logs: &[&KnownLog]) -> Result<engine::Bundle, Rejection> {
    let entries = contents.log_entries.iter().zip(logs);
    let entries = entries.map(|(entry, log)| log_entry(entry, log));
    let timestamps = contents.timestamps.iter();
    let material = VerificationMaterial::new(key_material(&contents.key_material))
        .with_tlog_entries(entries.collect::<Result<_, _>>()?)
        .with_timestamp_verification_data(TimestampVerificationData::new(
            timestamps
                .map(|token| Rfc3161Timestamp::new(engine::TimestampToken::from_bytes(token)))
                .collect(),
        ));
    Ok(engine::Bundle::new(
        media_type(contents.version)?,
        material,
        content(&contents.content)?,
    ))
}

/// A digest as the engine's artifact: it never sees the bytes.
pub(crate) fn artifact(digest: &Digest) -> Result<engine::Artifact<'static>, Rejection> {
    engine::ArtifactDigest::new(algorithm(digest)?, digest.as_bytes().to_vec())
        .map(engine::Artifact::Digest)
        .map_err(|error| unsupported(&error))
}

fn media_type(version: BundleVersion) -> Result<engine::MediaType, Rejection> {
    match version {
        BundleVersion::V0_1 => Ok(engine::MediaType::Bundle0_1),
        BundleVersion::V0_2 => Ok(engine::MediaType::Bundle0_2),
        BundleVersion::V0_3 => Ok(engine::MediaType::Bundle0_3),
        other => Err(unsupported(&format_args!("bundle version {other}"))),
    }
}

fn key_material(material: &KeyMaterial) -> VerificationMaterialContent {
    match material {
        KeyMaterial::Certificate(der) => {
            VerificationMaterialContent::Certificate(CertificateContent::new(engine::DerCertificate::from_bytes(der)))
        }
        KeyMaterial::Chain(chain) => VerificationMaterialContent::X509CertificateChain {
            certificates: chain
                .iter()
                .map(|der| X509Certificate::new(engine::DerCertificate::from_bytes(der)))
                .collect(),
        },
        KeyMaterial::PublicKey { hint } => {
            VerificationMaterialContent::PublicKey(PublicKeyIdentifier::new(hint.as_str()))
        }
        // A kind that is read some day and not known here must not verify as one that is.
        _ => VerificationMaterialContent::X509CertificateChain {
            certificates: Vec::new(),
        },
    }
}

fn content(content: &SignedContent) -> Result<engine::SignatureContent, Rejection> {
    match content {
        SignedContent::Message(message) => {
            let signature = MessageSignature::new(engine::SignatureBytes::from_bytes(&message.signature));
            let Some(digest) = &message.digest else {
                return Ok(engine::SignatureContent::MessageSignature(signature));
            };
            let bytes = engine::DigestBytes::new(digest.as_bytes().to_vec());
            Ok(engine::SignatureContent::MessageSignature(
                signature.with_message_digest(MessageDigest::new(algorithm(digest)?, bytes)),
            ))
        }
        SignedContent::Envelope(envelope) => {
            let signature = engine::SignatureBytes::from_bytes(envelope.signature());
            Ok(engine::SignatureContent::DsseEnvelope(engine::DsseEnvelope::new(
                envelope.payload().payload_type(),
                engine::PayloadBytes::from_bytes(envelope.payload().as_bytes()),
                engine::DsseSignature::new(signature, engine::KeyId::default()),
            )))
        }
        _ => Err(unsupported(&"signed content of this kind")),
    }
}

fn algorithm(digest: &Digest) -> Result<engine::HashAlgorithm, Rejection> {
    match digest.algorithm() {
        Algorithm::Sha256 => Ok(engine::HashAlgorithm::Sha2256),
        Algorithm::Sha384 => Ok(engine::HashAlgorithm::Sha2384),
        Algorithm::Sha512 => Ok(engine::HashAlgorithm::Sha2512),
        other => Err(unsupported(&format_args!("a signature over {other}"))),
    }
}

fn log_entry(entry: &LogEntry, log: &KnownLog) -> Result<engine::TransparencyLogEntry, Rejection> {
    let mut built = engine::TransparencyLogEntry::new(
        log_index(entry.log_index)?,
        engine::bundle::LogId::new(engine::LogKeyId::from_bytes(&entry.log_id)),
        kind(entry)?,
        engine::CanonicalizedBody::from_bytes(&entry.body),
    );
    if let Some(time) = entry.integrated_time {
        built = built.with_integrated_time(moment(time)?);
    }
    if let Some(promise) = &entry.promise {
        let signed = engine::SignedTimestamp::from_bytes(promise);
        built = built.with_inclusion_promise(InclusionPromise::new(signed));
    }
    match &entry.proof {
        // In version 0.1 a promise is enough. A path to a root that nobody signed adds nothing to it.
        Some(proof) if proof.checkpoint.is_empty() && entry.promise.is_some() => Ok(built),
        Some(proof) => Ok(built.with_inclusion_proof(inclusion_proof(proof, log)?)),
        None => Ok(built),
    }
}

/// The engine takes a checkpoint that any log of the trust root has signed. It is shown what this one has signed, so that
/// no entry passes for that of another log.
fn inclusion_proof(proof: &InclusionProof, log: &KnownLog) -> Result<engine::bundle::InclusionProof, Rejection> {
    let invalid = |detail: &dyn ToString| Rejection::CheckpointInvalid {
        detail: detail.to_string(),
    };
    let checkpoint = Checkpoint::parse(&proof.checkpoint)?
        .signed_by(log.checkpoint_key_id)
        .ok_or_else(|| invalid(&"no line of the log"))?;
    let checkpoint = CheckpointData::new(checkpoint).map_err(|error| invalid(&error))?;
    Ok(engine::bundle::InclusionProof::new(
        log_index(proof.log_index)?,
        engine::Sha256Hash::new(proof.root_hash),
        proof.tree_size,
        proof.hashes.iter().copied().map(engine::Sha256Hash::new).collect(),
        checkpoint,
    ))
}

fn log_index(index: u64) -> Result<engine::LogIndex, Rejection> {
    engine::LogIndex::new(index).map_err(|error| Rejection::LogEntryInvalid {
        detail: error.to_string(),
    })
}

pub(crate) fn moment(seconds: u64) -> Result<Timestamp, Rejection> {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or_else(|| Rejection::LogEntryInvalid {
            detail: format!("expected a time before the year 10000, found {seconds} seconds"),
        })
}

fn kind(entry: &LogEntry) -> Result<engine::KindVersion, Rejection> {
    match (entry.kind.as_str(), entry.version.as_str()) {
        ("hashedrekord", "0.0.1") => Ok(engine::KindVersion::HashedRekordV001),
        ("hashedrekord", "0.0.2") => Ok(engine::KindVersion::HashedRekordV002),
        ("dsse", "0.0.1") => Ok(engine::KindVersion::DsseV001),
        ("intoto", "0.0.2") => Ok(engine::KindVersion::IntotoV002),
        (kind, version) => Err(unsupported(&format_args!(
            "a log entry of kind {kind}, version {version}"
        ))),
    }
}

fn unsupported(detail: &dyn std::fmt::Display) -> Rejection {
    Rejection::Unsupported {
        detail: detail.to_string(),
    }
}

/// The engine's reason in our words. `signer` is what the certificate says, for the fields that the engine leaves out.
pub(crate) fn rejection(error: Error, signer: Option<&UnverifiedSigner>) -> Rejection {
    let detail = error.to_string();
    match error {
        Error::SignatureInvalid(detail) => Rejection::SignatureInvalid { detail },
        Error::Certificate(error) => certificate(error, signer),
        Error::TransparencyLog(error) => transparency_log(error),
        Error::Timestamp(error) => timestamp(error),
        // The artifact is the digest that the bundle itself names: what does not match is the log entry.
        Error::ArtifactMismatch(detail) => Rejection::LogEntryMismatch { detail },
        Error::UnsupportedArtifact(detail) | Error::UnsupportedBundle(detail) => Rejection::Unsupported { detail },
        Error::InvalidBundle(detail) => Rejection::BundleInvalid { detail },
        _ => Rejection::BundleInvalid { detail },
    }
}

fn certificate(error: CertificateError, signer: Option<&UnverifiedSigner>) -> Rejection {
    let detail = error.to_string();
    match (error, signer) {
        (CertificateError::Expired { not_after, .. }, _) => Rejection::CertificateExpired { not_after },
        (CertificateError::NotYetValid { not_before, .. }, _) => Rejection::CertificateNotYetValid { not_before },
        (CertificateError::Sct(detail), _) => Rejection::CertificateNotPublished { detail },
        // The engine's path builder reports these two before the engine itself would; its text names the variant.
        (CertificateError::ChainInvalid(detail), Some(signer)) if detail.contains("CertExpired") => {
            let not_after = signer.not_after;
            Rejection::CertificateExpired { not_after }
        }
        (CertificateError::ChainInvalid(detail), Some(signer)) if detail.contains("CertNotValidYet") => {
            let not_before = signer.not_before;
            Rejection::CertificateNotYetValid { not_before }
        }
        _ => Rejection::CertificateInvalid { detail },
    }
}

fn transparency_log(error: TransparencyLogError) -> Rejection {
    let detail = error.to_string();
    match error {
        TransparencyLogError::UnknownLog { log_id } => Rejection::UnknownLog { log_id },
        TransparencyLogError::InclusionProof(detail) => Rejection::InclusionProofInvalid { detail },
        TransparencyLogError::Checkpoint(detail) => Rejection::CheckpointInvalid { detail },
        TransparencyLogError::InclusionPromise(detail) => Rejection::InclusionPromiseInvalid { detail },
        TransparencyLogError::EntryMismatch(detail) => Rejection::LogEntryMismatch { detail },
        _ => Rejection::LogEntryInvalid { detail },
    }
}

fn timestamp(error: TimestampError) -> Rejection {
    let detail = error.to_string();
    match error {
        TimestampError::OutsideAuthorityValidity { time } => Rejection::TimestampOutsideValidity { time },
        TimestampError::NoVerifiedTimestamp(_) => Rejection::NoSignedTime,
        _ => Rejection::TimestampInvalid { detail },
    }
}
