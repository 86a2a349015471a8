use std::path::Path;

use attest_archive::python::NormaliseError;
use attest_archive::read::ReadError;
use attest_release::Error;
use attest_release::build::BuildError;
use attest_release::stage::StageError;

use crate::failure::Failure;
use crate::keyless;
use crate::verb::pack::{chart_refusal, gpg_refusal, image_refusal};

/// What is wrong with configuration, directory or plan.
pub(super) fn release(error: &Error) -> Failure {
    match error {
        Error::Configuration { .. } => Failure::usage("config-invalid", error)
            .hint("docs/CONFIGURATION.md describes every key; `attest init --print` shows a file that works"),
        Error::ConfigurationMissing { .. } => Failure::usage("config-missing", error)
            .hint("run `attest init` to write one for this directory, or name one with `--config FILE`"),
        Error::Unavailable { .. } => Failure::usage("target-unavailable", error).hint(
            "to release what can be built here, run `attest release --skip-unavailable`; it says what it leaves out",
        ),
        Error::ForeignTarget { .. } => Failure::usage("target-unknown", error)
            .hint("to see the targets of the configuration, run `attest release --plan`"),
        Error::NoCommit => Failure::usage("commit-missing", error)
            .hint("commit the project with `git init && git add --all && git commit`, or set `source.enabled = false`"),
        Error::BaseMissing { path } => Failure::usage("layout-expected", error).at(path).hint(
            "an image of a registry is named by its digest, `docker.io/library/debian:12@sha256:…`; \
             `attest pack image --base oci://debian:12` tells it",
        ),
        Error::NameNotText { .. } => Failure::usage("name-not-utf8", error).hint("rename the file"),
        Error::PrebuiltMissing { path, .. } => Failure::usage("prebuilt-missing", error).at(path),
        Error::Io { path, .. } => Failure::undecided("project-unreadable", error).at(path.display()),
        _ => Failure::usage("plan-impossible", error),
    }
}

pub(super) fn build(error: &BuildError) -> Failure {
    let message = with_cause(error);
    match error {
        BuildError::ProgramMissing { program } => {
            Failure::usage("build-tool-missing", message).hint(format_args!("install `{program}`"))
        }
        BuildError::NoOutput { .. } => Failure::usage("binary-missing", message),
        BuildError::NotMade { path, .. } => Failure::usage("binary-not-made", message).hint(format_args!(
            "a release takes only what it saw being made: remove `{}` before, or let the command write it each time",
            path.display()
        )),
        BuildError::NotAFile { .. } => Failure::usage("binary-not-a-file", message),
        _ => Failure::undecided("build-failed", message),
    }
}

pub(super) fn stage(error: &StageError) -> Failure {
    let message = with_cause(error);
    match error {
        StageError::Sign { problem } => keyless::failure(problem),
        StageError::Rejected { file, rejection } => Failure::rejected(rejection.code(), rejection).at(file).hint(
            "nothing was put in its place; services and trust root must be of the same instance, the signer the one that \
             `[sign]` names, and the clock right (`date --utc`)",
        ),
        StageError::Differs { .. } => Failure::rejected("release-changed", message),
        StageError::ForeignFile { .. }
        | StageError::OutputNotADirectory { .. }
        | StageError::OutputUnusable { .. }
        | StageError::OutputPacked { .. } => output(error, message),
        StageError::NothingCommitted { .. } => Failure::usage("nothing-committed", message)
            .hint("commit the project with `git add --all && git commit`, or set `source.enabled = false`"),
        StageError::Gpg { file, problem } => gpg_refusal(problem).at(file),
        StageError::Chart { path, problem } => chart_refusal(problem, Path::new(path)),
        StageError::DistributionUnreadable { .. } | StageError::Normalise { .. } | StageError::Distribution { .. } => {
            distribution(error, message)
        }
        StageError::Image { file, place, problem } => {
            image_refusal(problem, Path::new(place), Path::new(file.as_str()))
        }
        StageError::NoFiles { .. } => Failure::usage("nothing-to-pack", message),
        StageError::Archive { problem, .. } => archive(problem, message),
        StageError::NoIssuer => Failure::undecided("certificate-without-issuer", message),
        StageError::Sbom { .. } => Failure::undecided("sbom-failed", message),
        StageError::Statement { .. } => Failure::undecided("statement-failed", message),
        _ => Failure::undecided("release-failed", message),
    }
}

/// What lies where the release would.
fn output(error: &StageError, message: String) -> Failure {
    const ELSEWHERE: &str = "release into another directory with `attest release --output DIR`";
    match error {
        StageError::ForeignFile { output, .. } => Failure::usage("output-foreign", message)
            .at(from_here(output).display())
            .hint(format_args!("move it away, or {ELSEWHERE}")),
        StageError::OutputNotADirectory { output } | StageError::OutputUnusable { output } => {
            Failure::usage("output-unusable", message)
                .at(from_here(output).display())
                .hint(ELSEWHERE)
        }
        _ => Failure::usage("output-packed", message).hint(ELSEWHERE),
    }
}

/// A wheel or an sdist that could not be read or written, or is not what it should be.
fn distribution(error: &StageError, message: String) -> Failure {
    match error {
        StageError::DistributionUnreadable { problem, .. } if matches!(**problem, ReadError::Io { .. }) => {
            Failure::undecided("distribution-not-read", message)
        }
        StageError::Normalise { problem, .. }
            if matches!(**problem, NormaliseError::Write(_) | NormaliseError::Read(_)) =>
        {
            Failure::undecided("archive-not-written", message)
        }
        _ => Failure::rejected("distribution-invalid", message)
            .hint("`attest pack python --check FILE` lists everything that is wrong with it"),
    }
}

/// What cannot be read or written may go well another time; what cannot be packed has to be changed.
fn archive(problem: &attest_archive::Error, message: String) -> Failure {
    use attest_archive::Error as Archive;
    match problem {
        Archive::Read { .. } | Archive::Write { .. } | Archive::ChangedWhileRead { .. } => {
            Failure::undecided("archive-failed", message)
        }
        _ => Failure::usage("archive-impossible", message),
    }
}

/// A path as a person would type it from where the process stands.
fn from_here(path: &Path) -> &Path {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    here.ok().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path)
}

/// The message with everything that led to it.
fn with_cause(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    message
}
