//! `attest push`: a layout, a chart or files in, the same content in a registry out, its tags moved last.

mod attestations;
mod chart;
mod files;
mod media_type;
mod place;
mod report;
mod source;

use attest_archive::image::Platform;
use attest_net::registry::{Client, Reference, Repository, Tag};

use attestations::Attestations;
use media_type::MediaType;
use report::Report;
use source::Kind;
pub(crate) use source::Source;

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::image::Place;
use crate::registry::{Content, Pushed, Pushing, RegistryArguments, Transfer, parse_reference};
use crate::verb::pack::date;

const USAGE: &str = "attest push [OPTIONS] <LAYOUT[:TAG|@DIGEST]|CHART.tgz|FILE>... <oci://NAME[:TAG]>";

const EXAMPLES: &str = "\
Examples:
  attest push app.oci:v1.2.0 oci://registry.example.org/team/app:v1.2.0
  attest push app.tar oci://localhost:5000/app:v1 --tag latest
  attest push app.oci oci://registry.example.org/team/app:v1 --dry-run
  attest push app.oci oci://registry.example.org/team/app:v1 --attestations
  attest push dist/app-1.2.0.tgz oci://registry.example.org/charts
  attest push app.bin README.md oci://registry.example.org/team/app:files \\
      --artifact-type application/vnd.example.app --media-type README.md=text/markdown

A layout goes as it is. A Helm chart goes where `helm push` puts it, NAME:VERSION below
the destination, with the .prov beside it. Files go as one artifact, whose manifest says
what it is and has their names. Which of the three it is shows in the content.

Blobs go first, then manifests, then indexes, and tags last: whoever asks for a tag
gets all of the old image or all of the new one. What is there is not sent again,
so that a push that broke off is finished by the same command.

Exit codes:
  0  everything is in the registry
  1  a blob of the layout, or what the registry stored, is not what its digest says
  2  the arguments cannot be worked with
  3  the registry did not answer, or said no; the tags are as they were";

/// Push an OCI layout, a Helm chart, or files as an artifact into a registry
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, override_usage = USAGE)]
pub(crate) struct Arguments {
    /// A layout, a directory or an archive, and what of it; the package of a chart; or files. Last where it goes,
    /// `oci://NAME[:TAG]`; for a chart, what its NAME:VERSION is below
    // Of two lists the parser would know where the first ends only with no option between them.
    #[arg(value_name = "LAYOUT[:TAG|@DIGEST]|CHART.tgz|FILE", required = true, num_args = 1..)]
    places: Vec<String>,
    /// Another tag for it
    #[arg(long, value_name = "TAG")]
    tag: Vec<Tag>,
    /// What is pushed, where its content does not show it
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Of a layout only the image for this platform, its manifest alone
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,
    /// What files are together, as a media type
    #[arg(long, value_name = "TYPE")]
    artifact_type: Option<MediaType>,
    /// What one of the files is [default: application/octet-stream]
    #[arg(long, value_name = "FILE=TYPE", requires = "artifact_type")]
    media_type: Vec<String>,
    /// Another repository of the registry that may have blobs of it, which then need not be sent
    #[arg(long, value_name = "NAME")]
    mount_from: Vec<String>,
    /// Of a layout also what hangs on the image and on each that its index names: signatures, attestations, lists of contents; not with
    /// --dry-run, since what is there already shows only when it is stored
    #[arg(long, conflicts_with = "dry_run")]
    attestations: bool,
    /// Look what is there, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let (sources, destination) = arguments.ends()?;
    let source = Source::find(sources, &arguments)?;
    let destination = source.place(destination)?;
    let created = date::of_environment(&context.environment)?.map(|date| date.value);
    let content = source.content(arguments.platform.as_ref(), created)?;
    let mount_from = repositories(&arguments.mount_from, destination.repository())?;
    let mut tags: Vec<Tag> = destination.tag().cloned().into_iter().collect();
    tags.extend(arguments.tag.iter().cloned());
    announce(&content, &destination, context);
    let sending = Sending {
        arguments: &arguments,
        source: &source,
        destination: &destination,
        content: &content,
        mount_from: &mount_from,
        tags: &tags,
    };
    let pushed = sending.run(context)?;
    sending.tell_left_behind(context);
    let report = Report {
        destination: &destination,
        tags: &tags,
        content: &content,
        pushed,
        is_dry: arguments.dry_run,
    };
    report.print(arguments.format, context)?;
    Ok(Outcome::Accepted)
}

impl Arguments {
    /// What is pushed, and where it goes.
    fn ends(&self) -> Result<(&[String], &str), Failure> {
        match self.places.as_slice() {
            [sources @ .., destination] if !sources.is_empty() => Ok((sources, destination)),
            _ => Err(Failure::usage(
                "destination-expected",
                "expected what is pushed and where it goes, found one of them",
            )
            .at(self.places.join(" "))
            .hint("`attest push LAYOUT oci://NAME:TAG`")),
        }
    }
}

/// What goes where.
struct Sending<'a> {
    arguments: &'a Arguments,
    source: &'a Source,
    destination: &'a Reference,
    content: &'a Content<'a>,
    mount_from: &'a [Repository],
    tags: &'a [Tag],
}

impl Sending<'_> {
    /// What hangs on an image goes after it and before its names.
    fn run(&self, context: &mut Context<'_>) -> Result<Pushed, Failure> {
        let client = self.arguments.registry.client(&context.environment)?;
        let is_watched = context.interactive && !self.arguments.dry_run;
        let (Source::Layout(opened), true) = (self.source, self.arguments.attestations) else {
            return self.push(&client, self.tags, is_watched);
        };
        let pushed = self.push(&client, &[], is_watched)?;
        let place = Place::Registry {
            client: self.arguments.registry.client(&context.environment)?,
            repository: self.destination.repository().clone(),
        };
        Attestations {
            client: &client,
            place: &place,
            destination: self.destination,
            layout: opened.layout(),
            content: self.content,
        }
        .run(context)?;
        let named = self.push(&client, self.tags, false)?;
        Ok(Pushed {
            tags: named.tags,
            ..pushed
        })
    }

    /// A mirror without what hangs on an image is one of an image that nobody signed.
    fn tell_left_behind(&self, context: &mut Context<'_>) {
        let (Source::Layout(opened), false) = (self.source, self.arguments.attestations) else {
            return;
        };
        match attestations::hanging(opened.layout(), self.content) {
            Ok(hanging) if hanging.manifests.is_empty() => {}
            Ok(hanging) => context.say(format_args!(
                "warning: {} manifests that hang on the image in the layout, such as signatures, are not pushed; `--attestations` pushes them",
                hanging.manifests.len()
            )),
            Err(_) => context.say("warning: what hangs on the image in the layout cannot be read, and is not pushed"),
        }
    }

    fn push(&self, client: &Client, tags: &[Tag], is_watched: bool) -> Result<Pushed, Failure> {
        let transfer = Transfer::new(is_watched, self.content.size());
        let pushing = Pushing {
            client,
            repository: self.destination.repository(),
            content: self.content,
            mount_from: self.mount_from,
            is_dry: self.arguments.dry_run,
            transfer: &transfer,
        };
        let pushed = pushing.run(tags);
        pushed.map_err(|problem| problem.told(self.destination, self.source.path()))
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
        let found = match destination.sibling(name) {
            Ok(sibling) if !names_a_registry(name) => sibling,
            _ => parse_reference(name)?.repository().clone(),
        };
        match found.registry() == destination.registry() {
            true => Ok(found),
            false => Err(elsewhere(name)),
        }
    };
    names.iter().map(read).collect()
}

/// By the rule for references: what stands before the first `/` is a registry if it has a dot or a port, or is `localhost`.
fn names_a_registry(name: &str) -> bool {
    let first = name.split_once('/').map(|(first, _)| first);
    name.starts_with("oci://") || first.is_some_and(|first| first.contains(['.', ':']) || first == "localhost")
}

fn announce(content: &Content<'_>, destination: &Reference, context: &mut Context<'_>) {
    if context.interactive {
        let (count, bytes) = (content.blobs.len(), content.size());
        context.say(format_args!("pushing {count} blobs, {bytes} bytes, to `{destination}`"));
    }
}
