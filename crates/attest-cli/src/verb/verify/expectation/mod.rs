//! Who has to have signed: arguments in, one expectation out, or how to say one.

mod nobody;

use std::path::{Path, PathBuf};

use attest_verify::{CertificateIdentity, Expectation, InvalidExpectation, OidcIssuer, PublicKey};

use super::arguments::Arguments;
use super::input::Input;
use crate::failure::Failure;
use crate::keyless;
use crate::visible::visible;

/// Who has to have signed.
#[derive(Debug, clap::Args)]
pub(super) struct IdentityArguments {
    /// Who has to have signed: the e-mail address or URI in the certificate
    #[arg(long, value_name = "IDENTITY", conflicts_with = "key")]
    certificate_identity: Option<String>,
    /// Who has to have vouched for that: the URL of the OIDC issuer
    #[arg(long, value_name = "URL", conflicts_with = "key")]
    certificate_oidc_issuer: Option<String>,
    /// The public key that has to have signed, in PEM
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Who has to have signed, and how to say it.
pub(super) struct Expected {
    pub(super) expectation: Expectation,
    pub(super) shown: Shown,
}

/// Who has to have signed, as it was asked for.
pub(super) enum Shown {
    Certificate { identity: String, issuer: String },
    Key { path: String },
}

pub(super) fn read(arguments: &Arguments, input: &Input) -> Result<Expected, Failure> {
    let identity = &arguments.identity;
    if let Some(path) = &identity.key {
        return read_key(path);
    }
    let (Some(name), Some(issuer)) = (&identity.certificate_identity, &identity.certificate_oidc_issuer) else {
        return Err(nobody::expected(arguments, input));
    };
    Ok(Expected {
        expectation: Expectation::certificate(
            CertificateIdentity::parse(name).map_err(invalid)?,
            OidcIssuer::parse(issuer).map_err(invalid)?,
        ),
        shown: Shown::Certificate {
            identity: name.clone(),
            issuer: issuer.clone(),
        },
    })
}

fn read_key(path: &Path) -> Result<Expected, Failure> {
    let pem = keyless::read(path, "key-unreadable")?;
    // What is no text is no PEM, and is refused as such.
    let pem = String::from_utf8_lossy(&pem);
    let key = PublicKey::from_pem(&pem)
        .map_err(|error| Failure::usage("key-invalid", visible(&error.to_string())).at(path.display()))?;
    Ok(Expected {
        expectation: Expectation::key(key),
        shown: Shown::Key {
            path: path.display().to_string(),
        },
    })
}

fn invalid(error: InvalidExpectation) -> Failure {
    Failure::usage("expectation-invalid", visible(&error.to_string()))
}
