use attest_net::SigningConfig;
use attest_verify::TrustRoot;

use super::{Directory, Instance};
use crate::context::Environment;
use crate::failure::Failure;

/// What signing without files needs to know of an instance: the one that was initialised, else the public-good instance as it
/// was last fetched or built in.
pub(crate) struct SigningTrust {
    /// What new bundles are checked against.
    pub(crate) root: TrustRoot,
    /// Through which services they are made.
    pub(crate) config: SigningConfig,
}

impl SigningTrust {
    /// Reads both from one state of the instance.
    pub(crate) fn load(environment: &Environment) -> Result<Self, Failure> {
        let directory = Directory::of(environment);
        let known = match directory.private()? {
            Some(private) => private,
            None => directory.public(Instance::PublicGood)?,
        };
        Ok(Self {
            root: known.root()?,
            config: known.signing_config()?,
        })
    }
}
