use std::path::Path;

use attest_archive::chart::ChartError;
use attest_archive::read::ReadError;

use crate::causes::with_causes;
use crate::failure::Failure;

/// What a person is told when a directory cannot be packed as a chart, or an index not be made.
pub(in crate::verb) fn refusal(error: &ChartError, place: &Path) -> Failure {
    if let ChartError::Archive(error) = error {
        return super::super::refusal::refusal(error, place, place);
    }
    let message = with_causes(error);
    let failure = match (is_undecided(error), is_rejected(error)) {
        (true, _) => Failure::undecided("chart-not-read", message),
        (false, true) => Failure::rejected(code(error), message),
        (false, false) => Failure::usage(code(error), message),
    };
    let failure = failure.at(place.display());
    match hint(error, place) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Whether the file system, and not the chart, is why.
fn is_undecided(error: &ChartError) -> bool {
    match error {
        ChartError::Subchart { source, .. } | ChartError::Package { source, .. } => is_undecided(source),
        ChartError::Archive(attest_archive::Error::Read { .. }) | ChartError::Read(ReadError::Io { .. }) => true,
        _ => false,
    }
}

/// Whether something that was made before is not what it has to be: not the chart's own files, which can be mended.
fn is_rejected(error: &ChartError) -> bool {
    match error {
        ChartError::Subchart { source, .. } => is_rejected(source),
        ChartError::Package { .. } | ChartError::Republished { .. } => true,
        _ => false,
    }
}

fn code(error: &ChartError) -> &'static str {
    match error {
        ChartError::FileMissing { .. } => "chart-file-missing",
        ChartError::Yaml { .. } | ChartError::Documents { .. } => "chart-yaml-invalid",
        ChartError::Field { .. } | ChartError::FieldCase { .. } => "chart-field-invalid",
        ChartError::FieldMissing { .. } | ChartError::Range { .. } => "chart-field-invalid",
        ChartError::OtherApiVersion { .. } => "chart-api-version-mixed",
        ChartError::Schema { .. } => "chart-schema-invalid",
        ChartError::IgnoreRule { .. } => "helmignore-invalid",
        ChartError::LinkEscapes { .. } => "link-escapes",
        ChartError::LinkLoop { .. } => "link-loop",
        ChartError::SpecialFile { .. } => "special-file",
        ChartError::NotAFile { .. } => "file-expected",
        ChartError::Backslash { .. } => "path-invalid",
        ChartError::FileTooLarge { .. } | ChartError::ChartTooLarge { .. } => "chart-too-large",
        ChartError::TooManyFiles { .. } | ChartError::TooManyNames { .. } | ChartError::TooDeep { .. } => {
            "chart-too-large"
        }
        ChartError::Package { .. } => "package-invalid",
        ChartError::Subchart { .. } if is_rejected(error) => "package-invalid",
        ChartError::LooseFile { .. } | ChartError::Subchart { .. } => "subchart-invalid",
        ChartError::DependencyMissing { .. } => "dependency-missing",
        ChartError::DependencyVersion { .. } => "dependency-mismatch",
        ChartError::DependencyTwice { .. } => "dependency-twice",
        ChartError::LockOutOfStep { .. } => "lock-out-of-step",
        ChartError::Stamp { .. } => "stamp-unclear",
        ChartError::Republished { .. } => "version-republished",
        ChartError::Url { .. } => "url-invalid",
        _ => "chart-invalid",
    }
}

fn hint(error: &ChartError, place: &Path) -> Option<String> {
    let place = place.display();
    Some(match error {
        ChartError::DependencyMissing { .. } | ChartError::DependencyVersion { .. } => {
            format!("to fetch what the chart depends on into `charts/`, run `helm dependency build {place}`")
        }
        ChartError::LockOutOfStep { .. } => {
            format!("to lock the dependencies anew, run `helm dependency update {place}`")
        }
        ChartError::Republished { .. } => {
            "who has fetched that version has other bytes: give the chart a new one with `attest pack chart --version`"
                .to_owned()
        }
        ChartError::LinkEscapes { .. } => {
            "copy what it leads to into the chart, or make it a dependency with a `file://` repository".to_owned()
        }
        ChartError::Stamp { field, .. } => format!("write `{field}` as a scalar in a line of its own"),
        _ => return None,
    })
}
