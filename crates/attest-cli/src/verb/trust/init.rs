use std::path::PathBuf;

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_net::{TrustAnchor, TufError};

use super::update::told;
use super::{NetworkArguments, fetch, print};
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::input_file::InputFile;
use crate::keyless::net_failure;
use crate::trust::{Directory, Instance};
use crate::visible::visible;

/// The largest root metadata that is read, as for those that follow it.
const MAX_ROOT_BYTES: u64 = 512_000;

const EXAMPLES: &str = "Examples:
  attest trust init --mirror https://tuf.example.com --root root.json --root-checksum 9f86d081884c7d65…
      Believe the instance, whose first root was obtained by another way, and sign through it.

  attest trust init --mirror \"$ATTEST_SANDBOX_URL/tuf\" --root \"$ATTEST_SANDBOX_DIR/1.root.json\"
      The same with a sandbox.

From then on, verbs without --trusted-root believe this instance and no other, until `attest
trust remove private`.";

/// Point this program at an instance of one's own: the root is believed because it is given
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where the trust repository of the instance is
    #[arg(long, value_name = "URL")]
    mirror: String,
    /// Its root metadata, obtained by another way than from there
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    /// The SHA-256 that the root metadata has to have
    #[arg(long, value_name = "HEX")]
    root_checksum: Option<String>,
    #[command(flatten)]
    network: NetworkArguments,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let anchor = arguments.anchor()?;
    let known = Directory::of(&context.environment).anchor()?;
    if let Some(known) = known.filter(|known| *known != anchor) {
        return Err(initialised(&known));
    }
    let http = arguments.network.connect("fetching the trust root of an instance")?;
    let updated = fetch(&http, Instance::Private, &anchor, context)?;
    print(context, told(Instance::Private, &updated))?;
    context.say(format_args!(
        "{} is believed now, and nobody else; `attest trust remove private` ends that",
        anchor.mirror()
    ));
    Ok(Outcome::Accepted)
}

impl Arguments {
    fn anchor(&self) -> Result<TrustAnchor, Failure> {
        let root = InputFile {
            path: &self.root,
            unreadable: "trust-anchor-unreadable",
            limit: MAX_ROOT_BYTES,
        };
        let root = root.read()?;
        if let Some(expected) = &self.root_checksum {
            self.check(&root, expected)?;
        }
        TrustAnchor::new(&self.mirror, &root).map_err(|error| match &error {
            TufError::Net(error) => net_failure(error).at("--mirror"),
            other => Failure::usage("trust-anchor-invalid", visible(&other.to_string())).at(self.root.display()),
        })
    }

    fn check(&self, root: &[u8], expected: &str) -> Result<(), Failure> {
        let measured = Measured::of_bytes(root, &Algorithms::one(Algorithm::Sha256));
        let found = measured
            .digest(Algorithm::Sha256)
            .map(|digest| digest.to_hex())
            .unwrap_or_default();
        match expected.eq_ignore_ascii_case(&found) {
            true => Ok(()),
            false => Err(Failure::rejected(
                "trust-anchor-mismatch",
                format_args!(
                    "expected a root with the SHA-256 `{}`, found `{found}`",
                    visible(expected)
                ),
            )
            .at(self.root.display())),
        }
    }
}

fn initialised(known: &TrustAnchor) -> Failure {
    Failure::usage(
        "trust-initialised",
        format_args!("the instance at {} is believed, and one at a time is", known.mirror()),
    )
    .hint("to change to another, first run `attest trust remove private`")
}
