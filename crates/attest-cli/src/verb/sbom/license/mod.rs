//! `attest sbom license`: documents or projects in, their licences out, and whether a policy takes them.

mod html;
mod json;
mod text;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use attest_sbom::document::{Component, Document};
use attest_sbom::licence_policy::{Policy, Rule, Verdict};
use attest_sbom::{Error, Metadata, Options, Root};

use super::refusal::refusal;
use super::{image, reading, scan};
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::process::stdout_failed;

const EXAMPLES: &str = "\
Examples:
  attest sbom license app.cdx.json
  attest sbom license . --allow MIT,Apache-2.0,ISC --allow \"GPL-2.0-only WITH Classpath-exception-2.0\"
  attest sbom license app.cdx.json --allow osi-approved --deny copyleft --allow-name \"Public domain\"
  attest sbom license app.cdx.json --deny copyleft --strict
  attest sbom license app.cdx.json --format html -o licences.html

Of an expression joined by OR one branch must be taken, of one joined by AND all.
A licence is taken if it is not denied and, where anything is allowed, allowed.
A rule without an exception is about the licence with any exception, too. GPL-2.0
stands for GPL-2.0-only and GPL-2.0-or-later. Three words stand for many licences:
osi-approved, fsf-free, copyleft (as the SPDX list marks them).

A licence that is no SPDX expression is taken only if --allow-name has it word for
word, a package without a licence only with --allow-unknown. Own packages are not
judged. What a document is about is judged like any other package if it says which
licence it has, or has a package URL or a CPE: a jar, a wheel, a program. The name
of a project, a system or an image that says nothing of its licence is not.

What does not say that it lists everything is named: a licence that is not listed is
not judged; with --strict it is refused. A document of which a part cannot be read is
refused.

The exit code is 1 if a licence is not taken.";

/// List the licences of what a document or a project holds, and hold them to a policy
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Documents of any format, or what `attest sbom` lists
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Licences that are taken, with commas; may be repeated [default: all that are known]
    #[arg(long, value_name = "LICENCES", value_delimiter = ',', value_parser = rule)]
    allow: Vec<Rule>,
    /// Licences that are not taken, with commas; may be repeated
    #[arg(long, value_name = "LICENCES", value_delimiter = ',', value_parser = rule)]
    deny: Vec<Rule>,
    /// A licence that is no SPDX expression and is taken, word for word; may be repeated
    #[arg(long, value_name = "NAME")]
    allow_name: Vec<String>,
    /// Take packages of whose licence nothing is said
    #[arg(long)]
    allow_unknown: bool,
    /// Leave out what only building and testing need
    #[arg(long)]
    required_only: bool,
    /// Exit 1, without an answer, when something does not say that it lists everything
    #[arg(long)]
    strict: bool,
    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    format: LicenceFormat,
    /// The file to write [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum LicenceFormat {
    /// A table for people.
    #[default]
    Text,
    /// One document with a `schema` field.
    Json,
    /// A page of its own, without scripts.
    Html,
}

fn rule(text: &str) -> Result<Rule, Error> {
    text.parse()
}

/// What is said of the licences.
struct Report {
    rows: Vec<Row>,
    /// Whether there is anything to be held to.
    is_judged: bool,
    /// The inputs of which nobody says that the list is complete.
    incomplete: Vec<String>,
}

/// One package, each once.
struct Row {
    component: Component,
    licence: Option<String>,
    verdict: Verdict,
}

impl Row {
    fn is_violation(&self) -> bool {
        self.verdict != Verdict::Allowed
    }

    /// Why it is not taken, in words.
    fn reason(&self) -> Option<String> {
        match &self.verdict {
            Verdict::Denied(licences) => Some(format!("not allowed: {}", licences.join(", "))),
            Verdict::Unknown => Some("nothing is said of its licence".to_owned()),
            _ => None,
        }
    }
}

impl Report {
    fn violations(&self) -> usize {
        match self.is_judged {
            true => self.rows.iter().filter(|row| row.is_violation()).count(),
            false => 0,
        }
    }

    /// How many packages have each licence; those without one last.
    fn counts(&self) -> Vec<(Option<&str>, usize)> {
        let mut counts: BTreeMap<(bool, Option<&str>), usize> = BTreeMap::new();
        for row in &self.rows {
            let licence = row.licence.as_deref();
            *counts.entry((licence.is_none(), licence)).or_default() += 1;
        }
        counts
            .into_iter()
            .map(|((_, licence), count)| (licence, count))
            .collect()
    }
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let mut documents = Vec::new();
    let mut incomplete = Vec::new();
    for path in &arguments.paths {
        let found = self::documents(path, context)?;
        if !found.iter().all(|document| document.is_complete) {
            incomplete.push(path.to_string_lossy().into_owned());
        }
        documents.extend(found);
    }
    if arguments.strict && !incomplete.is_empty() {
        let message = format!(
            "expected only what says that it lists everything, found {} of {} that do not",
            incomplete.len(),
            arguments.paths.len()
        );
        return Err(Failure::rejected("sbom-incomplete", message).at(incomplete.join(", ")));
    }
    let report = Report {
        incomplete,
        ..report(&documents, arguments)
    };
    if report.rows.is_empty() {
        context.say("warning: no package is listed, so no licence was looked at");
    }
    let answer = match arguments.format {
        LicenceFormat::Text => text::render(&report),
        LicenceFormat::Json => json::render(&report),
        LicenceFormat::Html => html::render(&report),
    };
    write(answer.as_bytes(), arguments.output.as_deref(), context)?;
    Ok(match report.violations() {
        0 => Outcome::Accepted,
        _ => Outcome::Rejected,
    })
}

fn write(bytes: &[u8], output: Option<&Path>, context: &mut Context<'_>) -> Result<(), Failure> {
    let Some(path) = output else {
        let written = context.stdout.write_all(bytes);
        return written.map_err(|error| stdout_failed(&error));
    };
    let mut file = OutputFile::create(path)?;
    file.write(bytes)?;
    file.commit()
}

/// A document, or those of whatever else the path is: of an image one for each platform.
fn documents(path: &Path, context: &mut Context<'_>) -> Result<Vec<Document>, Failure> {
    let mut invalid = None;
    if path.is_file() && may_be_document(path) {
        match Document::read_whole(&reading::bytes(path)?) {
            Ok(document) => return Ok(vec![document]),
            Err(Error::UnsupportedDocument { .. }) => {}
            Err(error) => invalid = Some(reading::refusal(&error).at(path.display())),
        }
    }
    let scanned = scanned(path, context);
    // What is damaged may be a lock file; what is nothing else was meant to be a document.
    match invalid {
        Some(failure) => scanned.or(Err(failure)),
        None => scanned,
    }
}

/// The documents of whatever a path is, as `attest sbom` makes them.
fn scanned(path: &Path, context: &mut Context<'_>) -> Result<Vec<Document>, Failure> {
    let options = Options::default();
    let tree = scan::one_tree(path, &options, scan::Others::None)?;
    let refused = |error| refusal(error).at(path.display());
    let mut documents = Vec::new();
    for inventory in image::inventories(&*tree, path, &options)? {
        scan::warn(&inventory.gaps().collect::<Vec<_>>(), context);
        let bom = inventory
            .document(&Root::default(), &Metadata::default())
            .map_err(refused)?;
        documents.push(Document::read(&bom.to_json()).map_err(refused)?);
    }
    Ok(documents)
}

/// What is judged of a document: what it lists, and what it is about if that is a package and not the name of a project.
fn judged(document: &Document) -> impl Iterator<Item = &Component> {
    document
        .root()
        .filter(|root| is_package(root))
        .into_iter()
        .chain(document.listed())
}

/// Of an image as of a system it is what is in it that has licences. A name that only the maker of the document gave is one of no
/// ecosystem.
fn is_package(root: &Component) -> bool {
    let is_own_name = |purl: &str| purl.starts_with("pkg:generic/");
    let is_identified = root.purl.as_deref().is_some_and(|purl| !is_own_name(purl)) || root.cpe.is_some();
    !root.licences.is_empty() || is_identified && root.kind != "container"
}

/// As much of a file as tells whether it may be JSON or XML: blanks before that are few.
const HEAD: u64 = 4096;

/// By how it begins: a program or an image is not read whole to see that it is none.
fn may_be_document(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    let text = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&head);
    read.is_ok() && matches!(text.trim_ascii_start().first(), Some(b'{' | b'<'))
}

fn report(documents: &[Document], arguments: &Arguments) -> Report {
    let mut policy = Policy::default();
    policy.allow.clone_from(&arguments.allow);
    policy.deny.clone_from(&arguments.deny);
    policy.allow_names.clone_from(&arguments.allow_name);
    policy.allow_unknown = arguments.allow_unknown;
    let mut rows = BTreeMap::new();
    for component in documents.iter().flat_map(judged) {
        let is_needed = component.scope.as_deref() != Some("excluded");
        if is_foreign(component) && (is_needed || !arguments.required_only) {
            let licence = component.licence_text();
            let key = (
                component.full_name(),
                component.version.clone(),
                component.purl.clone(),
                licence.clone(),
            );
            rows.entry(key).or_insert_with(|| Row {
                verdict: policy.judge(component),
                component: component.clone(),
                licence,
            });
        }
    }
    Report {
        rows: rows.into_values().collect(),
        is_judged: !policy.is_empty(),
        incomplete: Vec::new(),
    }
}

/// Neither a file or a system of which no licence is told, nor the project's own.
fn is_foreign(component: &Component) -> bool {
    let is_own = component
        .properties
        .iter()
        .any(|(name, value)| name == "attest:own" && value == "true");
    !is_own && (!component.is_file() || !component.licences.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, licence: Option<&str>, verdict: Verdict) -> Row {
        let text = format!(
            r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{{"type":"library","name":"{name}","version":"1"}}]}}"#
        );
        Row {
            component: Document::read(text.as_bytes()).unwrap().components.remove(0),
            licence: licence.map(str::to_owned),
            verdict,
        }
    }

    fn report() -> Report {
        Report {
            rows: vec![
                row("a", Some("MIT"), Verdict::Allowed),
                row("<b>", Some("GPL & Co"), Verdict::Denied(vec!["GPL & Co".to_owned()])),
                row("c", None, Verdict::Unknown),
            ],
            is_judged: true,
            incomplete: Vec::new(),
        }
    }

    #[test]
    fn a_table_says_what_is_not_taken_and_why() {
        assert_eq!(
            text::render(&report()),
            "  a 1    MIT\n! <b> 1  GPL & Co  (not allowed: GPL & Co)\n! c 1    -  (nothing is said of its licence)\n\
             3 packages, 2 violations\n"
        );
    }

    #[test]
    fn a_page_holds_no_markup_of_others() {
        let page = html::render(&report());
        assert!(
            page.contains("<td>&lt;b&gt;</td>") && page.contains("GPL &amp; Co"),
            "{page}"
        );
        assert!(
            !page.contains("<b>") && !page.contains("<script") && !page.contains("http"),
            "{page}"
        );
    }

    #[test]
    fn a_document_for_programs_counts_violations() {
        let value: serde_json::Value = serde_json::from_str(&json::render(&report())).unwrap();
        assert_eq!(value["violations"], 2);
        assert_eq!(value["packages"][2]["verdict"], "unknown");
        assert_eq!(value["packages"][1]["denied"][0], "GPL & Co");
    }

    #[test]
    fn a_list_that_may_lack_something_says_so_and_an_empty_one_is_no_pass() {
        let empty = Report {
            rows: Vec::new(),
            incomplete: vec!["<app>.json".to_owned()],
            ..report()
        };
        assert_eq!(
            text::render(&empty),
            "incomplete: <app>.json does not say that it lists everything\n0 packages, nothing to judge\n"
        );
        let value: serde_json::Value = serde_json::from_str(&json::render(&empty)).unwrap();
        assert_eq!(value["incomplete"][0], "<app>.json");
        let page = html::render(&empty);
        assert!(page.contains("nothing to judge") && !page.contains("<app>"), "{page}");
        assert!(
            page.contains("&lt;app&gt;.json does not say that it lists everything"),
            "{page}"
        );
    }

    #[test]
    fn without_a_policy_nothing_is_a_violation() {
        let report = Report {
            is_judged: false,
            ..report()
        };
        assert_eq!(report.violations(), 0);
        assert!(text::render(&report).ends_with("3 packages\n"));
    }
}
