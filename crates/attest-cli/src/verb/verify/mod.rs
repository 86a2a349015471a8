//! `attest verify`: artifacts and bundles in, one verdict each out. Offline.

mod evidence;
mod expectation;
mod input;
mod json;
mod judgement;
mod problem;
mod text;

use std::path::PathBuf;

use attest_verify::{TrustRoot, VerificationTime, Verifier};

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::keyless;
use crate::threads::ThreadsArgument;
use crate::visible::visible;
use evidence::Evidence;
use input::Input;
use judgement::{Judgement, judge};
use problem::Problem;

const EXAMPLES: &str = "Examples:
  attest verify app-1.0.tar.gz --certificate-identity release@example.com --certificate-oidc-issuer https://accounts.example.com
      Verify a file with the bundle beside it, or with any bundle of its directory.

  attest verify dist/* --certificate-identity ID --certificate-oidc-issuer URL
      Verify a whole release. Bundles among the files (*.sigstore.json and the like) are evidence, and
      every one of them has to verify.

  attest verify sha256:9f86d081884c7d65… --bundle app.sigstore.json --key release.pub
      Verify a digest with a key that is known beforehand.

Nothing is fetched: verifying works with the cable out. Exit code 0: every artifact is covered and every given bundle holds;
1: not so; 2: wrong usage; 3: something could not be read.";

/// Verify artifacts offline: who signed them, when, and that they are unchanged
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Artifacts: files, or digests such as sha256:…; files whose names end in .sigstore.json, .sigstore or .sigstore.jsonl are evidence
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A bundle, or a file of several; instead of looking beside the artifacts
    #[arg(long, short, value_name = "FILE")]
    bundle: Vec<PathBuf>,
    /// Who has to have signed: the e-mail address or URI in the certificate
    #[arg(long, value_name = "IDENTITY", conflicts_with = "key")]
    certificate_identity: Option<String>,
    /// Who has to have vouched for that: the URL of the OIDC issuer
    #[arg(long, value_name = "URL", conflicts_with = "key")]
    certificate_oidc_issuer: Option<String>,
    /// The public key that has to have signed, in PEM
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Whose authorities and logs count [default: the public-good instance of Sigstore, built in]
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// How the verdicts are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    threads: ThreadsArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One line an artifact, then who signed
    Text,
    /// One document, as docs/schema-verify.md says
    Json,
}

/// Everything that was found out in one call.
struct Report {
    time: VerificationTime,
    trusted_root: String,
    expected: expectation::Shown,
    evidence: Vec<Evidence>,
    judgements: Vec<Judgement>,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let threads = arguments.threads.resolve(&context.environment)?;
    let time = now(context)?;
    let inputs = Input::classify(&arguments.files, &arguments.bundle)?;
    let expected = expectation::read(&arguments, &inputs)?;
    let root = read_root(&arguments)?;
    let evidence = Evidence::gather(
        &inputs,
        &evidence::Judge {
            verifier: Verifier::new(&root, time),
            expectation: &expected.expectation,
            threads,
        },
    );
    let report = Report {
        time,
        trusted_root: arguments.trusted_root.as_ref().map_or_else(
            || "the public-good instance of Sigstore, built in".to_owned(),
            |path| path.display().to_string(),
        ),
        expected: expected.shown,
        judgements: judge(&inputs, &evidence, threads),
        evidence,
    };
    let rendered = match arguments.format {
        Format::Text => text::render(&report),
        Format::Json => json::render(&report),
    };
    context
        .print(rendered.trim_end())
        .map_err(|error| Failure::undecided("stdout-failed", error))?;
    Ok(report.outcome())
}

impl Report {
    /// The worst that was found: rejected before undecided before accepted.
    fn outcome(&self) -> Outcome {
        let judged = self.judgements.iter().flat_map(|judgement| judgement.problems.iter());
        let problems: Vec<&Problem> = judged
            .chain(self.evidence.iter().filter_map(Evidence::counting_problem))
            .collect();
        match problems.iter().all(|problem| problem.is_undecided()) {
            true if problems.is_empty() => Outcome::Accepted,
            true => Outcome::Undecided,
            false => Outcome::Rejected,
        }
    }
}

fn now(context: &Context<'_>) -> Result<VerificationTime, Failure> {
    jiff::Timestamp::try_from(context.now)
        .map(VerificationTime::at)
        .map_err(|error| Failure::undecided("clock-unusable", format_args!("the clock cannot be used: {error}")))
}

fn read_root(arguments: &Arguments) -> Result<TrustRoot, Failure> {
    let Some(path) = &arguments.trusted_root else {
        return Ok(TrustRoot::public_good());
    };
    let json = keyless::read(path, "trusted-root-unreadable")?;
    TrustRoot::parse(&json)
        .map_err(|error| Failure::usage("trusted-root-invalid", visible(&error.to_string())).at(path.display()))
}
