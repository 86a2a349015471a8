//! `attest sbom`: a directory, a file, a project or an image in, a CycloneDX document of what is in it out.

mod build;
mod chart;
mod description;
mod diff;
mod document;
mod image;
mod license;
mod merge;
mod named_image;
mod program;
mod project;
mod reading;
mod records;
mod refusal;
mod registry;
mod scan;
mod validate;

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  attest sbom . -o app.cdx.json
  attest sbom package-lock.json services/api/go.mod -o app.cdx.json
  attest sbom . --exclude fixtures --exclude '**/testdata' -o app.cdx.json
  attest sbom rootfs --kind dpkg --kind apk --strict
  attest sbom app.oci -o sboms
  attest sbom . --licenses-from-registry npm=https://registry.example.com
  attest sbom image.tar --platform linux/arm64 -o app.cdx.json
  attest sbom oci://registry.example.org/team/app:v1.2.0 -o sboms
  attest sbom . --cargo build --target aarch64-unknown-linux-gnu --package app
  cargo build --release --target x86_64-unknown-linux-gnu --message-format=json > build.json
  attest sbom . --messages build.json --binary target/x86_64-unknown-linux-gnu/release/app
  attest sbom diff app-1.2.0.cdx.json app-1.3.0.cdx.json
  attest sbom license app.cdx.json --allow osi-approved --deny copyleft

Manifests, lock files, databases of packages and binaries are recognised by what
they are; nothing is run, and nothing is fetched but an image that is named by
oci://, unless it is asked for. What cannot be known is said on stderr and in the
document, which is then incomplete; --strict makes that exit 1.

Of an image for several platforms every platform gets a document, beside one that
links them: -o names their directory.

A file that is named and is nothing else is listed by its digest.

With --cargo build the project is built and the compiler decides what is listed:
a lock file lists more than one build needs.

The same input makes the same document, byte for byte. Its time is
SOURCE_DATE_EPOCH if it is set, else that of the commit, else none.

A directory that is named like a command is written with a path: ./diff";

/// List what is in a project, a directory, a file or an image, as CycloneDX
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    about: Option<About>,
    #[command(flatten)]
    scan: scan::ScanArguments,
}

/// What is done with documents that are there.
#[derive(Debug, clap::Subcommand)]
enum About {
    Diff(diff::Arguments),
    License(license::Arguments),
    Merge(merge::Arguments),
    Validate(validate::Arguments),
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    match arguments.about {
        None => scan::run(&arguments.scan, context),
        Some(About::Diff(arguments)) => diff::run(&arguments, context),
        Some(About::License(arguments)) => license::run(&arguments, context),
        Some(About::Merge(arguments)) => merge::run(&arguments, context),
        Some(About::Validate(arguments)) => validate::run(&arguments, context),
    }
}
