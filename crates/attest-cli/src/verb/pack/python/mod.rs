//! `attest pack python`: wheels and sdists in; what is wrong with them, or the same files in a form that can be reproduced.

mod report;
mod subject;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::output_directory::OutputDirectory;
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::open_files::allow_open_files;
use crate::output_file::OutputFile;
use crate::threads::ThreadsArgument;
use report::Report;
use subject::{Judged, Outputs, State};

const EXAMPLES: &str = "\
Examples:
  attest pack python dist/*.whl dist/*.tar.gz
  attest pack python dist/* --output-directory reproducible
  attest pack python --check dist/*
  SOURCE_DATE_EPOCH=1700000000 attest pack python dist/app-1.0-py3-none-any.whl

Each file is held to PyPA's specifications: file name, metadata, WHEEL, RECORD,
entry points, licences. If nothing is wrong with any, each is written anew, in
its own place or in DIR: members in one order with one date, modes 0644 or 0755,
no owners, compressed in one way. No file inside is changed but RECORD, which
lists the same digests in the new order. The date is SOURCE_DATE_EPOCH if it is
set, else the time of the commit if FILE lies in a git checkout, else
1980-01-01; --check takes the date that the members have instead of a commit's.";

/// Check wheels and sdists, and make them byte-reproducible
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The wheels (.whl) and sdists (.tar.gz)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Where to write them [default: in place of each FILE]
    #[arg(short = 'd', long, value_name = "DIR")]
    output_directory: Option<PathBuf>,
    /// Write nothing, and say whether each is right and reproducible already
    #[arg(long, conflicts_with = "output_directory")]
    check: bool,
    #[command(flatten)]
    threads: ThreadsArgument,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let threads = arguments.threads.resolve(&context.environment)?.count();
    let outputs = Outputs {
        directory: arguments.output_directory.as_deref(),
        check: arguments.check,
    };
    refuse_same_outputs(&arguments.files, &outputs)?;
    allow_open_files();
    let directory = outputs.directory.map(OutputDirectory::make).transpose()?;
    let mut all = Vec::new();
    for path in &arguments.files {
        all.push(subject::judge(path, &outputs, threads, &context.environment)?);
    }
    let outcome = outcome(&all);
    if outcome == Outcome::Accepted && !arguments.check {
        write(&mut all)?;
        directory.into_iter().for_each(OutputDirectory::keep);
    }
    let report = Report {
        check: arguments.check,
        files: &all,
    };
    report.print(arguments.format, context)?;
    report.talk(context);
    Ok(outcome)
}

/// Two files that would be written to one place are one too many.
fn refuse_same_outputs(files: &[PathBuf], outputs: &Outputs<'_>) -> Result<(), Failure> {
    let mut places = BTreeSet::new();
    for path in files {
        let place = outputs.place(path);
        let place = place.canonicalize().unwrap_or(place);
        if !places.insert(place) {
            let message = "expected files that are written to different places, found two with one place";
            return Err(Failure::usage("output-twice", message).at(path.display()));
        }
    }
    Ok(())
}

fn outcome(all: &[Judged]) -> Outcome {
    match all
        .iter()
        .all(|judged| matches!(judged.state, State::Normal | State::Changed))
    {
        true => Outcome::Accepted,
        false => Outcome::Rejected,
    }
}

/// All of them or none, when the bytes of all are there. What would not change is left as it is.
fn write(all: &mut [Judged]) -> Result<(), Failure> {
    let mut files = Vec::new();
    for judged in all {
        if let Some((place, mut bytes)) = judged.output.take() {
            let mut file = OutputFile::create(&place)?;
            copy(&mut bytes, &mut file, &judged.path)?;
            files.push(file);
            judged.written = Some(place);
        }
    }
    OutputFile::commit_all(files)
}

fn copy(bytes: &mut impl io::Read, file: &mut OutputFile, path: &Path) -> Result<(), Failure> {
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => file.write(&buffer[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(subject::temporary_failed(&error, path)),
        }
    }
}
