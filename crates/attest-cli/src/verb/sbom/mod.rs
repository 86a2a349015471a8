//! `attest sbom`: a project in, a CycloneDX document of what was really built out.

mod program;
mod project;
mod records;
mod refusal;

use std::path::{Path, PathBuf};

use attest_digest::{Algorithms, MeasureError, Measured, Threads, measure_files};
use attest_sbom::{Bom, File, Metadata, Subject, Timestamp, cargo};

use super::pack::date::{self, Origin};
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::threads::ThreadsArgument;
use project::Project;
use records::Records;
use refusal::refusal;

const EXAMPLES: &str = "\
Examples:
  attest sbom . -o app.cdx.json
  attest sbom . --target aarch64-unknown-linux-gnu --package app -o app-arm64.cdx.json
  cargo build --release --target x86_64-unknown-linux-gnu --message-format=json > build.json
  attest sbom . --messages build.json --binary target/x86_64-unknown-linux-gnu/release/app
  attest sbom . --resolve-only

PATH is built with `cargo build --release --locked`, since only the compiler knows
what a build needs: a lock file lists more than that. With --messages, the saved
messages of a build are read in its place. With --resolve-only nothing is built,
and the document says that it is incomplete.

The same records make the same document, byte for byte. Its time is
SOURCE_DATE_EPOCH if it is set, else that of the commit, else none.";

/// List what a project is built of, as CycloneDX 1.6 JSON
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The project: a directory with Cargo.toml, or that file
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// The file to write [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The package to describe, as NAME or NAME@VERSION [default: the root package, else the only one with a binary]
    #[arg(short, long, value_name = "NAME")]
    package: Option<String>,
    #[command(flatten)]
    build: BuildArguments,
    /// Read the messages of a finished build (`--message-format=json`) from FILE, or from stdin with `-`
    #[arg(long, value_name = "FILE", conflicts_with = "resolve_only")]
    messages: Option<PathBuf>,
    /// Read the output of `cargo metadata --format-version 1` from FILE
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// A binary that came out of the build of --messages, to state its digests; may be repeated
    #[arg(long, value_name = "FILE", requires = "messages")]
    binary: Vec<PathBuf>,
    /// Build nothing: list what cargo would compile, and say that the list is incomplete
    #[arg(long)]
    resolve_only: bool,
    #[command(flatten)]
    threads: ThreadsArgument,
}

/// What is passed on to cargo.
#[derive(Debug, clap::Args)]
struct BuildArguments {
    /// The target to build for [default: the machine's own]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// The features to build with, with commas
    #[arg(short = 'F', long, value_name = "LIST")]
    features: Option<String>,
    /// Build with every feature
    #[arg(long)]
    all_features: bool,
    /// Build without the default features
    #[arg(long)]
    no_default_features: bool,
    /// Build without network access
    #[arg(long)]
    offline: bool,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    if arguments.metadata.is_some() && arguments.messages.is_none() && !arguments.resolve_only {
        let message = "expected --messages or --resolve-only beside --metadata: a build makes its own";
        return Err(Failure::usage("sbom-metadata-alone", message));
    }
    let project = Project::find(&arguments.path)?;
    let metadata = Metadata {
        timestamp: timestamp(&project.directory, context)?,
        ..Metadata::default()
    };
    let records = records::collect(&arguments, &project, context)?;
    let threads = arguments.threads.resolve(&context.environment)?;
    let bom = document(&records, &arguments, &metadata, threads)?;
    write(&bom, arguments.output.as_deref(), context)?;
    Ok(Outcome::Accepted)
}

/// A document without a known time has none: the clock would make each run's different.
fn timestamp(directory: &Path, context: &Context<'_>) -> Result<Option<Timestamp>, Failure> {
    let date = date::find(directory, &context.environment)?;
    if date.origin == Origin::Default {
        return Ok(None);
    }
    let seconds = i64::try_from(date.value.seconds()).unwrap_or(i64::MAX);
    Timestamp::from_unix_seconds(seconds).map(Some).map_err(refusal)
}

fn document(records: &Records, arguments: &Arguments, metadata: &Metadata, threads: Threads) -> Result<Bom, Failure> {
    let package = arguments.package.clone();
    let document = match records {
        Records::Resolution(resolution) => {
            let files = Vec::new();
            cargo::resolved_document(resolution, &Subject { package, files }, metadata)
        }
        Records::Build { records, binaries } => {
            let files = measured(binaries, threads)?;
            cargo::document(records, &Subject { package, files }, metadata)
        }
    };
    document.map_err(refusal)
}

fn measured(paths: &[PathBuf], threads: Threads) -> Result<Vec<File>, Failure> {
    let algorithms: Algorithms = "sha256,sha512".parse().expect("both are algorithms");
    let measured = measure_files(paths, &algorithms, threads);
    let file = |(path, measured): (&PathBuf, Result<Measured, MeasureError>)| {
        let measured =
            measured.map_err(|error| Failure::undecided("sbom-binary-unreadable", error).at(path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        File::new(name, measured).map_err(refusal)
    };
    paths.iter().zip(measured).map(file).collect()
}

fn write(bom: &Bom, output: Option<&Path>, context: &mut Context<'_>) -> Result<(), Failure> {
    let Some(path) = output else {
        let written = context.stdout.write_all(&bom.to_json());
        return written.map_err(|error| Failure::undecided("stdout-failed", error));
    };
    let mut file = OutputFile::create(path)?;
    file.write(&bom.to_json())?;
    file.commit()?;
    context.say(summary(bom, path));
    Ok(())
}

fn summary(bom: &Bom, path: &Path) -> String {
    let excluded = bom.excluded_count();
    let completeness = if bom.is_complete() { "complete" } else { "incomplete" };
    format!(
        "{}: {} needs {} packages, {excluded} more for building; {completeness}",
        path.display(),
        bom.name(),
        bom.component_count() - excluded,
    )
}
