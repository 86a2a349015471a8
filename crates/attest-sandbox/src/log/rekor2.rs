mod request;

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::keys::Keys;
use crate::log::Tree;
use crate::log::checkpoint::checkpoint;
use crate::log::entry::{HashedRekord, canonical};
use crate::log::merkle::leaf_hash;
use crate::public_key::Verifier;
use crate::x509::{p256_signature, p256_spki};
pub use request::RequestV2;

/// The prefix of an Ed25519 key in DER (RFC 8410); the 32 bytes of the key follow.
const ED25519_SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Entries in a full bundle of entries (C2SP tlog-tiles).
const TILE_WIDTH: u64 = 256;

/// Largest entry: its length has two bytes in a bundle of entries.
const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// Version 2 of the log: tiles and checkpoints, no times.
pub(crate) struct Rekor2 {
    key: SigningKey,
    host: String,
    tree: Tree,
    entries: Vec<Vec<u8>>,
    places: BTreeMap<[u8; 32], u64>,
}

impl Rekor2 {
    /// A log with one entry, so that no client meets the index zero, which some take for a missing one.
    pub(crate) fn new(keys: &Keys, host: &str) -> Result<Self, Error> {
        let mut log = Self {
            key: keys.ed25519("rekor v2"),
            host: host.to_owned(),
            tree: Tree::default(),
            entries: Vec::new(),
            places: BTreeMap::new(),
        };
        log.record(&genesis(keys)?)?;
        Ok(log)
    }

    /// Records an entry and returns it as a `TransparencyLogEntry`.
    pub(crate) fn record(&mut self, request: &RequestV2) -> Result<Value, Error> {
        let body = canonical(&request.body()?)?;
        if body.len() > MAX_ENTRY_BYTES {
            return Err(Error::malformed(
                "log entry",
                format!("more than {MAX_ENTRY_BYTES} bytes"),
            ));
        }
        let leaf = leaf_hash(&body);
        if let Some(index) = self.places.get(&leaf) {
            return Err(Error::Duplicate {
                index: *index,
                uuid: hex::encode(leaf),
            });
        }
        let index = self.tree.append(leaf);
        self.places.insert(leaf, index);
        let entry = self.proto(request.kind(), index, &body);
        self.entries.push(body);
        Ok(entry)
    }

    /// The public key in DER.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        [&ED25519_SPKI_PREFIX[..], self.key.verifying_key().as_bytes()].concat()
    }

    /// The full note key ID (C2SP signed-note, Ed25519).
    pub(crate) fn id(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(&self.host)
            .chain_update([b'\n', 1])
            .chain_update(self.key.verifying_key().as_bytes())
            .finalize()
            .into()
    }

    pub(crate) fn checkpoint(&self) -> String {
        checkpoint(&self.host, &self.host, &self.tree, &self.id(), |body| {
            self.key.sign(body).to_bytes().to_vec()
        })
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// A bundle of `width` entries, each behind its length in two bytes. None when the log has not grown that far.
    pub(crate) fn entry_bundle(&self, number: u64, width: u64) -> Option<Vec<u8>> {
        if width == 0 || width > TILE_WIDTH {
            return None;
        }
        let from = usize::try_from(number.checked_mul(TILE_WIDTH)?).ok()?;
        let until = from.checked_add(usize::try_from(width).ok()?)?;
        let mut bundle = Vec::new();
        for entry in self.entries.get(from..until)? {
            bundle.extend(u16::try_from(entry.len()).ok()?.to_be_bytes());
            bundle.extend(entry);
        }
        Some(bundle)
    }

    fn proto(&self, kind: &str, index: u64, body: &[u8]) -> Value {
        let hashes: Vec<String> = self
            .tree
            .inclusion_proof(index)
            .iter()
            .map(|hash| BASE64_STANDARD.encode(hash))
            .collect();
        json!({
            "logIndex": index.to_string(),
            "logId": {"keyId": BASE64_STANDARD.encode(self.id())},
            "kindVersion": {"kind": kind, "version": "0.0.2"},
            "integratedTime": "0",
            "inclusionPromise": null,
            "inclusionProof": {
                "logIndex": index.to_string(),
                "rootHash": BASE64_STANDARD.encode(self.tree.root()),
                "treeSize": self.tree.size().to_string(),
                "hashes": hashes,
                "checkpoint": {"envelope": self.checkpoint()},
            },
            "canonicalizedBody": BASE64_STANDARD.encode(body),
        })
    }
}

fn genesis(keys: &Keys) -> Result<RequestV2, Error> {
    let key = keys.p256("genesis");
    let text = b"attest sandbox: first entry of the log";
    let verifier = Verifier::public_key(&p256_spki(&key)?)?;
    let (_, algorithm) = verifier.key.key_details()?;
    RequestV2::new(HashedRekord {
        algorithm,
        digest: Sha256::digest(text).to_vec(),
        signature: p256_signature(&key, text),
        verifier,
    })
}
