use std::time::Duration;

use attest_sign::CLOCK_ALLOWANCE;
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, Rejection, TrustRoot, VerificationTime, Verifier,
};
use jiff::Timestamp;

use super::Arguments;
use super::output::Output;
use crate::context::Environment;
use crate::failure::Failure;
use crate::keyless;
use crate::trust::SigningTrust;

/// What new bundles are checked against before they get their names.
pub(super) struct Root(TrustRoot);

/// Who signed, as the certificate says.
pub(super) struct Signer<'a> {
    pub(super) identity: &'a str,
    pub(super) issuer: Option<&'a str>,
    pub(super) now: Timestamp,
}

impl Root {
    pub(super) fn load(arguments: &Arguments, environment: &Environment) -> Result<Self, Failure> {
        let Some(path) = &arguments.trusted_root else {
            return match arguments.keyless.signing_config {
                None => Ok(Self(SigningTrust::load(environment)?.root)),
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

/// How long it takes until this machine, too, has reached the times that logs signed; none if it has, or is too far behind.
/// Before that the new bundles are from the future. Whoever verifies later has no such trouble.
pub(super) fn until_logged(outputs: &[Output], now: Timestamp) -> Option<Duration> {
    let entries = outputs
        .iter()
        .flat_map(|output| &output.bundle.peek_unverified().log_entries);
    let logged = entries.filter_map(|entry| entry.integrated_time).max()?;
    behind(Timestamp::from_second(logged.try_into().ok()?).ok()?, now)
}

fn behind(logged: Timestamp, now: Timestamp) -> Option<Duration> {
    let wait = logged.duration_since(now);
    match wait.is_positive() && wait <= CLOCK_ALLOWANCE {
        true => Duration::try_from(wait).ok(),
        false => None,
    }
}

fn trusted_root_missing() -> Failure {
    Failure::usage(
        "trusted-root-missing",
        "expected --trusted-root beside --signing-config: every new bundle is verified before it gets its name",
    )
    .hint("add `--trusted-root FILE` with the trust root of the same instance")
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_clock_that_is_behind_is_waited_for_within_the_allowance() {
        let now: Timestamp = "2026-01-02T03:04:05.5Z".parse().unwrap();
        let after = |milliseconds| behind(now + SignedDuration::from_millis(milliseconds), now);
        assert_eq!(after(-1), None);
        assert_eq!(after(0), None);
        assert_eq!(after(2500), Some(Duration::from_millis(2500)));
        assert_eq!(after(60_000), Some(Duration::from_secs(60)));
        assert_eq!(after(60_001), None);
    }
}
