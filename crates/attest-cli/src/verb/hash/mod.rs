//! `attest hash`: digests of files and trees, and lists of them checked.

mod check;
mod check_document;
mod list;
mod measure;
mod place;
mod sources;
mod tally;
mod verdict;

use std::path::PathBuf;

use attest_digest::checksums::Form;
use attest_digest::{Algorithm, Algorithms};
use clap::ValueEnum;

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::threads::ThreadsArgument;

/// How the program calls itself in lines that are otherwise worded as those of coreutils.
const PROGRAM: &str = "attest hash";

const EXAMPLES: &str = "\
Examples:
  attest hash app.tar.gz app.zip                 as `sha256sum` prints it
  attest hash --recursive dist -o SHA256SUMS     a whole tree, in the order of its bytes
  attest hash -a sha256,sha512 --tag app.tar.gz  two digests in one read
  attest hash --check SHA256SUMS                 as `sha256sum --check` reports it

Exit codes:
  0  every digest is there, or every file in the lists matches
  1  --check: a digest differs, nothing was verified, or a line is malformed under --strict
  2  wrong usage
  3  a file could not be read (the others are reported), or it changed while it was read";

/// Hash files and trees; check lists of digests
///
/// Without FILE, or when FILE is `-`, standard input is read. Lists are those of `sha256sum`, byte for byte.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files to hash, or with --check the lists to check
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Algorithms, separated by commas: sha256, sha384, sha512, blake3 [default: sha256; with --check, what each line says]
    #[arg(short, long, value_name = "LIST")]
    algorithm: Option<Algorithms>,

    /// Hash every file in these directories; symbolic links in them are reported and not followed
    #[arg(short, long, conflicts_with = "check")]
    recursive: bool,

    /// How the result is written [default: sha256sum; with --check, the report of `sha256sum --check`]
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Write `SHA256 (name) = digest`; the same as --format bsd
    #[arg(long, conflicts_with_all = ["format", "check", "text"])]
    tag: bool,

    /// Mark every name with `*`, as `sha256sum --binary` does; nothing else changes
    #[arg(short, long, conflicts_with_all = ["check", "text"])]
    binary: bool,

    /// Mark no name: the default
    #[arg(short, long, conflicts_with = "check")]
    text: bool,

    /// End each line with a NUL byte and escape no name
    #[arg(short, long, conflicts_with = "check")]
    zero: bool,

    /// Write to this file instead of stdout; it appears whole or not at all
    #[arg(short, long, value_name = "FILE", conflicts_with = "check")]
    output: Option<PathBuf>,

    /// Read lists of digests from the FILEs and check the files they name
    #[arg(short, long)]
    check: bool,

    #[command(flatten)]
    report: check::Report,

    #[command(flatten)]
    threads: ThreadsArgument,
}

/// The ways to write digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// `digest  name`, as sha256sum and b3sum write it
    Sha256sum,
    /// `SHA256 (name) = digest`, which says the algorithm
    Bsd,
    /// One JSON document
    Json,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let threads = arguments.threads.resolve(&context.environment)?;
    let files = match arguments.files.is_empty() {
        true => vec![PathBuf::from("-")],
        false => arguments.files.clone(),
    };
    if arguments.check {
        let check = check::Check {
            lists: files,
            expected: arguments.asked_algorithm()?,
            json: arguments.asked_json()?,
            report: arguments.report,
            threads,
        };
        return check.run(context);
    }
    let listing = list::Listing {
        style: arguments.style()?,
        algorithms: arguments.algorithms(),
        files,
        recursive: arguments.recursive,
        output: arguments.output,
        threads,
    };
    listing.run(context)
}

impl Arguments {
    fn algorithms(&self) -> Algorithms {
        let default = || Algorithms::one(Algorithm::Sha256);
        self.algorithm.clone().unwrap_or_else(default)
    }

    fn style(&self) -> Result<list::Style, Failure> {
        let format = match self.tag {
            true => Format::Bsd,
            false => self.format.unwrap_or(Format::Sha256sum),
        };
        let form = match format {
            Format::Json if self.zero || self.binary => {
                return Err(Failure::usage(
                    "json-has-no-lines",
                    "--zero and --binary are about lines, and --format json writes a document",
                ));
            }
            Format::Json => return Ok(list::Style::Json),
            Format::Bsd => Form::Tagged,
            Format::Sha256sum => self.untagged_form()?,
        };
        Ok(list::Style::Lines { form, zero: self.zero })
    }

    fn untagged_form(&self) -> Result<Form, Failure> {
        let algorithms = self.algorithms();
        let wanted = |algorithm| algorithms.iter().any(|wanted| wanted == algorithm);
        if wanted(Algorithm::Sha256) && wanted(Algorithm::Blake3) {
            return Err(Failure::usage(
                "ambiguous-lines",
                "expected a format that names its algorithms: sha256 and blake3 digests have the same length",
            )
            .hint("to write `SHA256 (name) = …` and `BLAKE3 (name) = …`, run `attest hash --tag …`"));
        }
        Ok(if self.binary { Form::Binary } else { Form::Text })
    }

    /// With `--check`, at most one algorithm can be asked for.
    fn asked_algorithm(&self) -> Result<Option<Algorithm>, Failure> {
        let Some(algorithms) = &self.algorithm else {
            return Ok(None);
        };
        let mut asked = algorithms.iter();
        match (asked.next(), asked.next()) {
            (Some(only), None) => Ok(Some(only)),
            _ => Err(Failure::usage(
                "one-algorithm-a-check",
                "expected one algorithm with --check, found several",
            )
            .hint("to check lists of several algorithms, run `attest hash --check` without --algorithm: each line says its own")),
        }
    }

    /// With `--check`, the only format to choose is JSON.
    fn asked_json(&self) -> Result<bool, Failure> {
        match self.format {
            None => Ok(false),
            Some(Format::Json) => Ok(true),
            Some(Format::Sha256sum | Format::Bsd) => Err(Failure::usage(
                "check-reads-any-format",
                "--check reads either form of list by itself; with it, --format can only be json",
            )),
        }
    }
}
