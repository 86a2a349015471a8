//! Evidence as cosign 2 stores it beside an image.
//!
//! Source: cosign 2, `pkg/oci/static`, `pkg/oci/mutate`.

use attestation::Bundle;
use attestation::foreign::{CosignParts, CosignSigned, NotForCosign};

use super::referrer;
use super::shared::{ENVELOPE, SIMPLE_SIGNING};
use super::written::{Pointer, SIGNATURE, go_json, sha256};

const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";
const PREDICATE_TYPE: &str = "predicateType";

/// A layer, and what points to it.
pub(super) struct Layer {
    pub(super) bytes: Vec<u8>,
    pub(super) descriptor: String,
}

/// A layer of `.sig`; none when the bundle holds an envelope.
pub(super) fn signature(bundle: &Bundle, payload: &[u8], above: &[Vec<u8>]) -> Result<Option<Layer>, NotForCosign> {
    let parts = CosignParts::of(bundle, above)?;
    Ok(match &parts.signed {
        CosignSigned::Signature(signature) => Some(layer(SIMPLE_SIGNING, payload, signature, &parts, None)),
        CosignSigned::Envelope(_) => None,
    })
}

/// A layer of `.att`; none when the bundle holds no statement.
pub(super) fn attestation(bundle: &Bundle, above: &[Vec<u8>]) -> Result<Option<Layer>, NotForCosign> {
    let parts = CosignParts::of(bundle, above)?;
    let predicate_type = referrer::predicate_type(bundle);
    Ok(match (&parts.signed, predicate_type) {
        (CosignSigned::Envelope(envelope), Some(predicate_type)) => {
            Some(layer(ENVELOPE, envelope, "", &parts, Some(predicate_type)))
        }
        _ => None,
    })
}

fn layer(
    media_type: &str,
    bytes: &[u8],
    signature: &str,
    parts: &CosignParts,
    predicate_type: Option<String>,
) -> Layer {
    let mut pointer = Pointer::new(media_type, &sha256(bytes), bytes.len() as u64);
    let said = [
        (SIGNATURE, Some(signature.to_owned())),
        (CERTIFICATE, parts.certificate.clone()),
        (CHAIN, parts.chain.clone()),
        (LOG_ENTRY, parts.log_entry.clone()),
        (TIMESTAMP, parts.timestamp.clone()),
        (PREDICATE_TYPE, predicate_type),
    ];
    let said = said.into_iter().filter_map(|(name, value)| Some((name, value?)));
    pointer.annotations.extend(said);
    Layer {
        bytes: bytes.to_vec(),
        descriptor: go_json(&pointer),
    }
}
