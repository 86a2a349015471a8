use attest_verify::{LogEvidence, Signer, TimeEvidence, VerifiedBundle};
use serde_json::{Value, json};

use super::Report;
use super::evidence::{Evidence, Origin};
use super::expectation::Shown;
use super::judgement::Judgement;
use super::problem::Problem;
use crate::exit::Outcome;

/// Documented in `docs/schema-verify.md`.
const SCHEMA: &str = "https://attest.dev/schema/verify/v1";

pub(super) fn render(report: &Report) -> String {
    let document = json!({
        "schema": SCHEMA,
        "verdict": verdict(report),
        "time": report.time.moment().to_string(),
        "trustedRoot": report.trusted_root,
        "expected": expected(&report.expected),
        "artifacts": report.judgements.iter().map(artifact).collect::<Vec<_>>(),
        "bundles": report.evidence.iter().map(bundle).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&document).expect("strings, numbers and lists have a JSON form")
}

fn verdict(report: &Report) -> &'static str {
    match report.outcome() {
        Outcome::Accepted => "accepted",
        Outcome::Rejected => "rejected",
        Outcome::Undecided => "undecided",
    }
}

fn expected(expected: &Shown) -> Value {
    match expected {
        Shown::Certificate { identity, issuer } => json!({
            "certificateIdentity": identity,
            "certificateOidcIssuer": issuer,
        }),
        Shown::Key { path } => json!({ "key": path }),
    }
}

fn artifact(judgement: &Judgement) -> Value {
    let digest = judgement.digest.as_ref();
    json!({
        "artifact": judgement.subject.shown(),
        "verdict": judgement.verdict(),
        "digest": digest.map(|digest| json!({ digest.algorithm().name(): digest.to_hex() })),
        "signedAs": judgement.signed_as(),
        "bundles": judgement.covered_by.iter().map(|(place, _)| place).collect::<Vec<_>>(),
        "problems": judgement.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}

fn problem(problem: &Problem) -> Value {
    json!({ "code": problem.code, "message": problem.message, "bundle": problem.evidence })
}

fn bundle(evidence: &Evidence) -> Value {
    let mut value = json!({
        "path": evidence.path.display().to_string(),
        "place": evidence.place,
        "origin": match evidence.origin {
            Origin::Given => "given",
            Origin::Beside => "beside",
            Origin::Neighbour => "neighbour",
        },
        "verdict": match &evidence.result {
            Ok(_) => "accepted",
            Err(problem) if problem.is_undecided() => "undecided",
            Err(_) => "rejected",
        },
    });
    match &evidence.result {
        Ok(bundle) => verified(&mut value, bundle),
        Err(found) => value["problem"] = problem(found),
    }
    value
}

fn verified(value: &mut Value, bundle: &VerifiedBundle) {
    value["signer"] = signer(bundle.signer());
    value["statement"] = match bundle.statement() {
        Some(statement) => json!({
            "predicateType": statement.predicate_type(),
            "subjects": statement.subjects().len(),
        }),
        None => Value::Null,
    };
    value["times"] = bundle.times().iter().map(time).collect();
    value["logEntries"] = bundle.log_entries().iter().map(log_entry).collect();
}

fn signer(signer: &Signer) -> Value {
    match signer {
        Signer::Certificate(signer) => json!({
            "certificateIdentity": signer.identity(),
            "certificateOidcIssuer": signer.issuer(),
            "claims": signer.claims(),
        }),
        _ => json!({ "key": "expected" }),
    }
}

fn time(evidence: &TimeEvidence) -> Value {
    match evidence {
        TimeEvidence::Authority { authority, time, .. } => {
            json!({ "time": time.to_string(), "by": "timestamp-authority", "authority": authority })
        }
        other => json!({ "time": other.time().to_string(), "by": "log" }),
    }
}

fn log_entry(LogEvidence { log, index, kind, .. }: &LogEvidence) -> Value {
    json!({ "log": log, "index": index, "kind": kind })
}
