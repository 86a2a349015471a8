//! DSSE envelopes that stand alone, and signatures that turn out to be some.

use attest_digest::Digest;
use serde::Deserialize;

use super::draft::{Content, Draft, EnvelopeDraft, Signer};
use super::{EvidenceError, Format, base64};
use crate::{Bundle, BundleError};

const FORMAT: Format = Format::DsseEnvelope;

/// Source: DSSE 1.0.2, `envelope.md`. Fields that are not known are passed over, as it demands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeWire {
    payload: String,
    payload_type: String,
    signatures: Vec<SignatureWire>,
}

#[derive(Deserialize)]
struct SignatureWire {
    sig: String,
    /// The certificate in PEM, as slsa-github-generator writes it.
    cert: Option<String>,
}

pub(super) fn read(json: &str) -> Result<Bundle, EvidenceError> {
    let (envelope, certificate) = parse(json.as_bytes())?;
    let signer = match certificate.filter(|certificate| !certificate.is_empty()) {
        Some(certificate) => Signer::read(certificate.as_bytes(), FORMAT)?,
        None => Signer::unnamed(None),
    };
    Draft {
        format: FORMAT,
        signer,
        log_entries: Vec::new(),
        timestamps: Vec::new(),
        content: Content::Envelope(envelope),
    }
    .into_bundle()
}

/// `attest-blob` of cosign keeps the whole envelope where a signature is expected.
pub(super) fn content(signature: Vec<u8>, digest: Option<Digest>) -> Result<Content, EvidenceError> {
    match signature.starts_with(b"{") {
        true => Ok(Content::Envelope(parse(&signature)?.0)),
        false => Ok(Content::Message { digest, signature }),
    }
}

/// The envelope, and the certificate that stands beside its signature.
fn parse(json: &[u8]) -> Result<(EnvelopeDraft, Option<String>), EvidenceError> {
    let wire: EnvelopeWire = serde_json::from_slice(json).map_err(|error| EvidenceError::malformed(FORMAT, error))?;
    let found = wire.signatures.len();
    let [signature] =
        <[SignatureWire; 1]>::try_from(wire.signatures).map_err(|_| BundleError::SignatureCount { found })?;
    let envelope = EnvelopeDraft {
        payload_type: wire.payload_type,
        payload: base64::decode(&wire.payload).ok_or_else(|| malformed("expected base64 in `payload`"))?,
        signature: base64::decode(&signature.sig).ok_or_else(|| malformed("expected base64 in `sig`"))?,
    };
    Ok((envelope, signature.cert))
}

fn malformed(detail: &str) -> EvidenceError {
    EvidenceError::malformed(FORMAT, detail)
}
