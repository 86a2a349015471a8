use std::io;

use attest_net::registry::{Reference, Tag};
use serde::Serialize;

use super::{Content, Counts};
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;

const SCHEMA: &str = "https://attest.dev/schema/push/v1";

/// What is said about a push.
pub(super) struct Report<'a> {
    pub(super) destination: &'a Reference,
    pub(super) tags: &'a [Tag],
    pub(super) content: &'a Content,
    pub(super) blobs: Counts,
    pub(super) documents: usize,
    pub(super) is_dry: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    repository: String,
    digest: String,
    tags: Vec<&'a str>,
    dry_run: bool,
    blobs: BlobsDocument,
    manifests: ManifestsDocument,
}

#[derive(Serialize)]
struct BlobsDocument {
    present: usize,
    mounted: usize,
    sent: usize,
    bytes_sent: u64,
}

#[derive(Serialize)]
struct ManifestsDocument {
    all: usize,
    sent: usize,
}

impl Report<'_> {
    pub(super) fn print(&self, format: AnswerFormat, context: &mut Context<'_>) -> Result<(), Failure> {
        match format {
            AnswerFormat::Text => self.print_line(context),
            AnswerFormat::Json => self.print_document(context),
        }
        .map_err(|error| stdout_failed(&error))
    }

    /// What to deploy by.
    fn print_line(&self, context: &mut Context<'_>) -> io::Result<()> {
        let Counts {
            present, sent, bytes, ..
        } = self.blobs;
        let would = if self.is_dry { "would be " } else { "" };
        context.say(format_args!(
            "{sent} blobs {would}sent, {bytes} bytes; {present} were there"
        ));
        context.print(format_args!("{}@{}", self.destination, self.digest()))
    }

    fn digest(&self) -> String {
        self.content
            .top()
            .map(|top| top.digest().to_string())
            .unwrap_or_default()
    }

    fn print_document(&self, context: &mut Context<'_>) -> io::Result<()> {
        let document = Document {
            schema: SCHEMA,
            repository: self.destination.repository().to_string(),
            digest: self.digest(),
            tags: self.tags.iter().map(Tag::as_str).collect(),
            dry_run: self.is_dry,
            blobs: BlobsDocument {
                present: self.blobs.present,
                mounted: self.blobs.mounted,
                sent: self.blobs.sent,
                bytes_sent: self.blobs.bytes,
            },
            manifests: ManifestsDocument {
                all: self.content.documents.len(),
                sent: self.documents,
            },
        };
        serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
        context.print("")
    }
}
