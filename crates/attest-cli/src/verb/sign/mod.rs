//! `attest sign`: files in, bundles beside them out.

mod artifact;
mod check;
mod output;
mod predicate;
mod report;
mod request;

use std::path::PathBuf;

use attest_digest::Threads;
use attest_sign::Session;
use rayon::prelude::*;

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::keyless::{KeylessArguments, failure};
use crate::threads::ThreadsArgument;
use crate::visible::visible;
use output::Output;
use report::{Format, Report};
use request::{Request, Wanted};

const EXAMPLES: &str = "\
Examples:
  Sign two files with one certificate; writes a.tar.gz.sigstore.json and b.zip.sigstore.json:
    attest sign a.tar.gz b.zip

  Sign one statement about both, with SLSA provenance from a file:
    attest sign a.tar.gz b.zip --predicate provenance.json --type slsaprovenance1 --bundle release.sigstore.json

  Sign a finished in-toto statement, byte for byte:
    attest sign --statement statement.json --bundle statement.sigstore.json

  Sign through another instance, and check the result against its trust root:
    attest sign a.tar.gz --signing-config signing_config.json --trusted-root trusted_root.json --identity-token token.jwt";

/// Sign files, or a statement about them, with a certificate that lives for minutes
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files to sign
    #[arg(value_name = "FILE", required_unless_present = "statement")]
    files: Vec<PathBuf>,
    /// Where the bundle goes [default: beside each file, with .sigstore.json after its name]
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// A finished in-toto statement to sign as it is; files, if given, must be among its subjects
    #[arg(long, value_name = "FILE", conflicts_with = "predicate")]
    statement: Option<PathBuf>,
    /// What to say about the files: a JSON object, signed in one statement over all of them
    #[arg(long, value_name = "FILE")]
    predicate: Option<PathBuf>,
    /// What kind of predicate it is: slsaprovenance, slsaprovenance02, slsaprovenance1, spdx, spdxjson, cyclonedx, link,
    /// vuln, openvex, custom, or a URI
    #[arg(
        long = "type",
        value_name = "WORD|URI",
        requires = "predicate",
        default_value = "custom"
    )]
    predicate_type: String,
    #[command(flatten)]
    keyless: KeylessArguments,
    /// Trust root that the new bundles are checked against [default: that of the same instance]
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// How to tell what was done
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    threads: ThreadsArgument,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let threads = arguments.threads.resolve(&context.environment)?;
    let root = check::Root::load(&arguments, &context.environment)?;
    let requests = Wanted::new(&arguments, context.now)?.measure(threads)?;
    let connection = arguments.keyless.connect(context)?;
    let session = connection.open()?;
    context.say(format_args!(
        "signing as {}{}",
        visible(session.identity()),
        vouched(session.issuer())
    ));
    let outputs = sign(requests, &session, threads)?;
    let signer = check::Signer {
        identity: session.identity(),
        issuer: session.issuer(),
        now: connection.now(),
    };
    wait_for_log(&outputs, &signer, context);
    for output in &outputs {
        root.check(&signer, output)?;
    }
    output::write(&outputs)?;
    Report::new(&signer, &outputs).print(arguments.format, context)?;
    Ok(Outcome::Accepted)
}

/// Services take seconds to answer; several signatures are in flight at once.
fn sign(requests: Vec<Request>, session: &Session<'_>, threads: Threads) -> Result<Vec<Output>, Failure> {
    let sign = |request: &Request| request.sign(session).map_err(|error| failure(&error));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.count().get().min(requests.len()));
    let pool = pool
        .build()
        .map_err(|error| Failure::undecided("threads-unavailable", error))?;
    let bundles = pool.install(|| requests.par_iter().map(sign).collect::<Result<Vec<_>, _>>())?;
    Ok(requests.into_iter().zip(bundles).map(Output::from).collect())
}

fn wait_for_log(outputs: &[Output], signer: &check::Signer<'_>, context: &mut Context<'_>) {
    if let Some(wait) = check::until_logged(outputs, signer.now) {
        let seconds = wait.as_secs_f64();
        context.say(format_args!(
            "the clock of this machine is behind that of the log; waiting {seconds:.1} seconds"
        ));
        std::thread::sleep(wait);
    }
}

fn vouched(issuer: Option<&str>) -> String {
    issuer
        .map(|issuer| format!(" (vouched for by {})", visible(issuer)))
        .unwrap_or_default()
}
