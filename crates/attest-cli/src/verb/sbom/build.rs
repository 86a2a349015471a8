//! What cargo records of a build, or resolves without one, as a document.

use std::path::PathBuf;

use attest_digest::{Algorithms, MeasureError, Measured, Threads, measure_files};
use attest_sbom::{Bom, File, Metadata, Subject, cargo};

use super::project::Project;
use super::records::{self, Records};
use super::refusal::refusal;
use crate::context::Context;
use crate::failure::Failure;
use crate::threads::ThreadsArgument;

/// What cargo is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Cargo {
    /// Run `cargo metadata`: list what cargo would compile, and say that the list is incomplete
    Metadata,
    /// Run `cargo build --release --locked`: list what was compiled
    Build,
}

/// How a Cargo project is built, or was.
#[derive(Debug, clap::Args)]
pub(super) struct CargoArguments {
    /// Let cargo decide what is listed: the project must be a Cargo project
    #[arg(long, value_name = "HOW", num_args = 0..=1, default_missing_value = "metadata", require_equals = false)]
    pub(super) cargo: Option<Cargo>,
    /// The package to describe, as NAME or NAME@VERSION [default: the root package, else the only one with a binary]
    #[arg(short, long, value_name = "NAME")]
    pub(super) package: Option<String>,
    /// List only what ends up in the artifact for TARGET, a triple or os/architecture, as far as the input tells
    #[arg(long, value_name = "TARGET", conflicts_with = "target")]
    pub(super) shipped: Option<String>,
    #[command(flatten)]
    pub(super) build: BuildArguments,
    /// Read the messages of a finished build (`--message-format=json`) from FILE, or from stdin with `-`
    #[arg(long, value_name = "FILE", conflicts_with = "cargo")]
    pub(super) messages: Option<PathBuf>,
    /// Read the output of `cargo metadata --format-version 1` from FILE
    #[arg(long, value_name = "FILE")]
    pub(super) metadata: Option<PathBuf>,
    /// A binary that came out of the build of --messages, to state its digests; may be repeated
    #[arg(long, value_name = "FILE", requires = "messages")]
    pub(super) binary: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) threads: ThreadsArgument,
}

impl CargoArguments {
    /// Whether cargo or its records decide what is listed.
    pub(super) fn decide(&self) -> bool {
        self.cargo.is_some() || self.messages.is_some() || self.metadata.is_some()
    }

    /// The target triple that is asked for.
    pub(super) fn wanted_target(&self) -> Result<Option<String>, Failure> {
        let Some(shipped) = &self.shipped else {
            return Ok(self.build.target.clone());
        };
        let unknown = || {
            let message = format!("expected a target triple or os/architecture, found `{shipped}`");
            Failure::usage("sbom-unknown-target", message)
        };
        cargo::triple(shipped).map(Some).ok_or_else(unknown)
    }

    pub(super) fn is_resolved_only(&self) -> bool {
        self.messages.is_none() && self.cargo != Some(Cargo::Build)
    }

    /// Whether nothing may be connected.
    pub(super) fn is_offline(&self) -> bool {
        self.build.offline
    }

    /// An option that says how cargo builds, beside no cargo; whoever fetches an image may be offline without it.
    pub(super) fn idle(&self, fetches: bool) -> Option<&'static str> {
        let given = [
            (self.package.is_some(), "--package"),
            (self.build.target.is_some(), "--target"),
            (self.build.features.is_some(), "--features"),
            (self.build.all_features, "--all-features"),
            (self.build.no_default_features, "--no-default-features"),
            (self.build.offline && !fetches, "--offline"),
        ];
        let idle = given.into_iter().find(|(is_given, _)| *is_given && !self.decide());
        idle.map(|(_, name)| name)
    }
}

/// What is passed on to cargo.
#[derive(Debug, clap::Args)]
pub(super) struct BuildArguments {
    /// The target to build for [default: the machine's own]
    #[arg(long, value_name = "TRIPLE")]
    pub(super) target: Option<String>,
    /// The features to build with, with commas
    #[arg(short = 'F', long, value_name = "LIST")]
    pub(super) features: Option<String>,
    /// Build with every feature
    #[arg(long)]
    pub(super) all_features: bool,
    /// Build without the default features
    #[arg(long)]
    pub(super) no_default_features: bool,
    /// Open no connection: cargo builds with what it has, and an image of a registry was fetched before and is named by its digest
    #[arg(long)]
    pub(super) offline: bool,
}

/// The document of a Cargo project, as cargo or its records tell it.
pub(super) fn document(
    project: &Project,
    arguments: &CargoArguments,
    metadata: &Metadata,
    context: &mut Context<'_>,
) -> Result<Bom, Failure> {
    if arguments.metadata.is_some() && arguments.cargo == Some(Cargo::Build) {
        let message = "expected no --metadata beside `--cargo build`: a build makes its own";
        return Err(Failure::usage("sbom-metadata-of-build", message));
    }
    let records = records::collect(arguments, project, context)?;
    let threads = arguments.threads.resolve(&context.environment)?;
    of_records(&records, arguments, metadata, threads)
}

fn of_records(
    records: &Records,
    arguments: &CargoArguments,
    metadata: &Metadata,
    threads: Threads,
) -> Result<Bom, Failure> {
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
