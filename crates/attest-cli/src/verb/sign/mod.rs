//! `attest sign`: files or images in, bundles beside them out.

mod artifact;
mod changed;
mod check;
mod credential;
mod dialect;
mod evidence;
mod image;
mod manifest;
mod output;
mod predicate;
mod report;
mod request;
mod resume;

use std::path::PathBuf;
use std::time::Duration;

use attest_digest::Threads;
use attest_sign::Session;
use rayon::prelude::*;

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::image::refuse_bare_name;
use crate::keyless::{KeylessArguments, failure};
use crate::threads::ThreadsArgument;
use crate::tree::TreeArguments;
use crate::visible::visible;
use check::{Signer, Terms};
use credential::{Ground, KeyArguments};
use dialect::Dialect;
use evidence::{EvidenceArguments, Log};
use image::ImageSigningArguments;
use output::Output;
use report::{Format, Report};
use request::{Request, Scheme, Wanted};

const EXAMPLES: &str = "\
Examples:
  Sign two files with one certificate; writes a.tar.gz.sigstore.json and b.zip.sigstore.json:
    attest sign a.tar.gz b.zip

  One bundle for a whole release, at the cost of one signature; verifies for each of the files:
    attest sign dist/* --bundle release.sigstore.json

  Sign one statement about both, with SLSA provenance from a file:
    attest sign a.tar.gz b.zip --predicate provenance.json --type slsaprovenance1 --bundle release.sigstore.json

  Sign a finished in-toto statement, byte for byte:
    attest sign --statement statement.json --bundle statement.sigstore.json

  Sign an image of a registry, and each image of an index; the signatures go beside it:
    attest sign oci://registry.example.org/team/app:v1.2.0

  Say something about an image, as cosign attest does:
    attest sign oci://registry.example.org/team/app:v1.2.0 --predicate sbom.json --type cyclonedx

  Sign an image in a layout on disk, for cosign 2, skopeo, Podman and CRI-O as well:
    attest sign --oci-layout app.oci:v1.2.0 --legacy --sign-container-identity registry.example.org/team/app

  Sign a model or a data set, every file of the directory; writes model/model.sig:
    attest sign --manifest model

  Log in with a code, from a machine without a browser:
    attest sign a.tar.gz --fulcio-auth-flow device

  Sign with a key of your own, and keep it out of every log and clock:
    attest sign a.tar.gz --key release.key --no-log --no-timestamp

  The log is away: sign now, publish later, also after the certificate has run out:
    attest sign a.tar.gz --defer-log
    attest sign --resume a.tar.gz.sigstore.json.pending

  Sign through another instance, and check the result against its trust root:
    attest sign a.tar.gz --signing-config signing_config.json --trusted-root trusted_root.json --identity-token token.jwt

A bundle a file costs a signature, a log entry and a timestamp for each file, and each can
travel alone. One bundle for all costs one of each, and lists every file.";

/// Sign files, images, or a statement about them, with a certificate that lives for minutes or a key of your own
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files to sign, or images: oci://NAME[:TAG][@DIGEST], with --oci-layout the paths of layouts
    #[arg(value_name = "FILE|IMAGE", required_unless_present_any = ["statement", "manifest"], conflicts_with = "manifest")]
    files: Vec<PathBuf>,
    /// Where the bundle goes; several files get one statement about all of them [default: beside each file, with
    /// .sigstore.json after its name]
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// A finished in-toto statement to sign as it is; files, if given, must be among its subjects
    #[arg(long, value_name = "FILE", conflicts_with_all = ["predicate", "manifest"])]
    statement: Option<PathBuf>,
    /// What to say about the files: a JSON object, signed in one statement over all of them
    #[arg(long, value_name = "FILE", conflicts_with = "manifest")]
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
    tree: TreeArguments,
    #[command(flatten)]
    own: KeyArguments,
    #[command(flatten)]
    evidence: EvidenceArguments,
    /// The files are pending signatures: publish them and write their bundles
    #[arg(long, conflicts_with_all = ["bundle", "statement", "predicate", "manifest", "identity_token"])]
    resume: bool,
    #[command(flatten)]
    image: ImageSigningArguments,
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
    if image::are_named(&arguments) && !arguments.resume {
        return image::run(arguments, context);
    }
    arguments.image.check_unused()?;
    arguments.files.iter().try_for_each(|file| refuse_bare_name(file))?;
    if arguments.resume {
        return resume::run(&arguments, context);
    }
    if arguments.tree.manifest.is_none() {
        arguments.tree.check_unused()?;
    }
    sign_files(&arguments, context)
}

fn sign_files(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let threads = arguments.threads.resolve(&context.environment)?;
    let evidence = arguments.evidence.evidence();
    evidence.check(arguments.own.key.is_none() || arguments.own.certificate.is_some())?;
    let wanted = Wanted::new(arguments, context.now)?;
    let credential = arguments.own.load(context)?;
    let needed = evidence.has_witnesses() || credential.is_certified();
    let root = check::Root::load(arguments, needed, &context.environment)?;
    let algorithm = arguments.own.signing_algorithm;
    let key = credential.kind(algorithm);
    let requests = wanted.measure(Scheme { key, algorithm }, threads)?;
    let dialect = Dialect::of(&credential, &arguments.own)?;
    let ground = Ground::new(&arguments.keyless, &credential, evidence, context)?.knowing_logs(&root.log_ids());
    let session = ground.session(credential, algorithm)?;
    let signer = Signer::of(&session);
    context.say(introduction(&signer));
    let mut outputs = sign(requests, &session, evidence.log, threads)?;
    outputs.iter_mut().try_for_each(|output| dialect.translate(output))?;
    wait(
        check::until_logged(outputs.iter().map(Output::bundle), ground.now()),
        context,
    );
    let terms = Terms {
        now: ground.now(),
        logged: evidence.log == Log::Now,
    };
    for output in &outputs {
        root.check(&signer, terms, &output.candidate())?;
    }
    output::write(&outputs)?;
    Report::new(&signer, &outputs).print(arguments.format, context)?;
    Ok(Outcome::Accepted)
}

/// Services take seconds to answer; several signatures are in flight at once.
fn sign(requests: Vec<Request>, session: &Session<'_>, log: Log, threads: Threads) -> Result<Vec<Output>, Failure> {
    let sign = |request: &Request| request.sign(session, log).map_err(|error| failure(&error));
    let pool = threads_pool(threads, requests.len())?;
    let made = pool.install(|| requests.par_iter().map(sign).collect::<Result<Vec<_>, _>>())?;
    Ok(requests.into_iter().zip(made).map(Output::from).collect())
}

fn threads_pool(threads: Threads, work: usize) -> Result<rayon::ThreadPool, Failure> {
    pool(threads.count().get().min(work))
}

fn pool(size: usize) -> Result<rayon::ThreadPool, Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(size.max(1));
    pool.build()
        .map_err(|error| Failure::undecided("threads-unavailable", error))
}

fn wait(time: Option<Duration>, context: &mut Context<'_>) {
    if let Some(wait) = time {
        let seconds = wait.as_secs_f64();
        context.say(format_args!(
            "the clock of this machine is behind that of the log; waiting {seconds:.1} seconds"
        ));
        std::thread::sleep(wait);
    }
}

fn introduction(signer: &Signer<'_>) -> String {
    match signer {
        Signer::Certificate { identity, issuer } => {
            let vouched = issuer.map(|issuer| format!(" (vouched for by {})", visible(issuer)));
            format!("signing as {}{}", visible(identity), vouched.unwrap_or_default())
        }
        Signer::Key(key) => format!("signing with a key of kind {}, SHA-256 {}", key.algorithm(), key.hint()),
    }
}
