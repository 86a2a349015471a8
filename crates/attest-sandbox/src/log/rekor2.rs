use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::keys::Keys;
use crate::log::Tree;
use crate::log::checkpoint::checkpoint;
use crate::log::entry::{HashedRekord, canonical};
use crate::log::merkle::leaf_hash;
use crate::public_key::{Material, Verifier};
use crate::x509::{p256_signature, p256_spki};

/// The prefix of an Ed25519 key in DER (RFC 8410); the 32 bytes of the key follow.
const ED25519_SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Entries in a full bundle of entries (C2SP tlog-tiles).
const TILE_WIDTH: u64 = 256;

/// Largest entry: its length has two bytes in a bundle of entries.
const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// What a client wants version 2 of the log to record: `hashedrekord` 0.0.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestV2(HashedRekord);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestWire {
    #[serde(alias = "hashed_rekord_request_v002", alias = "hashedRekordRequestV0_0_2")]
    hashed_rekord_request_v002: HashedRekordWire,
}

#[derive(Deserialize)]
struct HashedRekordWire {
    digest: String,
    signature: SignatureWire,
}

#[derive(Deserialize)]
struct SignatureWire {
    content: String,
    verifier: VerifierWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerifierWire {
    #[serde(alias = "x509_certificate")]
    x509_certificate: Option<RawBytesWire>,
    #[serde(alias = "public_key")]
    public_key: Option<RawBytesWire>,
    #[serde(alias = "key_details")]
    key_details: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBytesWire {
    #[serde(alias = "raw_bytes")]
    raw_bytes: String,
}

impl RequestV2 {
    /// A request to record this; the hash has to be the one that goes with the key.
    ///
    /// # Errors
    /// When it is not, or when version 2 takes no such keys.
    pub fn new(entry: HashedRekord) -> Result<Self, Error> {
        let (details, hash) = entry.verifier.key.key_details()?;
        match hash == entry.algorithm {
            true => Ok(Self(entry)),
            false => Err(Error::Unsupported {
                what: "hash for this key",
                found: format!("{details} with {}", entry.algorithm.proto_name()),
            }),
        }
    }

    /// Reads the body of `POST /api/v2/log/entries`.
    ///
    /// # Errors
    /// When it is of another kind, or anything in it is invalid.
    pub fn from_json(body: &[u8]) -> Result<Self, Error> {
        let wire: RequestWire = serde_json::from_slice(body).map_err(|error| Error::malformed("log entry", error))?;
        let wire = wire.hashed_rekord_request_v002;
        let verifier = match (
            &wire.signature.verifier.x509_certificate,
            &wire.signature.verifier.public_key,
        ) {
            (Some(certificate), None) => Verifier::certificate(&base64("certificate", &certificate.raw_bytes)?)?,
            (None, Some(key)) => Verifier::public_key(&base64("public key", &key.raw_bytes)?)?,
            _ => {
                return Err(Error::malformed(
                    "verifier",
                    "expected one of `x509Certificate` and `publicKey`",
                ));
            }
        };
        let (details, algorithm) = verifier.key.key_details()?;
        if details != wire.signature.verifier.key_details {
            return Err(Error::malformed(
                "verifier",
                format!(
                    "expected keyDetails {details}, found {}",
                    wire.signature.verifier.key_details
                ),
            ));
        }
        Self::new(HashedRekord {
            algorithm,
            digest: base64("digest", &wire.digest)?,
            signature: base64("signature", &wire.signature.content)?,
            verifier,
        })
    }

    fn body(&self) -> Result<Value, Error> {
        let Self(entry) = self;
        let (details, _) = entry.verifier.key.key_details()?;
        let raw = |der: &[u8]| json!({"rawBytes": BASE64_STANDARD.encode(der)});
        let verifier = match &entry.verifier.material {
            Material::Certificate(der) => json!({"keyDetails": details, "x509Certificate": raw(der)}),
            Material::PublicKey(der) => json!({"keyDetails": details, "publicKey": raw(der)}),
        };
        Ok(json!({
            "apiVersion": "0.0.2",
            "kind": "hashedrekord",
            "spec": {"hashedRekordV002": {
                "data": {"algorithm": entry.algorithm.proto_name(), "digest": BASE64_STANDARD.encode(&entry.digest)},
                "signature": {"content": BASE64_STANDARD.encode(&entry.signature), "verifier": verifier},
            }},
        }))
    }
}

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
        request.0.check()?;
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
        let entry = self.proto(index, &body);
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

    fn proto(&self, index: u64, body: &[u8]) -> Value {
        let hashes: Vec<String> = self
            .tree
            .inclusion_proof(index)
            .iter()
            .map(|hash| BASE64_STANDARD.encode(hash))
            .collect();
        json!({
            "logIndex": index.to_string(),
            "logId": {"keyId": BASE64_STANDARD.encode(self.id())},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
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

fn base64(what: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    BASE64_STANDARD
        .decode(text)
        .map_err(|error| Error::malformed(what, error))
}
