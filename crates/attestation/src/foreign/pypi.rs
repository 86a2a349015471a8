//! Attestations of Python packages. Source: PEP 740, "Attestation objects" and "Provenance objects".

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::draft::{Content, Draft, EnvelopeDraft, Signer};
use super::{EvidenceError, Format, base64, der};
use crate::{Bundle, media_type, parse_unambiguous};

const FORMAT: Format = Format::PypiAttestation;

/// The one version of both objects.
const VERSION: u64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttestationWire<'a> {
    version: u64,
    #[serde(borrow)]
    verification_material: MaterialWire<'a>,
    envelope: EnvelopeWire,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaterialWire<'a> {
    certificate: String,
    #[serde(borrow)]
    transparency_entries: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeWire {
    statement: String,
    signature: String,
}

/// Who published it is said by the index and signed by nobody, so it is passed over.
#[derive(Deserialize)]
struct ProvenanceWire<'a> {
    version: u64,
    #[serde(borrow)]
    attestation_bundles: Vec<AttestationsWire<'a>>,
}

#[derive(Deserialize)]
struct AttestationsWire<'a> {
    #[serde(borrow)]
    attestations: Vec<&'a RawValue>,
}

/// An attestation object.
pub(super) fn read(json: &str) -> Result<Bundle, EvidenceError> {
    let malformed = |error: serde_json::Error| EvidenceError::malformed(FORMAT, error);
    let wire: AttestationWire<'_> = serde_json::from_str(json).map_err(malformed)?;
    check_version(wire.version, FORMAT)?;
    let certificate = decoded(&wire.verification_material.certificate, "certificate")?;
    if !der::is_certificate(&certificate) {
        return Err(EvidenceError::malformed(FORMAT, "expected DER in `certificate`"));
    }
    let entries = wire.verification_material.transparency_entries;
    if entries.is_empty() {
        let missing = "an entry in `transparency_entries`";
        return Err(EvidenceError::Missing {
            format: FORMAT,
            missing,
        });
    }
    let envelope = EnvelopeDraft {
        payload_type: media_type::IN_TOTO.to_owned(),
        payload: decoded(&wire.envelope.statement, "statement")?,
        signature: decoded(&wire.envelope.signature, "signature")?,
    };
    Draft {
        format: FORMAT,
        signer: Signer::Certificates(vec![certificate]),
        log_entries: entries
            .into_iter()
            .map(|entry| parse_unambiguous(entry.get().as_bytes()).map_err(malformed))
            .collect::<Result<_, _>>()?,
        timestamps: Vec::new(),
        content: Content::Envelope(envelope),
    }
    .into_bundle()
}

/// A provenance object: every attestation of every publisher.
pub(super) fn read_provenance(json: &str) -> Result<Vec<Result<Bundle, EvidenceError>>, EvidenceError> {
    let format = Format::PypiProvenance;
    let wire: ProvenanceWire<'_> =
        serde_json::from_str(json).map_err(|error| EvidenceError::malformed(format, error))?;
    check_version(wire.version, format)?;
    let attestations = wire.attestation_bundles.iter().flat_map(|bundle| &bundle.attestations);
    let bundles: Vec<_> = attestations.map(|attestation| read(attestation.get())).collect();
    match bundles.is_empty() {
        true => Err(EvidenceError::Missing {
            format,
            missing: "an attestation",
        }),
        false => Ok(bundles),
    }
}

/// Writes a bundle as an attestation object, in compact JSON.
///
/// # Errors
/// [`EvidenceError::CannotHold`] unless a certificate signed one in-toto statement, and a log that says when recorded it: the
/// object has no place for timestamps, and nothing else in it would tell the time.
pub fn to_pep740(bundle: &Bundle) -> Result<Vec<u8>, EvidenceError> {
    let contents = bundle.peek_unverified();
    let envelope = contents
        .envelope()
        .filter(|envelope| envelope.payload().payload_type() == media_type::IN_TOTO)
        .ok_or_else(|| cannot_hold("an in-toto statement"))?;
    let certificate = contents
        .certificate()
        .ok_or_else(|| cannot_hold("a certificate of the signer"))?;
    let timed = |entry: &crate::LogEntry| entry.integrated_time.is_some() && entry.promise.is_some();
    if !contents.log_entries.iter().any(timed) {
        return Err(cannot_hold("a log entry whose time the log has signed"));
    }
    // The entries are taken as they are written, not as they are understood.
    let document: Value =
        serde_json::from_slice(bundle.as_json()).map_err(|error| EvidenceError::malformed(FORMAT, error))?;
    let attestation = json!({
        "version": VERSION,
        "verification_material": {
            "certificate": base64::encode(certificate),
            "transparency_entries": document["verificationMaterial"]["tlogEntries"],
        },
        "envelope": {
            "statement": base64::encode(envelope.payload().as_bytes()),
            "signature": base64::encode(envelope.signature()),
        },
    });
    Ok(attestation.to_string().into_bytes())
}

fn check_version(found: u64, format: Format) -> Result<(), EvidenceError> {
    match found == VERSION {
        true => Ok(()),
        false => Err(EvidenceError::malformed(
            format,
            format_args!("expected version {VERSION}, found {found}"),
        )),
    }
}

fn decoded(text: &str, field: &str) -> Result<Vec<u8>, EvidenceError> {
    base64::decode(text).ok_or_else(|| EvidenceError::malformed(FORMAT, format_args!("expected base64 in `{field}`")))
}

fn cannot_hold(expected: &'static str) -> EvidenceError {
    EvidenceError::CannotHold {
        format: FORMAT,
        expected,
    }
}
