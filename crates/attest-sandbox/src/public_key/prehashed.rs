use ed25519_dalek::ed25519::signature::digest::consts::U64;
use ed25519_dalek::ed25519::signature::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};
use ed25519_dalek::{Signature, VerifyingKey};

use crate::error::Error;

/// Whether a signature is Ed25519ph (RFC 8032, section 5.1), with an empty context, over a SHA-512 digest.
pub(super) fn verifies(key: &[u8], digest: &[u8], signature: &[u8]) -> Result<bool, Error> {
    let wrong = |error: &dyn ToString| Error::malformed("Ed25519 key", error.to_string());
    let bytes = key
        .try_into()
        .map_err(|error: std::array::TryFromSliceError| wrong(&error))?;
    let key = VerifyingKey::from_bytes(bytes).map_err(|error| wrong(&error))?;
    let found = digest.len();
    let digest = digest
        .try_into()
        .map_err(|_| Error::malformed("digest", format!("expected 64 bytes, found {found}")))?;
    let signature = Signature::from_slice(signature);
    Ok(signature.is_ok_and(|signature| key.verify_prehashed(Finished(digest), None, &signature).is_ok()))
}

/// A hash that was finished elsewhere, for an interface that finishes hashes itself.
struct Finished([u8; 64]);

impl Default for Finished {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl HashMarker for Finished {}

impl OutputSizeUser for Finished {
    type OutputSize = U64;
}

impl Update for Finished {
    fn update(&mut self, _: &[u8]) {
        unreachable!("a finished hash takes nothing more")
    }
}

impl FixedOutput for Finished {
    fn finalize_into(self, out: &mut Output<Self>) {
        out.copy_from_slice(&self.0);
    }
}
