//! What cosign wrote with `sign-blob --bundle` and `attest-blob --bundle` before version 3.

use serde::Deserialize;

use super::draft::{Draft, Signer};
use super::log_entry::{LoggedSignature, PromiseWire};
use super::{EvidenceError, Format, base64, dsse};
use crate::Bundle;

const FORMAT: Format = Format::CosignBlobBundle;

/// Source: cosign, `pkg/cosign/fetch.go`, `LocalSignedPayload`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct BlobBundleWire {
    base64_signature: String,
    // A certificate or, despite the name, a public key; PEM or base64 of PEM.
    cert: Option<String>,
    rekor_bundle: Option<PromiseWire>,
}

pub(super) fn read(json: &str) -> Result<Bundle, EvidenceError> {
    let wire: BlobBundleWire = serde_json::from_str(json).map_err(|error| EvidenceError::malformed(FORMAT, error))?;
    let signature = base64::decode(&wire.base64_signature)
        .filter(|signature| !signature.is_empty())
        .ok_or_else(|| EvidenceError::malformed(FORMAT, "expected base64 in `base64Signature`"))?;
    let logged = wire.rekor_bundle.map(LoggedSignature::of_promise).transpose()?;
    let signer = match wire.cert.filter(|cert| !cert.is_empty()) {
        Some(cert) => Signer::read(cert.as_bytes(), FORMAT)?,
        None => Signer::unnamed(logged.as_ref()),
    };
    let content = dsse::content(signature, logged.as_ref().and_then(LoggedSignature::digest))?;
    Draft {
        format: FORMAT,
        signer,
        log_entries: logged.into_iter().map(|logged| logged.entry).collect(),
        timestamps: Vec::new(),
        content,
    }
    .into_bundle()
}
