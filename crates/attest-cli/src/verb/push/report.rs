use std::io;

use attest_archive::image::Descriptor;
use attest_net::registry::{Reference, Tag, Upload};
use serde::Serialize;

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;
use crate::registry::{Content, Pushed, Tagged};

const SCHEMA: &str = "https://attest.dev/schema/push/v1";

/// What is said about a push.
pub(super) struct Report<'a> {
    pub(super) destination: &'a Reference,
    pub(super) tags: &'a [Tag],
    pub(super) content: &'a Content<'a>,
    pub(super) pushed: Pushed,
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
    contents: Vec<ItemDocument<'a>>,
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

/// A blob, a manifest or a tag, and what became of it.
#[derive(Serialize)]
struct ItemDocument<'a> {
    kind: &'static str,
    media_type: &'a str,
    digest: String,
    size: u64,
    tag: Option<&'a str>,
    /// What the tag names otherwise.
    moved_from: Option<String>,
    state: &'static str,
}

impl Report<'_> {
    pub(super) fn print(&self, format: AnswerFormat, context: &mut Context<'_>) -> Result<(), Failure> {
        match format {
            AnswerFormat::Text => self.print_line(context),
            AnswerFormat::Json => self.print_document(context),
        }
        .map_err(|error| stdout_failed(&error))
    }

    /// What to deploy by; with a dry run before it on stderr what would go.
    fn print_line(&self, context: &mut Context<'_>) -> io::Result<()> {
        if self.is_dry {
            for item in self.items().iter().filter(|item| item.state != "present") {
                context.say(item.line());
            }
        }
        let (would, blobs) = (if self.is_dry { "would be " } else { "" }, self.blobs());
        let mounted = match blobs.mounted {
            0 => String::new(),
            mounted => format!("; {mounted} {would}mounted"),
        };
        context.say(format_args!(
            "{} blobs {would}sent, {} bytes{mounted}; {} were there",
            blobs.sent, blobs.bytes_sent, blobs.present
        ));
        context.print(format_args!("{}@{}", self.destination, self.digest()))
    }

    fn digest(&self) -> String {
        self.content
            .top()
            .map(|top| top.digest().to_string())
            .unwrap_or_default()
    }

    fn blobs(&self) -> BlobsDocument {
        let count = |state| self.pushed.blobs.iter().filter(|became| **became == state).count();
        let pairs = self.content.blobs.iter().zip(&self.pushed.blobs);
        let sent = pairs.filter(|(_, became)| **became == Upload::Sent);
        BlobsDocument {
            present: count(Upload::Present),
            mounted: count(Upload::Mounted),
            sent: count(Upload::Sent),
            bytes_sent: sent.map(|(blob, _)| blob.descriptor.size()).sum(),
        }
    }

    fn manifests(&self) -> ManifestsDocument {
        let documents = self.pushed.documents.iter().filter(|sent| **sent);
        let tags = self.pushed.tags.iter().filter(|tagged| **tagged != Tagged::Present);
        ManifestsDocument {
            all: self.content.documents.len(),
            sent: documents.count() + tags.count(),
        }
    }

    /// Everything in the order in which it goes.
    fn items(&self) -> Vec<ItemDocument<'_>> {
        let blobs = self.content.blobs.iter().zip(&self.pushed.blobs);
        let blobs = blobs.map(|(blob, became)| item("blob", &blob.descriptor, uploaded(*became)));
        let documents = self.content.documents.iter().zip(&self.pushed.documents);
        let documents = documents.map(|(document, sent)| item("manifest", &document.descriptor, put(*sent)));
        let tags = self.content.top().into_iter().flat_map(|top| {
            let tags = self.tags.iter().zip(&self.pushed.tags);
            tags.map(|(tag, tagged)| ItemDocument {
                tag: Some(tag.as_str()),
                moved_from: match tagged {
                    Tagged::Moved(from) => Some(from.to_string()),
                    Tagged::Present | Tagged::New => None,
                },
                ..item("manifest", top, put(*tagged != Tagged::Present))
            })
        });
        blobs.chain(documents).chain(tags).collect()
    }

    fn print_document(&self, context: &mut Context<'_>) -> io::Result<()> {
        let document = Document {
            schema: SCHEMA,
            repository: self.destination.repository().to_string(),
            digest: self.digest(),
            tags: self.tags.iter().map(Tag::as_str).collect(),
            dry_run: self.is_dry,
            blobs: self.blobs(),
            manifests: self.manifests(),
            contents: self.items(),
        };
        serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
        context.print("")
    }
}

impl ItemDocument<'_> {
    fn line(&self) -> String {
        let Self { kind, digest, size, .. } = self;
        let how = if self.state == "mounted" { "mount" } else { "send" };
        match self.tag {
            Some(tag) => {
                let before = self.moved_from.as_ref();
                let before = before.map(|from| format!(", which names {from} now"));
                let before = before.unwrap_or_default();
                format!("would {how} {kind} {digest}, {size} bytes, as `{tag}`{before}")
            }
            None => format!("would {how} {kind} {digest}, {size} bytes"),
        }
    }
}

fn item<'a>(kind: &'static str, descriptor: &'a Descriptor, state: &'static str) -> ItemDocument<'a> {
    ItemDocument {
        kind,
        media_type: descriptor.media_type(),
        digest: descriptor.digest().to_string(),
        size: descriptor.size(),
        tag: None,
        moved_from: None,
        state,
    }
}

fn uploaded(became: Upload) -> &'static str {
    match became {
        Upload::Present => "present",
        Upload::Mounted => "mounted",
        Upload::Sent => "sent",
    }
}

fn put(sent: bool) -> &'static str {
    if sent { "sent" } else { "present" }
}
