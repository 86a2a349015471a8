//! `attest sbom merge`: documents in, one document of all of them out.

use std::path::PathBuf;

use attest_sbom::merge::{Named, latest, merge};
use attest_sbom::{Metadata, Root};

use super::description::{self, DescriptionArguments};
use super::reading;
use super::refusal::refusal;
use super::scan;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  attest sbom merge api.cdx.json web.cdx.json --name shop@1.2.0 -o shop.cdx.json
  attest sbom merge rootfs.spdx.json app.cdx.xml --output-format spdx-json

Each package is listed once, by its package URL; where two documents say different
things of it, the first one counts. What the documents are about hangs on the new
root. Each component has a reference to where it comes from (a BOM-Link), and what
cannot be taken over is said on stderr; --strict makes that exit 1.

The time is SOURCE_DATE_EPOCH if it is set, else the latest of the documents.";

/// Put several documents together into one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Documents of any format
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What the new document is about, as NAME or NAME@VERSION [default: the names of what all documents are about]
    #[arg(long, value_name = "NAME", value_parser = scan::root)]
    name: Option<Root>,
    /// Exit 1, without a document, when something is incomplete or cannot be taken over
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    description: DescriptionArguments,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let mut documents = Vec::new();
    for path in &arguments.files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let document = reading::document(path)?;
        documents.push(Named { name, document });
    }
    let timestamp = match context.environment.text("SOURCE_DATE_EPOCH") {
        Some(text) => Some(text.parse().map_err(refusal)?),
        None => latest(&documents),
    };
    let metadata = arguments.description.metadata(Metadata {
        timestamp,
        ..Metadata::default()
    });
    let root = arguments.name.clone().unwrap_or_default();
    let bom = merge(&documents, &root, &metadata).map_err(refusal)?;
    scan::warn(&bom.gaps().iter().collect::<Vec<_>>(), context);
    if arguments.strict && !bom.gaps().is_empty() {
        let message = format!(
            "expected documents that can be merged whole, found {} gaps",
            bom.gaps().len()
        );
        return Err(Failure::rejected("sbom-incomplete", message));
    }
    description::write(&bom, &arguments.description, context)?;
    Ok(Outcome::Accepted)
}
