use attest_store::image::{AttachError, TreeError};

use super::{Place, PlaceError};
use crate::causes::with_causes;
use crate::failure::Failure;

/// What a person is told when what an image holds cannot be listed.
pub(crate) fn tree_failure(error: &TreeError<PlaceError>, place: &Place) -> Failure {
    match error {
        TreeError::Repository(error) => place.failure(error),
        TreeError::Missing { .. } => Failure::undecided("image-incomplete", error).hint(match place {
            Place::Registry { .. } => "push the image again, whole: `attest push` sends what is missing",
            Place::Layout(_) => "fetch or build the image again: `attest fetch` writes it whole",
        }),
        TreeError::Invalid { .. } => Failure::rejected("image-invalid", error),
        TreeError::TooMany { .. } => Failure::rejected("image-too-deep", error),
        _ => Failure::undecided("image-not-read", error),
    }
}

/// What a person is told when evidence does not hang on an image.
pub(crate) fn attach_failure(error: &AttachError<PlaceError>, place: &Place) -> Failure {
    let message = with_causes(error);
    match error {
        AttachError::Repository(error) => place.failure(error),
        AttachError::Taken { .. } | AttachError::Unreadable { .. } => Failure::undecided("evidence-tag-taken", message)
            .hint("whoever keeps something else below this tag has to move it before evidence can be stored there"),
        AttachError::Full { .. } => Failure::undecided("evidence-tag-full", message)
            .hint("evidence that nobody needs any more has to be removed from the list, or the registry has to list referrers itself"),
        AttachError::Contended { .. } => Failure::undecided("evidence-tag-contended", message)
            .hint("run the same command again: what is stored is not stored twice"),
        AttachError::NotForCosign(_) => Failure::usage("legacy-cannot-hold", message)
            .hint("leave out `--legacy`, or sign with a log that gives promises: `--rekor-version 1`"),
        _ => Failure::undecided("evidence-not-stored", message),
    }
}
