use std::fmt;

use attest_store::image::{MAX_ATTACHMENTS, StoredManifests};

use crate::failure::Failure;

/// Refuses to copy a part of what hangs on a manifest for the whole.
pub(crate) fn require_few(found: &StoredManifests, at: impl fmt::Display) -> Result<(), Failure> {
    match found.not_opened {
        0 => Ok(()),
        more => {
            let message =
                format_args!("expected at most {MAX_ATTACHMENTS} manifests that hang on one, found {more} more");
            Err(Failure::rejected("attachments-too-many", message).at(at))
        }
    }
}
