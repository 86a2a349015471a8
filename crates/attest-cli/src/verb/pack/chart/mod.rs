//! `attest pack chart DIR`: the directory of a Helm chart in, its package out, signed if that is asked for.

pub(super) mod provenance;
pub(in crate::verb) mod refusal;
mod report;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use attest_archive::chart::{Chart, ChartRequest, Stamp, StrictVersion};
use attest_archive::{Format, Packed, Recipe, write_archive_to};
use attest_digest::Algorithms;

use super::date::{self, Date};
use super::directory::require_directory;
use super::output_directory::OutputDirectory;
use super::report::Report as PackReport;
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::threads::ThreadsArgument;
use provenance::SigningArguments;
use report::Report;

const EXAMPLES: &str = "\
Examples:
  attest pack chart charts/app
  attest pack chart charts/app -d dist --version 1.4.0 --app-version 2.1.0
  attest pack chart charts/app --sign --key release@example.com

The package is NAME-VERSION.tgz. What Helm would not load is refused before
anything is written: .helmignore, Chart.yaml, values.yaml, the schema and every
chart in charts/ are read as Helm reads them, and charts/ must hold what
Chart.yaml and Chart.lock name. The source is never edited.";

/// Pack the directory of a Helm chart, the same bytes everywhere
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, disable_version_flag = true)]
pub(super) struct Arguments {
    /// The directory with Chart.yaml
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The directory to write the package to
    #[arg(short, long, value_name = "DIRECTORY", default_value = ".")]
    destination: PathBuf,
    /// The version of the chart, instead of that in Chart.yaml
    #[arg(long = "version", value_name = "VERSION")]
    chart_version: Option<StrictVersion>,
    /// The version of what the chart installs, instead of that in Chart.yaml
    #[arg(long, value_name = "TEXT")]
    app_version: Option<String>,
    #[command(flatten)]
    signing: SigningArguments,
    /// How to measure the package and each file: sha256, sha384, sha512, blake3, or several with commas
    #[arg(long, value_name = "LIST", default_value = "sha256")]
    algorithm: Algorithms,
    #[command(flatten)]
    threads: ThreadsArgument,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    require_directory(&arguments.directory)?;
    let destination = OutputDirectory::make(&arguments.destination)?;
    let date = date::find(&arguments.directory, &context.environment)?;
    let threads = arguments.threads.resolve(&context.environment)?;
    let stamp = Stamp {
        version: arguments.chart_version.clone(),
        app_version: arguments.app_version.clone(),
    };
    let request = ChartRequest {
        directory: &arguments.directory,
        stamp: stamp.clone(),
        destination: Some(&arguments.destination),
    };
    let chart = Chart::from_directory(&request).map_err(|error| refusal::refusal(&error, &arguments.directory))?;
    let file = arguments.destination.join(chart.file_name());
    let package = package(&chart, arguments, &date, threads.count())?;
    let signed = arguments.signing.sign(&chart, &package.bytes, context)?;
    let signed = signed.map(|text| (provenance::path_beside(&file), text));
    write(&file, &package.bytes, signed.as_ref())?;
    destination.keep();
    let report = Report {
        pack: PackReport {
            file: &file,
            recipe: &package.recipe,
            date: &date,
            packed: &package.packed,
        },
        chart: &chart,
        stamp: &stamp,
        provenance: signed.as_ref().map(|(path, _)| path.as_path()),
    };
    report.warn(context);
    report.print(arguments.format, context)?;
    Ok(Outcome::Accepted)
}

struct Package {
    recipe: Recipe,
    bytes: Vec<u8>,
    packed: Packed,
}

/// In memory: Helm reads no chart of more than 100 MiB, and so its package has a bound.
fn package(chart: &Chart, arguments: &Arguments, date: &Date, threads: NonZeroUsize) -> Result<Package, Failure> {
    let recipe = Recipe {
        format: Format::TarGz,
        members: chart.members().clone(),
        source_date: date.value,
        threads,
        algorithms: arguments.algorithm.clone(),
    };
    let written = write_archive_to(&recipe, Vec::new(), &arguments.destination);
    let (bytes, packed) =
        written.map_err(|error| super::refusal::refusal(&error, &arguments.directory, &arguments.destination))?;
    Ok(Package { recipe, bytes, packed })
}

/// Both files get their names, or neither does.
fn write(file: &Path, package: &[u8], signed: Option<&(PathBuf, Vec<u8>)>) -> Result<(), Failure> {
    let mut output = OutputFile::create(file)?;
    output.write(package)?;
    let mut outputs = vec![output];
    if let Some((path, text)) = signed {
        let mut provenance = OutputFile::create(path)?;
        provenance.write(text)?;
        outputs.push(provenance);
    }
    OutputFile::commit_all(outputs)
}
