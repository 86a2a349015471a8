//! Every accepted fixture, spoiled in every way that the testkit knows: nothing panics, and what is still accepted differs
//! only where `docs/TRUST.md` says that nothing is checked, and is reported as the original is.

mod explanation;
mod foreign;
mod specimen;

use std::collections::BTreeSet;
use std::fs;

use attest_testkit::{Donors, Mutant, conformance_cases, mutants};
use rayon::prelude::*;
use serde_json::Value;

use crate::fixtures::directory;
use explanation::{Change, EXPLANATIONS, Explanation, texts};
use specimen::{Accepted, Specimen};

/// Below this the mutator has lost something.
const FEWEST: usize = 20_000;

/// Random wounds of each fixture, on top of the structural ones.
const RANDOM: usize = 1_000;

/// What is authentic, because it stands in a good bundle, or was reported of one.
struct Good {
    materials: Vec<Value>,
    texts: BTreeSet<String>,
    reports: BTreeSet<String>,
}

impl Good {
    fn of(specimens: &[Specimen]) -> Self {
        let bundles = || specimens.iter().map(|specimen| &specimen.bundle);
        let judged = specimens.iter().flat_map(|specimen| {
            let accepted = specimen.judge(specimen.document.to_string().as_bytes());
            assert!(accepted.len() == 1, "{} is not accepted", specimen.name);
            accepted
        });
        Self {
            materials: bundles().map(|bundle| bundle["verificationMaterial"].clone()).collect(),
            texts: bundles().flat_map(texts).collect(),
            reports: judged.flat_map(|accepted| accepted.report).collect(),
        }
    }

    /// Why a bundle must not be accepted: a changed field that something should authenticate, or a report of what is not so.
    fn unexplained(&self, original: &Value, accepted: &Accepted) -> Option<String> {
        let reported: Vec<_> = accepted.report.difference(&self.reports).collect();
        let mut changed = Vec::new();
        // Evidence that was made for another bundle with the same signature is as good.
        if !self.materials.contains(&accepted.bundle["verificationMaterial"]) || !reported.is_empty() {
            differences("", original, &accepted.bundle, &mut changed);
        }
        changed.retain(|(pointer, before, now)| {
            let authentic = &self.texts;
            let change = Change { before, now, authentic };
            let mut all = EXPLANATIONS.iter();
            !all.any(|explanation| matches(explanation.pattern, pointer) && (explanation.holds)(&change))
        });
        let fields: Vec<_> = changed.iter().map(|(pointer, _, _)| pointer).collect();
        (!fields.is_empty() || !reported.is_empty()).then(|| format!("changed {fields:?}, reported {reported:?}"))
    }

    /// The same for each bundle of a mutant that is accepted.
    fn objection(&self, specimen: &Specimen, mutant: &Mutant) -> Option<String> {
        let accepted = specimen.judge(&mutant.bytes);
        let mut objections = accepted
            .iter()
            .filter_map(|accepted| self.unexplained(&specimen.bundle, accepted));
        let objection = objections.next()?;
        Some(format!("{}: {}: {objection}", specimen.name, mutant.what))
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
    let mut all: Vec<Specimen> = fixtures.chain(cases.iter().filter_map(Specimen::of_case)).collect();
    all.extend(foreign::specimens());
    all
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
        let found = all.par_iter().filter_map(|mutant| good.objection(specimen, mutant));
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
