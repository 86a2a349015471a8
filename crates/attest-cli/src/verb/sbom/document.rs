//! The moment that a document stands for.

use std::path::Path;

use attest_release::git::committed_seconds;
use attest_sbom::{Gap, Timestamp};

use super::refusal::refusal;
use crate::context::Context;
use crate::failure::Failure;
use crate::verb::pack::date::{self, Date};

/// A document without a known time has none: the clock would make each run's different. Nothing is run to know it.
pub(super) fn timestamp(directory: &Path, context: &Context<'_>) -> Result<Moment, Failure> {
    if let Some(timestamp) = timestamp_of_environment(context)? {
        return Ok(Moment::Known(timestamp));
    }
    match committed_seconds(directory) {
        Ok(Some(seconds)) => Timestamp::from_unix_seconds(seconds)
            .map(Moment::Known)
            .map_err(refusal),
        Ok(None) => Ok(Moment::None),
        Err(error) => Ok(Moment::Untold(Gap::new(
            "commit-time-unknown",
            "",
            format!("the time of the commit cannot be read ({error}); SOURCE_DATE_EPOCH may say it"),
        ))),
    }
}

/// When what a document lists was made.
pub(super) enum Moment {
    Known(Timestamp),
    /// Nothing says it.
    None,
    /// There is a commit that would say it.
    Untold(Gap),
}

impl Moment {
    pub(super) fn timestamp(&self) -> Option<Timestamp> {
        match self {
            Self::Known(timestamp) => Some(*timestamp),
            Self::None | Self::Untold(_) => None,
        }
    }

    pub(super) fn gap(&self) -> Option<&Gap> {
        match self {
            Self::Untold(gap) => Some(gap),
            Self::None | Self::Known(_) => None,
        }
    }
}

/// What `SOURCE_DATE_EPOCH` says.
pub(super) fn timestamp_of_environment(context: &Context<'_>) -> Result<Option<Timestamp>, Failure> {
    let date = date::of_environment(&context.environment)?;
    date.as_ref().map(of).transpose()
}

fn of(date: &Date) -> Result<Timestamp, Failure> {
    let seconds = i64::try_from(date.value.seconds()).unwrap_or(i64::MAX);
    Timestamp::from_unix_seconds(seconds).map_err(refusal)
}
