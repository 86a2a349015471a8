//! `attest inspect`: what bundles say, with nothing checked.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use attest_store::StoreError;
use attest_verify::UnverifiedSigner;
use attestation::{Bundle, KeyMaterial, SignedContent, Statement, parse_bundles};

use crate::causes::with_causes;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::visible::visible;

const EXAMPLES: &str = "Examples:
  attest inspect app-1.0.tar.gz.sigstore.json
      Show who claims to have signed what. Nothing is checked: to check it, run `attest verify`.";

/// The most subjects that are shown of a statement.
const MAX_SHOWN_SUBJECTS: usize = 20;

/// Show what a bundle says, unverified
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Bundles, or files of several
    #[arg(required = true, value_name = "BUNDLE")]
    bundles: Vec<PathBuf>,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::Accepted;
    for path in &arguments.bundles {
        let (texts, found) = inspect(path);
        for text in texts {
            context
                .print(text.trim_end())
                .map_err(|error| Failure::undecided("stdout-failed", error))?;
        }
        outcome = worse(outcome, found);
    }
    Ok(outcome)
}

/// What is said about each bundle of a file, and what came of the whole file.
fn inspect(path: &Path) -> (Vec<String>, Outcome) {
    let shown = visible(&path.display().to_string());
    let bytes = match attest_store::read_bundle_file(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let outcome = match error {
                StoreError::TooLarge { .. } => Outcome::Rejected,
                _ => Outcome::Undecided,
            };
            let text = format!("{shown}\n  [{}] {}", error.code(), visible(&with_causes(&error)));
            return (vec![text], outcome);
        }
    };
    let mut outcome = Outcome::Accepted;
    let bundles = parse_bundles(bytes.peek_unverified());
    let texts = bundles.iter().enumerate().map(|(place, bundle)| {
        let mut text = format!("{shown} ({} of {}), UNVERIFIED\n", place + 1, bundles.len());
        match bundle {
            Ok(bundle) => describe(&mut text, bundle),
            Err(error) => {
                let _ = writeln!(text, "  [{}] {}", error.code(), visible(&error.to_string()));
                outcome = Outcome::Rejected;
            }
        }
        text
    });
    (texts.collect(), outcome)
}

/// Rejected before undecided before accepted, as in `attest verify`.
fn worse(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Rejected, _) | (_, Outcome::Rejected) => Outcome::Rejected,
        (Outcome::Undecided, _) | (_, Outcome::Undecided) => Outcome::Undecided,
        (Outcome::Accepted, Outcome::Accepted) => Outcome::Accepted,
    }
}

fn describe(text: &mut String, bundle: &Bundle) {
    let contents = bundle.peek_unverified();
    let _ = writeln!(text, "  format        Sigstore bundle {}", contents.version);
    match contents.certificate().map(UnverifiedSigner::peek) {
        Some(Some(signer)) => describe_signer(text, &signer),
        Some(None) => text.push_str("  signer        a certificate that cannot be read\n"),
        None => describe_key(text, &contents.key_material),
    }
    for entry in &contents.log_entries {
        let _ = write!(
            text,
            "  log entry     {}/{} at index {}",
            visible(&entry.kind),
            visible(&entry.version),
            entry.log_index
        );
        let time = entry.integrated_time.and_then(|time| i64::try_from(time).ok());
        match time.and_then(|time| jiff::Timestamp::from_second(time).ok()) {
            Some(time) => writeln!(text, ", logged {time}"),
            None => writeln!(text),
        }
        .unwrap_or_default();
    }
    let _ = writeln!(text, "  timestamps    {}", contents.timestamps.len());
    match &contents.content {
        SignedContent::Envelope(envelope) => describe_statement(text, envelope.payload().as_bytes()),
        SignedContent::Message(message) => {
            let digest = message
                .digest
                .as_ref()
                .map_or_else(|| "not named".to_owned(), ToString::to_string);
            let _ = writeln!(text, "  artifact      {digest}");
        }
        _ => text.push_str("  content       of a kind that is not understood\n"),
    }
}

fn describe_signer(text: &mut String, signer: &UnverifiedSigner) {
    let or_none = |value: &Option<String>| value.as_deref().map_or_else(|| "none".to_owned(), visible);
    let _ = writeln!(text, "  identity      {}", or_none(&signer.identity));
    let _ = writeln!(text, "  issuer        {}", or_none(&signer.issuer));
    let _ = writeln!(
        text,
        "  certificate   from {} to {}",
        signer.not_before, signer.not_after
    );
    for (name, value) in &signer.claims {
        let _ = writeln!(text, "    {name}: {}", visible(value));
    }
}

fn describe_key(text: &mut String, material: &KeyMaterial) {
    if let KeyMaterial::PublicKey { hint } = material {
        let _ = writeln!(text, "  signer        a key, hint `{}`", visible(hint));
    }
}

fn describe_statement(text: &mut String, payload: &[u8]) {
    let statement = match Statement::parse(payload) {
        Ok(statement) => statement,
        Err(error) => {
            let _ = writeln!(text, "  statement     cannot be read: {}", visible(&error.to_string()));
            return;
        }
    };
    let _ = writeln!(text, "  statement     {}", visible(statement.predicate_type()));
    for subject in statement.subjects().iter().take(MAX_SHOWN_SUBJECTS) {
        let digests: Vec<String> = subject.digests().iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "    {}  {}",
            visible(subject.name().unwrap_or("(no name)")),
            digests.join(" ")
        );
    }
    let more = statement.subjects().len().saturating_sub(MAX_SHOWN_SUBJECTS);
    if more > 0 {
        let _ = writeln!(text, "    and {more} more");
    }
}
