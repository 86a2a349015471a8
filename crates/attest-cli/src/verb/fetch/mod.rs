//! `attest fetch`: a reference in; a layout of what it names out, perhaps with everything that hangs on it, or what was pushed as a chart
//! or as files.

mod attestations;
mod content;
mod files;
mod new_files;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use attest_archive::SourceDate;
use attest_archive::image::{
    Annotations, Descriptor, Destination, Error as ImageError, ImageRecipe, LayerCompression, Layout, Platform,
    Settings, Tag, Taken, write_image,
};
use attest_net::registry::Reference;
use attest_store::image::Tree;

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::image::{Place, tree_failure};
use crate::registry::{Bases, RegistryArguments, parse_reference};
use crate::verb::pack::{date, image_refusal};
use attestations::Asking;
use content::Content;
use files::Files;
use report::{Fetched, Report};

const EXAMPLES: &str = "\
Examples:
  attest fetch oci://docker.io/library/debian:12 -o debian.oci
  attest fetch oci://registry.example.org/app@sha256:DIGEST -o app.tar
  attest fetch oci://registry.example.org/app:v1 --platform linux/arm64 -o arm64.oci
  attest fetch oci://registry.example.org/app:v1 --attestations -o app.oci
  attest fetch oci://registry.example.org/charts/app:1.2.0
  attest fetch oci://registry.example.org/team/app:files -o files
  attest fetch oci://registry.example.org/charts/app:1.2.0 --as layout -o chart.oci

What was pushed comes back: an image as an OCI image layout, a Helm chart as its
NAME-VERSION.tgz with the .prov beside it, an artifact of files as these, by their
names, in the directory of -o. --as says otherwise. A file never takes the place of
another, and none of them is written when one cannot be.

Everything that the reference names is fetched, and each blob held to its digest. A
layout has the index as it is, so that the digest stays, or only the platforms that
are asked for. What was fetched is kept, as for bases.
With --attestations the layout also has all that hangs on the image and on each that
its index names, so that it is verified without a network: signatures, attestations,
lists of contents, however the registry keeps them.

Exit codes:
  0  the layout, or the files, are written
  1  a blob is not what its digest says, a file has a name that leads elsewhere, or a
     chart is none
  2  the arguments cannot be worked with
  3  the registry did not answer, said no, or has no such image; nothing was written";

/// What is made of what is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// An OCI layout of everything
    Layout,
    /// The package of a chart with its .prov, or the files of an artifact
    Files,
}

/// Fetch an image into an OCI layout, a chart as its package, or an artifact as its files, from a registry
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to fetch
    #[arg(value_name = "oci://NAME[:TAG][@DIGEST]")]
    reference: String,
    /// Only the image for this platform; may be given several times
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Vec<Platform>,
    /// The layout to write: an archive if its name ends in .tar, else a directory. Of a chart and of files the directory that they
    /// go into [default: of a chart the current one]
    #[arg(short, long, value_name = "DIR|FILE.tar")]
    output: Option<PathBuf>,
    /// What to make of it [default: files of a chart, and of an artifact whose layers all have names; a layout of everything else, and with
    /// --platform, --attestations, --replace or FILE.tar]
    #[arg(long = "as", value_enum, value_name = "FORM")]
    form: Option<Form>,
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
    let form = arguments.form()?;
    let reference = parse_reference(&arguments.reference)?;
    let date = date::of_environment(&context.environment)?.map(|date| date.value);
    let bases = Bases::open(&arguments.registry, arguments.offline, context)?;
    let pinned = bases.resolve(&reference)?;
    let fetching = Fetching {
        arguments: &arguments,
        bases: &bases,
        reference: &reference,
        pinned: &pinned,
    };
    match fetching.content(form)? {
        Some(content) => fetching.files(&content, context)?,
        None => fetching.layout(date, context)?,
    }
    Ok(Outcome::Accepted)
}

/// What is fetched, and how it was asked for.
struct Fetching<'a> {
    arguments: &'a Arguments,
    bases: &'a Bases,
    reference: &'a Reference,
    pinned: &'a Reference,
}

impl Fetching<'_> {
    /// What becomes files; nothing where it is to be a layout.
    fn content(&self, form: Option<Form>) -> Result<Option<Content>, Failure> {
        if form == Some(Form::Layout) {
            return Ok(None);
        }
        let (descriptor, bytes) = self.bases.top(self.pinned)?;
        let content = Content::of(&descriptor, &bytes).map_err(|failure| {
            let layout = "`--as layout` fetches it as it is";
            failure.at(self.pinned).hint(layout)
        })?;
        match (content, form) {
            (None, Some(Form::Files)) => {
                let message = "expected a chart, or an artifact whose layers all have names of files, found neither";
                Err(Failure::usage("files-expected", message)
                    .at(self.pinned)
                    .hint("`--as layout` fetches it as it is"))
            }
            (content, _) => Ok(content),
        }
    }

    fn files(&self, content: &Content, context: &mut Context<'_>) -> Result<(), Failure> {
        let output = self.arguments.output.as_deref();
        let (bases, pinned) = (self.bases, self.pinned);
        let files = Files {
            bases,
            pinned,
            content,
            output,
        };
        let written = files.fetch(context)?;
        let Some(digest) = pinned.digest() else {
            return Ok(());
        };
        let report = Report {
            pinned,
            path: output.unwrap_or(Path::new(".")),
            digest,
            fetched: Fetched::Files(&written),
        };
        report.print(self.arguments.format, context)
    }

    fn layout(&self, date: Option<SourceDate>, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            arguments,
            bases,
            pinned,
            ..
        } = self;
        let output = arguments.layout_path()?;
        let platforms: BTreeSet<Platform> = arguments.platform.iter().cloned().collect();
        let fetched = bases.fetch(pinned, &platforms, context)?;
        let refuse = |error: ImageError| image_refusal(&error, output, output);
        let taken =
            taken(&fetched.layout, &fetched.descriptor, &platforms).map_err(|error| refuse(error).at(pinned))?;
        let attached = match arguments.attestations {
            true => arguments.attached(bases, pinned, &taken, context)?,
            false => Vec::new(),
        };
        let recipe = self.recipe(&fetched.layout, &taken, &attached, date);
        let written = write_image(&recipe, Destination::of(output, arguments.replace)).map_err(refuse)?;
        if let Some(replaced) = &written.left_behind {
            context.say(format_args!(
                "warning: the layout that was replaced cannot be removed; it is `{}` now",
                replaced.display().to_string().escape_debug()
            ));
        }
        let report = Report {
            pinned,
            path: output,
            digest: written.descriptor.digest(),
            fetched: Fetched::Layout {
                written: &written,
                attached: &attached,
            },
        };
        report.print(arguments.format, context)
    }

    fn recipe<'a>(
        &self,
        layout: &'a Layout,
        taken: &[Descriptor],
        attached: &[Descriptor],
        date: Option<SourceDate>,
    ) -> ImageRecipe<'a> {
        let all = |found: &[Descriptor]| found.iter().map(|found| Taken::new(layout, found.clone())).collect();
        ImageRecipe {
            roots: BTreeMap::new(),
            base: None,
            taken: all(taken),
            attached: all(attached),
            settings: Settings::default(),
            annotations: Annotations::new(),
            tags: tag(self.reference).into_iter().collect(),
            compression: LayerCompression::default(),
            source_date: date.unwrap_or(SourceDate::EARLIEST_FOR_ALL),
            threads: std::num::NonZeroUsize::MIN,
        }
    }
}

impl Arguments {
    /// What was asked for; nothing where the content decides. What only layouts can be or have asks for one.
    fn form(&self) -> Result<Option<Form>, Failure> {
        let of_layouts = [
            ("--platform", !self.platform.is_empty()),
            ("--attestations", self.attestations),
            ("--replace", self.replace),
            ("-o FILE.tar", self.output.as_deref().is_some_and(is_layout_archive)),
        ];
        let asking = of_layouts
            .into_iter()
            .find_map(|(option, is_given)| is_given.then_some(option));
        let form = match (self.form, asking) {
            (Some(Form::Files), Some(option)) => {
                let message = format_args!("expected `{option}` with a layout alone, found `--as files`");
                return Err(Failure::usage("option-of-another-kind", message));
            }
            (form, None) => form,
            (_, Some(_)) => Some(Form::Layout),
        };
        if form == Some(Form::Layout) {
            self.layout_path()?;
        }
        Ok(form)
    }

    fn layout_path(&self) -> Result<&Path, Failure> {
        self.output.as_deref().ok_or_else(|| {
            let message = "expected a place for the layout, found none";
            Failure::usage("output-expected", message)
                .at(&self.reference)
                .hint("name a directory or an archive with `-o DIR` or `-o FILE.tar`")
        })
    }

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

fn is_layout_archive(path: &Path) -> bool {
    matches!(Destination::of(path, false), Destination::Archive { .. })
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
