use std::path::{Path, PathBuf};

use attest_archive::image::{Descriptor, Written};
use attest_digest::Digest;
use attest_net::registry::Reference;
use serde::Serialize;

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;

const SCHEMA: &str = "https://attest.dev/schema/fetch/v1";

/// What was fetched.
pub(super) struct Report<'a> {
    pub(super) pinned: &'a Reference,
    /// The layout, or the directory that files are in.
    pub(super) path: &'a Path,
    pub(super) digest: &'a Digest,
    pub(super) fetched: Fetched<'a>,
}

pub(super) enum Fetched<'a> {
    Layout {
        written: &'a Written,
        attached: &'a [Descriptor],
    },
    Files(&'a [FetchedFile]),
}

/// A file that was written.
pub(super) struct FetchedFile {
    pub(super) path: PathBuf,
    pub(super) blob: Descriptor,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    reference: String,
    path: String,
    digest: String,
    images: Vec<ImageDocument>,
    attached: Vec<AttachedDocument>,
    files: Vec<FileDocument>,
}

#[derive(Serialize)]
struct AttachedDocument {
    digest: String,
    artifact_type: Option<String>,
    tag: Option<String>,
}

#[derive(Serialize)]
struct ImageDocument {
    platform: Option<String>,
    digest: String,
}

#[derive(Serialize)]
struct FileDocument {
    path: String,
    digest: String,
    size: u64,
    media_type: String,
}

impl Report<'_> {
    pub(super) fn print(&self, format: AnswerFormat, context: &mut Context<'_>) -> Result<(), Failure> {
        let printed = match format {
            AnswerFormat::Text => self.print_lines(context),
            AnswerFormat::Json => self.print_document(context),
        };
        printed.map_err(|error| stdout_failed(&error))
    }

    /// A line for the layout, or for each file.
    fn print_lines(&self, context: &mut Context<'_>) -> std::io::Result<()> {
        let mut line = |digest: &Digest, path: &Path| {
            context.print(format_args!("{digest}  {}", path.display().to_string().escape_debug()))
        };
        match self.fetched {
            Fetched::Layout { .. } => line(self.digest, self.path),
            Fetched::Files(files) => files.iter().try_for_each(|file| line(file.blob.digest(), &file.path)),
        }
    }

    fn print_document(&self, context: &mut Context<'_>) -> std::io::Result<()> {
        let (mut images, mut attached, mut files) = (Vec::new(), Vec::new(), Vec::new());
        match self.fetched {
            Fetched::Layout { written, attached: all } => {
                images.extend(written.images.iter().map(|image| image_document(&image.descriptor)));
                attached.extend(all.iter().map(attached_document));
            }
            Fetched::Files(all) => files.extend(all.iter().map(file_document)),
        }
        let document = Document {
            schema: SCHEMA,
            reference: self.pinned.to_string(),
            path: self.path.display().to_string(),
            digest: self.digest.to_string(),
            images,
            attached,
            files,
        };
        serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
        context.print("")
    }
}

fn image_document(image: &Descriptor) -> ImageDocument {
    ImageDocument {
        platform: image.platform().map(ToString::to_string),
        digest: image.digest().to_string(),
    }
}

fn attached_document(entry: &Descriptor) -> AttachedDocument {
    AttachedDocument {
        digest: entry.digest().to_string(),
        artifact_type: entry.artifact_type().map(str::to_owned),
        tag: entry.reference_name().map(str::to_owned),
    }
}

fn file_document(file: &FetchedFile) -> FileDocument {
    FileDocument {
        path: file.path.display().to_string(),
        digest: file.blob.digest().to_string(),
        size: file.blob.size(),
        media_type: file.blob.media_type().to_owned(),
    }
}
