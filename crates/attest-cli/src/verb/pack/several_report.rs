use std::io;
use std::path::Path;

use attest_archive::{Order, Packed};
use serde::Serialize;

use super::date::Date;
use super::report::{Archive, Contents, Report};
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;

const SCHEMA: &str = "https://attest.dev/schema/pack-several/v1";

/// What is said about several archives that were written.
pub(super) struct SeveralReport<'a>(pub(super) Vec<Packing<'a>>);

/// One directory, and its archives, of which there is at least one.
pub(super) struct Packing<'a> {
    pub(super) directory: &'a Path,
    pub(super) date: &'a Date,
    pub(super) orders: &'a [Order],
    pub(super) packed: &'a [Packed],
}

impl SeveralReport<'_> {
    /// Says what may surprise somebody later, once for each directory.
    pub(super) fn warn(&self, context: &mut Context<'_>) {
        for report in self.0.iter().filter_map(|packing| packing.reports().next()) {
            report.warn(context);
        }
    }

    pub(super) fn print(&self, format: AnswerFormat, context: &mut Context<'_>) -> Result<(), Failure> {
        match format {
            AnswerFormat::Text => self.print_lines(context),
            AnswerFormat::Json => self.print_document(context),
        }
        .map_err(|error| stdout_failed(&error))
    }

    fn print_lines(&self, context: &mut Context<'_>) -> io::Result<()> {
        let mut reports = self.0.iter().flat_map(Packing::reports);
        reports.try_for_each(|report| report.print_lines(context))
    }

    fn print_document(&self, context: &mut Context<'_>) -> io::Result<()> {
        let document = Document {
            schema: SCHEMA,
            directories: self.0.iter().filter_map(DirectoryDocument::of).collect(),
        };
        serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
        context.print("")
    }
}

impl<'a> Packing<'a> {
    fn reports(&self) -> impl Iterator<Item = Report<'a>> {
        let date = self.date;
        self.orders.iter().zip(self.packed).map(move |(order, packed)| Report {
            file: &order.destination,
            recipe: &order.recipe,
            date,
            packed,
        })
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    directories: Vec<DirectoryDocument<'a>>,
}

#[derive(Serialize)]
struct DirectoryDocument<'a> {
    directory: String,
    archives: Vec<Archive<'a>>,
    #[serde(flatten)]
    contents: Contents<'a>,
}

impl<'a> DirectoryDocument<'a> {
    fn of(packing: &Packing<'a>) -> Option<Self> {
        // All archives of a directory hold the same.
        let first = packing.reports().next()?;
        Some(Self {
            directory: packing.directory.to_string_lossy().into_owned(),
            archives: packing.reports().map(|report| Archive::of(&report)).collect(),
            contents: Contents::of(&first),
        })
    }
}
