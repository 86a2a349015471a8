//! `attest inspect`: what a file of any known format says, with nothing checked.

mod bundle;
mod certificate;
mod checksums;
mod detached;
mod item;
mod log;
mod openpgp;
mod predicate;
mod source;
mod ssh;
mod statement;
mod table;
mod time;
mod trust;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::visible::visible;
use source::Source;

const EXAMPLES: &str = "Examples:
  attest inspect app-1.0.tar.gz.sigstore.json
      Show who claims to have signed what. Nothing is checked: to check it, run `attest verify`.
  attest inspect app.sig app.pem trusted_root.json SHA256SUMS.asc
      Any format is recognised by its content: bundles, attestations of GitHub, npm and PyPI,
      cosign's older files, signatures of minisign, OpenPGP and SSH, certificates, keys,
      checksum lists, trust roots.
  gh api repos/OWNER/NAME/attestations/sha256:… | attest inspect --format json -
      The same as one document, from standard input.";

/// Show what evidence of any format says, unverified
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files of any known format; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// How to answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: AnswerFormat,
}

/// What is said about a file, and what came of it.
struct Inspected {
    name: String,
    items: Vec<Value>,
    outcome: Outcome,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let files: Vec<Inspected> = arguments.files.iter().map(|path| inspect(&Source::of(path))).collect();
    let outcome = files
        .iter()
        .fold(Outcome::Accepted, |worst, file| worse(worst, file.outcome));
    let answer = match arguments.format {
        AnswerFormat::Text => files.iter().map(text).collect::<Vec<_>>().join("\n"),
        AnswerFormat::Json => document(files).to_string() + "\n",
    };
    match context.stdout.write_all(answer.as_bytes()) {
        Ok(()) => Ok(outcome),
        Err(error) => Err(Failure::undecided("stdout-failed", error)),
    }
}

fn inspect(source: &Source<'_>) -> Inspected {
    let name = source.shown();
    let items = match source.read() {
        Ok(bytes) => item::describe(&bytes),
        Err(error) => {
            let outcome = error.outcome;
            let items = vec![error.into_json()];
            return Inspected { name, items, outcome };
        }
    };
    let outcome = match items.iter().any(|item| item.get("error").is_some()) {
        true => Outcome::Rejected,
        false => Outcome::Accepted,
    };
    Inspected { name, items, outcome }
}

fn document(files: Vec<Inspected>) -> Value {
    let files = files
        .into_iter()
        .map(|file| json!({ "path": file.name, "items": file.items }));
    json!({
        "schema": "https://attest.dev/schema/inspect/v1",
        "verified": false,
        "files": files.collect::<Vec<_>>(),
    })
}

/// One paragraph an item, each marked for itself: what is cut out of the output stays marked.
fn text(file: &Inspected) -> String {
    let count = file.items.len();
    let paragraphs = file.items.iter().enumerate().map(|(place, item)| {
        let name = visible(&file.name);
        if let Some(error) = item.get("error") {
            let (code, message) = (error["code"].as_str(), error["message"].as_str());
            let (code, message) = (code.unwrap_or_default(), visible(message.unwrap_or_default()));
            return format!("{name} ({} of {count})\n  [{code}] {message}\n", place + 1);
        }
        let what = item["name"].as_str().unwrap_or_default();
        let contents = table::lines(&item["contents"]);
        format!("{name} ({} of {count}): {what}, UNVERIFIED\n{contents}", place + 1)
    });
    paragraphs.collect::<Vec<_>>().join("\n")
}

/// Rejected before undecided before accepted, as in `attest verify`.
fn worse(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Rejected, _) | (_, Outcome::Rejected) => Outcome::Rejected,
        (Outcome::Undecided, _) | (_, Outcome::Undecided) => Outcome::Undecided,
        (Outcome::Accepted, Outcome::Accepted) => Outcome::Accepted,
    }
}
