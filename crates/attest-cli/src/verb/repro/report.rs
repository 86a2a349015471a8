use std::collections::BTreeSet;
use std::io;

use attest_archive::compare::{Cause, Difference, Findings};

use super::Sides;
use crate::context::Context;
use crate::visible::visible;

/// A table of causes, the first difference, and what makes each go away.
pub(super) fn print(sides: &Sides<'_>, findings: &Findings, context: &mut Context<'_>) -> io::Result<()> {
    let (left, right) = (
        visible(&sides.left.to_string_lossy()),
        visible(&sides.right.to_string_lossy()),
    );
    let Some((cause, first)) = findings.first() else {
        let files = sides.files.map_or(String::new(), |files| format!(" ({files} files)"));
        return context.print(format_args!("equal: `{left}` and `{right}` are the same bytes{files}"));
    };
    context.print(format_args!("different: `{left}` and `{right}`\n"))?;
    table(findings, context)?;
    context.print(format_args!("\nthe first: {}", words(cause, first)))?;
    let width = left.chars().count().max(right.chars().count());
    context.print(format_args!("  {left:width$}  {}", shown(&first.left)))?;
    context.print(format_args!("  {right:width$}  {}", shown(&first.right)))?;
    let hints: BTreeSet<(Cause, &str)> = findings
        .tallies()
        .filter_map(|(cause, _)| Some((cause, cause.hint()?)))
        .collect();
    let mut said = BTreeSet::new();
    context.print("")?;
    for (_, hint) in hints.iter().filter(|(_, hint)| said.insert(*hint)) {
        context.print(format_args!("hint: {hint}"))?;
    }
    Ok(())
}

fn table(findings: &Findings, context: &mut Context<'_>) -> io::Result<()> {
    let width = findings
        .tallies()
        .map(|(cause, _)| cause.words().chars().count())
        .max()
        .unwrap_or_default();
    let heading = "what differs";
    let width = width.max(heading.len());
    context.print(format_args!("{heading:width$}  {:>7}  first", "times"))?;
    for (cause, tally) in findings.tallies() {
        let place = tally.examples.first().map_or(String::new(), place);
        context.print(format_args!("{:width$}  {:>7}  {place}", cause.words(), tally.count))?;
    }
    Ok(())
}

fn words(cause: Cause, difference: &Difference) -> String {
    match difference.place.is_empty() {
        true => cause.words().to_owned(),
        false => format!("{} in {}", cause.words(), place(difference)),
    }
}

fn place(difference: &Difference) -> String {
    let names: Vec<String> = difference
        .place
        .iter()
        .map(|name| format!("`{}`", visible(name)))
        .collect();
    match names.is_empty() {
        true => "the file itself".to_owned(),
        false => names.join(" > "),
    }
}

fn shown(value: &str) -> String {
    match value {
        "" => "-".to_owned(),
        value => visible(value),
    }
}
