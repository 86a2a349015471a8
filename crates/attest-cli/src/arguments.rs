use clap::{Parser, Subcommand};

use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::verb;

/// Build, list, sign and verify release artifacts.
#[derive(Debug, Parser)]
#[command(name = "attest", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Hash(verb::hash::Arguments),
    Bench(Box<verb::bench::Arguments>),
    Pack(verb::pack::Arguments),
    Release(Box<verb::release::Arguments>),
    Push(Box<verb::push::Arguments>),
    Fetch(Box<verb::fetch::Arguments>),
    Repro(verb::repro::Arguments),
    Inspect(Box<verb::inspect::Arguments>),
    Sandbox(verb::sandbox::Arguments),
    Sbom(Box<verb::sbom::Arguments>),
    Sign(Box<verb::sign::Arguments>),
    Verify(Box<verb::verify::Arguments>),
    Trust(verb::trust::Arguments),
    Key(verb::key::Arguments),
    Init(verb::init::Arguments),
    Provenance(verb::provenance::Arguments),
    #[command(hide = true)]
    SignBundle(verb::sign_bundle::Arguments),
    #[command(hide = true)]
    VerifyBundle(verb::verify_bundle::Arguments),
}

impl Verb {
    pub(crate) fn run(self, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        match self {
            Self::Hash(arguments) => verb::hash::run(arguments, context),
            Self::Bench(arguments) => verb::bench::run(*arguments, context),
            Self::Pack(arguments) => verb::pack::run(arguments, context),
            Self::Release(arguments) => verb::release::run(*arguments, context),
            Self::Push(arguments) => verb::push::run(*arguments, context),
            Self::Fetch(arguments) => verb::fetch::run(*arguments, context),
            Self::Repro(arguments) => verb::repro::run(arguments, context),
            Self::Inspect(arguments) => verb::inspect::run(&arguments, context),
            Self::Sandbox(arguments) => verb::sandbox::run(arguments, context),
            Self::Sbom(arguments) => verb::sbom::run(*arguments, context),
            Self::Sign(arguments) => verb::sign::run(*arguments, context),
            Self::Verify(arguments) => verb::verify::run(*arguments, context),
            Self::Trust(arguments) => verb::trust::run(arguments, context),
            Self::Key(arguments) => verb::key::run(arguments, context),
            Self::Init(arguments) => verb::init::run(arguments, context),
            Self::Provenance(arguments) => verb::provenance::run(arguments, context),
            Self::SignBundle(arguments) => verb::sign_bundle::run(arguments, context),
            Self::VerifyBundle(arguments) => verb::verify_bundle::run(arguments, context),
        }
    }
}
