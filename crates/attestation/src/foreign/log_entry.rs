//! An entry of Rekor v1 as its clients keep it, written as the one of a bundle.

use std::collections::BTreeMap;

use attest_digest::{Algorithm, Digest};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::draft::Signer;
use super::shape::Shape;
use super::{EvidenceError, Format, base64};

const FORMAT: Format = Format::LogEntry;

/// An entry, and what its body says about the signature.
#[derive(Debug)]
pub(super) struct LoggedSignature {
    /// The entry as it stands in a bundle.
    pub(super) entry: Value,
    body: BodyWire,
}

/// What cosign keeps of an entry (cosign, `RekorBundle`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PromiseWire {
    #[serde(rename = "SignedEntryTimestamp")]
    signed_entry_timestamp: String,
    #[serde(rename = "Payload")]
    payload: PromisedWire,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PromisedWire {
    body: String,
    integrated_time: u64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

/// What Rekor v1 answers about an entry (Rekor, `openapi.yaml`, `LogEntry`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerWire {
    body: String,
    integrated_time: u64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
    verification: Option<VerificationWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerificationWire {
    inclusion_proof: Option<ProofWire>,
    signed_entry_timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProofWire {
    checkpoint: Option<String>,
    hashes: Option<Vec<String>>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

/// The parts of a body that say who signed what. What they say is compared with the signed parts by the verifier.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BodyWire {
    api_version: String,
    kind: String,
    #[serde(default)]
    spec: Value,
}

impl LoggedSignature {
    /// Reads whichever form it is.
    pub(super) fn read(json: &[u8]) -> Result<Self, EvidenceError> {
        let document: &RawValue = parse(json)?;
        let shape = Shape::of(document).ok_or_else(|| malformed("expected an object"))?;
        if shape.has(&["SignedEntryTimestamp", "Payload"]) {
            return Self::of_promise(parse(json)?);
        }
        if shape.has(&["rekorBundle"]) {
            let rekor_bundle = shape.get("rekorBundle").unwrap_or(document);
            return Self::of_promise(parse(rekor_bundle.get().as_bytes())?);
        }
        if shape.has(&["canonicalizedBody"]) {
            return Self::of_entry(crate::parse_unambiguous(json).map_err(|error| malformed(&error.to_string()))?);
        }
        if shape.has(&["Body", "LogIndex"]) {
            // What `rekor-cli get --format json` prints has neither the promise nor the bytes it is about.
            return Err(missing("the signed entry timestamp"));
        }
        let mut answer: BTreeMap<String, AnswerWire> = parse(json)?;
        match (answer.pop_first(), answer.is_empty()) {
            (Some((_, entry)), true) => Self::of_answer(entry),
            _ => Err(malformed("expected one entry")),
        }
    }

    pub(super) fn of_promise(wire: PromiseWire) -> Result<Self, EvidenceError> {
        let verification = VerificationWire {
            inclusion_proof: None,
            signed_entry_timestamp: Some(wire.signed_entry_timestamp),
        };
        Self::of_answer(AnswerWire {
            body: wire.payload.body,
            integrated_time: wire.payload.integrated_time,
            log_index: wire.payload.log_index,
            log_id: wire.payload.log_id,
            verification: Some(verification),
        })
    }

    fn of_answer(wire: AnswerWire) -> Result<Self, EvidenceError> {
        let body = base64::decode(&wire.body).ok_or_else(|| malformed("expected base64 in `body`"))?;
        let verification = wire.verification.ok_or_else(|| missing("a verification"))?;
        let parsed: BodyWire = parse(&body)?;
        let mut entry = json!({
            "logIndex": wire.log_index.to_string(),
            "logId": { "keyId": base64_of_hex(&wire.log_id, "logID")? },
            "kindVersion": { "kind": parsed.kind, "version": parsed.api_version },
            "integratedTime": wire.integrated_time.to_string(),
            "canonicalizedBody": base64::encode(&body),
        });
        if let Some(promise) = verification.signed_entry_timestamp {
            let promise = base64::decode(promise).ok_or_else(|| malformed("expected base64 in the promise"))?;
            entry["inclusionPromise"] = json!({ "signedEntryTimestamp": base64::encode(promise) });
        }
        if let Some(proof) = verification.inclusion_proof {
            entry["inclusionProof"] = proof.into_json()?;
        }
        Ok(Self { entry, body: parsed })
    }

    /// An entry that has the form of a bundle's already.
    fn of_entry(entry: Value) -> Result<Self, EvidenceError> {
        let body = entry["canonicalizedBody"].as_str().and_then(base64::decode);
        let body = parse(&body.ok_or_else(|| malformed("expected base64 in `canonicalizedBody`"))?)?;
        Ok(Self { entry, body })
    }

    /// The digest of what was signed, where the body has it.
    pub(super) fn digest(&self) -> Option<Digest> {
        let hash = self.body.spec.pointer("/data/hash")?;
        let algorithm: Algorithm = hash["algorithm"].as_str()?.parse().ok()?;
        Digest::from_hex(algorithm, hash["value"].as_str()?).ok()
    }

    /// The certificate or key, where the body has it.
    pub(super) fn signer(&self) -> Option<Signer> {
        let spec = &self.body.spec;
        let verifier = spec
            .pointer("/signature/publicKey/content")
            .or_else(|| spec.pointer("/signatures/0/verifier"))
            .or_else(|| spec.pointer("/content/envelope/signatures/0/publicKey"))
            .or_else(|| spec.pointer("/publicKey"))?;
        Signer::read(verifier.as_str()?.as_bytes(), FORMAT).ok()
    }
}

impl ProofWire {
    fn into_json(self) -> Result<Value, EvidenceError> {
        let hashes = self.hashes.unwrap_or_default();
        let hashes: Result<Vec<String>, _> = hashes.iter().map(|hash| base64_of_hex(hash, "hashes")).collect();
        let mut proof = json!({
            "logIndex": self.log_index.to_string(),
            "rootHash": base64_of_hex(&self.root_hash, "rootHash")?,
            "treeSize": self.tree_size.to_string(),
            "hashes": hashes?,
        });
        if let Some(checkpoint) = self.checkpoint {
            proof["checkpoint"] = json!({ "envelope": checkpoint });
        }
        Ok(proof)
    }
}

fn base64_of_hex(text: &str, field: &str) -> Result<String, EvidenceError> {
    let bytes = hex::decode(text).map_err(|_| malformed(&format!("expected hexadecimal in `{field}`")))?;
    Ok(base64::encode(bytes))
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, EvidenceError> {
    serde_json::from_slice(json).map_err(|error| EvidenceError::malformed(FORMAT, error))
}

fn malformed(detail: &str) -> EvidenceError {
    EvidenceError::malformed(FORMAT, detail)
}

fn missing(missing: &'static str) -> EvidenceError {
    EvidenceError::Missing {
        format: FORMAT,
        missing,
    }
}
