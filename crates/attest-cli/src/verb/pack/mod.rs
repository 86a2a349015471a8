//! `attest pack`: a directory in, a deterministic archive and its digest out.

pub(super) mod date;
mod refusal;
mod report;

use std::fs;
use std::path::{Path, PathBuf};

use attest_archive::{Error, Format, MemberPath, Members, Recipe, write_archive};
use attest_digest::Algorithms;

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::threads::ThreadsArgument;
use refusal::refusal;
use report::Report;

const EXAMPLES: &str = "\
Examples:
  attest pack dist/app -o app-1.2.0.tar.gz --prefix app-1.2.0
  SOURCE_DATE_EPOCH=1700000000 attest pack site -o site.zip
  attest pack app -o app.tar.zst --algorithm sha256,sha512 --format json

The same files make the same bytes, whatever their order, owner, age and umask,
the time zone, the locale and the number of threads. Every member gets one
modification time: SOURCE_DATE_EPOCH if it is set, else the time of the commit
if DIR lies in a git checkout, else 1980-01-01. Nothing in DIR is left out,
hidden files included, but FILE itself.";

/// Pack a directory into a .tar.gz, .tar.zst, .zip or .tar that comes out the same everywhere
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The directory to pack
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The archive to write; its ending chooses its kind
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The kind of archive, if FILE's ending does not say: tar.gz, tar.zst, zip or tar
    #[arg(long, value_name = "KIND")]
    archive_format: Option<Format>,
    /// The directory inside the archive that everything goes below [default: none]
    #[arg(long, value_name = "NAME")]
    prefix: Option<MemberPath>,
    /// How to measure the archive and each file: sha256, sha384, sha512, blake3, or several with commas
    #[arg(long, value_name = "LIST", default_value = "sha256")]
    algorithm: Algorithms,
    #[command(flatten)]
    threads: ThreadsArgument,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let recipe_format = archive_format(&arguments)?;
    require_directory(&arguments.directory)?;
    let date = date::find(&arguments.directory, &context.environment)?;
    let threads = arguments.threads.resolve(&context.environment)?;
    let refuse = |error: Error| refusal(&error, &arguments.directory, &arguments.output);
    let recipe = Recipe {
        format: recipe_format,
        members: members(&arguments).map_err(refuse)?,
        source_date: date.value,
        threads: threads.count(),
        algorithms: arguments.algorithm.clone(),
    };
    refuse_empty(&recipe.members, &arguments)?;
    let packed = write_archive(&recipe, &arguments.output).map_err(refuse)?;
    let report = Report {
        file: &arguments.output,
        recipe: &recipe,
        date: &date,
        packed: &packed,
    };
    report.warn(context);
    report.print(arguments.format, context)?;
    Ok(Outcome::Accepted)
}

fn archive_format(arguments: &Arguments) -> Result<Format, Failure> {
    if let Some(format) = arguments.archive_format {
        return Ok(format);
    }
    let name = arguments.output.file_name().unwrap_or_default().to_string_lossy();
    Format::of_file_name(&name).map_err(|error| {
        Failure::usage("archive-format-unknown", error).hint("name the kind with `--archive-format tar.gz`")
    })
}

fn require_directory(directory: &Path) -> Result<(), Failure> {
    let found = match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => "something else".to_owned(),
        Err(error) => error.to_string(),
    };
    let message = format!("expected a directory, found {found}");
    Err(Failure::usage("directory-expected", message).at(directory.display()))
}

/// Nothing but the prefix is nothing: who packs it took the wrong directory, or too early.
fn refuse_empty(members: &Members, arguments: &Arguments) -> Result<(), Failure> {
    let of_prefix = arguments
        .prefix
        .as_ref()
        .map_or(0, |prefix| prefix.components().count());
    match members.len() > of_prefix {
        true => Ok(()),
        false => Err(
            Failure::usage("nothing-to-pack", "expected files, found an empty directory")
                .at(arguments.directory.display()),
        ),
    }
}

fn members(arguments: &Arguments) -> Result<Members, Error> {
    let members = Members::from_directory(&arguments.directory, arguments.prefix.as_ref())?;
    Ok(match output_inside(arguments) {
        Some(output) => members.without(&output),
        None => members,
    })
}

/// Where the archive itself would stand in the archive, if it is written into the directory that is packed.
fn output_inside(arguments: &Arguments) -> Option<MemberPath> {
    let parent = match arguments.output.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let output = parent.canonicalize().ok()?.join(arguments.output.file_name()?);
    let below = output.strip_prefix(arguments.directory.canonicalize().ok()?).ok()?;
    let names: Option<Vec<&str>> = below.iter().map(|name| name.to_str()).collect();
    let below = names?.join("/");
    match &arguments.prefix {
        Some(prefix) => prefix.join(&below).ok(),
        None => below.parse().ok(),
    }
}
