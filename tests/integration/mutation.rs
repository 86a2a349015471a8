//! Every accepted fixture, spoiled in every way that the testkit knows: nothing panics, and what is still accepted differs
//! only where `docs/TRUST.md` says that nothing is checked, and is reported as the original is.

mod explanation;

use std::collections::BTreeSet;
use std::fs;

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_testkit::{
    ConformanceCase, Donors, ISSUER, Mutant, SIGNED_AT, Verdict, WORKFLOW, conformance_cases, mutants,
};
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, PublicKey, TrustRoot, VerificationTime, Verifier,
};
use attestation::Bundle;
use rayon::prelude::*;
use serde_json::Value;

use crate::fixtures::directory;
use explanation::{Change, EXPLANATIONS, Explanation, texts};

/// Below this the mutator has lost something.
const FEWEST: usize = 20_000;

/// Random wounds of each fixture, on top of the structural ones.
const RANDOM: usize = 1_000;

/// A good bundle with everything to judge it by.
struct Specimen {
    name: String,
    document: Value,
    root: TrustRoot,
    expectation: Expectation,
    time: VerificationTime,
    artifact: Artifact,
}

impl Specimen {
    fn read(name: &str) -> Self {
        let folder = directory().join("accept").join(name);
        let read = |file: &str| fs::read(folder.join(file)).unwrap();
        let verdict: Verdict = serde_json::from_slice(&read("expect.json")).unwrap();
        let measured = Measured::of_bytes(&read(&verdict.artifact), &Algorithms::one(Algorithm::Sha256));
        Self {
            name: name.to_owned(),
            document: serde_json::from_slice(&read("bundle.sigstore.json")).unwrap(),
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
    fn of_case(case: &ConformanceCase) -> Option<Self> {
        if case.name.ends_with("_fail") {
            return None;
        }
        let corpus = directory().join("conformance");
        let shared = || serde_json::from_slice(&fs::read(corpus.join("trusted_root.json")).unwrap()).unwrap();
        let root: Value = case.trusted_root.clone().unwrap_or_else(shared);
        let measured = Measured::of_bytes(
            &fs::read(corpus.join("bundle-verify/a.txt")).unwrap(),
            &Algorithms::one(Algorithm::Sha256),
        );
        Some(Self {
            name: case.name.clone(),
            document: case.bundle.clone(),
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

    /// What is reported of a document that is accepted: every log entry and time, the signer and the statement.
    fn judge(&self, document: &[u8]) -> Option<BTreeSet<String>> {
        let bundle = Bundle::parse(document).ok()?;
        let verifier = Verifier::new(&self.root, self.time);
        let verified = verifier.verify_bundle(&bundle, &self.expectation).ok()?;
        let verified = verified.artifact(&self.artifact).ok()?;
        let logs = verified.log_entries().iter().map(|entry| format!("{entry:?}"));
        let times = verified.times().iter().map(|time| format!("{time:?}"));
        let signer = format!("{:?}", verified.signer());
        let statement = format!("{:?}", verified.statement());
        Some(logs.chain(times).chain([signer, statement]).collect())
    }

    /// Why an accepted mutant must not be: a changed field that something should authenticate, or a report of what is not so.
    fn unexplained(&self, mutant: &Mutant, good: &Good) -> Option<String> {
        let report = self.judge(&mutant.bytes)?;
        let document: Value = serde_json::from_slice(&mutant.bytes).unwrap();
        let reported: Vec<_> = report.difference(&good.reports).collect();
        let mut changed = Vec::new();
        // Evidence that was made for another bundle with the same signature is as good.
        if !good.materials.contains(&document["verificationMaterial"]) || !reported.is_empty() {
            differences("", &self.document, &document, &mut changed);
        }
        changed.retain(|(pointer, before, now)| {
            let authentic = &good.texts;
            let change = Change { before, now, authentic };
            let mut all = EXPLANATIONS.iter();
            !all.any(|explanation| matches(explanation.pattern, pointer) && (explanation.holds)(&change))
        });
        let fields: Vec<_> = changed.iter().map(|(pointer, _, _)| pointer).collect();
        (!fields.is_empty() || !reported.is_empty()).then(|| {
            format!(
                "{}: {}: changed {fields:?}, reported {reported:?}",
                self.name, mutant.what
            )
        })
    }
}

/// What is authentic, because it stands in a good bundle, or was reported of one.
struct Good {
    materials: Vec<Value>,
    texts: BTreeSet<String>,
    reports: BTreeSet<String>,
}

impl Good {
    fn of(specimens: &[Specimen]) -> Self {
        let documents = || specimens.iter().map(|specimen| &specimen.document);
        let reports = specimens.iter().flat_map(|specimen| {
            let report = specimen.judge(specimen.document.to_string().as_bytes());
            report.unwrap_or_else(|| panic!("{} is not accepted", specimen.name))
        });
        Self {
            materials: documents()
                .map(|document| document["verificationMaterial"].clone())
                .collect(),
            texts: documents().flat_map(texts).collect(),
            reports: reports.collect(),
        }
    }
}

/// The fields in which two documents differ, with both values; of lists of another length, the list. A 64-bit number may be
/// written as a text or as a number (protobuf JSON).
fn differences(pointer: &str, one: &Value, other: &Value, found: &mut Vec<(String, Value, Value)>) {
    match (one, other) {
        (Value::Object(fields), Value::Object(others)) => {
            let names: BTreeSet<&String> = fields.keys().chain(others.keys()).collect();
            for name in names {
                let value = |fields: &serde_json::Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
                differences(&format!("{pointer}/{name}"), &value(fields), &value(others), found);
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (place, (one, other)) in items.iter().zip(others).enumerate() {
                differences(&format!("{pointer}/{place}"), one, other, found);
            }
        }
        (Value::String(text), Value::Number(number)) if *text == number.to_string() => {}
        _ if one == other => {}
        _ => found.push((pointer.to_owned(), one.clone(), other.clone())),
    }
}

fn matches(pattern: &str, pointer: &str) -> bool {
    let parts: Vec<_> = pattern.split('/').collect();
    let found: Vec<_> = pointer.split('/').collect();
    parts.len() == found.len()
        && parts
            .iter()
            .zip(&found)
            .all(|(part, found)| *part == "*" || part == found)
}

fn specimens() -> Vec<Specimen> {
    let folders = fs::read_dir(directory().join("accept")).unwrap();
    let mut names: Vec<String> = folders
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let cases = conformance_cases().unwrap();
    let fixtures = names.iter().map(|name| Specimen::read(name));
    fixtures.chain(cases.iter().filter_map(Specimen::of_case)).collect()
}

#[test]
fn a_spoiled_bundle_is_rejected_or_explained() {
    let specimens = specimens();
    let documents: Vec<Value> = specimens.iter().map(|specimen| specimen.document.clone()).collect();
    let good = Good::of(&specimens);
    let mut tried = 0;
    let mut unexplained: Vec<String> = Vec::new();
    for (number, specimen) in specimens.iter().enumerate() {
        let all = mutants(&specimen.document, Donors(&documents), RANDOM, number as u64);
        tried += all.len();
        let found = all.par_iter().filter_map(|mutant| specimen.unexplained(mutant, &good));
        unexplained.extend(found.collect::<Vec<_>>());
    }
    assert!(
        unexplained.is_empty(),
        "{} of {tried} mutants are accepted without a reason:\n{}",
        unexplained.len(),
        unexplained.join("\n")
    );
    assert!(tried >= FEWEST, "only {tried} mutants");
}

#[test]
fn what_may_differ_is_said_in_the_documentation() {
    let trust = fs::read_to_string(directory().with_file_name("docs").join("TRUST.md")).unwrap();
    for Explanation { name, says, .. } in EXPLANATIONS {
        let mut rows = trust
            .lines()
            .filter(|line| line.starts_with("| ") && line.contains(name));
        assert!(
            rows.any(|row| row.contains(says)),
            "expected {says:?} of {name} in docs/TRUST.md"
        );
    }
}
