use std::error::Error as _;
use std::path::Path;

use attest_archive::Error;

use crate::failure::Failure;

/// What a person is told when there is no archive.
pub(super) fn refusal(error: &Error, directory: &Path, output: &Path) -> Failure {
    let message = with_cause(error);
    let at_directory = |failure: Failure| failure.at(directory.display());
    let at_output = |failure: Failure| failure.at(output.display());
    match error {
        Error::SpecialFile { .. } => at_directory(Failure::usage("special-file", message)),
        Error::NotUtf8 { .. } => at_directory(Failure::usage("name-not-utf8", message)),
        Error::Path(_) | Error::LeadsOutOnWindows { .. } | Error::Backslash { .. } => {
            at_directory(Failure::usage("path-invalid", message))
        }
        Error::InvalidLink { .. } => at_directory(Failure::usage("link-invalid", message)),
        Error::LinkEscapes { .. } => at_directory(Failure::usage("link-escapes", message)),
        Error::LinkLoop { .. } => at_directory(Failure::usage("link-loop", message)),
        Error::TooManyMembers { .. } => at_directory(Failure::usage("too-many-members", message)),
        Error::SameDestination { .. } => at_output(Failure::usage("output-collision", message)),
        Error::NotAFile { path } if path == output => at_output(Failure::usage("output-not-a-file", message)),
        Error::ChangedWhileRead { .. } | Error::ChangedBetween { .. } | Error::NotAFile { .. } => at_directory(
            Failure::undecided("changed-while-read", message).hint("let whatever writes there finish, then pack again"),
        ),
        Error::NotPutBack { path, kept, .. } => {
            at_output(Failure::undecided("archive-not-written", message).hint(format_args!(
                "mv '{}' '{}'",
                kept.display(),
                path.display()
            )))
        }
        Error::Write { .. } => at_output(Failure::undecided("archive-not-written", message)),
        Error::Read { .. } => at_directory(Failure::undecided("directory-not-read", message)),
        _ => at_directory(Failure::undecided("pack-failed", message)),
    }
}

fn with_cause(error: &Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
