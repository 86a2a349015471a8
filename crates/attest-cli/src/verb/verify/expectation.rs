use attest_verify::{CertificateIdentity, Expectation, InvalidExpectation, OidcIssuer, PublicKey, UnverifiedSigner};

use super::Arguments;
use super::input::Input;
use crate::failure::Failure;
use crate::keyless;
use crate::shell::quoted;
use crate::visible::visible;

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

pub(super) fn read(arguments: &Arguments, inputs: &Input) -> Result<Expected, Failure> {
    if let Some(path) = &arguments.key {
        let pem = keyless::read(path, "key-unreadable")?;
        // What is no text is no PEM, and is refused as such.
        let pem = String::from_utf8_lossy(&pem);
        let key = PublicKey::from_pem(&pem)
            .map_err(|error| Failure::usage("key-invalid", visible(&error.to_string())).at(path.display()))?;
        return Ok(Expected {
            expectation: Expectation::key(key),
            shown: Shown::Key {
                path: path.display().to_string(),
            },
        });
    }
    let (Some(identity), Some(issuer)) = (&arguments.certificate_identity, &arguments.certificate_oidc_issuer) else {
        return Err(nobody_expected(arguments, inputs));
    };
    let invalid = |error: InvalidExpectation| Failure::usage("expectation-invalid", visible(&error.to_string()));
    Ok(Expected {
        expectation: Expectation::certificate(
            CertificateIdentity::parse(identity).map_err(invalid)?,
            OidcIssuer::parse(issuer).map_err(invalid)?,
        ),
        shown: Shown::Certificate {
            identity: identity.clone(),
            issuer: issuer.clone(),
        },
    })
}

/// A signature by just anybody proves nothing. Says who claims to have signed, and how to ask for them.
fn nobody_expected(arguments: &Arguments, inputs: &Input) -> Failure {
    let missing = match (&arguments.certificate_identity, &arguments.certificate_oidc_issuer) {
        (Some(_), None) => "--certificate-oidc-issuer",
        (None, Some(_)) => "--certificate-identity",
        _ => "--certificate-identity and --certificate-oidc-issuer, or --key",
    };
    let failure = Failure::usage("no-identity", format_args!("expected {missing}: anybody can sign"));
    let Some((path, identity, issuer)) = claimed_signer(inputs) else {
        return failure.hint("ask whoever publishes the artifact who signs it, or for their key");
    };
    failure.at(&path).hint(format_args!(
        "the bundle claims, UNVERIFIED, to be signed by\n    identity {}\n    issuer   {}\n\
         if that is who publishes the artifact, run\n    {}",
        visible(&identity),
        visible(&issuer),
        // A value with a control character in it is shown, and does not go into a shell as it is.
        visible(&command(arguments, &identity, &issuer))
    ))
}

fn claimed_signer(inputs: &Input) -> Option<(String, String, String)> {
    let artifacts = inputs.artifacts.iter().filter_map(|artifact| artifact.file());
    let beside = artifacts.flat_map(|path| {
        let mut paths = attest_store::own_sidecars(path);
        paths.extend(attest_store::neighbours(path).unwrap_or_default());
        paths
    });
    inputs.given.iter().cloned().chain(beside).find_map(|path| {
        let bytes = attest_store::read_bundle_file(&path).ok()?;
        let bundles = attestation::parse_bundles(bytes.peek_unverified());
        let bundle = bundles.into_iter().find_map(Result::ok)?;
        let signer = UnverifiedSigner::peek(bundle.peek_unverified().certificate()?)?;
        Some((path.display().to_string(), signer.identity?, signer.issuer?))
    })
}

/// The same call, complete, fit for a shell.
fn command(arguments: &Arguments, identity: &str, issuer: &str) -> String {
    let mut words = vec!["attest verify".to_owned()];
    words.extend(arguments.files.iter().map(|path| quoted(&path.display().to_string())));
    let mut option = |name: &str, value: &str| words.push(format!("{name} {}", quoted(value)));
    for path in &arguments.bundle {
        option("--bundle", &path.display().to_string());
    }
    if let Some(path) = &arguments.trusted_root {
        option("--trusted-root", &path.display().to_string());
    }
    option("--certificate-identity", identity);
    option("--certificate-oidc-issuer", issuer);
    words.join(" ")
}
