use std::error::Error as _;
use std::path::Path;

use attest_archive::image::Error;

use super::super::refusal::refusal as archive_refusal;
use crate::failure::Failure;

/// What a person is told when there is no image, of what lies at `place` or should lie at `output`.
pub(crate) fn refusal(error: &Error, place: &Path, output: &Path) -> Failure {
    let message = match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    let usage = |code| Failure::usage(code, &message).at(place.display());
    let rejected = |code| Failure::rejected(code, &message).at(place.display());
    match error {
        Error::Layout { path, problem } => refusal(problem, path, output),
        Error::Document { .. } => rejected("layout-invalid"),
        Error::Archive(error) => archive_refusal(error, place, output),
        Error::Exists { is_layout, .. } => exists(&message, *is_layout, output),
        Error::NotALayout { .. } => usage("layout-expected"),
        Error::LayoutArchive { .. } => usage("layout-directory-expected")
            .hint("unpack it, with `mkdir DIR && tar -xf ARCHIVE -C DIR`, and name the directory"),
        Error::NoSuchReference { .. } | Error::SeveralReferences { .. } => {
            usage("layout-reference").hint("name one as `LAYOUT:TAG` or `LAYOUT@sha256:DIGEST`")
        }
        Error::AmbiguousReference { .. } => usage("layout-reference").hint("name one as `LAYOUT@sha256:DIGEST`"),
        Error::NoBase { .. } => usage("base-platform-missing"),
        Error::NoPlatform { .. } => usage("platform-missing"),
        Error::DuplicatePlatform { .. } => usage("platform-twice"),
        Error::Whiteout { .. } => usage("name-is-whiteout"),
        Error::NoSuchMember { .. } => usage("path-not-in-root"),
        Error::WrongMachine { .. } => usage("platform-mismatch"),
        Error::MissingBlob { .. } => rejected("blob-missing"),
        Error::BlobSize { .. } | Error::BlobDigest { .. } => rejected("blob-mismatch"),
        Error::Read { .. } => Failure::undecided("layout-not-read", &message).at(place.display()),
        Error::Locked { .. } => Failure::undecided("layout-locked", &message)
            .at(place.display())
            .hint("run the same command again when the process that writes into the layout has ended"),
        Error::Write { .. } => Failure::undecided("layout-not-written", &message).at(output.display()),
        _ => rejected("layout-invalid"),
    }
}

fn exists(message: &str, is_layout: bool, output: &Path) -> Failure {
    let failure = Failure::usage("output-exists", message).at(output.display());
    match is_layout {
        true => failure.hint("replace the layout as a whole with `--replace`"),
        false => failure,
    }
}
