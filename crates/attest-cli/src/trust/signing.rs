use attest_net::SigningConfig;
use attest_verify::TrustRoot;

use super::{Directory, Instance};
use crate::context::Environment;
use crate::failure::Failure;
use crate::keyless::net_failure;

/// What signing without files needs to know of an instance.
pub(crate) struct SigningTrust {
    /// What new bundles are checked against.
    pub(crate) root: TrustRoot,
    /// Through which services they are made.
    pub(crate) config: SigningConfig,
}

impl SigningTrust {
    /// The instance that was initialised, else the public-good instance as it was last fetched or built in.
    pub(crate) fn load(environment: &Environment) -> Result<Self, Failure> {
        let directory = Directory::of(environment);
        let (origin, material) = match directory.private()? {
            Some(private) => private,
            None => directory.public(Instance::PublicGood)?,
        };
        let config = match &material {
            None => SigningConfig::public_good(),
            Some(material) => {
                let json = material.signing_config().ok_or_else(|| without_config(material.mirror()))?;
                SigningConfig::parse(json.as_bytes())
            }
        };
        Ok(Self {
            root: origin.root(material.as_ref())?,
            config: config.map_err(|error| net_failure(&error))?,
        })
    }
}

fn without_config(mirror: &str) -> Failure {
    Failure::usage(
        "signing-config-missing",
        format_args!("the trust repository {mirror} has no signing configuration"),
    )
    .hint("name the services with `--signing-config FILE --trusted-root FILE`")
}
