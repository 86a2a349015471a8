//! `attest hash`: digests of files and trees, and lists of them checked.

mod check;
mod check_document;
mod counts;
mod lines;
mod list;
mod list_document;
mod machine;
mod manifest;
mod merge;
mod names;
mod number;
mod pieces;
mod pipe;
mod place;
mod screen;
mod sink;
mod sources;
mod statistics;
mod stream;
mod tally;
mod valve;
mod verdict;

use std::path::{Path, PathBuf};

use attest_digest::checksums::Form;
use attest_digest::{Algorithm, Algorithms, SymlinkPolicy};
use attestation::manifest::Shard;
use clap::ValueEnum;

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::threads::ThreadsArgument;
use crate::tree::{TreeArguments, manifest_missing};

/// How the program calls itself in lines that are otherwise worded as those of coreutils.
const PROGRAM: &str = "attest hash";

const EXAMPLES: &str = "\
Examples:
  attest hash app.tar.gz app.zip                 as `sha256sum` prints it
  attest hash --recursive dist -o SHA256SUMS     a whole tree, in the order of its bytes
  find . -name '*.so' -print0 | attest hash --files-from - --null
  attest hash -a sha256,sha512 --tag app.tar.gz  two digests in one read
  attest hash --check SHA256SUMS                 as `sha256sum --check` reports it
  attest hash --manifest data -o data.json       one statement about a whole directory, to be signed
  attest hash --manifest data --shard 0/8 -o p0  an eighth of it; `attest hash merge p0 … p7` puts all together

Exit codes:
  0  every digest is there, or every file in the lists matches
  1  a file could not be read or changed while it was read; the others are hashed, and a line at the end counts.
     --check: also a digest that differs, nothing that was verified, or a malformed line under --strict
  2  wrong usage
  3  a list could not be read, or the result not be written";

/// Hash files and trees; check lists of digests
///
/// Without FILE, or when FILE is `-`, standard input is read. Lists are those of `sha256sum`, byte for byte. Files are
/// listed in the order in which they are named, those of a directory in the order of the bytes of their paths.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// Files to hash, or with --check the lists to check
    #[arg(value_name = "FILE", conflicts_with = "manifest")]
    files: Vec<PathBuf>,

    /// Algorithms, separated by commas: sha256, sha384, sha512, blake3 [default: sha256; with --check, what each line says]
    #[arg(short, long, value_name = "LIST")]
    algorithm: Option<Algorithms>,

    /// Hash every file in these directories
    #[arg(short, long, conflicts_with = "check")]
    recursive: bool,

    /// With --recursive: what to do with symbolic links in directories [default: report]
    #[arg(long, value_enum, value_name = "POLICY", requires = "recursive")]
    symlinks: Option<Symlinks>,

    /// More files to hash: a file with one name on each line, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    files_from: Option<PathBuf>,

    /// The names of --files-from end with a NUL byte, as `find -print0` writes them
    #[arg(short = '0', long, requires = "files_from")]
    null: bool,

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

    /// Say at the end how fast it was, and how well the lanes of the processor were filled
    #[arg(long)]
    stats: bool,

    /// Compute SHA-256 in this way instead of the quickest: `portable` is always there, and a wrong name lists the others
    #[arg(long, value_name = "NAME")]
    platform: Option<String>,

    #[command(flatten)]
    tree: TreeArguments,

    /// Hash only the share of one of several machines, INDEX from 0 to COUNT - 1; `attest hash merge` puts the parts together
    #[arg(
        long,
        value_name = "INDEX/COUNT",
        requires = "manifest",
        help_heading = "A tree manifest"
    )]
    shard: Option<Shard>,

    #[command(flatten)]
    threads: ThreadsArgument,
}

/// The policies for symbolic links in directories. An argument that is one is always followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Symlinks {
    /// Name each on stderr and pass over it
    Report,
    /// Take it for what it leads to, as `find -L` does; one that leads nowhere or in a circle is an error
    Follow,
    /// Take each for an error
    Refuse,
}

impl From<Symlinks> for SymlinkPolicy {
    fn from(symlinks: Symlinks) -> Self {
        match symlinks {
            Symlinks::Report => Self::Report,
            Symlinks::Follow => Self::Follow,
            Symlinks::Refuse => Self::Refuse,
        }
    }
}

/// What is done with what was hashed elsewhere. A file of that name is `./merge`.
#[derive(Debug, clap::Subcommand)]
enum Command {
    Merge(merge::Arguments),
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
    if let Some(Command::Merge(merge)) = &arguments.command {
        return merge.run(context);
    }
    if let Some(root) = &arguments.tree.manifest {
        return arguments.manifest(root, context);
    }
    arguments.check_without_manifest()?;
    let machine = machine::Machine {
        threads: arguments.threads.resolve(&context.environment)?,
        platform: machine::platform(arguments.platform.as_deref())?,
    };
    if arguments.check {
        let check = check::Check {
            expected: arguments.asked_algorithm()?,
            json: arguments.asked_json()?,
            lists: arguments.files(),
            report: arguments.report,
            machine,
            statistics: arguments.stats,
        };
        return check.run(context);
    }
    let listing = list::Listing {
        style: arguments.style()?,
        algorithms: arguments.algorithms(),
        request: arguments.request()?,
        output: arguments.output,
        machine,
        statistics: arguments.stats,
    };
    listing.run(context)
}

impl Arguments {
    /// Without any, standard input.
    fn files(&self) -> Vec<PathBuf> {
        match self.files.is_empty() && self.files_from.is_none() {
            true => vec![PathBuf::from("-")],
            false => self.files.clone(),
        }
    }

    fn request(&self) -> Result<sources::Request, Failure> {
        let list = self
            .files_from
            .clone()
            .map(|path| names::List { path, null: self.null });
        let files = self.files();
        if list.as_ref().is_some_and(names::List::is_stdin) && files.iter().any(|file| sources::is_stdin(file)) {
            return Err(Failure::usage(
                "standard-input-twice",
                "expected standard input to be either a file to hash or the list of --files-from, found both",
            ));
        }
        Ok(sources::Request {
            files,
            list,
            recursive: self.recursive,
            symlinks: self.symlinks.unwrap_or(Symlinks::Report).into(),
            excluded: Vec::new(),
        })
    }

    /// A manifest is no list: what is said about lists has no meaning for it.
    fn manifest(&self, root: &Path, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        let about_lists = [
            self.recursive,
            self.tag,
            self.binary,
            self.text,
            self.zero,
            self.check,
            self.format.is_some(),
            self.files_from.is_some(),
            self.symlinks.is_some(),
            self.stats,
        ];
        if about_lists.contains(&true) {
            return Err(Failure::usage(
                "manifest-is-no-list",
                "expected --manifest alone: it writes a statement, and the other options are about lists of digests",
            ));
        }
        let manifest = manifest::Manifest {
            root,
            tree: &self.tree,
            shard: self.shard,
            algorithms: self.algorithms(),
            output: self.output.clone(),
            threads: self.threads.resolve(&context.environment)?,
        };
        manifest.run(context)
    }

    fn check_without_manifest(&self) -> Result<(), Failure> {
        self.tree.check_unused()?;
        match self.shard {
            Some(_) => Err(manifest_missing()),
            None => Ok(()),
        }
    }

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
