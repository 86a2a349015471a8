//! `attest trust`: whom this program believes, and how that is kept fresh.

mod change;
mod init;
mod json;
mod remove;
mod show;
mod update;

use std::time::Duration;

use attest_net::{Http, HttpOptions, TrustAnchor, TrustMaterial, TrustUpdate, Updated};
use attest_verify::TrustRoot;

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::keyless::net_failure;
use crate::trust::{self, Directory, Instance};

const EXAMPLES: &str = "Examples:
  attest trust show
      Who is believed, since when, and where that is from.

  attest trust update
      Fetch what is new of the instances that count. The other verbs never do that.

  attest trust init --mirror https://tuf.example.com --root root.json
      Believe an instance of one's own, and sign through it; `attest trust remove private` ends
      it.

Trust is kept below ATTEST_TUF_ROOT, else TUF_ROOT, else ~/.local/share/attest/tuf, and verified
again whenever it is read.";

/// Show whom this program believes, fetch what is new, or point it at an instance of one's own
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Show(show::Arguments),
    Update(update::Arguments),
    Init(init::Arguments),
    Remove(remove::Arguments),
}

/// How patiently a repository is asked.
#[derive(Debug, clap::Args)]
struct NetworkArguments {
    /// How long a repository that is busy or away is asked again, for each file
    #[arg(long, value_name = "SECONDS", default_value_t = RETRY_SECONDS)]
    retry_for: u16,
    /// Open no connection: what would need one is an error
    #[arg(long)]
    offline: bool,
}

/// Half a minute: a person waits for it, and what was known before still holds.
const RETRY_SECONDS: u16 = 30;

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    match arguments.action {
        Action::Show(arguments) => show::run(&arguments, context),
        Action::Update(arguments) => update::run(&arguments, context),
        Action::Init(arguments) => init::run(&arguments, context),
        Action::Remove(arguments) => remove::run(&arguments, context),
    }
}

impl NetworkArguments {
    fn connect(&self, what: &str) -> Result<Http, Failure> {
        if self.offline {
            return Err(trust::offline(what));
        }
        let options = HttpOptions {
            budget: Duration::from_secs(self.retry_for.into()),
            ..HttpOptions::default()
        };
        Http::new(options).map_err(|error| net_failure(&error))
    }
}

/// Fetches what is new of one instance.
fn fetch(http: &Http, instance: Instance, anchor: &TrustAnchor, context: &mut Context<'_>) -> Result<Updated, Failure> {
    let now = trust::now(context)?;
    let cache = Directory::of(&context.environment).cache(instance)?;
    context.say(format_args!("asking {} what is new", anchor.mirror()));
    let update = TrustUpdate {
        http,
        anchor,
        now,
        usable: &usable,
    };
    cache
        .update(&update)
        .map_err(|error| trust::failure(&error, instance, &cache))
}

/// What this program cannot verify against does not take the place of what it can.
fn usable(material: &TrustMaterial) -> Result<(), String> {
    match TrustRoot::parse(material.trusted_root().as_bytes()) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn print(context: &mut Context<'_>, text: impl std::fmt::Display) -> Result<(), Failure> {
    context
        .print(text)
        .map_err(|error| Failure::undecided("stdout-failed", error))
}
