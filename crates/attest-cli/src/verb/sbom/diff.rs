//! `attest sbom diff`: two documents in, what changed between them out.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use attest_sbom::difference::{Aspect, Change, Difference};
use attest_sbom::document::{Component, Document};
use serde::Serialize;

use super::reading::{code_span, document, shown};
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::process::stdout_failed;
use crate::visible::visible;

const SCHEMA: &str = "https://attest.dev/schema/sbom-diff/v1";

const EXAMPLES: &str = "\
Examples:
  attest sbom diff app-1.2.0.cdx.json app-1.3.0.cdx.json
  attest sbom diff old.cdx.json new.spdx.json --format markdown >> NOTES.md
  attest sbom diff old.cdx.json new.cdx.json --exit-code

Both may be of any format: CycloneDX 1.2 to 1.7 as JSON, 1.2 to 1.6 as XML,
SPDX 2.2 and 2.3 as JSON. One package is what has one package URL without its
version. Digests are compared where the version is the same.";

/// Say what came, went or changed from one document to another
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The older document
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer document
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: DiffFormat,
    /// Exit 1 if anything changed
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum DiffFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One document with a `schema` field.
    Json,
    /// A table for release notes.
    Markdown,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let (old, new) = (document(&arguments.old)?, document(&arguments.new)?);
    let difference = Difference::between(&old, &new);
    let answer = match arguments.format {
        DiffFormat::Text => text(&difference),
        DiffFormat::Json => json(arguments, &old, &new, &difference),
        DiffFormat::Markdown => markdown(&difference),
    };
    let written = context.stdout.write_all(answer.as_bytes());
    written.map_err(|error| stdout_failed(&error))?;
    Ok(match arguments.exit_code && !difference.is_empty() {
        true => Outcome::Rejected,
        false => Outcome::Accepted,
    })
}

fn counts(difference: &Difference) -> String {
    let counts = [
        (difference.added.len(), "added"),
        (difference.removed.len(), "removed"),
        (difference.changed.len(), "changed"),
    ];
    let counts = counts.map(|(count, what)| format!("{count} {what}"));
    counts.join(", ")
}

fn text(difference: &Difference) -> String {
    let mut text = String::new();
    let mut line = |mark: char, what: String| writeln!(text, "{mark} {what}").expect("a text takes everything");
    for component in &difference.removed {
        line('-', with_licence(component));
    }
    for component in &difference.added {
        line('+', with_licence(component));
    }
    for Change { new, aspects, .. } in &difference.changed {
        let aspects: Vec<_> = aspects.iter().map(words).collect();
        line('~', format!("{}: {}", visible(&new.full_name()), aspects.join("; ")));
    }
    text + &counts(difference) + "\n"
}

fn with_licence(component: &Component) -> String {
    match component.licence_text() {
        Some(licence) => format!("{} ({})", shown(component), visible(&licence)),
        None => shown(component),
    }
}

/// `1.0.0 -> 1.1.0`, and what it is about unless that is the version.
fn words(aspect: &Aspect) -> String {
    let side = |side: &Option<String>| side.as_deref().map_or("nothing".to_owned(), visible);
    let name = match aspect.name {
        "version" => String::new(),
        name => format!("{name} "),
    };
    format!("{name}{} -> {}", side(&aspect.old), side(&aspect.new))
}

fn markdown(difference: &Difference) -> String {
    let mut rows = Vec::new();
    let licence = |component: &Component| component.licence_text().as_deref().map_or(String::new(), code_span);
    for component in &difference.added {
        let name = code_span(&component.full_name());
        rows.push(format!(
            "| {name} |  | {} | {} |",
            version(component),
            licence(component)
        ));
    }
    for component in &difference.removed {
        rows.push(format!(
            "| {} | {} |  |  |",
            code_span(&component.full_name()),
            version(component)
        ));
    }
    rows.extend(difference.changed.iter().map(changed_row));
    rows.sort();
    let mut text = format!("{} packages.\n", counts(difference).replace(", ", " packages, "));
    if !rows.is_empty() {
        text += "\n| package | before | after | licence, and what else changed |\n|---|---|---|---|\n";
        text += &(rows.join("\n") + "\n");
    }
    text
}

fn version(component: &Component) -> String {
    component.version.as_deref().map_or("yes".to_owned(), code_span)
}

fn changed_row(change: &Change) -> String {
    let others: Vec<_> = change
        .aspects
        .iter()
        .filter(|aspect| aspect.name != "version")
        .map(|aspect| code_span(&words(aspect)))
        .collect();
    let (old, new) = (version(&change.old), version(&change.new));
    format!(
        "| {} | {old} | {new} | {} |",
        code_span(&change.new.full_name()),
        others.join("<br>")
    )
}

#[derive(Serialize)]
struct DifferenceDocument<'a> {
    schema: &'static str,
    old: SideDocument<'a>,
    new: SideDocument<'a>,
    added: Vec<ComponentDocument<'a>>,
    removed: Vec<ComponentDocument<'a>>,
    changed: Vec<ChangeDocument<'a>>,
}

#[derive(Serialize)]
struct SideDocument<'a> {
    path: String,
    format: &'a str,
    identity: Option<&'a str>,
    name: Option<&'a str>,
    version: Option<&'a str>,
    components: usize,
}

#[derive(Serialize)]
struct ComponentDocument<'a> {
    name: String,
    version: Option<&'a str>,
    purl: Option<&'a str>,
    licence: Option<String>,
    scope: Option<&'a str>,
}

#[derive(Serialize)]
struct ChangeDocument<'a> {
    name: String,
    old_purl: Option<&'a str>,
    new_purl: Option<&'a str>,
    aspects: Vec<AspectDocument<'a>>,
}

#[derive(Serialize)]
struct AspectDocument<'a> {
    aspect: &'static str,
    old: Option<&'a str>,
    new: Option<&'a str>,
}

fn json(arguments: &Arguments, old: &Document, new: &Document, difference: &Difference) -> String {
    let document = DifferenceDocument {
        schema: SCHEMA,
        old: side(&arguments.old, old),
        new: side(&arguments.new, new),
        added: difference.added.iter().map(component).collect(),
        removed: difference.removed.iter().map(component).collect(),
        changed: difference.changed.iter().map(change).collect(),
    };
    serde_json::to_string_pretty(&document).expect("strings and numbers always serialise") + "\n"
}

fn side<'a>(path: &Path, document: &'a Document) -> SideDocument<'a> {
    let root = document.root();
    SideDocument {
        path: path.to_string_lossy().into_owned(),
        format: &document.format,
        identity: document.identity.as_deref(),
        name: root.map(|root| root.name.as_str()),
        version: root.and_then(|root| root.version.as_deref()),
        components: document.listed().count(),
    }
}

fn component(component: &Component) -> ComponentDocument<'_> {
    ComponentDocument {
        name: component.full_name(),
        version: component.version.as_deref(),
        purl: component.purl.as_deref(),
        licence: component.licence_text(),
        scope: component.scope.as_deref(),
    }
}

fn change(change: &Change) -> ChangeDocument<'_> {
    let aspects = change.aspects.iter().map(|aspect| AspectDocument {
        aspect: aspect.name,
        old: aspect.old.as_deref(),
        new: aspect.new.as_deref(),
    });
    ChangeDocument {
        name: change.new.full_name(),
        old_purl: change.old.purl.as_deref(),
        new_purl: change.new.purl.as_deref(),
        aspects: aspects.collect(),
    }
}
