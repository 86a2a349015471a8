use serde_json::value::RawValue;

use super::{Bundle, BundleError};
use crate::limits;

/// Reads every bundle of a file: one document, or several after each other as in JSON lines.
///
/// Never empty, and in the order of the file: a bundle that cannot be read is an error in its place and hides none of the
/// others. Where the text itself breaks off, the last item says so.
#[must_use]
pub fn parse_bundles(text: &[u8]) -> Vec<Result<Bundle, BundleError>> {
    let found = text.len() as u64;
    if found > limits::MAX_BUNDLE_FILE_BYTES {
        let limit = limits::MAX_BUNDLE_FILE_BYTES;
        return vec![Err(BundleError::TooLarge { limit, found })];
    }
    let mut bundles: Vec<Result<Bundle, BundleError>> = Vec::new();
    for document in serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>() {
        if bundles.len() == limits::MAX_BUNDLES {
            bundles.push(Err(BundleError::TooMany {
                what: "bundles in a file",
                limit: limits::MAX_BUNDLES,
                found: limits::MAX_BUNDLES + 1,
            }));
            break;
        }
        bundles.push(match document {
            Ok(document) => Bundle::parse(document.get().as_bytes()),
            Err(error) => Err(error.into()),
        });
    }
    if bundles.is_empty() {
        bundles.push(Err(BundleError::Truncated { line: 1, column: 0 }));
    }
    bundles
}
