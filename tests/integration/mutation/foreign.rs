//! The same signatures as other formats keep them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::specimen::Specimen;

/// One of each format that holds everything in one document.
pub(super) fn specimens() -> Vec<Specimen> {
    let artifact = || Specimen::read("artifact-rekor-v1");
    let statement = || Specimen::read("statement-rekor-v1");
    let recent = || Specimen::read("statement-rekor-v2");
    vec![
        kept_as("cosign-blob-bundle", artifact(), cosign_blob_bundle),
        kept_as("pep-740", statement(), pep_740),
        kept_as(
            "github-answer",
            recent(),
            |bundle| json!({ "attestations": [{ "bundle": bundle, "repository_id": 1 }] }),
        ),
        kept_as(
            "npm-answer",
            recent(),
            |bundle| json!({ "attestations": [{ "predicateType": "https://example.com/provenance/v1", "bundle": bundle }] }),
        ),
    ]
}

fn kept_as(name: &str, mut specimen: Specimen, write: fn(&Value) -> Value) -> Specimen {
    specimen.name = name.to_owned();
    specimen.document = write(&specimen.bundle);
    specimen.foreign = true;
    let bundles = specimen.bundles(specimen.document.to_string().as_bytes());
    assert_eq!(bundles.len(), 1, "{name} is not read");
    specimen.bundle = serde_json::from_slice(bundles[0].as_json()).unwrap();
    specimen
}

/// What `cosign sign-blob --bundle` wrote before version 3.
fn cosign_blob_bundle(bundle: &Value) -> Value {
    let material = &bundle["verificationMaterial"];
    let entry = &material["tlogEntries"][0];
    let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    let certificate = material["certificate"]["rawBytes"].as_str().unwrap();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
    json!({
        "base64Signature": bundle["messageSignature"]["signature"],
        "cert": STANDARD.encode(pem),
        "rekorBundle": {
            "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {
                "body": entry["canonicalizedBody"],
                "integratedTime": number(&entry["integratedTime"]),
                "logIndex": number(&entry["logIndex"]),
                "logID": hex(&STANDARD.decode(entry["logId"]["keyId"].as_str().unwrap()).unwrap()),
            },
        },
    })
}

fn pep_740(bundle: &Value) -> Value {
    let material = &bundle["verificationMaterial"];
    json!({
        "version": 1,
        "verification_material": {
            "certificate": material["certificate"]["rawBytes"],
            "transparency_entries": material["tlogEntries"],
        },
        "envelope": {
            "statement": bundle["dsseEnvelope"]["payload"],
            "signature": bundle["dsseEnvelope"]["signatures"][0]["sig"],
        },
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
