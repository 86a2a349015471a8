//! A finished document, on its way to a file or to stdout.

use std::path::Path;

use attest_sbom::{Bom, Timestamp};

use super::refusal::refusal;
use crate::context::Context;
use crate::failure::Failure;
use crate::output_file::OutputFile;
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

pub(super) fn write(bom: &Bom, output: Option<&Path>, context: &mut Context<'_>) -> Result<(), Failure> {
    let Some(path) = output else {
        let written = context.stdout.write_all(&bom.to_json());
        return written.map_err(|error| Failure::undecided("stdout-failed", error));
    };
    let mut file = OutputFile::create(path)?;
    file.write(&bom.to_json())?;
    file.commit()?;
    context.say(summary(bom, path));
    Ok(())
}

fn summary(bom: &Bom, path: &Path) -> String {
    let excluded = bom.excluded_count();
    let completeness = if bom.is_complete() { "complete" } else { "incomplete" };
    format!(
        "{}: {} needs {} packages, {excluded} more for building; {completeness}",
        path.display(),
        bom.name(),
        bom.component_count() - excluded,
    )
}
