use std::path::Path;

use attest_digest::Algorithm;
use serde_json::{Value, json};

use super::check::Signer;
use super::output::Output;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;
use crate::visible::visible;

/// So many names still make a line.
const MOST_NAMES: usize = 10;

/// How to tell what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// One line a bundle
    Text,
    /// One JSON document
    Json,
}

/// What was signed, by whom, and where the bundles are.
pub(super) struct Report<'a> {
    signer: &'a Signer<'a>,
    outputs: &'a [Output],
}

impl<'a> Report<'a> {
    pub(super) fn new(signer: &'a Signer<'a>, outputs: &'a [Output]) -> Self {
        Self { signer, outputs }
    }

    pub(super) fn print(&self, format: Format, context: &mut Context<'_>) -> Result<(), Failure> {
        print(format, || self.to_text(), || self.to_json(), context)
    }

    fn to_text(&self) -> String {
        let lines = self.outputs.iter().map(|output| {
            let artifacts = output.request.artifacts.iter();
            let names: Vec<String> = artifacts.map(|artifact| visible(&artifact.name)).collect();
            let place = visible(&output.request.place.to_string_lossy());
            let waits = if output.is_pending() { " (not logged yet)" } else { "" };
            match names.as_slice() {
                [] => format!("signed: {place}{waits}"),
                names if names.len() > MOST_NAMES => format!("signed {} files: {place}{waits}", names.len()),
                names => format!("signed {}: {place}{waits}", names.join(", ")),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn to_json(&self) -> Value {
        json!({
            "schema": "https://attest.dev/schema/sign/v1",
            "signer": signer_to_json(self.signer),
            "bundles": self.outputs.iter().map(bundle).collect::<Vec<_>>(),
        })
    }
}

/// The bundles that pending signatures have become.
pub(super) struct Resumed<'a>(pub(super) &'a [&'a Path]);

impl Resumed<'_> {
    pub(super) fn print(&self, format: Format, context: &mut Context<'_>) -> Result<(), Failure> {
        let shown = |path: &&Path| path.display().to_string();
        let text = || {
            let lines = self.0.iter().map(|path| format!("logged: {}", visible(&shown(path))));
            lines.collect::<Vec<_>>().join("\n")
        };
        let document = || {
            let bundles = self.0.iter().map(|path| json!({ "path": shown(path) }));
            json!({ "schema": "https://attest.dev/schema/sign-resume/v1", "bundles": bundles.collect::<Vec<_>>() })
        };
        print(format, text, document, context)
    }
}

pub(super) fn print(
    format: Format,
    text: impl Fn() -> String,
    document: impl Fn() -> Value,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let text = match format {
        Format::Json => document().to_string(),
        Format::Text => text(),
    };
    match text.is_empty() {
        true => Ok(()),
        false => context.print(text).map_err(|error| stdout_failed(&error)),
    }
}

pub(super) fn signer_to_json(signer: &Signer<'_>) -> Value {
    match signer {
        Signer::Certificate { identity, issuer } => json!({ "identity": identity, "issuer": issuer }),
        Signer::Key(key) => json!({ "keyHint": key.hint(), "keyAlgorithm": key.algorithm().name() }),
    }
}

fn bundle(output: &Output) -> Value {
    let kind = if output.request.statement.is_some() {
        "statement"
    } else {
        "signature"
    };
    let artifacts = output.request.artifacts.iter().map(|artifact| {
        let digest = artifact
            .measured
            .digest(Algorithm::Sha256)
            .map(attest_digest::Digest::to_hex);
        json!({ "name": artifact.name, "sha256": digest })
    });
    json!({
        "path": output.request.place.display().to_string(),
        "pending": output.is_pending(),
        "kind": kind,
        "artifacts": artifacts.collect::<Vec<_>>(),
        "logEntries": output.bundle().peek_unverified().log_entries.len(),
        "timestamps": output.bundle().peek_unverified().timestamps.len(),
    })
}
