use attest_verify::{LogEvidence, TimeEvidence};
use serde_json::{Value, json};

use super::super::build::ProvenBuild;
use super::super::detached::DetachedSigner;
use super::super::expectation::Shown;
use super::super::finding::{Finding, Proven, ProvenSigner};
use super::super::judgement::Judgement;
use super::super::problem::Problem;
use super::super::report::Report;
use super::super::tree::{Named, TreeFindings};
use super::image;

/// Documented in `docs/schema-verify.md`.
const SCHEMA: &str = "https://attest.dev/schema/verify/v1";

pub(super) fn render(report: &Report) -> String {
    let artifacts = report.judgements.iter().map(|judgement| artifact(report, judgement));
    let document = json!({
        "schema": SCHEMA,
        "verdict": report.verdict(),
        "time": report.time.moment().to_string(),
        "trustedRoot": report.trust.as_ref().map(|trust| &trust.shown),
        "trustRoots": report.trust.as_ref().map_or_else(|| json!([]), |trust| trust.json.clone()),
        "expected": expected(&report.expected),
        "artifacts": artifacts.collect::<Vec<_>>(),
        "bundles": report.findings.iter().map(bundle).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&document).expect("strings, numbers and lists have a JSON form")
}

fn expected(Shown(expected): &Shown) -> Value {
    let fields = expected.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    Value::Object(fields.collect())
}

fn artifact(report: &Report, judgement: &Judgement) -> Value {
    let digest = judgement.digest.as_ref();
    json!({
        "artifact": judgement.subject.shown(),
        "verdict": judgement.verdict(),
        "digest": digest.map(|digest| json!({ digest.algorithm().name(): digest.to_hex() })),
        "signedAs": judgement.signed_as,
        "checksumList": judgement.listed_in.as_ref().map(|list| list.display().to_string()),
        "tree": judgement.only_tree().map(tree),
        "image": judgement.image.as_ref().map(image::findings),
        "trees": judgement.trees.iter().map(tree_of).collect::<Vec<_>>(),
        "bundles": judgement.covered_by,
        "checked": report.checked(judgement),
        "notChecked": report.not_checked(judgement),
        "problems": judgement.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}

/// Names are listed up to a bound, and counted beyond it.
fn tree(tree: &TreeFindings) -> Value {
    let named = |named: &Named| json!({ "count": named.count, "names": named.first });
    json!({
        "files": tree.same,
        "extra": named(&tree.extra),
        "missing": named(&tree.missing),
        "changed": named(&tree.changed),
        "unreadable": named(&tree.unreadable),
        "leftOut": tree.ignored,
        "unsigned": tree.unsigned,
        "emptyNotListed": tree.empty,
    })
}

/// The same, and the bundle that it is by.
fn tree_of((bundle, found): &(usize, TreeFindings)) -> Value {
    let mut value = tree(found);
    value["bundle"] = json!(bundle);
    value
}

pub(super) fn problem(problem: &Problem) -> Value {
    json!({ "code": problem.code, "message": problem.message, "bundle": problem.evidence })
}

fn bundle(finding: &Finding) -> Value {
    let mut value = json!({
        "path": finding.path.display().to_string(),
        "place": finding.place,
        "origin": finding.origin.word(),
        "verdict": finding.verdict(),
    });
    match &finding.result {
        Ok(proven) => verified(&mut value, proven),
        Err(found) => value["problem"] = problem(found),
    }
    value
}

fn verified(value: &mut Value, proven: &Proven) {
    value["format"] = json!(proven.format);
    value["signer"] = signer(&proven.signer);
    value["statement"] = match &proven.statement {
        Some(statement) => json!({
            "predicateType": statement.predicate_type,
            "subjects": statement.subjects,
        }),
        None => Value::Null,
    };
    value["build"] = proven.build.as_ref().map_or(Value::Null, build);
    value["imageName"] = json!(proven.image_name);
    value["times"] = proven.times.iter().map(time).collect();
    value["logEntries"] = proven.log_entries.iter().map(log_entry).collect();
    value["checked"] = json!(proven.checked);
    value["notChecked"] = json!(proven.not_checked);
}

fn build(build: &ProvenBuild) -> Value {
    json!({
        "builderId": build.builder_id,
        "buildType": build.build_type,
        "sourceRepository": build.source,
        "sourceRef": build.reference,
        "sourceDigest": build.commit,
        "level": build.level,
        "matchesCertificate": build.certified,
    })
}

fn signer(signer: &ProvenSigner) -> Value {
    match signer {
        ProvenSigner::Certificate {
            identity,
            issuer,
            claims,
        } => json!({
            "certificateIdentity": identity,
            "certificateOidcIssuer": issuer,
            "claims": claims,
        }),
        ProvenSigner::Key => json!({ "key": "expected" }),
        ProvenSigner::Detached(signer) => detached(signer),
    }
}

fn detached(signer: &DetachedSigner) -> Value {
    json!({
        "world": signer.format,
        "algorithm": signer.algorithm,
        "key": signer.key,
        "signingKey": signer.signing_key,
        "principal": signer.principal,
        "namespace": signer.namespace,
        "trustedComment": signer.trusted_comment,
        "selfClaimedUserIds": signer.self_claimed_user_ids,
        "selfClaimedTime": signer.self_claimed_time.map(|time| time.to_string()),
        "passedOver": signer.passed_over,
    })
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
