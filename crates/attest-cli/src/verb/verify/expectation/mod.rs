//! Who has to have signed: arguments in, one expectation out, or how to say one.

mod claims;
mod nobody;
mod signer;

use std::path::{Path, PathBuf};

use attest_verify::{Expectation, InvalidExpectation, PublicKey};

use super::arguments::Arguments;
use super::build::Wanted;
use super::input::Input;
use crate::context::Context;
use crate::failure::Failure;
use crate::keyless;
use crate::visible::visible;
pub(super) use claims::ClaimArguments;
pub(super) use nobody::Claim;
use signer::Signer;
pub(super) use signer::not_a;

/// Who has to have signed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Who has to have signed")]
pub(super) struct IdentityArguments {
    /// The e-mail address or URI in the certificate; with SSH's allowed signers the name of one of them
    #[arg(
        long,
        value_name = "IDENTITY",
        alias = "cert-identity",
        conflicts_with = "certificate_identity_regexp"
    )]
    pub(super) certificate_identity: Option<String>,
    /// The same as a regular expression, which has to match the whole of it
    #[arg(long, value_name = "PATTERN", alias = "cert-identity-regex", conflicts_with = "key")]
    certificate_identity_regexp: Option<String>,
    /// Who vouched for that: the URL of the OIDC issuer
    #[arg(long, value_name = "URL", alias = "cert-oidc-issuer", conflicts_with_all = ["certificate_oidc_issuer_regexp", "key"])]
    certificate_oidc_issuer: Option<String>,
    /// The same as a regular expression, which has to match the whole of it
    #[arg(
        long,
        value_name = "PATTERN",
        alias = "cert-oidc-issuer-regex",
        conflicts_with = "key"
    )]
    certificate_oidc_issuer_regexp: Option<String>,
    /// A workflow of GitHub Actions, at any ref or, with @REF, at that one [for --certificate-identity]
    #[arg(long, value_name = "OWNER/REPOSITORY/PATH[@REF]", conflicts_with = "key")]
    signer_workflow: Option<String>,
    /// Any workflow of a repository on GitHub [for --certificate-identity]
    #[arg(long, value_name = "OWNER/REPOSITORY", conflicts_with = "key")]
    signer_repo: Option<String>,
    /// The public key: in PEM, or one of minisign, signify, OpenPGP or SSH
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
    /// A certificate of an authority that knows its people without OIDC, such as your own: it must name no issuer
    #[arg(long, conflicts_with_all = ["certificate_oidc_issuer", "certificate_oidc_issuer_regexp", "key"])]
    certificate_without_oidc_issuer: bool,
}

/// Who has to have signed what, and how to say it.
pub(super) struct Expected {
    pub(super) expectation: Expectation,
    pub(super) wanted: Wanted,
    pub(super) shown: Shown,
}

/// What has to have been signed by whom, as it was asked for: names of JSON fields, and what they have to be.
pub(super) struct Shown(pub(super) Fields);

/// Names of JSON fields with their values.
type Fields = Vec<(&'static str, String)>;

pub(super) fn read(arguments: &Arguments, input: &Input, context: &Context<'_>) -> Result<Expected, Failure> {
    let wanted = arguments
        .build
        .read(&arguments.claims, arguments.identity.key.is_some())?;
    let (expectation, mut shown) = signer(arguments, &|| nobody::claimed_signer(input), context)?;
    shown.extend(wanted.shown());
    Ok(Expected {
        expectation,
        wanted,
        shown: Shown(shown),
    })
}

/// Who has to have signed, and how that was said. Where nobody is named, the error tells who claims to have.
pub(super) fn signer(
    arguments: &Arguments,
    claimed: &dyn Fn() -> Option<Claim>,
    context: &Context<'_>,
) -> Result<(Expectation, Fields), Failure> {
    match arguments.identity.key.as_ref() {
        Some(path) if arguments.identity.certificate_identity.is_some() => {
            let message = "expected either --key or --certificate-identity: this key does not say whose it is";
            Err(Failure::usage("identity-with-key", message).at(path.display()))
        }
        Some(path) => Ok((read_key(path)?, vec![("key", path.display().to_string())])),
        None => read_certificate(arguments, claimed, context),
    }
}

/// Whether a certificate has to say something about a build.
pub(super) fn asks_for_claims(arguments: &Arguments) -> Result<bool, Failure> {
    Ok(!arguments.claims.read()?.is_empty())
}

fn read_certificate(
    arguments: &Arguments,
    claimed: &dyn Fn() -> Option<Claim>,
    context: &Context<'_>,
) -> Result<(Expectation, Fields), Failure> {
    let signer = Signer::read(&arguments.identity, &arguments.claims)?;
    let Signer {
        mut expectation,
        mut shown,
    } = signer.ok_or_else(|| nobody::expected(&arguments.identity, claimed, context))?;
    for (claim, expected) in arguments.claims.read()? {
        shown.push((claim.as_str(), expected.as_str().to_owned()));
        expectation = expectation.requiring_claim(claim, expected);
    }
    Ok((expectation, shown))
}

fn read_key(path: &Path) -> Result<Expectation, Failure> {
    let pem = keyless::read(path, "key-unreadable")?;
    // What is no text is no PEM, and is refused as such.
    let pem = String::from_utf8_lossy(&pem);
    PublicKey::from_pem(&pem)
        .map(Expectation::key)
        .map_err(|error| Failure::usage("key-invalid", visible(&error.to_string())).at(path.display()))
}

fn invalid(error: InvalidExpectation) -> Failure {
    Failure::usage("expectation-invalid", visible(&error.to_string()))
}
