//! `attest verify-bundle`: the verifying half of the sigstore-conformance protocol.
//!
//! Source: sigstore/sigstore-conformance, `docs/cli_protocol.md`.

use std::ffi::OsString;
use std::path::PathBuf;

use attest_net::STAGING_TRUSTED_ROOT;

use super::protocol::Call;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;

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
    #[arg(long, value_name = "IDENTITY")]
    certificate_identity: Option<String>,
    /// Who has to have vouched for that
    #[arg(long, value_name = "URL")]
    certificate_oidc_issuer: Option<String>,
    /// The public key that has to have signed
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Whose authorities and logs count
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// The artifact, or its sha256:… digest
    #[arg(value_name = "FILE_OR_DIGEST")]
    artifact: OsString,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    Call::of("verify")
        .option("--bundle", Some(arguments.bundle))
        .option("--certificate-identity", arguments.certificate_identity)
        .option("--certificate-oidc-issuer", arguments.certificate_oidc_issuer)
        .option("--key", arguments.key)
        .file(
            "--trusted-root",
            arguments.trusted_root.as_deref(),
            arguments.staging.then_some(STAGING_TRUSTED_ROOT),
        )?
        .operand(arguments.artifact)
        .run(context)
}
