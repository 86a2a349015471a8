//! `attest init`: an `attest.toml` that fits the directory.

use std::path::PathBuf;

use attest_release::init::{Found, Overwrite, write};
use attest_release::{Error, config};

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  attest init              writes ./attest.toml from Cargo.toml, go.mod, pyproject.toml, package.json or Chart.yaml
  attest init service      the same for the directory `service`
  attest init --print      shows what would be written, and writes nothing
  attest release --plan    then shows what would be released

Exit codes:
  0  the file was written
  2  there is one already, and --force was not given
  3  the directory cannot be read or written";

/// Write a commented attest.toml from what a directory holds
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The project's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,

    /// Replace an attest.toml that is there already
    #[arg(long)]
    force: bool,

    /// Print the file instead of writing it
    #[arg(long, conflicts_with = "force")]
    print: bool,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let found = Found::in_directory(&arguments.directory).map_err(|error| failure(&error))?;
    if arguments.print {
        let printed = context.stdout.write_all(found.to_toml().as_bytes());
        printed.map_err(|error| Failure::undecided("stdout-failed", error))?;
        return Ok(Outcome::Accepted);
    }
    let overwrite = match arguments.force {
        true => Overwrite::Allow,
        false => Overwrite::Refuse,
    };
    let path = write(&arguments.directory, &found.to_toml(), overwrite).map_err(|error| failure(&error))?;
    context.say(format_args!("wrote {} for {}", path.display(), describe(&found)));
    context.say("next: `attest release --plan` shows what would be released");
    Ok(Outcome::Accepted)
}

fn describe(found: &Found) -> String {
    let manifests: Vec<&str> = found
        .manifests
        .iter()
        .map(|manifest| manifest.ecosystem.manifest())
        .collect();
    match manifests.is_empty() {
        true => format!("{} (no manifest was found: it releases the source)", found.name),
        false => format!("{} ({})", found.name, manifests.join(", ")),
    }
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::AlreadyThere { path } => Failure::usage("config-exists", error)
            .at(path.display())
            .hint(format_args!(
                "to replace it, run `attest init --force`; {} stays as it is",
                config::FILE_NAME
            )),
        Error::Io { path, .. } => Failure::undecided("init-failed", error).at(path.display()),
        _ => Failure::undecided("init-failed", error),
    }
}
