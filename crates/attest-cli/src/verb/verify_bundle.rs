//! `attest verify-bundle`: the verifying half of the sigstore-conformance protocol. It judges the bundle alone: what a
//! predicate says is for `attest verify`.
//!
//! Source: sigstore/sigstore-conformance, `docs/cli_protocol.md`.

use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Digest, Threads, measure_files};
use attest_net::STAGING_TRUSTED_ROOT;
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, InvalidExpectation, OidcIssuer, PublicKey, TrustRoot, TrustRootError,
    VerificationTime, VerifiedBundle, Verifier,
};
use attestation::Bundle;

use crate::causes::with_causes;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::keyless;
use crate::visible::visible;

/// Verify one bundle, as the sigstore-conformance suite asks for it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Trust the staging instance of Sigstore
    #[arg(long)]
    staging: bool,
    /// The bundle
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// Who has to have signed
    #[arg(
        long,
        value_name = "IDENTITY",
        required_unless_present = "key",
        requires = "certificate_oidc_issuer"
    )]
    certificate_identity: Option<String>,
    /// Who has to have vouched for that
    #[arg(long, value_name = "URL", requires = "certificate_identity")]
    certificate_oidc_issuer: Option<String>,
    /// The public key that has to have signed
    #[arg(long, value_name = "FILE", conflicts_with = "certificate_identity")]
    key: Option<PathBuf>,
    /// Whose authorities and logs count
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// The artifact, or its sha256:… digest
    #[arg(value_name = "FILE_OR_DIGEST")]
    artifact: PathBuf,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let now = jiff::Timestamp::try_from(context.now)
        .map_err(|error| Failure::undecided("clock-unusable", format_args!("the clock cannot be used: {error}")))?;
    let root = root(&arguments)?;
    let verifier = Verifier::new(&root, VerificationTime::at(now));
    let place = || visible(&arguments.bundle.display().to_string());
    let bytes = attest_store::read_bundle_file(&arguments.bundle)
        .map_err(|error| Failure::undecided(error.code(), with_causes(&error)).at(place()))?;
    let bundle = Bundle::parse(bytes.peek_unverified())
        .map_err(|error| Failure::rejected(error.code(), visible(&error.to_string())).at(place()))?;
    let verified = verifier.verify_bundle(&bundle, &expectation(&arguments)?);
    let rejected =
        |error: attest_verify::Rejection| Failure::rejected(error.code(), visible(&error.to_string())).at(place());
    let verified = verified.map_err(rejected)?;
    let artifact = artifact(&arguments.artifact, &verified)?;
    verified.artifact(&artifact).map_err(rejected)?;
    context.say("verified");
    Ok(Outcome::Accepted)
}

fn root(arguments: &Arguments) -> Result<TrustRoot, Failure> {
    let invalid = |error: TrustRootError| Failure::usage("trusted-root-invalid", visible(&error.to_string()));
    match &arguments.trusted_root {
        Some(path) => {
            let json = keyless::read(path, "trusted-root-unreadable")?;
            TrustRoot::parse(&json).map_err(|error| invalid(error).at(path.display()))
        }
        None if arguments.staging => TrustRoot::parse(STAGING_TRUSTED_ROOT.as_bytes()).map_err(invalid),
        None => Ok(TrustRoot::public_good()),
    }
}

fn expectation(arguments: &Arguments) -> Result<Expectation, Failure> {
    let invalid = |error: InvalidExpectation| Failure::usage("expectation-invalid", visible(&error.to_string()));
    if let Some(path) = &arguments.key {
        let pem = keyless::read(path, "key-unreadable")?;
        let key = PublicKey::from_pem(&String::from_utf8_lossy(&pem))
            .map_err(|error| Failure::usage("key-invalid", visible(&error.to_string())).at(path.display()))?;
        return Ok(Expectation::key(key));
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Ok(Expectation::certificate(
        CertificateIdentity::parse(&text(&arguments.certificate_identity)).map_err(invalid)?,
        OidcIssuer::parse(&text(&arguments.certificate_oidc_issuer)).map_err(invalid)?,
    ))
}

/// A digest is one only where there is no file of that name.
fn artifact(path: &Path, verified: &VerifiedBundle) -> Result<Artifact, Failure> {
    let digest = path.to_str().and_then(|text| text.strip_prefix("sha256:"));
    let digest = digest.and_then(|hex| Digest::from_hex(Algorithm::Sha256, hex).ok());
    if let Some(digest) = digest.filter(|_| !path.exists()) {
        return Ok(Artifact::by_digest(digest));
    }
    let measured = measure_files(&[path], &verified.algorithms(), Threads::ONE);
    let measured = measured.into_iter().next().expect("one file was asked for");
    let measured =
        measured.map_err(|error| Failure::undecided(error.code(), with_causes(&error)).at(path.display()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Artifact::measured(name, &measured))
}
