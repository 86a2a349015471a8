mod encoding;
mod error;
mod lines;
mod unverified;
mod wire;

pub use error::{BundleError, BundleErrorKind};
pub use lines::parse_bundles;
pub use unverified::{
    BundleVersion, InclusionProof, KeyMaterial, LogEntry, MessageSignature, SignedContent, Unverified,
};

use crate::limits;

/// A signature with the evidence about it, as one JSON document. Opaque: what it says counts only once it is verified.
///
/// The bytes are kept exactly as they were received. Two bundles are equal when their bytes are.
///
/// # Strictness
/// A document is read only when every byte of it has one meaning: no unknown field, no field twice, base64 with padding
/// and without stray bits, numbers without leading zeros, exactly one signature. Clients of Sigstore write nothing else.
#[derive(Debug, Clone)]
pub struct Bundle {
    json: Vec<u8>,
    contents: Unverified,
}

impl PartialEq for Bundle {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Eq for Bundle {}

impl Bundle {
    /// Reads a bundle, versions 0.1 to 0.3.
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
        let contents = wire::read(json)?;
        Ok(Self {
            json: json.to_vec(),
            contents,
        })
    }

    /// The document, byte for byte as it was received or written.
    #[must_use]
    pub fn as_json(&self) -> &[u8] {
        &self.json
    }

    /// What the bundle says about itself. Nobody has checked a word of it: fit to be shown, marked as unverified, or to be
    /// given to a verifier.
    #[must_use]
    pub fn peek_unverified(&self) -> &Unverified {
        &self.contents
    }
}

#[cfg(test)]
mod tests;
