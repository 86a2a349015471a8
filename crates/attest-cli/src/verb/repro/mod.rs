//! `attest repro`: two builds of one thing in, where they differ and why out.

mod document;
mod rebuild;
mod report;

use std::path::{Path, PathBuf};

use attest_archive::compare::{CompareError, Findings, compare};

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::process::stdout_failed;
use rebuild::Rebuilt;

const EXAMPLES: &str = "\
Examples:
  attest repro app-1.2.0.tar.gz rebuilt/app-1.2.0.tar.gz
  attest repro dist/ rebuilt/dist/
  attest repro image-amd64/ image-amd64-again/ --format json
  attest repro --rebuild dist/

Files are compared by what they are: gzip, Zstandard and xz streams, tar and zip
archives (charts, wheels, source archives), archives in archives, OCI image
layouts, JSON, text, executables. Directories are compared file by file; times
and owners of the files themselves do not count. What is hostile or broken is
not looked into; its bytes are compared, and the reason is given.

`--rebuild` reads commit, time and targets from the provenance in DIST, makes the
release again in a temporary directory, unsigned, and compares every file that
the provenance names, and every other in DIST but bundles and the provenance.
It runs the build of the project that is checked out.

The exit code is 0 if both are the same bytes, 1 if they differ.";

/// Say where two builds of the same thing first differ, and why
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A file or a directory
    #[arg(value_name = "A", required_unless_present = "rebuild", requires = "right")]
    left: Option<PathBuf>,
    /// What should be the same
    #[arg(value_name = "B")]
    right: Option<PathBuf>,
    /// Make the release in this directory again, of the commit that is checked out, and compare every file of it
    #[arg(long, value_name = "DIST", conflicts_with_all = ["left", "right"])]
    rebuild: Option<PathBuf>,
    /// The configuration of the release that is made again
    #[arg(long, value_name = "FILE", default_value = "attest.toml", requires = "rebuild")]
    config: PathBuf,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let (sides, findings) = match (&arguments.rebuild, &arguments.left, &arguments.right) {
        (Some(left), ..) => {
            let Rebuilt { findings, files } = rebuild::rebuild(left, &arguments.config, context)?;
            let (right, files) = (Path::new("made again"), Some(files));
            (Sides { left, right, files }, findings)
        }
        (None, Some(left), Some(right)) => {
            let found = compare(left, right, &std::env::temp_dir());
            let files = None;
            (Sides { left, right, files }, found.map_err(|error| failure(&error))?)
        }
        _ => {
            return Err(Failure::usage(
                "nothing-to-compare",
                "expected two files or directories, or `--rebuild`",
            ));
        }
    };
    match arguments.format {
        AnswerFormat::Text => report::print(&sides, &findings, context),
        AnswerFormat::Json => document::print(&sides, &findings, context),
    }
    .map_err(|error| stdout_failed(&error))?;
    Ok(outcome(&findings))
}

/// What was compared.
struct Sides<'a> {
    left: &'a Path,
    right: &'a Path,
    /// How many files of a release were compared.
    files: Option<usize>,
}

fn outcome(findings: &Findings) -> Outcome {
    match findings.is_equal() {
        true => Outcome::Accepted,
        false => Outcome::Rejected,
    }
}

fn failure(error: &CompareError) -> Failure {
    match error {
        CompareError::Kinds { .. } => Failure::usage("not-comparable", error)
            .hint("compare two files, or two directories; to look into one, run `attest inspect`"),
        CompareError::Read { source, .. } => Failure::undecided("file-unreadable", format_args!("{error}: {source}")),
        CompareError::Io(source) => Failure::undecided("compare-failed", format_args!("{error}: {source}")),
        _ => Failure::undecided("compare-failed", error),
    }
}
