use attest_digest::Algorithm;
use serde_json::{Value, json};

use super::check::Signer;
use super::output::Output;
use crate::context::Context;
use crate::failure::Failure;
use crate::visible::visible;

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
        let text = match format {
            Format::Json => self.to_json().to_string(),
            Format::Text => self.to_text(),
        };
        context
            .print(text)
            .map_err(|error| Failure::undecided("stdout-failed", format_args!("cannot write the result: {error}")))
    }

    fn to_text(&self) -> String {
        let lines = self.outputs.iter().map(|output| {
            let artifacts = output.request.artifacts.iter();
            let names: Vec<String> = artifacts.map(|artifact| visible(&artifact.name)).collect();
            let bundle = visible(&output.request.bundle.to_string_lossy());
            match names.as_slice() {
                [] => format!("signed: {bundle}"),
                names => format!("signed {}: {bundle}", names.join(", ")),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn to_json(&self) -> Value {
        json!({
            "schema": "https://attest.dev/schema/sign/v1",
            "signer": { "identity": self.signer.identity, "issuer": self.signer.issuer },
            "bundles": self.outputs.iter().map(bundle).collect::<Vec<_>>(),
        })
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
        "path": output.request.bundle.display().to_string(),
        "kind": kind,
        "artifacts": artifacts.collect::<Vec<_>>(),
        "logEntries": output.bundle.peek_unverified().log_entries.len(),
    })
}
