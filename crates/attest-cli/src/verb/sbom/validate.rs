//! `attest sbom validate`: documents in, everything that is wrong with them out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use attest_sbom::Error;
use attest_sbom::document::{Document, Finding, Group};
use serde::Serialize;

use super::reading;
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::process::stdout_failed;
use crate::visible::visible;

const SCHEMA: &str = "https://attest.dev/schema/sbom-validate/v1";

/// How many findings of one kind are shown to people; `--format json` has all.
const SHOWN: usize = 10;

const EXAMPLES: &str = "\
Examples:
  attest sbom validate app.cdx.json
  attest sbom validate *.spdx.json --check schema --check integrity --format json

schema            the official schemas of CycloneDX 1.2 to 1.7 and SPDX 2.2 and 2.3;
                  XML has none here, and is held to what can be read
integrity         references lead somewhere, and to one component only; package
                  URLs are valid, unique, and of the version of the component
minimum-elements  of NTIA: supplier, name, version, identifier, relationship,
                  author, timestamp

The exit code is 0 if nothing was found, 1 if something was.";

/// Hold documents to their schemas, to themselves and to the minimum elements
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Documents of any format
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What to check; may be repeated [default: all]
    #[arg(long, value_name = "WHAT", value_parser = group)]
    check: Vec<Group>,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
}

fn group(text: &str) -> Result<Group, String> {
    let mut groups = Group::all().into_iter();
    let names = || Group::all().map(Group::name).join(", ");
    groups
        .find(|group| group.name() == text)
        .ok_or_else(|| format!("expected one of {}", names()))
}

/// What was found in one file.
struct Checked<'a> {
    path: &'a Path,
    /// Nothing for a file that is no document.
    document: Option<Document>,
    findings: Vec<Finding>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let groups = match arguments.check.as_slice() {
        [] => Group::all().to_vec(),
        some => some.to_vec(),
    };
    let mut checked = Vec::new();
    for path in &arguments.files {
        checked.push(check(path, &groups)?);
    }
    let answer = match arguments.format {
        AnswerFormat::Text => text(&checked, &groups),
        AnswerFormat::Json => json(&checked, &groups),
    };
    let written = context.stdout.write_all(answer.as_bytes());
    written.map_err(|error| stdout_failed(&error))?;
    Ok(match checked.iter().all(|one| one.findings.is_empty()) {
        true => Outcome::Accepted,
        false => Outcome::Rejected,
    })
}

fn check<'a>(path: &'a Path, groups: &[Group]) -> Result<Checked<'a>, Failure> {
    let bytes = reading::bytes(path)?;
    let (document, findings) = match Document::read(&bytes) {
        Ok(document) => {
            let findings = document.validate(groups);
            (Some(document), findings)
        }
        Err(error) => (None, vec![no_document(&error)]),
    };
    Ok(Checked {
        path,
        document,
        findings,
    })
}

fn no_document(error: &Error) -> Finding {
    Finding {
        group: Group::Schema,
        code: "no-document",
        place: String::new(),
        detail: error.to_string(),
    }
}

fn text(checked: &[Checked<'_>], groups: &[Group]) -> String {
    let mut lines = Vec::new();
    for one in checked {
        let path = visible(&one.path.to_string_lossy());
        let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in &one.findings {
            let count = shown.entry(finding.code).or_default();
            *count += 1;
            if *count <= SHOWN {
                lines.push(format!("{path}: {}", visible(&finding.to_string())));
            }
        }
        for (code, count) in shown.into_iter().filter(|(_, count)| *count > SHOWN) {
            lines.push(format!("{path}: {code}: and {} more", count - SHOWN));
        }
        lines.push(format!("{path}: {}", verdict(one, groups)));
    }
    lines.join("\n") + "\n"
}

fn verdict(one: &Checked<'_>, groups: &[Group]) -> String {
    let Some(document) = &one.document else {
        return "no document".to_owned();
    };
    let names: Vec<_> = groups
        .iter()
        .filter(|group| **group != Group::Schema || document.has_schema())
        .map(|group| group.name())
        .collect();
    let count = match one.findings.len() {
        0 => "nothing found".to_owned(),
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    format!("{}: {count} ({})", document.format, names.join(", "))
}

#[derive(Serialize)]
struct ValidationDocument<'a> {
    schema: &'static str,
    checks: Vec<&'static str>,
    files: Vec<FileDocument<'a>>,
}

#[derive(Serialize)]
struct FileDocument<'a> {
    path: String,
    format: Option<&'a str>,
    held_to_schema: bool,
    components: usize,
    findings: Vec<FindingDocument<'a>>,
}

#[derive(Serialize)]
struct FindingDocument<'a> {
    check: &'static str,
    code: &'static str,
    place: &'a str,
    detail: &'a str,
}

fn json(checked: &[Checked<'_>], groups: &[Group]) -> String {
    let document = ValidationDocument {
        schema: SCHEMA,
        checks: groups.iter().map(|group| group.name()).collect(),
        files: checked.iter().map(|one| file(one, groups)).collect(),
    };
    serde_json::to_string_pretty(&document).expect("strings and numbers always serialise") + "\n"
}

fn file<'a>(one: &'a Checked<'_>, groups: &[Group]) -> FileDocument<'a> {
    let document = one.document.as_ref();
    let findings = one.findings.iter().map(|finding| FindingDocument {
        check: finding.group.name(),
        code: finding.code,
        place: &finding.place,
        detail: &finding.detail,
    });
    FileDocument {
        path: one.path.to_string_lossy().into_owned(),
        format: document.map(|document| document.format.as_str()),
        held_to_schema: groups.contains(&Group::Schema) && document.is_some_and(Document::has_schema),
        components: document.map_or(0, |document| document.components.len()),
        findings: findings.collect(),
    }
}
