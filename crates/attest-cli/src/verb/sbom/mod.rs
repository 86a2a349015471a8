//! `attest sbom`: a directory, a file or a project in, a CycloneDX document of what is in it out.

mod build;
mod document;
mod program;
mod project;
mod records;
mod refusal;
mod scan;

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  attest sbom . -o app.cdx.json
  attest sbom package-lock.json services/api/go.mod -o app.cdx.json
  attest sbom rootfs --kind dpkg --kind apk --strict
  attest sbom . --cargo build --target aarch64-unknown-linux-gnu --package app
  cargo build --release --target x86_64-unknown-linux-gnu --message-format=json > build.json
  attest sbom . --messages build.json --binary target/x86_64-unknown-linux-gnu/release/app

Manifests, lock files, databases of packages and binaries are recognised by what
they are; nothing is run and nothing is fetched. What cannot be known is said on
stderr and in the document, which is then incomplete; --strict makes that exit 1.

With --cargo build the project is built and the compiler decides what is listed:
a lock file lists more than one build needs.

The same input makes the same document, byte for byte. Its time is
SOURCE_DATE_EPOCH if it is set, else that of the commit, else none.";

/// List what is in a project, a directory or a file, as CycloneDX
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    scan: scan::ScanArguments,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    scan::run(&arguments.scan, context)
}
