//! `attest pack chart-index DIR`: packages of Helm charts in, the `index.yaml` of their repository out.

use std::io;
use std::path::{Path, PathBuf};

use attest_archive::chart::{Added, ChartError, Index, NewEntry, Package, Repository, RepositoryUrl};
use attest_digest::Algorithm;
use serde::Serialize;

use super::chart::refusal::refusal;
use super::date::{self, Date};
use super::directory::require_directory;
use super::report::DateDocument;
use crate::answer::AnswerFormat;
use crate::causes::with_causes;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::input_file::InputFile;
use crate::output_file::OutputFile;
use crate::process::stdout_failed;
use crate::visible::visible;

const SCHEMA: &str = "https://attest.dev/schema/pack-chart-index/v1";

/// As much of an index as the library takes.
const MAX_INDEX_BYTES: u64 = 64 << 20;

const EXAMPLES: &str = "\
Examples:
  attest pack chart-index dist
  attest pack chart-index dist --url https://example.com/charts --merge index.yaml -o index.yaml

Every NAME-VERSION.tgz in DIR, and in the directories right below it, gets an
entry, dated like the members of an archive (SOURCE_DATE_EPOCH, else the commit).
An entry that is there with the same digest stays as it is; with another digest
the version was published already, and the index is refused.";

/// Write or extend the index.yaml of a Helm chart repository
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The directory with the packages
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Where DIR can be had [default: paths relative to the index]
    #[arg(long, value_name = "URL")]
    url: Option<RepositoryUrl>,
    /// An index whose entries are kept
    #[arg(long, value_name = "FILE")]
    merge: Option<PathBuf>,
    /// The index to write [default: DIR/index.yaml]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let directory = &arguments.directory;
    require_directory(directory)?;
    let date = date::find(directory, &context.environment)?;
    let mut index = arguments
        .merge
        .as_deref()
        .map(existing)
        .transpose()?
        .unwrap_or_default();
    let repository = Repository::read(directory).map_err(|error| refusal(&error, directory))?;
    let mut packages = Vec::new();
    for package in &repository.packages {
        let added = add(&mut index, package, arguments, &date);
        let added = added.map_err(|error| refusal(&error, &directory.join(&package.path)))?;
        packages.push(PackageDocument::of(package, added));
    }
    let file = arguments.output.clone().unwrap_or_else(|| directory.join("index.yaml"));
    let mut output = OutputFile::create(&file)?;
    output.write(index.to_yaml(date.value).as_bytes())?;
    output.commit()?;
    for other in &repository.others {
        context.say(format_args!("warning: `{}` is the package of no chart", visible(other)));
    }
    let document = Document {
        schema: SCHEMA,
        index: file.to_string_lossy().into_owned(),
        source_date: DateDocument::of(&date),
        charts: index.entries().count(),
        versions: index.entries().map(|(_, entries)| entries.len()).sum(),
        packages,
        others: &repository.others,
    };
    let printed = match arguments.format {
        AnswerFormat::Text => document.print_lines(context),
        AnswerFormat::Json => document.print(context),
    };
    printed.map_err(|error| stdout_failed(&error))?;
    Ok(Outcome::Accepted)
}

fn existing(path: &Path) -> Result<Index, Failure> {
    let file = InputFile {
        path,
        unreadable: "index-not-read",
        limit: MAX_INDEX_BYTES,
    };
    let index = Index::parse(&file.read()?);
    index.map_err(|error| Failure::rejected("index-invalid", with_causes(&error)).at(path.display()))
}

fn add(index: &mut Index, package: &Package, arguments: &Arguments, date: &Date) -> Result<Added, ChartError> {
    index.add(&NewEntry {
        metadata: &package.metadata,
        digest: package
            .measured
            .digest(Algorithm::Sha256)
            .expect("packages are measured so"),
        url: match &arguments.url {
            Some(url) => url.join(&package.path),
            None => RepositoryUrl::relative(&package.path),
        },
        created: date.value,
    })
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    index: String,
    source_date: DateDocument,
    charts: usize,
    versions: usize,
    packages: Vec<PackageDocument<'a>>,
    others: &'a [String],
}

#[derive(Serialize)]
struct PackageDocument<'a> {
    path: &'a str,
    name: &'a str,
    version: &'a str,
    added: bool,
}

impl<'a> PackageDocument<'a> {
    fn of(package: &'a Package, added: Added) -> Self {
        Self {
            path: &package.path,
            name: package.metadata.name(),
            version: package.metadata.version().as_str(),
            added: added == Added::New,
        }
    }
}

impl Document<'_> {
    fn print_lines(&self, context: &mut Context<'_>) -> io::Result<()> {
        for package in &self.packages {
            let sign = if package.added { '+' } else { '=' };
            context.print(format_args!("{sign} {} {}", package.name, package.version))?;
        }
        let (charts, versions) = (counted(self.charts, "chart"), counted(self.versions, "version"));
        context.print(format_args!("{}: {charts}, {versions}", visible(&self.index)))
    }

    fn print(&self, context: &mut Context<'_>) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *context.stdout, self)?;
        context.print("")
    }
}

fn counted(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}
