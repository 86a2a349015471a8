//! `attest release`: a project in, a directory of signed and verified files out.

mod again;
mod bases;
mod failure;
mod ground;
mod instance;
mod made;
mod packing;
mod places;
mod publish;
mod report;
mod sandbox;
mod statement;
mod timing;
mod turn;

use std::path::PathBuf;

use attest_release::Target;

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::keyless::KeylessArguments;
use crate::registry::RegistryArguments;
use crate::threads::ThreadsArgument;
pub(super) use again::{Again, make_again};
use ground::Ground;
use made::Made;
use report::Report;
use timing::Steps;

const EXAMPLES: &str = "\
Examples:
  attest release --plan                 shows what would be made, and touches nothing
  attest release --sandbox              makes everything, signed through a Sigstore inside this process: a rehearsal
  attest release                        signs as the identity that the CI job offers, through Sigstore's public instance
  attest release --publish              also puts images and charts into their registries, tags last
  attest release --skip-unavailable --target linux/amd64 --target linux/arm64
  attest release --signing-config signing_config.json --trusted-root trusted_root.json --identity-token token.jwt

Everything is put together and verified beside the output directory, and takes its place only at the end. What is
published has no tag before that.

Exit codes:
  0  everything was made, signed and verified
  1  what was made, or what a registry stored of it, does not verify, or not as the configured signer
  2  the arguments, attest.toml or the machine do not allow it; the message says what to change or install
  3  a file could not be read or written, a build failed, or a service did not answer";

/// Build, pack, list, sign and verify everything that attest.toml describes
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Print the plan and touch nothing
    #[arg(long)]
    plan: bool,
    /// Sign through a Sigstore inside this process; what it signs proves nothing to anybody else
    #[arg(long, conflicts_with_all = ["signing_config", "identity_token", "trusted_root", "skip_sign"])]
    sandbox: bool,
    /// Put images and charts into the registries that attest.toml names, with their signatures, provenance and contents; a rehearsal puts them into its own
    #[arg(long)]
    publish: bool,
    /// Write the provenance unsigned
    #[arg(long)]
    skip_sign: bool,
    /// Leave out targets that cannot be built here, and say so
    #[arg(long)]
    skip_unavailable: bool,
    /// Release for this target only; may be given several times
    #[arg(long = "target", value_name = "OS/ARCH")]
    targets: Vec<Target>,
    /// The configuration; its directory is the project
    #[arg(long, value_name = "FILE", default_value = "attest.toml")]
    config: PathBuf,
    /// Where everything goes [default: `dist` in the project]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Also sign each archive on its own, with the same certificate
    #[arg(long)]
    per_archive: bool,
    #[command(flatten)]
    keyless: KeylessArguments,
    /// Trust root that everything is verified against [default: the public-good instance of Sigstore]
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// A file of exported secret keys that gpg takes the keys of charts from [default: the user's own keys]
    #[arg(long, value_name = "FILE")]
    gpg_keyring: Option<PathBuf>,
    /// A file whose first line unlocks the keys of charts [default: the agent of gpg asks]
    #[arg(long, value_name = "FILE")]
    gpg_passphrase_file: Option<PathBuf>,
    /// Show what the build tools say while they work
    #[arg(long, short)]
    verbose: bool,
    /// How to tell what was made
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: AnswerFormat,
    #[command(flatten)]
    threads: ThreadsArgument,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let ground = Ground::survey(&arguments, context)?;
    if arguments.plan {
        return print_plan(&ground, arguments.format, context);
    }
    for line in ground.warnings() {
        context.say(line);
    }
    let mut steps = Steps::begin();
    let made = Made::make(&ground, &arguments, context, &mut steps)?;
    let report = Report::new(&ground, &made, &steps, &context.program);
    let text = match arguments.format {
        AnswerFormat::Text => report.to_text(),
        AnswerFormat::Json => report.to_json().to_string(),
    };
    print(text.trim_end(), context)?;
    Ok(Outcome::Accepted)
}

fn print_plan(ground: &Ground, format: AnswerFormat, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let text = match format {
        AnswerFormat::Text => ground.plan.to_string(),
        AnswerFormat::Json => ground.plan.to_json().to_string(),
    };
    print(text.trim_end(), context)?;
    Ok(Outcome::Accepted)
}

fn print(text: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let printed = context.print(text);
    printed.map_err(|error| Failure::undecided("stdout-failed", format_args!("cannot write the result: {error}")))
}
