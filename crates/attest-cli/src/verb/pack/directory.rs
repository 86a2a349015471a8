//! `attest pack DIR -o FILE`: a directory in, a deterministic archive and its digest out.

use std::fs;
use std::path::{Path, PathBuf};

use attest_archive::{Error, Format, MemberPath, Members, Recipe, write_archive};
use attest_digest::Algorithms;

use super::date;
use super::refusal::refusal;
use super::report::Report;
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::threads::ThreadsArgument;

/// What is packed, and how.
#[derive(Debug, clap::Args)]
pub(super) struct DirectoryArguments {
    // Optional in type and required in fact: a command in their place needs neither.
    /// The directory to pack
    #[arg(value_name = "DIR", required = true)]
    directory: Option<PathBuf>,
    /// The archive to write; its ending chooses its kind
    #[arg(short, long, value_name = "FILE", required = true)]
    output: Option<PathBuf>,
    /// The kind of archive, if FILE's ending does not say: tar.gz, tar.zst, tar.xz, zip or tar
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

pub(super) fn run(arguments: DirectoryArguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let (Some(directory), Some(output)) = (arguments.directory, arguments.output) else {
        return Err(Failure::usage(
            "directory-expected",
            "expected a directory, found nothing",
        ));
    };
    let place = Place {
        directory,
        prefix: arguments.prefix,
        output,
    };
    let recipe_format = archive_format(arguments.archive_format, &place.output)?;
    require_directory(&place.directory)?;
    let date = date::find(&place.directory, &context.environment)?;
    let threads = arguments.threads.resolve(&context.environment)?;
    let refuse = |error: Error| refusal(&error, &place.directory, &place.output);
    let recipe = Recipe {
        format: recipe_format,
        members: place.members().map_err(refuse)?,
        source_date: date.value,
        threads: threads.count(),
        algorithms: arguments.algorithm,
    };
    place.refuse_empty(&recipe.members)?;
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

    /// Nothing but the prefix is nothing: who packs it took the wrong directory, or too early.
    fn refuse_empty(&self, members: &Members) -> Result<(), Failure> {
        let of_prefix = self.prefix.as_ref().map_or(0, |prefix| prefix.components().count());
        match members.len() > of_prefix {
            true => Ok(()),
            false => Err(
                Failure::usage("nothing-to-pack", "expected files, found an empty directory")
                    .at(self.directory.display()),
            ),
        }
    }
}

fn archive_format(given: Option<Format>, output: &Path) -> Result<Format, Failure> {
    if let Some(format) = given {
        return Ok(format);
    }
    let name = output.file_name().unwrap_or_default().to_string_lossy();
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
