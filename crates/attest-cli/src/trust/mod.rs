//! Whom every verb believes: the file that is named, else the instance that was initialised, else the newest that was
//! fetched of the public instances, else what is built in. Nothing here opens a connection.

mod directory;
mod failure;
mod instance;
mod known;
mod origin;
mod signing;

use std::path::{Path, PathBuf};

use attest_verify::TrustRoot;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::context::Context;
use crate::failure::Failure;
use crate::keyless;
pub(crate) use directory::{Directory, not_initialised};
pub(crate) use failure::failure;
pub(crate) use instance::Instance;
pub(crate) use known::Known;
pub(crate) use origin::Origin;
pub(crate) use signing::SigningTrust;

/// Whom to believe, for verbs that verify.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct TrustArguments {
    /// Whose authorities and logs count, and nobody else's [default: the instance of `attest trust init`, else the
    /// public-good instance of Sigstore and that of GitHub]
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Decide nothing by trust that was fetched more than so many days ago
    #[arg(long, value_name = "DAYS", conflicts_with = "trusted_root")]
    pub(crate) max_trust_age: Option<u32>,
    /// Open no connection. Verifying never does; to say so does no harm
    #[arg(long)]
    pub(crate) offline: bool,
}

/// The trust roots that count, each with where it is from.
#[derive(Debug)]
pub(crate) struct Roots {
    roots: Vec<TrustRoot>,
    origins: Vec<Origin>,
}

impl TrustArguments {
    /// Settles whom to believe, and says on stderr what is no longer fresh.
    pub(crate) fn settle(&self, context: &mut Context<'_>) -> Result<Vec<Known>, Failure> {
        let now = now(context)?;
        let known = match &self.trusted_root {
            Some(path) => vec![file(path)?],
            None => Directory::of(&context.environment).in_use()?,
        };
        for Known { origin, .. } in &known {
            if let Some(days) = self.max_trust_age {
                origin.refuse_older_than(days, now)?;
            }
            if origin.is_expired(now) {
                context.say(origin.note());
            }
        }
        Ok(known)
    }
}

impl Roots {
    /// Settles whom to believe, ready to be verified against.
    pub(crate) fn load(arguments: &TrustArguments, context: &mut Context<'_>) -> Result<Self, Failure> {
        let known = arguments.settle(context)?;
        let root = |known: &Known| known.root().map_err(|failure| failure.at(known.origin.shown()));
        Ok(Self {
            roots: known.iter().map(root).collect::<Result<_, _>>()?,
            origins: known.into_iter().map(|known| known.origin).collect(),
        })
    }

    /// What a verifier is made of; it borrows the list that this returns.
    pub(crate) fn references(&self) -> Vec<&TrustRoot> {
        self.roots.iter().collect()
    }

    /// For people, on one line.
    pub(crate) fn shown(&self) -> String {
        let shown: Vec<String> = self.origins.iter().map(Origin::shown).collect();
        shown.join(" and ")
    }

    /// For programs: a list with one object for each root. Documented in `docs/TRUST-ROOTS.md`.
    pub(crate) fn to_json(&self, now: Timestamp) -> Value {
        self.origins.iter().map(|origin| origin.to_json(now)).collect()
    }
}

/// The moment at which the process began.
pub(crate) fn now(context: &Context<'_>) -> Result<Timestamp, Failure> {
    Timestamp::try_from(context.now)
        .map_err(|error| Failure::undecided("clock-unusable", format_args!("the clock cannot be used: {error}")))
}

/// What would need the network was asked for together with `--offline`.
pub(crate) fn offline(what: &str) -> Failure {
    Failure::usage(
        "offline",
        format_args!("{what} needs the network, and `--offline` forbids it"),
    )
}

fn file(path: &Path) -> Result<Known, Failure> {
    let json = keyless::read(path, "trusted-root-unreadable")?;
    Known::file(Origin::of_file(path), json).map_err(|failure| failure.at(path.display()))
}

/// Days of 24 hours: leap seconds do not make trust stale.
fn days(days: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}
