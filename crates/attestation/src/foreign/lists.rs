//! Bundles in the answers of GitHub and npm. Each is handed on as it was written.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{EvidenceError, Format};
use crate::Bundle;

/// Source: GitHub REST API, "List attestations"; npm registry, `/-/npm/v1/attestations/`. What stands beside the bundles
/// nobody signed, so it is passed over.
#[derive(Deserialize)]
struct AnswerWire<'a> {
    #[serde(borrow)]
    attestations: Option<Vec<ItemWire<'a>>>,
    /// The one of a line that `gh attestation verify --format json` prints.
    attestation: Option<ItemWire<'a>>,
}

#[derive(Deserialize)]
struct ItemWire<'a> {
    #[serde(borrow)]
    bundle: Option<&'a RawValue>,
}

/// Every bundle of an answer.
pub(super) fn read(json: &str, format: Format) -> Result<Vec<Result<Bundle, EvidenceError>>, EvidenceError> {
    let answer: AnswerWire<'_> = serde_json::from_str(json).map_err(|error| EvidenceError::malformed(format, error))?;
    let items: Vec<ItemWire<'_>> = answer
        .attestations
        .into_iter()
        .flatten()
        .chain(answer.attestation)
        .collect();
    if items.is_empty() {
        let missing = "an attestation";
        return Err(EvidenceError::Missing { format, missing });
    }
    Ok(items.iter().map(|item| bundle(item, format)).collect())
}

fn bundle(item: &ItemWire<'_>, format: Format) -> Result<Bundle, EvidenceError> {
    // GitHub may give an address in its place; fetching is not for a reader.
    let missing = "a bundle in every attestation";
    let bundle = item.bundle.ok_or(EvidenceError::Missing { format, missing })?;
    Ok(Bundle::parse(bundle.get().as_bytes())?)
}
