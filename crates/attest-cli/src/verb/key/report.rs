use attest_sign::PublicKey;
use serde_json::json;

use super::write::NewKey;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;
use crate::visible::visible;

/// How to tell what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// One line a file
    Text,
    /// One JSON document
    Json,
}

/// What was written.
pub(super) struct Report<'a> {
    pub(super) public_key: &'a PublicKey,
    pub(super) new: &'a NewKey,
}

impl Report<'_> {
    pub(super) fn print(&self, format: Format, context: &mut Context<'_>) -> Result<(), Failure> {
        let text = match format {
            Format::Json => self.to_json().to_string(),
            Format::Text => self.to_text(),
        };
        context.print(text).map_err(|error| stdout_failed(&error))
    }

    fn to_text(&self) -> String {
        let warning = if self.new.without_password {
            " (no password)"
        } else {
            ""
        };
        let [private, public] = [&self.new.private, &self.new.public].map(|path| visible(&path.to_string_lossy()));
        format!("private key: {private}{warning}\npublic key: {public}")
    }

    fn to_json(&self) -> serde_json::Value {
        json!({
            "schema": "https://attest.dev/schema/key/v1",
            "algorithm": self.public_key.algorithm().name(),
            "privateKey": self.new.private.display().to_string(),
            "publicKey": self.new.public.display().to_string(),
            "password": !self.new.without_password,
            "hint": self.public_key.hint(),
        })
    }
}
