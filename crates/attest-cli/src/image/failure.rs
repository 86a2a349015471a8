use attest_store::image::TreeError;

use super::{Place, PlaceError};
use crate::failure::Failure;

/// What a person is told when what an image holds cannot be listed.
pub(crate) fn tree_failure(error: &TreeError<PlaceError>, place: &Place) -> Failure {
    match error {
        TreeError::Repository(error) => place.failure(error),
        TreeError::Missing { .. } => Failure::undecided("image-incomplete", error)
            .hint("push the image again, whole: `attest push` sends what is missing"),
        TreeError::Invalid { .. } => Failure::rejected("image-invalid", error),
        TreeError::TooMany { .. } => Failure::rejected("image-too-deep", error),
        _ => Failure::undecided("image-not-read", error),
    }
}
