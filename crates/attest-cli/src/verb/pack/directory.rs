//! `attest pack DIR -o FILE`: a directory in, a deterministic archive and its digest out.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use attest_archive::{Error, Format, MemberPath, Members, Recipe, write_archive};
use attest_digest::Algorithms;

use super::date;
use super::refusal::refusal;
use super::report::Report;
use super::several;
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::threads::ThreadsArgument;

/// What is packed, and how.
#[derive(Debug, clap::Args)]
pub(super) struct DirectoryArguments {
    /// The directory to pack; several with --output-directory
    #[arg(value_name = "DIR", required = true)]
    directories: Vec<PathBuf>,
    /// The archive to write; its ending chooses its kind
    #[arg(
        short,
        long,
        value_name = "FILE",
        required_unless_present = "output_directory",
        conflicts_with = "output_directory"
    )]
    output: Option<PathBuf>,
    /// Write one archive of each kind for each DIR into this directory, named like DIR: all of them or none
    #[arg(long, value_name = "OUT", requires = "archive_format")]
    output_directory: Option<PathBuf>,
    /// The kind of archive, if FILE's ending does not say: tar.gz, tar.zst, tar.xz, zip or tar; with --output-directory, one or
    /// several with commas
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    archive_format: Vec<Format>,
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

pub(super) fn run(arguments: DirectoryArguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let threads = arguments.threads.resolve(&context.environment)?.count();
    let Some(output) = arguments.output.clone() else {
        return several::run(&arguments.several(threads), context);
    };
    let place = Place {
        directory: only(arguments.directories, "directories")?,
        prefix: arguments.prefix,
        output,
    };
    let recipe_format = archive_format(arguments.archive_format, &place.output)?;
    require_directory(&place.directory)?;
    let date = date::find(&place.directory, &context.environment)?;
    let refuse = |error: Error| refusal(&error, &place.directory, &place.output);
    let recipe = Recipe {
        format: recipe_format,
        members: place.members().map_err(refuse)?,
        source_date: date.value,
        threads,
        algorithms: arguments.algorithm,
    };
    refuse_empty(&recipe.members, &place.directory, place.prefix.as_ref())?;
    let packed = write_archive(&recipe, &place.output).map_err(refuse)?;
    let report = Report {
        file: &place.output,
        recipe: &recipe,
        date: &date,
        packed: &packed,
    };
    report.warn(context);
    report.print(arguments.format, context)?;
    Ok(Outcome::Accepted)
}

impl DirectoryArguments {
    fn several(self, threads: NonZeroUsize) -> several::Request {
        several::Request {
            directories: self.directories,
            // One of the two is given.
            output: self.output_directory.unwrap_or_default(),
            formats: self.archive_format,
            prefix: self.prefix,
            algorithms: self.algorithm,
            threads,
            format: self.format,
        }
    }
}

/// One file holds one archive.
fn only<T>(mut values: Vec<T>, what: &str) -> Result<T, Failure> {
    match (values.pop(), values.len()) {
        (Some(value), 0) => Ok(value),
        (_, others) => {
            let message = format!("expected one for one archive, found {} {what}", others + 1);
            Err(Failure::usage("several-for-one-archive", message)
                .hint("write several archives with `--output-directory OUT --archive-format tar.gz,zip`"))
        }
    }
}

/// Where files come from and where the archive goes.
struct Place {
    directory: PathBuf,
    prefix: Option<MemberPath>,
    output: PathBuf,
}

impl Place {
    fn members(&self) -> Result<Members, Error> {
        let members = Members::from_directory(&self.directory, self.prefix.as_ref())?;
        Ok(match self.output_inside() {
            Some(output) => members.without(&output),
            None => members,
        })
    }

    /// Where the archive itself would stand in the archive, if it is written into the directory that is packed.
    fn output_inside(&self) -> Option<MemberPath> {
        let parent = match self.output.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let output = parent.canonicalize().ok()?.join(self.output.file_name()?);
        let below = output.strip_prefix(self.directory.canonicalize().ok()?).ok()?;
        let names: Option<Vec<&str>> = below.iter().map(|name| name.to_str()).collect();
        let below = names?.join("/");
        match &self.prefix {
            Some(prefix) => prefix.join(&below).ok(),
            None => below.parse().ok(),
        }
    }
}

/// Nothing but the prefix is nothing: who packs it took the wrong directory, or too early.
pub(super) fn refuse_empty(members: &Members, directory: &Path, prefix: Option<&MemberPath>) -> Result<(), Failure> {
    let of_prefix = prefix.map_or(0, |prefix| prefix.components().count());
    match members.len() > of_prefix {
        true => Ok(()),
        false => {
            Err(Failure::usage("nothing-to-pack", "expected files, found an empty directory").at(directory.display()))
        }
    }
}

pub(super) fn archive_format(given: Vec<Format>, output: &Path) -> Result<Format, Failure> {
    if !given.is_empty() {
        return only(given, "kinds");
    }
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    Format::of_file_name(&name).map_err(|error| {
        Failure::usage("archive-format-unknown", error).hint("name the kind with `--archive-format tar.gz`")
    })
}

pub(super) fn require_directory(directory: &Path) -> Result<(), Failure> {
    let found = match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => "something else".to_owned(),
        Err(error) => error.to_string(),
    };
    let message = format!("expected a directory, found {found}");
    Err(Failure::usage("directory-expected", message).at(directory.display()))
}
