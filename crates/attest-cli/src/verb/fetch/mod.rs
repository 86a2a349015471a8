//! `attest fetch`: a reference in, a layout of what it names out, perhaps with everything that hangs on it.

mod attestations;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use attest_archive::SourceDate;
use attest_archive::image::{
    Annotations, Descriptor, Destination, Error as ImageError, ImageRecipe, LayerCompression, Layout, Platform,
    Settings, Tag, Taken, Written, write_image,
};
use attest_net::registry::Reference;
use attest_store::image::Tree;
use serde::Serialize;

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::image::{Place, tree_failure};
use crate::process::stdout_failed;
use crate::registry::{Bases, RegistryArguments, parse_reference};
use crate::verb::pack::{date, image_refusal};
use attestations::Asking;

const EXAMPLES: &str = "\
Examples:
  attest fetch oci://docker.io/library/debian:12 -o debian.oci
  attest fetch oci://registry.example.org/app@sha256:DIGEST -o app.tar
  attest fetch oci://registry.example.org/app:v1 --platform linux/arm64 -o arm64.oci
  attest fetch oci://registry.example.org/app:v1 --attestations -o app.oci

Everything that the reference names is fetched, each blob held to its digest, and
written as an OCI image layout: with its own index, so that the digest stays, or
only for the platforms that are asked for. What was fetched is kept, as for bases.
With --attestations the layout also has all that hangs on the image and on each that
its index names, so that it is verified without a network: signatures, attestations,
lists of contents, however the registry keeps them.

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
    /// Also fetch everything that hangs on the image: signatures, attestations, lists of contents; not with --offline, since nothing
    /// says what hangs on it now
    #[arg(long, conflicts_with = "offline")]
    attestations: bool,
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
    let taken = taken(&fetched.layout, &fetched.descriptor, &platforms).map_err(|error| refuse(error).at(&pinned))?;
    let attached = match arguments.attestations {
        true => arguments.attached(&bases, &pinned, &taken, context)?,
        false => Vec::new(),
    };
    let recipe = ImageRecipe {
        roots: BTreeMap::new(),
        base: None,
        taken: taken
            .into_iter()
            .map(|found| Taken::new(&fetched.layout, found))
            .collect(),
        attached: attached
            .iter()
            .map(|found| Taken::new(&fetched.layout, found.clone()))
            .collect(),
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
    let report = Report {
        pinned: &pinned,
        output,
        written: &written,
        attached: &attached,
    };
    report
        .print(arguments.format, context)
        .map_err(|error| stdout_failed(&error))?;
    Ok(Outcome::Accepted)
}

impl Arguments {
    /// What hangs on the images, and on the index that is written as it is.
    fn attached(
        &self,
        bases: &Bases,
        pinned: &Reference,
        taken: &[Descriptor],
        context: &mut Context<'_>,
    ) -> Result<Vec<Descriptor>, Failure> {
        let place = Place::Registry {
            client: self.registry.client(&context.environment)?,
            repository: pinned.repository().clone(),
        };
        let subjects = match (pinned.digest(), self.platform.is_empty()) {
            (Some(top), true) => {
                let tree = Tree::read(&place, top).map_err(|error| tree_failure(&error, &place).at(pinned))?;
                attestations::subjects(&tree)
            }
            _ => taken.iter().map(|image| image.digest().clone()).collect(),
        };
        let asking = Asking {
            place: &place,
            bases,
            reference: pinned,
        };
        asking.fetch(&subjects, context)
    }
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
    attached: Vec<AttachedDocument>,
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

/// What was fetched.
struct Report<'a> {
    pinned: &'a Reference,
    output: &'a Path,
    written: &'a Written,
    attached: &'a [Descriptor],
}

impl Report<'_> {
    fn print(&self, format: AnswerFormat, context: &mut Context<'_>) -> std::io::Result<()> {
        let (digest, path) = (self.written.descriptor.digest(), self.output.display().to_string());
        if let AnswerFormat::Text = format {
            return context.print(format_args!("{digest}  {}", path.escape_debug()));
        }
        let images = self.written.images.iter().map(|image| ImageDocument {
            platform: image.descriptor.platform().map(ToString::to_string),
            digest: image.descriptor.digest().to_string(),
        });
        let attached = self.attached.iter().map(|entry| AttachedDocument {
            digest: entry.digest().to_string(),
            artifact_type: entry.artifact_type().map(str::to_owned),
            tag: entry.reference_name().map(str::to_owned),
        });
        let document = Document {
            schema: SCHEMA,
            reference: self.pinned.to_string(),
            path,
            digest: digest.to_string(),
            images: images.collect(),
            attached: attached.collect(),
        };
        serde_json::to_writer_pretty(&mut *context.stdout, &document)?;
        context.print("")
    }
}
