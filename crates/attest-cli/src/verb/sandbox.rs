//! `attest sandbox`: a whole Sigstore and a registry on this machine, for as long as the command runs.

mod files;
mod instructions;
pub(super) mod registry;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use attest_sandbox::registry::Registry;
use attest_sandbox::{Claims, Config, Error, Keys, Server, Signals, Sigstore, Waited};
use clap::ValueEnum;
use jiff::Timestamp;

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::visible::visible;
use crate::wall_clock::WallClock;

use files::Directory;
use instructions::Instructions;

/// How often the identity token in the directory is renewed: well before its ten minutes are over.
const RENEWAL: Duration = Duration::from_secs(240);

const EXAMPLES: &str = "\
Examples:
  attest sandbox
      a Sigstore with fresh keys; prints how cosign, sigstore-python and attest are pointed at
      it
  attest sandbox --port 8042 --keys ~/.local/share/attest-sandbox --write-trust ./trust
      the same trust root at every start, written to ./trust
  attest sandbox --print json | head -n 1
      one document, for programs

It listens on 127.0.0.1 only and ends with Ctrl-C or SIGTERM. What it signs is worth nothing
outside.";

/// Run a whole Sigstore and a registry on loopback, for tests and first steps
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The port to listen at [default: any that is free]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// Keep the keys in this directory, so that the trust root is the same next time
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,

    /// Write trust root, configuration and identity token here [default: a directory that goes when the sandbox goes]
    #[arg(long, value_name = "DIR")]
    write_trust: Option<PathBuf>,

    /// Keep the content of the registry in this directory [default: it goes when the sandbox goes]
    #[arg(long, value_name = "DIR")]
    registry: Option<PathBuf>,

    /// What to print once it answers
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Form::Env)]
    print: Form,

    /// The e-mail address that identity tokens are for
    #[arg(long, value_name = "ADDRESS", default_value = "sandbox@example.com")]
    user: String,

    /// End after this many seconds
    #[arg(long, value_name = "SECONDS")]
    duration: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// Lines for a shell.
    Env,
    /// One JSON document.
    Json,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let begin = Instant::now();
    check_user(&arguments.user)?;
    let mut signals = Signals::listen().map_err(|error| failure(&error))?;
    let registry = registry::Storage::open(arguments.registry.as_deref())?;
    let server = start(&arguments, registry.open_registry()?).map_err(|error| failure(&error))?;
    let directory = Directory::open(arguments.write_trust.as_deref())?;
    directory.write_all(server.sigstore())?;
    let instructions = Instructions::new(&server, directory.path(), &arguments.user)?;
    let text = match arguments.print {
        Form::Env => instructions.shell(),
        Form::Json => instructions.json(),
    };
    context
        .stdout
        .write_all(text.as_bytes())
        .map_err(|error| stdout_failed(&error))?;
    context.stdout.flush().map_err(|error| stdout_failed(&error))?;
    context.say(format_args!(
        "attest sandbox listens at {}; Ctrl-C ends it",
        server.url()
    ));
    let end = end(begin, arguments.duration);
    while let Some(wait) = until(end, Instant::now()) {
        if signals.wait(wait) == Waited::Signal {
            break;
        }
        directory.write_token(server.sigstore())?;
    }
    server.stop();
    Ok(Outcome::Accepted)
}

/// When it ends by itself; a time beyond what a clock can say never comes.
fn end(begin: Instant, seconds: Option<u64>) -> Option<Instant> {
    begin.checked_add(Duration::from_secs(seconds?))
}

/// How long to wait until there is something to do; none when it is time to end.
fn until(end: Option<Instant>, now: Instant) -> Option<Duration> {
    match end {
        None => Some(RENEWAL),
        Some(end) => Some(end.saturating_duration_since(now).min(RENEWAL)).filter(|left| !left.is_zero()),
    }
}

/// The address goes into lines that a shell may source, and into certificates.
fn check_user(user: &str) -> Result<(), Failure> {
    match user.trim().is_empty() || user.contains(char::is_control) {
        true => Err(Failure::usage(
            "sandbox-user-invalid",
            format_args!(
                "expected an e-mail address without control characters, found `{}`",
                visible(user)
            ),
        )
        .at("--user")),
        false => Ok(()),
    }
}

fn start(arguments: &Arguments, registry: Registry) -> Result<Server, Error> {
    let sigstore = Sigstore::new(Config {
        keys: keys(arguments.keys.as_deref())?,
        clock: Arc::new(WallClock),
        user: Claims::email(&arguments.user),
        issuers: Vec::new(),
    })?;
    Server::start_with_registry(sigstore, registry, arguments.port)
}

fn keys(directory: Option<&Path>) -> Result<Keys, Error> {
    let (seed, now) = (rand::random(), Timestamp::now());
    match directory {
        Some(directory) => Keys::kept_in(directory, seed, now),
        None => Ok(Keys::from_seed(seed, now)),
    }
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::KeysInvalid { .. } => Failure::usage("sandbox-keys-invalid", error)
            .hint("to begin with new keys, name another directory: `attest sandbox --keys DIR`"),
        Error::Io {
            action: "listen at", ..
        } => Failure::undecided("sandbox-cannot-listen", error)
            .hint("to take any free port, run `attest sandbox` without `--port`"),
        _ => Failure::undecided("sandbox-failed", error),
    }
}

fn stdout_failed(error: &std::io::Error) -> Failure {
    Failure::undecided(
        "stdout-failed",
        format_args!("cannot write the result to stdout: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_beyond_every_clock_is_no_end() {
        let begin = Instant::now();
        assert_eq!(end(begin, Some(u64::MAX)), None);
        assert_eq!(end(begin, Some(1)), Some(begin + Duration::from_secs(1)));
        assert_eq!(end(begin, None), None);
    }

    #[test]
    fn an_address_with_a_line_break_is_refused() {
        check_user("signer@example.com").unwrap();
        let failure = check_user("a\ntouch x").unwrap_err();
        assert_eq!(failure.code(), "sandbox-user-invalid");
        assert_eq!(
            failure.message(),
            r"expected an e-mail address without control characters, found `a\ntouch x`"
        );
        assert_eq!(check_user(" ").unwrap_err().code(), "sandbox-user-invalid");
    }
}
