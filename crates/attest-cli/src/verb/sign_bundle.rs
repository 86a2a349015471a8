//! `attest sign-bundle`: the signing half of the sigstore-conformance protocol.
//!
//! Source: sigstore/sigstore-conformance, `docs/cli_protocol.md`.

use std::path::PathBuf;

use attest_net::{STAGING_SIGNING_CONFIG, STAGING_TRUSTED_ROOT};

use super::protocol::Call;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;

/// Sign one file, as the sigstore-conformance suite asks for it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Sign through the staging instance of Sigstore
    #[arg(long)]
    staging: bool,
    /// The file is an in-toto statement: sign it as one
    #[arg(long)]
    in_toto: bool,
    /// The identity token
    #[arg(long, value_name = "TOKEN")]
    identity_token: String,
    /// Where the bundle goes
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// What the new bundle is checked against
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// Services to sign through
    #[arg(long, value_name = "FILE")]
    signing_config: Option<PathBuf>,
    /// What to sign
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let staging = |content| arguments.staging.then_some(content);
    let call = Call::of("sign")
        .option("--identity-token", Some(&arguments.identity_token))
        .option("--bundle", Some(&arguments.bundle))
        .file(
            "--trusted-root",
            arguments.trusted_root.as_deref(),
            staging(STAGING_TRUSTED_ROOT),
        )?
        .file(
            "--signing-config",
            arguments.signing_config.as_deref(),
            staging(STAGING_SIGNING_CONFIG),
        )?;
    match arguments.in_toto {
        true => call.option("--statement", Some(arguments.file)),
        false => call.operand(arguments.file),
    }
    .run(context)
}
