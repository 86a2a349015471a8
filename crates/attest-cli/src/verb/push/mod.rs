//! `attest push`: a layout in, the same content in a registry out, its tags moved last.

mod content;
mod report;

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::PoisonError;

use attest_archive::image::{Descriptor, Error as ImageError, Layout};
use attest_net::registry::{
    BlobAddress, Client, Error, Pointer, Put, Reference, Repository, Tag, Upload, concurrently,
};

use content::Content;
use report::Report;

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::registry::{RegistryArguments, failure, parse_reference};
use crate::verb::pack::{LayoutReference, Opened, image_refusal};

const EXAMPLES: &str = "\
Examples:
  attest push app.oci:v1.2.0 oci://registry.example.org/team/app:v1.2.0
  attest push app.tar oci://localhost:5000/app:v1 --tag latest
  attest push app.oci oci://registry.example.org/team/app:v1 --dry-run

Blobs go first, then manifests, then indexes, and tags last: whoever asks for a tag
gets all of the old image or all of the new one. What is there is not sent again,
so that a push that broke off is finished by the same command.

Exit codes:
  0  everything is in the registry
  1  a blob of the layout, or what the registry stored, is not what its digest says
  2  the arguments cannot be worked with
  3  the registry did not answer, or said no; the tags are as they were";

/// How many blobs go out at once.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");

/// Push an image, an index of images, or an artifact of an OCI layout into a registry
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The layout, a directory or an archive, and what of it
    #[arg(value_name = "LAYOUT[:TAG|@DIGEST]")]
    layout: LayoutReference,
    /// Where it goes
    #[arg(value_name = "oci://NAME[:TAG]", value_parser = destination)]
    destination: Reference,
    /// Another tag for it
    #[arg(long, value_name = "TAG")]
    tag: Vec<Tag>,
    /// Look what is there, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
    #[command(flatten)]
    registry: RegistryArguments,
}

fn destination(text: &str) -> Result<Reference, String> {
    let reference = parse_reference(text).map_err(|failure| failure.message().to_owned())?;
    match reference.digest() {
        None => Ok(reference),
        Some(_) => Err("expected a place without a digest: the layout says which one it has".to_owned()),
    }
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let opened = Opened::open(&arguments.layout)?;
    let path = opened.layout().path().to_owned();
    let content = Content::collect(opened.layout(), opened.descriptor());
    let content = content.map_err(|error| image_refusal(&error, &path, &path))?;
    let client = arguments.registry.client(&context.environment)?;
    let mut tags: Vec<Tag> = arguments.destination.tag().cloned().into_iter().collect();
    tags.extend(arguments.tag.iter().cloned());
    let pushing = Pushing {
        client: &client,
        repository: arguments.destination.repository(),
        layout: opened.layout(),
        content: &content,
        is_dry: arguments.dry_run,
    };
    if context.interactive {
        let (count, bytes) = (content.blobs.len(), content.size());
        context.say(format_args!(
            "pushing {count} blobs, {bytes} bytes, to `{}`",
            arguments.destination
        ));
    }
    let blobs = pushing
        .blobs()
        .map_err(|problem| problem.told(&arguments.destination, &path))?;
    let sent = pushing
        .documents(&tags)
        .map_err(|error| failure(&error).at(&arguments.destination))?;
    let report = Report {
        destination: &arguments.destination,
        tags: &tags,
        content: &content,
        blobs,
        documents: sent,
        is_dry: arguments.dry_run,
    };
    report.print(arguments.format, context)?;
    Ok(Outcome::Accepted)
}

/// What became of blobs.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    present: usize,
    mounted: usize,
    sent: usize,
    bytes: u64,
}

enum Problem {
    Registry(Error),
    Image(ImageError),
}

impl Problem {
    fn told(&self, destination: &Reference, path: &std::path::Path) -> Failure {
        match self {
            Self::Registry(error) => failure(error).at(destination),
            Self::Image(error) => image_refusal(error, path, path),
        }
    }
}

struct Pushing<'a> {
    client: &'a Client,
    repository: &'a Repository,
    layout: &'a Layout,
    content: &'a Content,
    is_dry: bool,
}

impl Pushing<'_> {
    fn blobs(&self) -> Result<Counts, Problem> {
        let counts = Mutex::new(Counts::default());
        concurrently(&self.content.blobs, AT_ONCE, |blob| {
            let became = self.blob(blob)?;
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            match became {
                Upload::Present => counts.present += 1,
                Upload::Mounted => counts.mounted += 1,
                Upload::Sent => {
                    counts.sent += 1;
                    counts.bytes += blob.size();
                }
            }
            Ok(())
        })?;
        Ok(counts.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// With a dry run, what would be sent counts as sent.
    fn blob(&self, blob: &Descriptor) -> Result<Upload, Problem> {
        let address = BlobAddress {
            repository: self.repository,
            digest: blob.digest(),
            size: blob.size(),
        };
        if self.is_dry {
            let is_there = self.client.has_blob(address).map_err(Problem::Registry)?;
            return Ok(if is_there { Upload::Present } else { Upload::Sent });
        }
        let spoiled = Mutex::new(None);
        let source = || -> std::io::Result<Box<dyn std::io::Read>> {
            match self.layout.blob(blob) {
                Ok(blob) => Ok(Box::new(blob)),
                Err(error) => {
                    let told = std::io::Error::other(error.to_string());
                    *spoiled.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Err(told)
                }
            }
        };
        let sent = self.client.upload(address, None, &source);
        let spoiled = spoiled.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (sent, spoiled) {
            (Err(Error::Source { .. }), Some(error)) => Err(Problem::Image(error)),
            (sent, _) => sent.map_err(Problem::Registry),
        }
    }

    /// Manifests before the indexes that name them, and the top under its tags at the end. Returns how many were sent.
    fn documents(&self, tags: &[Tag]) -> Result<usize, Error> {
        let Some((top, below)) = self.content.documents.split_last() else {
            return Ok(0);
        };
        let mut sent = 0;
        for document in below {
            if !self
                .client
                .has_manifest(self.repository, document.descriptor.digest())?
            {
                self.put(&Pointer::Digest(document.descriptor.digest().clone()), document)?;
                sent += 1;
            }
        }
        for tag in tags {
            self.put(&Pointer::Tag(tag.clone()), top)?;
            sent += 1;
        }
        Ok(sent)
    }

    fn put(&self, pointer: &Pointer, document: &content::Document) -> Result<(), Error> {
        if self.is_dry {
            return Ok(());
        }
        let media_type = document.descriptor.media_type();
        match self
            .client
            .put_manifest(self.repository, pointer, media_type, &document.bytes, None)?
        {
            Put::Stored(_) => Ok(()),
            // Nothing was asked for on a condition.
            Put::Changed => Err(Error::Answer {
                url: self.repository.to_string(),
                expected: "a manifest to be stored",
                found: "a condition that nobody made".to_owned(),
            }),
        }
    }
}
