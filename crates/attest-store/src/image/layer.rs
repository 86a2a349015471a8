use attest_digest::Digest;
use attestation::foreign::{Detached, EvidenceError, Format, Limits, read_evidence};
use attestation::{Bundle, limits};

use super::asking::Answer;
use super::document::{Blob, InvalidDocument};
use super::evidence::{Attached, Attachment};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// The largest payload that is signed beside an image.
const MAX_PAYLOAD_BYTES: u64 = 1 << 20;

/// Whether a layer may be evidence; its media type decides, whatever the manifest calls itself.
pub(super) fn is_evidence(media_type: &str) -> bool {
    media_type.starts_with(BUNDLE) || media_type == SIMPLE_SIGNING || media_type == ENVELOPE
}

/// How many bytes of a layer are read at most.
pub(super) fn limit_of(layer: &Blob) -> u64 {
    match layer.media_type == SIMPLE_SIGNING {
        true => MAX_PAYLOAD_BYTES,
        false => limits::MAX_BUNDLE_BYTES,
    }
}

/// What a layer holds, by what a repository says when it is asked for it: so many pieces of evidence at most.
pub(super) fn attachments(layer: &Blob, answer: Answer, room: usize) -> Vec<Attachment> {
    match answer {
        Answer::Found(_) if room == 0 => vec![Attachment::NotOpened { count: 1 }],
        Answer::Found(bytes) => {
            let found = attached(layer, bytes, room).into_iter();
            found.map(Attachment::Evidence).collect()
        }
        Answer::Misnamed(reason) => vec![Attachment::Invalid(InvalidDocument::Misnamed { reason })],
        Answer::Nothing | Answer::Referrers(_) | Answer::Missing(_) => vec![Attachment::Missing(layer.digest.clone())],
    }
}

fn attached(layer: &Blob, bytes: Vec<u8>, room: usize) -> Vec<Result<Attached, EvidenceError>> {
    if layer.media_type == SIMPLE_SIGNING {
        let bundle = signature(layer).and_then(|signature| bundle(signature, layer, Some(&layer.digest)));
        let bundle = bundle.and_then(over_bytes);
        return vec![bundle.map(|bundle| Attached::SimpleSigning { bundle, payload: bytes })];
    }
    if layer.media_type == ENVELOPE {
        return vec![bundle(bytes, layer, None).map(Attached::Bundle)];
    }
    let mut limits = Limits::default();
    limits.signatures = limits.signatures.min(room);
    let read = read_evidence(&bytes, &limits).into_iter();
    read.map(|item| item.map(|(_, bundle)| Attached::Bundle(Box::new(bundle))))
        .collect()
}

/// An envelope says something of a file of these bytes, whose signer need not have known that they name an image.
fn over_bytes(bundle: Box<Bundle>) -> Result<Box<Bundle>, EvidenceError> {
    match bundle.peek_unverified().envelope() {
        None => Ok(bundle),
        Some(_) => Err(EvidenceError::NotEvidence {
            format: Format::DsseEnvelope,
        }),
    }
}

fn signature(layer: &Blob) -> Result<Vec<u8>, EvidenceError> {
    let signature = layer.annotations.get(SIGNATURE).filter(|text| !text.is_empty());
    signature
        .map(|text| text.clone().into_bytes())
        .ok_or(EvidenceError::Unrecognised)
}

/// Puts together what cosign 2 keeps in annotations.
fn bundle(signature: Vec<u8>, layer: &Blob, about: Option<&Digest>) -> Result<Box<Bundle>, EvidenceError> {
    let said = |name: &str| {
        layer
            .annotations
            .get(name)
            .filter(|text| !text.is_empty())
            .map(String::as_bytes)
    };
    let mut parts = Detached::new(&signature)?;
    if let Some(certificate) = said(CERTIFICATE) {
        parts = parts.with_signer(certificate)?;
    }
    if let Some(chain) = said(CHAIN) {
        parts = parts.with_chain(chain)?;
    }
    if let Some(entry) = said(LOG_ENTRY) {
        parts = parts.with_log_entry(entry)?;
    }
    if let Some(timestamp) = said(TIMESTAMP) {
        parts = parts.with_timestamp(timestamp)?;
    }
    if let Some(digest) = about {
        parts = parts.about(digest.clone());
    }
    parts.into_bundle().map(Box::new)
}
