use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, Rejection, TrustRoot, VerificationTime, Verifier,
};
use jiff::{SignedDuration, Timestamp};

use super::Arguments;
use super::output::Output;
use crate::failure::Failure;
use crate::keyless;

/// By how much the clock of this machine may be behind those of the services. Without it a fresh signature would be from
/// the future; whoever verifies later needs no such allowance.
const CLOCK_ALLOWANCE: SignedDuration = SignedDuration::from_secs(60);

/// What new bundles are checked against before they get their names.
pub(super) struct Root(TrustRoot);

/// Who signed, as the certificate says.
pub(super) struct Signer<'a> {
    pub(super) identity: &'a str,
    pub(super) issuer: Option<&'a str>,
    pub(super) now: Timestamp,
}

impl Root {
    pub(super) fn load(arguments: &Arguments) -> Result<Self, Failure> {
        let Some(path) = &arguments.trusted_root else {
            return match arguments.keyless.signing_config {
                None => Ok(Self(TrustRoot::public_good())),
                Some(_) => Err(trusted_root_missing()),
            };
        };
        let json = keyless::read(path, "trusted-root-unreadable")?;
        let root = TrustRoot::parse(&json)
            .map_err(|error| Failure::usage("trusted-root-invalid", error).at(path.display()))?;
        Ok(Self(root))
    }

    /// Verifies a bundle as its receivers will.
    pub(super) fn check(&self, signer: &Signer<'_>, output: &Output) -> Result<(), Failure> {
        let verified = self.verify(signer, output);
        verified.map_err(|rejection| {
            let message = format!("the new bundle does not verify ({}): {rejection}", rejection.code());
            Failure::rejected("new-bundle-rejected", message).at(output.request.bundle.display()).hint(
                "nothing was written; --signing-config and --trusted-root must be of the same instance, and the clock of \
                 this machine right (`date --utc`)",
            )
        })
    }

    fn verify(&self, signer: &Signer<'_>, output: &Output) -> Result<(), Rejection> {
        let expectation = Expectation::certificate(
            CertificateIdentity::parse(signer.identity)?,
            OidcIssuer::parse(signer.issuer.unwrap_or_default())?,
        );
        let moment = signer.now.saturating_add(CLOCK_ALLOWANCE).unwrap_or(signer.now);
        let verifier = Verifier::new(&self.0, VerificationTime::at(moment));
        let verified = verifier.verify_bundle(&output.bundle, &expectation)?;
        for artifact in &output.request.artifacts {
            verified.artifact(&Artifact::measured(artifact.name.as_str(), &artifact.measured))?;
        }
        Ok(())
    }
}

fn trusted_root_missing() -> Failure {
    Failure::usage(
        "trusted-root-missing",
        "expected --trusted-root beside --signing-config: every new bundle is verified before it gets its name",
    )
    .hint("add `--trusted-root FILE` with the trust root of the same instance")
}
