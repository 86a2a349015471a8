//! `attest pack`: files in, deterministic archives and their digests out.

mod chart;
mod chart_index;
pub(super) mod date;
mod directory;
mod formats;
mod image;
pub(super) mod output_directory;
mod python;
mod refusal;
mod report;
mod several;
mod several_report;
mod source;
mod source_report;

pub(super) use chart::provenance::not_signed as gpg_refusal;
pub(super) use chart::refusal::refusal as chart_refusal;
pub(crate) use image::layouts::{LayoutReference, Opened};
pub(crate) use image::refusal::refusal as image_refusal;

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  attest pack dist/app -o app-1.2.0.tar.gz --prefix app-1.2.0
  SOURCE_DATE_EPOCH=1700000000 attest pack site -o site.zip
  attest pack app -o app.tar.zst --algorithm sha256,sha512 --format json
  attest pack linux-amd64 linux-arm64 --output-directory dist --archive-format tar.gz,tar.xz,zip
  attest pack source -o app-1.2.0-source.tar.gz --revision v1.2.0 --prefix app-1.2.0
  attest pack formats
  attest pack image --platform linux/amd64=dist/app --tag v1 -o app.oci

The same files make the same bytes, whatever their order, owner, age and umask,
the time zone, the locale and the number of threads. Every member gets one
modification time: SOURCE_DATE_EPOCH if it is set, else the time of the commit
if DIR lies in a git checkout, else 1980-01-01. Nothing in DIR is left out,
hidden files included, but FILE itself.

A directory that is named like a command is written with a path: ./formats";

/// Pack a directory into a .tar.gz, .tar.zst, .tar.xz, .zip or .tar that comes out the same everywhere
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    kind: Option<Kind>,
    #[command(flatten)]
    directory: directory::DirectoryArguments,
}

/// What is packed in a way of its own: one file below this module for each, with `Arguments` and `run`.
#[derive(Debug, clap::Subcommand)]
enum Kind {
    Chart(chart::Arguments),
    ChartIndex(chart_index::Arguments),
    Formats(formats::Arguments),
    Image(Box<image::Arguments>),
    Python(python::Arguments),
    Source(source::Arguments),
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    match arguments.kind {
        None => directory::run(arguments.directory, context),
        Some(Kind::Chart(arguments)) => chart::run(&arguments, context),
        Some(Kind::ChartIndex(arguments)) => chart_index::run(&arguments, context),
        Some(Kind::Formats(arguments)) => formats::run(&arguments, context),
        Some(Kind::Image(arguments)) => image::run(&arguments, context),
        Some(Kind::Python(arguments)) => python::run(&arguments, context),
        Some(Kind::Source(arguments)) => source::run(&arguments, context),
    }
}
