use std::time::Duration;

use attest_sign::{CLOCK_ALLOWANCE, PublicKey, Session};
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, InvalidExpectation, OidcIssuer, Rejection, TrustRoot, VerificationTime,
    VerifiedBundle, Verifier,
};
use attestation::Bundle;
use jiff::Timestamp;

use super::Arguments;
use crate::context::Environment;
use crate::failure::Failure;
use crate::keyless;
use crate::trust::SigningTrust;

/// What new bundles are checked against before they get their names.
pub(super) struct Root(TrustRoot);

/// Who signed.
pub(super) enum Signer<'a> {
    /// Whom the certificate names, and who vouched for it; nobody did for a certificate of one's own authority.
    Certificate { identity: &'a str, issuer: Option<&'a str> },
    /// The key itself.
    Key(&'a PublicKey),
}

/// As of when, and without what, new bundles are checked: without nothing that was not left out in so many words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) now: Timestamp,
    pub(super) logged: bool,
}

/// A new bundle, with what it was made for.
pub(super) struct Candidate<'a> {
    pub(super) bundle: &'a Bundle,
    pub(super) artifacts: Vec<Artifact>,
    /// Where it is to go.
    pub(super) place: String,
}

impl<'a> Signer<'a> {
    pub(super) fn of(session: &'a Session<'_>) -> Self {
        match session.identity() {
            Some(identity) => Self::Certificate {
                identity,
                issuer: session.issuer(),
            },
            None => Self::Key(session.public_key()),
        }
    }

    fn expectation(&self) -> Result<Expectation, InvalidExpectation> {
        match self {
            Self::Certificate {
                identity,
                issuer: Some(issuer),
            } => Ok(Expectation::certificate(
                CertificateIdentity::parse(identity)?,
                OidcIssuer::parse(issuer)?,
            )),
            Self::Certificate { identity, issuer: None } => Ok(Expectation::certificate_of_own_authority(
                CertificateIdentity::parse(identity)?,
            )),
            Self::Key(key) => attest_verify::PublicKey::from_pem(&key.to_pem()).map(Expectation::key),
        }
    }
}

impl Root {
    /// `needed` when the bundle will hold anything that a trust root judges.
    pub(super) fn load(arguments: &Arguments, needed: bool, environment: &Environment) -> Result<Self, Failure> {
        let Some(path) = &arguments.trusted_root else {
            return match (needed, &arguments.keyless.signing_config) {
                (false, _) => Ok(Self(TrustRoot::public_good())),
                (true, None) => Ok(Self(SigningTrust::load(environment)?.root)),
                (true, Some(_)) => Err(trusted_root_missing()),
            };
        };
        let json = keyless::read(path, "trusted-root-unreadable")?;
        let root = TrustRoot::parse(&json)
            .map_err(|error| Failure::usage("trusted-root-invalid", error).at(path.display()))?;
        Ok(Self(root))
    }

    /// The logs that are trusted.
    pub(super) fn log_ids(&self) -> Vec<Vec<u8>> {
        self.0.log_ids().map(<[u8]>::to_vec).collect()
    }

    /// The certificates above that of a bundle, DER.
    pub(super) fn above(&self, bundle: &Bundle) -> Vec<Vec<u8>> {
        let certificate = bundle.peek_unverified().certificate();
        certificate
            .map(|certificate| self.0.above(certificate))
            .unwrap_or_default()
    }

    /// Verifies a bundle as its receivers will.
    pub(super) fn check(&self, signer: &Signer<'_>, terms: Terms, candidate: &Candidate<'_>) -> Result<(), Failure> {
        let verified = self.verify(signer, terms, candidate);
        verified.map(drop).map_err(|rejection| {
            let message = format!("the new bundle does not verify ({}): {rejection}", rejection.code());
            Failure::rejected("new-bundle-rejected", message).at(&candidate.place).hint(
                "nothing was written; --signing-config and --trusted-root must be of the same instance, and the clock of \
                 this machine right (`date --utc`)",
            )
        })
    }

    /// What a bundle says that is this signer's, and about all of these artifacts.
    pub(super) fn verify(
        &self,
        signer: &Signer<'_>,
        terms: Terms,
        candidate: &Candidate<'_>,
    ) -> Result<VerifiedBundle, Rejection> {
        let moment = terms.now.saturating_add(CLOCK_ALLOWANCE).unwrap_or(terms.now);
        let verifier = Verifier::new(&self.0, VerificationTime::at(moment));
        let verifier = match terms.logged {
            true => verifier,
            false => verifier.without_log_unsafe(),
        };
        let verified = verifier.verify_bundle(candidate.bundle, &signer.expectation()?)?;
        for artifact in &candidate.artifacts {
            verified.artifact(artifact)?;
        }
        Ok(verified)
    }
}

/// How long it takes until this machine, too, has reached the times that logs signed; none if it has, or is too far behind.
/// Before that the new bundles are from the future. Whoever verifies later has no such trouble.
pub(super) fn until_logged<'a>(bundles: impl Iterator<Item = &'a Bundle>, now: Timestamp) -> Option<Duration> {
    let entries = bundles.flat_map(|bundle| &bundle.peek_unverified().log_entries);
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
