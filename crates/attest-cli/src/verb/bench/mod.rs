//! `attest bench`: how fast hashing is, beside others in the same run.

mod answer;
mod chart;
mod comparison;
mod contest;
mod entrant;
mod generate;
mod input;
mod janitor;
mod kernel;
mod machine;
mod plan;
mod program;
mod progress;
mod record;
mod scenario;
mod session;
mod statistics;
mod svg;
mod system;
mod text;
mod tree;
mod turn;

use std::path::PathBuf;

use clap::ValueEnum;

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::process::stdout_failed;
use crate::threads::ThreadsArgument;

use plan::{Asked, Profile};
use record::Run;
use scenario::{SCENARIOS, Scenario};
use session::Session;
use statistics::Verdict;
use text::Style;

const EXAMPLES: &str = "\
Examples:
  attest bench                                     about a minute; a table with ratios
  attest bench --full -o run.json --chart run.svg  the sizes of the published figures
  attest bench --scenario small-files --files 5000 one scenario, smaller
  attest bench --tree node_modules --scenario mixed-sizes
                                                   your own files instead of generated ones
  attest bench --from run.json --chart run.svg     draws again what was measured before

It measures whole processes: this program, and whichever there are of openssl, sha256sum, b3sum,
find with xargs, and the model_signing of Python. They take turns, and every answer is checked.

Exit codes:
  0  measured; with --assert every target was met
  1  a program gave a wrong digest, or with --assert: a target was missed
  2  wrong usage
  3  something could not be run or written, or with --assert: too noisy to tell";

/// Measure how fast files are hashed, beside openssl, sha256sum, b3sum and others
///
/// The input is generated from a fixed seed in a directory of its own, which is removed whatever happens.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Sizes for about a minute: the default
    #[arg(long, conflicts_with = "full")]
    quick: bool,

    /// The sizes of the published figures: half an hour, 3 GiB of space
    #[arg(long)]
    full: bool,

    /// Only these scenarios, separated by commas; --list names them
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = scenario::named)]
    scenario: Vec<&'static Scenario>,

    /// The bytes of the one large file, and of the many together: 64M, 2G
    #[arg(long, value_name = "SIZE", value_parser = plan::size)]
    size: Option<u64>,

    /// The files of the trees
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    files: Option<u64>,

    /// The rounds in which everybody has a turn that counts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: Option<u32>,

    #[command(flatten)]
    threads: ThreadsArgument,

    /// Where the input is made [default: TMPDIR, else /tmp]
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,

    /// Leave the input where it is, and say where
    #[arg(long)]
    keep: bool,

    /// Hash this directory as the tree of mixed sizes; it is only read
    #[arg(long, value_name = "DIR")]
    tree: Option<PathBuf>,

    /// The Python that has model_signing [default: python3]
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,

    /// Write the run to this file, as JSON
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Draw the run into this file, as SVG
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,

    /// How the run is written to stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Measure nothing; take a run that --output has written, or put several together
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "full", "scenario", "size", "files", "rounds", "threads", "directory", "keep", "tree", "python"])]
    from: Vec<PathBuf>,

    /// Exit with 1 when a target is missed, with 3 when the turns spread too far to tell
    #[arg(long)]
    assert: bool,

    /// List the scenarios with their targets, and measure nothing
    #[arg(long, conflicts_with_all = ["from", "assert", "output", "chart"])]
    list: bool,

    /// Wait for standard input to close, then remove the input of a run
    #[arg(long, hide = true)]
    janitor: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table a scenario
    Text,
    /// The document of --output
    Json,
    /// Tables for a page
    Markdown,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    if arguments.janitor {
        return janitor::work(std::io::stdin().lock()).map(|()| Outcome::Accepted);
    }
    if arguments.list {
        return write(&list(), context);
    }
    // Whether they can be written is to be known before half an hour has passed; what is not begun is not left behind.
    for path in [&arguments.output, &arguments.chart].into_iter().flatten() {
        drop(OutputFile::create(path)?);
    }
    let earlier = arguments.from.iter().map(|path| Run::read(path));
    let run = match Run::join(earlier.collect::<Result<Vec<_>, _>>()?)? {
        Some(run) => run,
        None => arguments.session(context)?.measure(context)?,
    };
    for (path, content) in [
        (&arguments.output, run.to_json()),
        (&arguments.chart, chart::draw(&run)),
    ] {
        if let Some(path) = path {
            let mut file = OutputFile::create(path)?;
            file.write(content.as_bytes())?;
            file.commit()?;
        }
    }
    let text = match arguments.format {
        Format::Text => text::render(&run, Style::Text),
        Format::Markdown => text::render(&run, Style::Markdown),
        Format::Json => run.to_json(),
    };
    write(&text, context)?;
    Ok(match arguments.assert {
        true => outcome(&run),
        false => Outcome::Accepted,
    })
}

impl Arguments {
    fn session(&self, context: &Context<'_>) -> Result<Session, Failure> {
        let temporary = || {
            context
                .environment
                .path("TMPDIR")
                .unwrap_or_else(|| PathBuf::from("/tmp"))
        };
        let scenarios: Vec<&'static Scenario> = SCENARIOS
            .iter()
            .filter(|scenario| self.scenario.is_empty() || self.scenario.contains(scenario))
            .collect();
        let profile = if self.full { Profile::Full } else { Profile::Quick };
        Ok(Session {
            scenarios,
            profile,
            asked: Asked {
                size: self.size,
                files: self.files,
                tree: self.tree.clone(),
            },
            rounds: self.rounds.unwrap_or(profile.rounds()),
            threads: self.threads.resolve(&context.environment)?,
            parent: self.directory.clone().unwrap_or_else(temporary),
            keep: self.keep,
            python: self.python.clone(),
        })
    }
}

fn outcome(run: &Run) -> Outcome {
    let any = |wanted: Verdict| run.verdicts().any(|verdict| verdict == wanted);
    match (any(Verdict::Missed), any(Verdict::Unclear)) {
        (true, _) => Outcome::Rejected,
        (false, true) => Outcome::Undecided,
        (false, false) => Outcome::Accepted,
    }
}

fn list() -> String {
    let line = |scenario: &Scenario| {
        let targets: Vec<String> = scenario.targets.iter().map(scenario::Target::described).collect();
        let targets = if targets.is_empty() {
            String::new()
        } else {
            format!(" ({})", targets.join("; "))
        };
        format!("{:<23}{}{targets}\n", scenario.name, scenario.title)
    };
    SCENARIOS.iter().map(line).collect()
}

fn write(text: &str, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    context
        .stdout
        .write_all(text.as_bytes())
        .map_err(|error| stdout_failed(&error))?;
    Ok(Outcome::Accepted)
}
