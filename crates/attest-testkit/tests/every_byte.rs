//! No changed byte of a bundle that we wrote is accepted: every place, several changes.
#![expect(clippy::unwrap_used, reason = "tests")]

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_testkit::{Fixture, fixtures};
use attest_verify::{Artifact, CertificateIdentity, Expectation, OidcIssuer, TrustRoot, VerificationTime, Verifier};
use attestation::Bundle;
use rayon::prelude::*;

/// A low bit, the bit of case in ASCII, and the bit that leaves ASCII.
const FLIPS: [u8; 3] = [0x01, 0x20, 0x80];

struct Subject {
    bundle: Vec<u8>,
    root: TrustRoot,
    expectation: Expectation,
    time: VerificationTime,
    artifact: Artifact,
}

impl Subject {
    fn accepts(&self, bundle: &[u8]) -> bool {
        let Ok(bundle) = Bundle::parse(bundle) else {
            return false;
        };
        Verifier::new(&self.root, self.time)
            .verify_bundle(&bundle, &self.expectation)
            .is_ok_and(|verified| verified.artifact(&self.artifact).is_ok())
    }

    /// The places at which some change goes unnoticed, with what stands around them.
    fn unnoticed(&self) -> Vec<String> {
        let places: Vec<usize> = (0..self.bundle.len()).collect();
        places
            .par_iter()
            .flat_map_iter(|&place| FLIPS.map(|flip| (place, flip)))
            .filter(|&(place, flip)| {
                let mut changed = self.bundle.clone();
                changed[place] ^= flip;
                self.accepts(&changed)
            })
            .map(|(place, flip)| {
                let around = &self.bundle[place.saturating_sub(40)..(place + 8).min(self.bundle.len())];
                format!("{place} ^ {flip:#04x} after …{}", String::from_utf8_lossy(around))
            })
            .collect()
    }
}

impl From<Fixture> for Subject {
    fn from(fixture: Fixture) -> Self {
        let measured = Measured::of_bytes(&fixture.artifact, &Algorithms::one(Algorithm::Sha256));
        Self {
            root: TrustRoot::parse(fixture.trusted_root.as_bytes()).unwrap(),
            expectation: Expectation::certificate(
                CertificateIdentity::parse(&fixture.verdict.identity).unwrap(),
                OidcIssuer::parse(&fixture.verdict.issuer).unwrap(),
            ),
            time: VerificationTime::at(fixture.verdict.time.parse().unwrap()),
            artifact: Artifact::measured(&fixture.verdict.artifact, &measured),
            bundle: fixture.bundle,
        }
    }
}

fn no_change_is_accepted(name: &str) {
    let fixture = fixtures().unwrap().into_iter().find(|fixture| fixture.name == name);
    let subject = Subject::from(fixture.unwrap());
    assert!(subject.accepts(&subject.bundle), "the unchanged bundle is accepted");
    let unnoticed = subject.unnoticed();
    assert!(
        unnoticed.is_empty(),
        "{} changes are accepted:\n{}",
        unnoticed.len(),
        unnoticed.join("\n")
    );
}

#[test]
fn no_changed_byte_of_a_statement_in_rekor_v2_is_accepted() {
    no_change_is_accepted("statement-rekor-v2");
}

#[test]
fn no_changed_byte_of_a_statement_in_rekor_v1_is_accepted() {
    no_change_is_accepted("statement-rekor-v1");
}

#[test]
fn no_changed_byte_of_an_artifact_signature_in_rekor_v2_is_accepted() {
    no_change_is_accepted("artifact-rekor-v2");
}

#[test]
fn no_changed_byte_of_an_artifact_signature_in_rekor_v1_is_accepted() {
    no_change_is_accepted("artifact-rekor-v1");
}
