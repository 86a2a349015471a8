//! `attest pack formats`: the kinds of archives, and what compresses each.

use attest_archive::Format;
use serde::Serialize;

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::process::stdout_failed;

const SCHEMA: &str = "https://attest.dev/schema/pack-formats/v1";

/// List the kinds of archives, and the compressor, its version and its settings that make the bytes of each
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    formats: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    format: &'static str,
    compressor: String,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let rows = Format::ALL.into_iter().map(|format| Row {
        format: format.extension(),
        compressor: format.compressor(),
    });
    match arguments.format {
        AnswerFormat::Text => print_lines(rows, context),
        AnswerFormat::Json => print_document(rows.collect(), context),
    }
    .map_err(|error| stdout_failed(&error))?;
    Ok(Outcome::Accepted)
}

fn print_lines(mut rows: impl Iterator<Item = Row>, context: &mut Context<'_>) -> std::io::Result<()> {
    rows.try_for_each(|row| context.print(format_args!("{:<8} {}", row.format, row.compressor)))
}

fn print_document(formats: Vec<Row>, context: &mut Context<'_>) -> std::io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        formats,
    };
    serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
    context.print("")
}
