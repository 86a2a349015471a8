use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::ConformanceCase as Case;
use super::material::{ENTRY, Material, TIMES, with};
use crate::Error;

/// Entries and times.
pub(super) fn cases(material: &Material) -> Result<Vec<Case>, Error> {
    let mut all = dsse_entries(material)?;
    all.extend(several_times(material)?);
    all.extend(impossible_trees(material));
    all.extend(foreign_entries(material));
    all.extend(broken_bodies(material));
    Ok(all)
}

/// What sigstore-js 4 has Rekor v2 record of an envelope. The official corpus has no such entry.
fn dsse_entries(material: &Material) -> Result<Vec<Case>, Error> {
    let good = with(
        &material.statement_v2,
        ENTRY,
        material.dsse_entry(&material.statement_v2)?,
    );
    let other = material.dsse_entry(&material.other_statement_v2)?;
    let renamed = with(&good, &format!("{ENTRY}/kindVersion/kind"), json!("hashedrekord"));
    let versioned = with(&good, &format!("{ENTRY}/kindVersion/version"), json!("0.0.1"));
    Ok(vec![
        Case::accepted("dsse-v002", "An entry of kind dsse 0.0.2.", good.clone()),
        Case::rejected(
            "dsse-v002-other-envelope",
            "The entry is proven, and about another statement of the same signer on the same artifact.",
            with(&good, ENTRY, other),
        ),
        Case::rejected(
            "dsse-v002-other-kind",
            "kindVersion says another kind than the body.",
            renamed,
        ),
        Case::rejected(
            "dsse-v002-other-version",
            "kindVersion says another version than the body.",
            versioned,
        ),
        Case::rejected(
            "dsse-v002-two-signatures",
            "The envelope has its signature twice (Trail of Bits on sigstore-rust, TOB-9).",
            with(&good, "/dsseEnvelope/signatures", {
                let signature = good["dsseEnvelope"]["signatures"][0].clone();
                json!([signature, signature])
            }),
        ),
    ])
}

fn several_times(material: &Material) -> Result<Vec<Case>, Error> {
    let good = material.timestamp(&material.artifact_v1, SignedDuration::ZERO)?;
    let late = material.timestamp(&material.artifact_v1, SignedDuration::from_hours(24))?;
    let times = |tokens: Vec<&Value>| with(&material.artifact_v1, TIMES, json!({ "rfc3161Timestamps": tokens }));
    let forged = with(
        &times(vec![&good]),
        &format!("{ENTRY}/integratedTime"),
        json!("1740830401"),
    );
    Ok(vec![
        Case::accepted(
            "promise-and-timestamp",
            "Two times, by a log and by an authority.",
            times(vec![&good]),
        ),
        Case::rejected(
            "promise-and-late-timestamp",
            "One time is good, the other a day after the certificate: it has to be valid at each (TOB-4).",
            times(vec![&late]),
        ),
        Case::rejected(
            "good-and-late-timestamp",
            "The second of two timestamps is a day after the certificate (TOB-4).",
            times(vec![&good, &late]),
        ),
        Case::rejected(
            "forged-integrated-time-beside-timestamp",
            "The promise does not sign this time; a timestamp would do, and must not hide that (TOB-3).",
            forged,
        ),
    ])
}

/// Sizes and indices at the end of the numbers (Trail of Bits on sigstore-rust: overflow in the Merkle path).
fn impossible_trees(material: &Material) -> Vec<Case> {
    let mut all = Vec::new();
    for (name, number) in [("i64", i64::MAX as u64), ("u64", u64::MAX)] {
        for field in ["treeSize", "logIndex"] {
            let pointer = format!("{ENTRY}/inclusionProof/{field}");
            let bundle = with(&material.artifact_v2, &pointer, json!(number.to_string()));
            let name = format!("largest-{name}-{}", field.to_lowercase());
            all.push(Case::rejected(&name, "A path in a tree that cannot be.", bundle));
        }
    }
    let many: Vec<Value> =
        vec![material.artifact_v2["verificationMaterial"]["tlogEntries"][0]["logId"]["keyId"].clone(); 70];
    let deep = with(
        &material.artifact_v2,
        &format!("{ENTRY}/inclusionProof/hashes"),
        json!(many),
    );
    all.push(Case::rejected("path-of-seventy-hashes", "No tree is that deep.", deep));
    all
}

/// A proven entry about something else has to be noticed (CVE-2026-22703, CVE-2022-36056).
fn foreign_entries(material: &Material) -> Vec<Case> {
    let entry = |bundle: &Value| bundle["verificationMaterial"]["tlogEntries"][0].clone();
    let readme = "The entry is proven, and about something else (CVE-2026-22703, CVE-2022-36056).";
    vec![
        Case::rejected(
            "entry-of-a-statement",
            readme,
            with(&material.artifact_v2, ENTRY, entry(&material.statement_v2)),
        ),
        Case::rejected(
            "entry-of-another-statement",
            readme,
            with(&material.statement_v2, ENTRY, entry(&material.other_statement_v2)),
        ),
        Case::rejected(
            "entry-of-an-artifact",
            readme,
            with(&material.statement_v2, ENTRY, entry(&material.artifact_v2)),
        ),
    ]
}

/// Bodies that made cosign panic (#4649, #4651 to #4653, #4979, #5022).
fn broken_bodies(material: &Material) -> Vec<Case> {
    let bodies = [
        ("empty", ""),
        ("null", "null"),
        ("list", "[]"),
        ("empty-object", "{}"),
        ("no-spec", r#"{"apiVersion":"0.0.2","kind":"hashedrekord"}"#),
        (
            "spec-null",
            r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":null}"#,
        ),
        (
            "no-signature",
            r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{}}}}"#,
        ),
    ];
    let broken = bodies.map(|(name, body)| {
        let pointer = format!("{ENTRY}/canonicalizedBody");
        let bundle = with(&material.artifact_v2, &pointer, json!(STANDARD.encode(body)));
        Case::rejected(&format!("body-{name}"), "A body that no entry has.", bundle)
    });
    broken.into()
}
