//! Good bundles, with everything to judge them by.

use std::collections::BTreeSet;
use std::fs;

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_testkit::{ConformanceCase, ISSUER, SIGNED_AT, Verdict, WORKFLOW};
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, PublicKey, TrustRoot, VerificationTime, Verified, Verifier,
};
use attestation::Bundle;
use attestation::foreign::{Limits, read_evidence};
use serde_json::Value;

use crate::fixtures::directory;

/// A document that is spoiled, and the bundle that it amounts to.
pub(super) struct Specimen {
    pub(super) name: String,
    pub(super) document: Value,
    pub(super) bundle: Value,
    /// Whether the document is no bundle itself.
    pub(super) foreign: bool,
    root: TrustRoot,
    expectation: Expectation,
    time: VerificationTime,
    artifact: Artifact,
}

/// A bundle that is accepted, and what is reported of it: every log entry and time, the signer and the statement.
pub(super) struct Accepted {
    pub(super) bundle: Value,
    pub(super) report: BTreeSet<String>,
}

impl Specimen {
    /// An accepted fixture.
    pub(super) fn read(name: &str) -> Self {
        let folder = directory().join("accept").join(name);
        let read = |file: &str| fs::read(folder.join(file)).unwrap();
        let verdict: Verdict = serde_json::from_slice(&read("expect.json")).unwrap();
        let measured = Measured::of_bytes(&read(&verdict.artifact), &Algorithms::one(Algorithm::Sha256));
        let document: Value = serde_json::from_slice(&read("bundle.sigstore.json")).unwrap();
        Self {
            name: name.to_owned(),
            bundle: document.clone(),
            document,
            foreign: false,
            root: TrustRoot::parse(&read("trusted_root.json")).unwrap(),
            expectation: Expectation::certificate(
                CertificateIdentity::parse(&verdict.identity).unwrap(),
                OidcIssuer::parse(&verdict.issuer).unwrap(),
            ),
            time: VerificationTime::at(verdict.time.parse().unwrap()),
            artifact: Artifact::measured(&verdict.artifact, &measured),
        }
    }

    /// A case that has to be accepted, if it is one.
    pub(super) fn of_case(case: &ConformanceCase) -> Option<Self> {
        if case.name.ends_with("_fail") {
            return None;
        }
        let corpus = directory().join("conformance");
        let shared = || serde_json::from_slice(&fs::read(corpus.join("trusted_root.json")).unwrap()).unwrap();
        let root: Value = case.trusted_root.clone().unwrap_or_else(shared);
        let artifact = fs::read(corpus.join("bundle-verify/a.txt")).unwrap();
        let measured = Measured::of_bytes(&artifact, &Algorithms::one(Algorithm::Sha256));
        Some(Self {
            name: case.name.clone(),
            document: case.bundle.clone(),
            bundle: case.bundle.clone(),
            foreign: false,
            root: TrustRoot::parse(root.to_string().as_bytes()).unwrap(),
            expectation: match &case.key {
                Some(pem) => Expectation::key(PublicKey::from_pem(pem).unwrap()),
                None => Expectation::certificate(
                    CertificateIdentity::parse(WORKFLOW).unwrap(),
                    OidcIssuer::parse(ISSUER).unwrap(),
                ),
            },
            time: VerificationTime::at(SIGNED_AT.parse().unwrap()),
            artifact: Artifact::measured("a.txt", &measured),
        })
    }

    /// The bundles of a document, as `attest verify` finds them.
    pub(super) fn bundles(&self, document: &[u8]) -> Vec<Bundle> {
        match self.foreign {
            true => {
                let items = read_evidence(document, &Limits::default());
                items.into_iter().flatten().map(|(_, bundle)| bundle).collect()
            }
            false => Bundle::parse(document).into_iter().collect(),
        }
    }

    /// What is accepted of a document.
    pub(super) fn judge(&self, document: &[u8]) -> Vec<Accepted> {
        let bundles = self.bundles(document);
        let accepted = bundles.iter().filter_map(|bundle| {
            let verified = self.verify(bundle)?;
            let logs = verified.log_entries().iter().map(|entry| format!("{entry:?}"));
            let times = verified.times().iter().map(|time| format!("{time:?}"));
            let signer = format!("{:?}", verified.signer());
            let statement = format!("{:?}", verified.statement());
            Some(Accepted {
                bundle: serde_json::from_slice(bundle.as_json()).unwrap(),
                report: logs.chain(times).chain([signer, statement]).collect(),
            })
        });
        accepted.collect()
    }

    fn verify(&self, bundle: &Bundle) -> Option<Verified> {
        let verifier = Verifier::new(&self.root, self.time);
        let verified = verifier.verify_bundle(bundle, &self.expectation).ok()?;
        verified.artifact(&self.artifact).ok()
    }
}
