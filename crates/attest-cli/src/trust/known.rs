use attest_net::{SigningConfig, TrustAnchor, TrustMaterial};
use attest_verify::TrustRoot;

use super::{Instance, Origin};
use crate::failure::Failure;
use crate::keyless::net_failure;
use crate::visible::visible;

/// A trusted root, and where it is from.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) origin: Origin,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    File(String),
    Embedded(&'static str),
    Fetched(TrustMaterial),
}

impl Known {
    pub(super) fn file(origin: Origin, json: Vec<u8>) -> Result<Self, Failure> {
        let json = String::from_utf8(json).map_err(|error| invalid(&error))?;
        let content = Content::File(json);
        Ok(Self { origin, content })
    }

    /// None for an instance of which nothing is built in.
    pub(super) fn embedded(instance: Instance, anchor: &TrustAnchor) -> Option<Self> {
        Some(Self {
            origin: Origin::embedded(instance, anchor),
            content: Content::Embedded(instance.embedded()?),
        })
    }

    pub(super) fn fetched(instance: Instance, anchor: &TrustAnchor, material: TrustMaterial) -> Self {
        Self {
            origin: Origin::fetched(instance, anchor, &material),
            content: Content::Fetched(material),
        }
    }

    /// The `trusted_root.json`.
    pub(crate) fn trusted_root(&self) -> &str {
        match &self.content {
            Content::File(json) => json,
            Content::Embedded(json) => json,
            Content::Fetched(material) => material.trusted_root(),
        }
    }

    /// The same, ready to be verified against.
    pub(crate) fn root(&self) -> Result<TrustRoot, Failure> {
        TrustRoot::parse(self.trusted_root().as_bytes()).map_err(|error| invalid(&error))
    }

    /// Through which services the instance signs. One without a configuration does not: nobody else's services are taken.
    pub(super) fn signing_config(&self) -> Result<SigningConfig, Failure> {
        let config = match &self.content {
            Content::Fetched(material) => {
                let json = material
                    .signing_config()
                    .ok_or_else(|| without_config(material.mirror()))?;
                SigningConfig::parse(json.as_bytes())
            }
            _ => SigningConfig::public_good(),
        };
        config.map_err(|error| net_failure(&error))
    }
}

fn invalid(error: &dyn std::fmt::Display) -> Failure {
    Failure::usage("trusted-root-invalid", visible(&error.to_string()))
}

fn without_config(mirror: &str) -> Failure {
    Failure::usage(
        "signing-config-missing",
        format_args!("the trust repository {mirror} has no signing configuration"),
    )
    .hint("name the services with `--signing-config FILE --trusted-root FILE`")
}
