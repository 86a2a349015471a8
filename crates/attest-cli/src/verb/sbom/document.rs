//! The moment that a document stands for.

use std::path::Path;

use attest_sbom::Timestamp;

use super::refusal::refusal;
use crate::context::Context;
use crate::failure::Failure;
use crate::verb::pack::date::{self, Origin};

/// A document without a known time has none: the clock would make each run's different.
pub(super) fn timestamp(directory: &Path, context: &Context<'_>) -> Result<Option<Timestamp>, Failure> {
    let date = date::find(directory, &context.environment)?;
    if date.origin == Origin::Default {
        return Ok(None);
    }
    let seconds = i64::try_from(date.value.seconds()).unwrap_or(i64::MAX);
    Timestamp::from_unix_seconds(seconds).map(Some).map_err(refusal)
}
