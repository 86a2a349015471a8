use std::collections::BTreeMap;

use attest_digest::{Algorithm, Digest};
use serde_json::{Value, json};

use super::super::input::Subject;
use super::super::judgement::Judgement;
use super::super::problem::Problem;
use super::super::report::{Checks, Report};
use crate::exit::Outcome;
use crate::visible::visible;

/// Source: SARIF 2.1.0 with errata 01, OASIS.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The rule that an accepted artifact has met.
const VERIFIED: &str = "verified";

/// One run: a result for every artifact, and for every piece of evidence that makes the call fail. Rules are the codes of
/// the problems.
pub(super) fn render(report: &Report) -> String {
    let results: Vec<Found> = results(report);
    let mut rules: BTreeMap<&'static str, usize> = results.iter().map(|result| (result.rule, 0)).collect();
    rules.values_mut().enumerate().for_each(|(index, place)| *place = index);
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "attest",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.keys().map(|code| rule(code)).collect::<Vec<_>>(),
            } },
            "invocations": [{
                "executionSuccessful": report.outcome() != Outcome::Undecided,
                "endTimeUtc": report.time.moment().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            }],
            "artifacts": report.judgements.iter().map(artifact).collect::<Vec<_>>(),
            "results": results.iter().map(|result| result.to_json(rules[result.rule])).collect::<Vec<_>>(),
            "columnKind": "utf16CodeUnits",
        }],
    });
    serde_json::to_string_pretty(&document).expect("strings, numbers and lists have a JSON form")
}

struct Found {
    rule: &'static str,
    message: String,
    location: String,
    passed: bool,
    verdict: &'static str,
    checks: Option<Checks>,
}

fn results(report: &Report) -> Vec<Found> {
    let artifacts = report
        .judgements
        .iter()
        .flat_map(|judgement| of_artifact(report, judgement));
    let evidence = report.findings.iter().filter_map(|finding| {
        let problem = finding.counting_problem()?;
        Some(Found::problem(
            problem,
            &finding.shown(),
            uri(&finding.path.to_string_lossy()),
        ))
    });
    artifacts.chain(evidence).collect()
}

fn of_artifact(report: &Report, judgement: &Judgement) -> Vec<Found> {
    let name = judgement.subject.shown();
    let location = location(&judgement.subject);
    if judgement.is_accepted() {
        let evidence: Vec<String> = judgement
            .covered_by
            .iter()
            .map(|place| report.findings[*place].shown())
            .collect();
        return vec![Found {
            rule: VERIFIED,
            message: format!("{} is verified by {}", visible(&name), visible(&evidence.join(", "))),
            location,
            passed: true,
            verdict: judgement.verdict(),
            checks: Some(report.checks(judgement)),
        }];
    }
    let problems = judgement.problems.iter();
    problems
        .map(|problem| Found::problem(problem, &name, location.clone()))
        .collect()
}

impl Found {
    fn problem(problem: &Problem, name: &str, location: String) -> Self {
        Self {
            rule: problem.code,
            message: format!("{}: {}", visible(name), visible(&problem.message)),
            location,
            passed: false,
            verdict: problem.verdict(),
            checks: None,
        }
    }

    /// What could not be decided is a failure as well: whoever gates on errors must not let it pass.
    fn to_json(&self, rule_index: usize) -> Value {
        let (kind, level) = if self.passed {
            ("pass", "none")
        } else {
            ("fail", "error")
        };
        let mut properties = json!({ "verdict": self.verdict });
        if let Some(checks) = &self.checks {
            properties["checked"] = json!(checks.made);
            properties["notChecked"] = json!(checks.left_out);
        }
        json!({
            "ruleId": self.rule,
            "ruleIndex": rule_index,
            "kind": kind,
            "level": level,
            "message": { "text": self.message },
            "locations": [{ "physicalLocation": { "artifactLocation": { "uri": self.location } } }],
            "properties": properties,
        })
    }
}

fn rule(code: &str) -> Value {
    json!({ "id": code, "shortDescription": { "text": code.replace('-', " ") } })
}

fn artifact(judgement: &Judgement) -> Value {
    let mut value = json!({ "location": { "uri": location(&judgement.subject) } });
    if let Some(digest) = &judgement.digest {
        value["hashes"] = json!({ hash_name(digest): digest.to_hex() });
    }
    value
}

/// The names of SARIF, section 3.24.11.
fn hash_name(digest: &Digest) -> &'static str {
    match digest.algorithm() {
        Algorithm::Sha256 => "sha-256",
        Algorithm::Sha384 => "sha-384",
        Algorithm::Sha512 => "sha-512",
        other => other.name(),
    }
}

fn location(subject: &Subject) -> String {
    match subject {
        Subject::Digest(digest) => digest.to_string(),
        // What begins with a scheme is a URI as it stands.
        Subject::Image(name) if name.starts_with("oci://") => name.clone(),
        other => uri(&other.shown()),
    }
}

/// A path as a reference (RFC 3986, section 4.2): a colon would make its beginning a scheme.
fn uri(path: &str) -> String {
    path.bytes().fold(String::new(), |mut uri, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(byte.into()),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
        uri
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_a_reference() {
        assert_eq!(uri("dist/app 1.0.tar.gz"), "dist/app%201.0.tar.gz");
        assert_eq!(uri("a:b\\ü"), "a%3Ab%5C%C3%BC");
    }
}
