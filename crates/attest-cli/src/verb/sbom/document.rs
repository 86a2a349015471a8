//! The moment that a document stands for.

use std::path::Path;

use attest_sbom::Timestamp;

use super::refusal::refusal;
use crate::context::Context;
use crate::failure::Failure;
use crate::verb::pack::date::{self, Date, Origin};

/// A document without a known time has none: the clock would make each run's different.
pub(super) fn timestamp(directory: &Path, context: &Context<'_>) -> Result<Option<Timestamp>, Failure> {
    let date = date::find(directory, &context.environment)?;
    match date.origin {
        Origin::Default => Ok(None),
        _ => of(&date).map(Some),
    }
}

/// The same for what lies in no directory.
pub(super) fn timestamp_of_environment(context: &Context<'_>) -> Result<Option<Timestamp>, Failure> {
    let date = date::of_environment(&context.environment)?;
    date.as_ref().map(of).transpose()
}

fn of(date: &Date) -> Result<Timestamp, Failure> {
    let seconds = i64::try_from(date.value.seconds()).unwrap_or(i64::MAX);
    Timestamp::from_unix_seconds(seconds).map_err(refusal)
}
