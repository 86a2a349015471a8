//! `attest push`: a layout in, the same content in a registry out, its tags moved last.

mod report;

use attest_archive::image::{Descriptor, Platform};
use attest_net::registry::{Reference, Repository, Tag};

use report::Report;

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::registry::{Content, Pushing, RegistryArguments, Transfer, parse_reference};
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
    /// Only the image for this platform, its manifest alone
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,
    /// Another repository of the registry that may have blobs of it, which then need not be sent
    #[arg(long, value_name = "NAME")]
    mount_from: Vec<String>,
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
    let top = chosen(&opened, arguments.platform.as_ref())?;
    let content = Content::of_layout(opened.layout(), &top).map_err(|error| image_refusal(&error, &path, &path))?;
    let mount_from = repositories(&arguments.mount_from, arguments.destination.repository())?;
    let client = arguments.registry.client(&context.environment)?;
    let mut tags: Vec<Tag> = arguments.destination.tag().cloned().into_iter().collect();
    tags.extend(arguments.tag.iter().cloned());
    announce(&content, &arguments, context);
    let transfer = Transfer::new(context.interactive && !arguments.dry_run, content.size());
    let pushing = Pushing {
        client: &client,
        repository: arguments.destination.repository(),
        content: &content,
        mount_from: &mount_from,
        is_dry: arguments.dry_run,
        transfer: &transfer,
    };
    let pushed = pushing.run(&tags);
    drop(transfer);
    let report = Report {
        destination: &arguments.destination,
        tags: &tags,
        content: &content,
        pushed: pushed.map_err(|problem| problem.told(&arguments.destination, &path))?,
        is_dry: arguments.dry_run,
    };
    report.print(arguments.format, context)?;
    Ok(Outcome::Accepted)
}

/// What was named, or its image for a platform.
fn chosen(opened: &Opened, platform: Option<&Platform>) -> Result<Descriptor, Failure> {
    let (layout, path) = (opened.layout(), opened.layout().path());
    match platform {
        None => Ok(opened.descriptor().clone()),
        Some(platform) => layout
            .image_for(opened.descriptor(), platform)
            .map_err(|error| image_refusal(&error, path, path)),
    }
}

/// By their names in the registry of the destination, or by whole references into it.
fn repositories(names: &[String], destination: &Repository) -> Result<Vec<Repository>, Failure> {
    let elsewhere = |name: &str| {
        let message = format_args!(
            "expected a repository of `{}`, found `{name}`: between registries nothing can be mounted",
            destination.registry()
        );
        Failure::usage("mount-elsewhere", message)
    };
    let read = |name: &String| {
        let sibling = destination.sibling(name);
        let found = match sibling {
            Ok(sibling) if !name.starts_with("oci://") => sibling,
            _ => parse_reference(name)?.repository().clone(),
        };
        match found.registry() == destination.registry() {
            true => Ok(found),
            false => Err(elsewhere(name)),
        }
    };
    names.iter().map(read).collect()
}

fn announce(content: &Content<'_>, arguments: &Arguments, context: &mut Context<'_>) {
    if context.interactive {
        let (count, bytes) = (content.blobs.len(), content.size());
        context.say(format_args!(
            "pushing {count} blobs, {bytes} bytes, to `{}`",
            arguments.destination
        ));
    }
}
