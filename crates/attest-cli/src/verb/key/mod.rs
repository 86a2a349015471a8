//! `attest key`: keys for those who keep one.

mod report;
mod write;

use std::path::PathBuf;

use attest_sign::{KeyAlgorithm, PrivateKey, SigningKey as _};

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::signing_key::{KeyArgument, KeyReference, failure};
use report::{Format, Report};
use write::NewKey;

const EXAMPLES: &str = "\
Examples:
  A new key behind a password that is asked for; writes release.key and release.pub:
    attest key generate --output-key-prefix release

  The same in a script, without a terminal:
    COSIGN_PASSWORD=… attest key generate --output-key-prefix release

  The public key of a private one, also of one in a token:
    attest key public --key release.key
    attest key public --key 'pkcs11:token=ci;object=release?module-path=/usr/lib/softhsm/libsofthsm2.so'

  Put a key that openssl made behind a password:
    attest key import --key plain.pem --output-key-prefix release

Private keys are written as cosign writes them, so that either program reads what the other
wrote. Without a key there is nothing to keep: `attest sign FILE` makes one, has it certified
for minutes and forgets it.";

/// Make, import and show keys to sign with
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    Generate(Generate),
    Public(Public),
    Import(Import),
}

/// Make a new key
#[derive(Debug, clap::Args)]
struct Generate {
    /// What kind of key
    #[arg(long, value_name = "KIND", default_value = "ecdsa-p256", value_parser = kinds())]
    algorithm: String,
    #[command(flatten)]
    place: Place,
}

/// Show the public key of a private one
#[derive(Debug, clap::Args)]
struct Public {
    /// The key: a file, `env://NAME`, or `pkcs11:…`
    #[arg(long, value_name = "KEY", value_parser = KeyArgument)]
    key: KeyReference,
    /// Where the public key goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Take a key over: PKCS #8, PKCS #1, SEC 1, or one of cosign's
#[derive(Debug, clap::Args)]
struct Import {
    /// The key: a file or `env://NAME`
    #[arg(long, value_name = "KEY", value_parser = KeyArgument)]
    key: KeyReference,
    #[command(flatten)]
    place: Place,
}

/// Where a key goes, and in which form.
#[derive(Debug, clap::Args)]
struct Place {
    /// What the names of the two files begin with: PREFIX.key and PREFIX.pub
    #[arg(long, value_name = "PREFIX", default_value = "attest")]
    output_key_prefix: PathBuf,
    /// Write the private key without a password, as PKCS #8: whoever reads the file can sign
    #[arg(long)]
    without_password: bool,
    /// How to tell what was done
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    match arguments.task {
        Task::Generate(task) => {
            let new = NewKey::new(&task.place)?;
            let algorithm = task
                .algorithm
                .parse::<KeyAlgorithm>()
                .map_err(|error| failure(&error))?;
            let key = PrivateKey::generate(algorithm).map_err(|error| failure(&error))?;
            keep(&new, &key, &task.place, context)
        }
        Task::Import(task) => {
            let new = NewKey::new(&task.place)?;
            let key = task.key.load_private(context)?;
            keep(&new, &key, &task.place, context)
        }
        Task::Public(task) => public(&task, context),
    }
}

fn keep(new: &NewKey, key: &PrivateKey, place: &Place, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    new.write(key, context)?;
    let report = Report {
        public_key: key.public_key(),
        new,
    };
    report.print(place.format, context)?;
    Ok(Outcome::Accepted)
}

fn public(task: &Public, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let pem = task.key.load_public(context)?.to_pem();
    match &task.output {
        Some(path) => {
            let mut file = OutputFile::create(path)?;
            file.write(pem.as_bytes())?;
            file.commit()?;
        }
        None => context
            .print(pem.trim_end())
            .map_err(|error| crate::process::stdout_failed(&error))?,
    }
    Ok(Outcome::Accepted)
}

fn kinds() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(KeyAlgorithm::ALL.map(KeyAlgorithm::name))
}
