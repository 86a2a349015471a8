use crate::limits;

/// A signature with the evidence about it, as one JSON document. Opaque: what it says counts only once it is verified.
///
/// The bytes are kept exactly as they were received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    json: Vec<u8>,
}

/// Why something is no bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// More bytes than are read.
    #[error("expected at most {limit} bytes, found {found}")]
    TooLarge {
        /// The bound, in bytes.
        limit: u64,
        /// What was found, in bytes.
        found: u64,
    },
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// [`BundleError`] says what was found instead.
    pub fn parse(json: &[u8]) -> Result<Self, BundleError> {
        let found = json.len() as u64;
        if found > limits::MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge {
                limit: limits::MAX_BUNDLE_BYTES,
                found,
            });
        }
        Ok(Self { json: json.to_vec() })
    }

    /// The document, byte for byte as it was received or written.
    #[must_use]
    pub fn as_json(&self) -> &[u8] {
        &self.json
    }
}
