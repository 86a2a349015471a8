use std::io;
use std::path::Path;

use attest_archive::image::{Descriptor, ImageRecipe, Platform, Written, WrittenImage};
use serde::Serialize;

use super::super::date::Date;
use super::super::report::{DateDocument, Figures};
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;

const SCHEMA: &str = "https://attest.dev/schema/pack-image/v1";

/// What is said about a layout that was written.
pub(super) struct Report<'a> {
    pub(super) path: &'a Path,
    pub(super) recipe: &'a ImageRecipe<'a>,
    pub(super) date: &'a Date,
    pub(super) written: &'a Written,
}

impl Report<'_> {
    pub(super) fn print(&self, format: AnswerFormat, context: &mut Context<'_>) -> Result<(), Failure> {
        match format {
            AnswerFormat::Text => self.print_lines(context),
            AnswerFormat::Json => self.print_document(context),
        }
        .map_err(|error| stdout_failed(&error))
    }

    /// The digest to deploy by, then that of each platform if there are several.
    fn print_lines(&self, context: &mut Context<'_>) -> io::Result<()> {
        let top = &self.written.descriptor;
        let path = self.path.display().to_string();
        context.print(format_args!("{}  {}", top.digest(), path.escape_debug()))?;
        if top.is_manifest() {
            return Ok(());
        }
        self.written
            .images
            .iter()
            .try_for_each(|image| context.print(format_args!("{}  {}", image.descriptor.digest(), name(image))))
    }

    fn print_document(&self, context: &mut Context<'_>) -> io::Result<()> {
        let document = Document {
            schema: SCHEMA,
            layout: LayoutDocument {
                path: self.path.to_string_lossy().into_owned(),
                archive: self.written.archive.as_ref().map(Figures::of),
                tags: self.recipe.tags.iter().map(|tag| tag.as_str()).collect(),
                descriptor: DescriptorDocument::of(&self.written.descriptor),
            },
            compressor: self.recipe.compression.compressor(),
            source_date: DateDocument::of(self.date),
            images: self.written.images.iter().map(ImageDocument::of).collect(),
        };
        serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
        context.print("")
    }
}

fn name(image: &WrittenImage) -> String {
    match image.descriptor.platform() {
        Some(platform) => platform.to_string(),
        None => "of no platform".to_owned(),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    layout: LayoutDocument<'a>,
    compressor: String,
    source_date: DateDocument,
    images: Vec<ImageDocument>,
}

#[derive(Serialize)]
struct LayoutDocument<'a> {
    path: String,
    archive: Option<Figures>,
    tags: Vec<&'a str>,
    #[serde(flatten)]
    descriptor: DescriptorDocument,
}

#[derive(Serialize)]
struct DescriptorDocument {
    media_type: String,
    digest: String,
    size: u64,
}

#[derive(Serialize)]
struct ImageDocument {
    platform: Option<String>,
    #[serde(flatten)]
    descriptor: DescriptorDocument,
    config: DescriptorDocument,
    layers: Vec<DescriptorDocument>,
    diff_id: Option<String>,
}

impl DescriptorDocument {
    fn of(descriptor: &Descriptor) -> Self {
        Self {
            media_type: descriptor.media_type().to_owned(),
            digest: descriptor.digest().to_string(),
            size: descriptor.size(),
        }
    }
}

impl ImageDocument {
    fn of(image: &WrittenImage) -> Self {
        Self {
            platform: image.descriptor.platform().map(Platform::to_string),
            descriptor: DescriptorDocument::of(&image.descriptor),
            config: DescriptorDocument::of(image.manifest.config()),
            layers: image.manifest.layers().iter().map(DescriptorDocument::of).collect(),
            diff_id: image.diff_id.as_ref().map(ToString::to_string),
        }
    }
}
