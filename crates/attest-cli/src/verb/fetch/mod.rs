//! `attest fetch`: a reference in, a layout of what it names out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use attest_archive::SourceDate;
use attest_archive::image::{
    Annotations, Descriptor, Destination, Error as ImageError, ImageRecipe, LayerCompression, Layout, Platform,
    Settings, Tag, Taken, Written, write_image,
};
use attest_net::registry::Reference;
use serde::Serialize;

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::process::stdout_failed;
use crate::registry::{Bases, RegistryArguments, parse_reference};
use crate::verb::pack::{date, image_refusal};

const EXAMPLES: &str = "\
Examples:
  attest fetch oci://docker.io/library/debian:12 -o debian.oci
  attest fetch oci://registry.example.org/app@sha256:DIGEST -o app.tar
  attest fetch oci://registry.example.org/app:v1 --platform linux/arm64 -o arm64.oci

Everything that the reference names is fetched, each blob held to its digest, and
written as an OCI image layout: with its own index, so that the digest stays, or
only for the platforms that are asked for. What was fetched is kept, as for bases.

Exit codes:
  0  the layout is written
  1  a blob is not what its digest says
  2  the arguments cannot be worked with
  3  the registry did not answer, said no, or has no such image; nothing was written";

const SCHEMA: &str = "https://attest.dev/schema/fetch/v1";

/// Fetch an image, an index of images, or an artifact from a registry into an OCI layout
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to fetch
    #[arg(value_name = "oci://NAME[:TAG][@DIGEST]")]
    reference: String,
    /// Only the image for this platform; may be given several times
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Vec<Platform>,
    /// The layout to write: an archive if its name ends in .tar, else a directory
    #[arg(short, long, value_name = "DIR|FILE.tar")]
    output: PathBuf,
    /// Replace a layout directory that is there, as a whole
    #[arg(long)]
    replace: bool,
    /// Open no connection: everything must have been fetched before, and be named by its digest
    #[arg(long)]
    offline: bool,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let reference = parse_reference(&arguments.reference)?;
    let output = &arguments.output;
    let date = date::of_environment(&context.environment)?.map(|date| date.value);
    let destination = Destination::of(output, arguments.replace);
    let platforms: BTreeSet<Platform> = arguments.platform.iter().cloned().collect();
    let bases = Bases::open(&arguments.registry, arguments.offline, context)?;
    let pinned = bases.resolve(&reference)?;
    let fetched = bases.fetch(&pinned, &platforms, context)?;
    let refuse = |error: ImageError| image_refusal(&error, output, output);
    let taken = taken(&fetched.layout, &fetched.descriptor, &platforms).map_err(refuse)?;
    let recipe = ImageRecipe {
        roots: BTreeMap::new(),
        base: None,
        taken: taken
            .into_iter()
            .map(|found| Taken::new(&fetched.layout, found))
            .collect(),
        attached: Vec::new(),
        settings: Settings::default(),
        annotations: Annotations::new(),
        tags: tag(&reference).into_iter().collect(),
        compression: LayerCompression::default(),
        source_date: date.unwrap_or(SourceDate::EARLIEST_FOR_ALL),
        threads: std::num::NonZeroUsize::MIN,
    };
    let written = write_image(&recipe, destination).map_err(refuse)?;
    if let Some(replaced) = &written.left_behind {
        context.say(format_args!(
            "warning: the layout that was replaced cannot be removed; it is `{}` now",
            replaced.display().to_string().escape_debug()
        ));
    }
    print(&pinned, output, &written, arguments.format, context).map_err(|error| stdout_failed(&error))?;
    Ok(Outcome::Accepted)
}

/// All of it, or the images for the platforms that are asked for.
fn taken(layout: &Layout, top: &Descriptor, platforms: &BTreeSet<Platform>) -> Result<Vec<Descriptor>, ImageError> {
    if platforms.is_empty() {
        return Ok(vec![top.clone()]);
    }
    platforms
        .iter()
        .map(|platform| layout.image_for(top, platform))
        .collect()
}

/// The tag in the registry is the one in the layout; what was asked for by digest alone has none.
fn tag(reference: &Reference) -> Option<Tag> {
    reference.tag()?.as_str().parse().ok()
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    reference: String,
    path: String,
    digest: String,
    images: Vec<ImageDocument>,
}

#[derive(Serialize)]
struct ImageDocument {
    platform: Option<String>,
    digest: String,
}

fn print(
    pinned: &Reference,
    output: &Path,
    written: &Written,
    format: AnswerFormat,
    context: &mut Context<'_>,
) -> std::io::Result<()> {
    let (digest, path) = (written.descriptor.digest(), output.display().to_string());
    if let AnswerFormat::Text = format {
        return context.print(format_args!("{digest}  {}", path.escape_debug()));
    }
    let images = written.images.iter().map(|image| ImageDocument {
        platform: image.descriptor.platform().map(ToString::to_string),
        digest: image.descriptor.digest().to_string(),
    });
    let document = Document {
        schema: SCHEMA,
        reference: pinned.to_string(),
        path,
        digest: digest.to_string(),
        images: images.collect(),
    };
    serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
    context.print("")
}
