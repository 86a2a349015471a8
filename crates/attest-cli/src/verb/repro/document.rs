use std::io;

use attest_archive::compare::{Cause, Difference, Findings, Tally};
use serde::Serialize;

use super::Sides;
use crate::context::Context;

const SCHEMA: &str = "https://attest.dev/schema/repro/v1";

/// Everything as one document.
pub(super) fn print(sides: &Sides<'_>, findings: &Findings, context: &mut Context<'_>) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        left: sides.left.to_string_lossy().into_owned(),
        right: sides.right.to_string_lossy().into_owned(),
        files: sides.files,
        equal: findings.is_equal(),
        differences: findings.count(),
        first: findings.first().map(|(cause, difference)| FirstDocument {
            cause: cause.code(),
            difference: DifferenceDocument::of(difference),
        }),
        causes: findings.tallies().map(CauseDocument::of).collect(),
    };
    serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
    context.print("")
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    left: String,
    right: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<usize>,
    equal: bool,
    differences: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<FirstDocument<'a>>,
    causes: Vec<CauseDocument<'a>>,
}

#[derive(Serialize)]
struct FirstDocument<'a> {
    cause: &'static str,
    #[serde(flatten)]
    difference: DifferenceDocument<'a>,
}

#[derive(Serialize)]
struct CauseDocument<'a> {
    cause: &'static str,
    words: &'static str,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
    examples: Vec<DifferenceDocument<'a>>,
}

impl<'a> CauseDocument<'a> {
    fn of((cause, tally): (Cause, &'a Tally)) -> Self {
        Self {
            cause: cause.code(),
            words: cause.words(),
            count: tally.count,
            hint: cause.hint(),
            examples: tally.examples.iter().map(DifferenceDocument::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct DifferenceDocument<'a> {
    place: &'a [String],
    left: &'a str,
    right: &'a str,
}

impl<'a> DifferenceDocument<'a> {
    fn of(difference: &'a Difference) -> Self {
        Self {
            place: &difference.place,
            left: &difference.left,
            right: &difference.right,
        }
    }
}
