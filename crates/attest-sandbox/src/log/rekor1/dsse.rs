use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::log::entry::pre_authentication_encoding;
use crate::log::rekor1::wire::base64;
use crate::public_key::Verifier;

/// Most signatures of one envelope: bundles hold exactly one.
const MAX_SIGNATURES: usize = 16;

/// A DSSE envelope each signature of which was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DsseProposal {
    envelope_hash: [u8; 32],
    payload_hash: [u8; 32],
    /// The signature as it stands in the envelope, and the PEM of what verifies it.
    signatures: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeWire {
    payload_type: String,
    payload: String,
    signatures: Vec<SignatureWire>,
}

#[derive(Deserialize)]
struct SignatureWire {
    sig: String,
}

impl DsseProposal {
    pub(crate) fn new(envelope: &str, verifiers: &[Verifier]) -> Result<Self, Error> {
        let wire: EnvelopeWire = serde_json::from_str(envelope).map_err(|error| Error::malformed("envelope", error))?;
        if wire.signatures.is_empty() || wire.signatures.len() > MAX_SIGNATURES {
            return Err(Error::malformed(
                "envelope",
                format!("{} signatures", wire.signatures.len()),
            ));
        }
        let payload = base64("payload", &wire.payload)?;
        let message = pre_authentication_encoding(&wire.payload_type, &payload);
        let mut signatures = Vec::new();
        for signature in wire.signatures {
            let bytes = base64("signature", &signature.sig)?;
            // Rekor verifies envelopes with SHA-256 alone (`pkg/types/dsse/v0.0.1/entry.go`).
            let verifier = verifiers
                .iter()
                .find(|verifier| verifier.key.verifies_sha256(&message, &bytes));
            let pem = verifier.ok_or(Error::EntrySignature)?.pem()?;
            signatures.push((BASE64_STANDARD.encode(bytes), pem));
        }
        signatures.sort();
        Ok(Self {
            envelope_hash: Sha256::digest(envelope).into(),
            payload_hash: Sha256::digest(&payload).into(),
            signatures,
        })
    }

    pub(super) fn payload_hash(&self) -> String {
        hex::encode(self.payload_hash)
    }

    pub(super) fn body(&self) -> Result<Value, Error> {
        let hash = |hash: &[u8; 32]| json!({"algorithm": "sha256", "value": hex::encode(hash)});
        let signatures: Vec<Value> = self
            .signatures
            .iter()
            .map(|(signature, pem)| json!({"signature": signature, "verifier": BASE64_STANDARD.encode(pem)}))
            .collect();
        Ok(json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": hash(&self.envelope_hash),
                "payloadHash": hash(&self.payload_hash),
                "signatures": signatures,
            },
        }))
    }
}
