//! Good bundles, written as other clients would have written them.

use serde_json::{Value, json};

use crate::Bundle;
use crate::foreign::{EvidenceError, Format, Limits, base64, read_evidence};

/// A good bundle of Rekor v1, with a promise and a proof.
pub(super) fn bundle(name: &str) -> Value {
    let path = format!("../../fixtures/accept/{name}/bundle.sigstore.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(super) fn entry(bundle: &Value) -> &Value {
    &bundle["verificationMaterial"]["tlogEntries"][0]
}

pub(super) fn certificate(bundle: &Value) -> Vec<u8> {
    let raw = &bundle["verificationMaterial"]["certificate"]["rawBytes"];
    base64::decode(raw.as_str().unwrap()).unwrap()
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let encoded = base64::encode(der);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

pub(super) fn hex_of(value: &Value) -> String {
    hex::encode(base64::decode(value.as_str().unwrap()).unwrap())
}

pub(super) fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

pub(super) fn promise(bundle: &Value) -> Value {
    let entry = entry(bundle);
    json!({
        "SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
        "Payload": {
            "body": entry["canonicalizedBody"],
            "integratedTime": number(&entry["integratedTime"]),
            "logIndex": number(&entry["logIndex"]),
            "logID": hex_of(&entry["logId"]["keyId"]),
        },
    })
}

pub(super) fn answer(bundle: &Value) -> Value {
    let entry = entry(bundle);
    let proof = &entry["inclusionProof"];
    let hashes: Vec<String> = proof["hashes"].as_array().unwrap().iter().map(hex_of).collect();
    json!({ "0".repeat(80): {
        "body": entry["canonicalizedBody"],
        "integratedTime": number(&entry["integratedTime"]),
        "logIndex": number(&entry["logIndex"]),
        "logID": hex_of(&entry["logId"]["keyId"]),
        "verification": {
            "signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
            "inclusionProof": {
                "checkpoint": proof["checkpoint"]["envelope"],
                "hashes": hashes,
                "logIndex": number(&proof["logIndex"]),
                "rootHash": hex_of(&proof["rootHash"]),
                "treeSize": number(&proof["treeSize"]),
            },
        },
    }})
}

pub(super) fn blob_bundle(bundle: &Value) -> Value {
    json!({
        "base64Signature": bundle["messageSignature"]["signature"],
        "cert": base64::encode(pem("CERTIFICATE", &certificate(bundle))),
        "rekorBundle": promise(bundle),
    })
}

pub(super) fn attestation(bundle: &Value) -> Value {
    json!({
        "version": 1,
        "verification_material": {
            "certificate": bundle["verificationMaterial"]["certificate"]["rawBytes"],
            "transparency_entries": bundle["verificationMaterial"]["tlogEntries"],
        },
        "envelope": {
            "statement": bundle["dsseEnvelope"]["payload"],
            "signature": bundle["dsseEnvelope"]["signatures"][0]["sig"],
        },
    })
}

pub(super) fn read(text: impl AsRef<[u8]>) -> Vec<Result<(Format, Bundle), EvidenceError>> {
    read_evidence(text.as_ref(), &Limits::default())
}

#[track_caller]
pub(super) fn one(text: impl AsRef<[u8]>) -> (Format, Bundle) {
    let mut items = read(text);
    assert_eq!(items.len(), 1);
    items.remove(0).unwrap()
}

#[track_caller]
pub(super) fn code(text: impl AsRef<[u8]>) -> &'static str {
    let mut items = read(text);
    assert_eq!(items.len(), 1);
    items.remove(0).unwrap_err().code()
}

/// Everything but the version, the chain and the proof is the same.
#[track_caller]
pub(super) fn says_the_same(found: &Bundle, expected: &Value) {
    let expected = Bundle::parse(expected.to_string().as_bytes()).unwrap();
    let (found, expected) = (found.peek_unverified(), expected.peek_unverified());
    assert_eq!(found.content, expected.content);
    assert_eq!(found.certificate(), expected.certificate());
    assert_eq!(found.log_entries[0].promise, expected.log_entries[0].promise);
    assert_eq!(found.log_entries[0].body, expected.log_entries[0].body);
    assert_eq!(found.log_entries[0].log_index, expected.log_entries[0].log_index);
    assert_eq!(found.log_entries[0].log_id, expected.log_entries[0].log_id);
    assert_eq!(
        found.log_entries[0].integrated_time,
        expected.log_entries[0].integrated_time
    );
    assert_eq!(found.log_entries[0].kind, expected.log_entries[0].kind);
}
