use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use p256::ecdsa::SigningKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::keys::Keys;
use crate::log::Tree;
use crate::log::checkpoint::checkpoint;
use crate::log::entry::{HashedRekord, canonical};
use crate::log::merkle::leaf_hash;
use crate::public_key::{HashAlgorithm, Verifier};
use crate::x509::{p256_signature, p256_spki};

mod dsse;
mod wire;

pub(crate) use dsse::DsseProposal;

/// What a client wants version 1 of the log to record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProposalV1 {
    /// `hashedrekord` 0.0.1.
    HashedRekord(HashedRekord),
    /// `dsse` 0.0.1.
    Dsse(DsseProposal),
}

impl ProposalV1 {
    /// A DSSE envelope, as the JSON text that the client holds, and what verifies its signatures.
    ///
    /// # Errors
    /// When it is no envelope, or a signature is of none of the verifiers.
    pub fn dsse(envelope: &str, verifiers: &[Verifier]) -> Result<Self, Error> {
        DsseProposal::new(envelope, verifiers).map(Self::Dsse)
    }

    /// Reads the body of `POST /api/v1/log/entries`.
    ///
    /// # Errors
    /// When it is of another kind or version, or anything in it is invalid.
    pub fn from_json(body: &[u8]) -> Result<Self, Error> {
        wire::parse(body)
    }

    /// The body as it is recorded.
    fn canonical_body(&self) -> Result<Vec<u8>, Error> {
        match self {
            Self::HashedRekord(entry) => {
                entry.check()?;
                canonical(&hashed_rekord_body(entry)?)
            }
            Self::Dsse(proposal) => canonical(&proposal.body()?),
        }
    }

    fn about(&self) -> String {
        match self {
            Self::HashedRekord(entry) => format!("{}:{}", entry.algorithm.lower_name(), hex::encode(&entry.digest)),
            Self::Dsse(proposal) => format!("sha256:{}", proposal.payload_hash()),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::HashedRekord(_) => "hashedrekord",
            Self::Dsse(_) => "dsse",
        }
    }
}

/// An entry of version 1 of the log, with a proof against the tree as it was when the answer was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedV1 {
    /// Tree and leaf, 80 hexadecimal digits.
    pub uuid: String,
    /// What `POST /api/v1/log/entries` answers, without the UUID around it.
    pub answer: Value,
    /// The same as a `TransparencyLogEntry` of a bundle.
    pub entry: Value,
}

struct Recorded {
    body: Vec<u8>,
    /// The hash of the artifact or the payload, with the algorithm before it.
    about: String,
    kind: &'static str,
    time: i64,
}

/// Version 1 of the log: signed entry timestamps and a tree.
pub(crate) struct Rekor1 {
    key: SigningKey,
    spki: Vec<u8>,
    host: String,
    tree_id: u64,
    tree: Tree,
    entries: Vec<Recorded>,
    places: BTreeMap<[u8; 32], u64>,
}

impl Rekor1 {
    /// A log with one entry, so that no client meets the index zero: cosign 2 takes it for a missing one.
    pub(crate) fn new(keys: &Keys, host: &str) -> Result<Self, Error> {
        let key = keys.p256("rekor v1");
        let spki = p256_spki(&key)?;
        let id = keys.serial("rekor v1 tree", &[]);
        let mut log = Self {
            spki,
            host: host.to_owned(),
            tree_id: u64::from_be_bytes(std::array::from_fn(|place| id[place])) >> 1,
            tree: Tree::default(),
            entries: Vec::new(),
            places: BTreeMap::new(),
            key,
        };
        log.record(&genesis(keys)?, keys.created())?;
        Ok(log)
    }

    pub(crate) fn record(&mut self, proposal: &ProposalV1, now: Timestamp) -> Result<LoggedV1, Error> {
        let body = proposal.canonical_body()?;
        let leaf = leaf_hash(&body);
        if let Some(index) = self.places.get(&leaf) {
            return Err(Error::Duplicate {
                index: *index,
                uuid: self.uuid(&leaf),
            });
        }
        let index = self.tree.append(leaf);
        self.places.insert(leaf, index);
        self.entries.push(Recorded {
            body,
            about: proposal.about(),
            kind: proposal.kind(),
            time: now.as_second(),
        });
        self.entry(index)
    }

    /// The entry at an index.
    pub(crate) fn entry(&self, index: u64) -> Result<LoggedV1, Error> {
        let place = usize::try_from(index).ok();
        let recorded = place
            .and_then(|place| self.entries.get(place))
            .ok_or_else(|| not_found(index))?;
        let body = BASE64_STANDARD.encode(&recorded.body);
        let promise = BASE64_STANDARD.encode(self.promise(&body, recorded.time, index)?);
        Ok(LoggedV1 {
            uuid: self.uuid(&leaf_hash(&recorded.body)),
            answer: self.answer(index, recorded, &body, &promise),
            entry: self.proto(index, recorded, &body, &promise),
        })
    }

    /// The index of the entry with a UUID, which may lack the tree's part.
    pub(crate) fn find(&self, uuid: &str) -> Result<u64, Error> {
        let leaf = uuid.len().checked_sub(64).and_then(|from| uuid.get(from..));
        let leaf = leaf
            .and_then(|hex| hex::decode(hex).ok())
            .and_then(|leaf| <[u8; 32]>::try_from(leaf).ok());
        let known = leaf.and_then(|leaf| {
            self.places
                .get(&leaf)
                .filter(|_| uuid.len() == 64 || uuid == self.uuid(&leaf))
        });
        known.copied().ok_or_else(|| not_found(uuid))
    }

    /// The UUIDs of the entries about a hash, given as `sha256:HEX` or bare.
    pub(crate) fn about(&self, hash: &str) -> Vec<String> {
        let about = |recorded: &&Recorded| recorded.about == hash || recorded.about.split(':').nth(1) == Some(hash);
        let found = self.entries.iter().filter(about);
        found.map(|recorded| self.uuid(&leaf_hash(&recorded.body))).collect()
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        &self.spki
    }

    pub(crate) fn id(&self) -> [u8; 32] {
        Sha256::digest(&self.spki).into()
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(crate) fn tree_id(&self) -> u64 {
        self.tree_id
    }

    pub(crate) fn checkpoint(&self) -> String {
        let origin = format!("{} - {}", self.host, self.tree_id);
        checkpoint(&origin, &self.host, &self.tree, &self.id(), |body| {
            p256_signature(&self.key, body)
        })
    }

    fn uuid(&self, leaf: &[u8; 32]) -> String {
        format!("{:016x}{}", self.tree_id, hex::encode(leaf))
    }

    /// The signed entry timestamp.
    fn promise(&self, body: &str, time: i64, index: u64) -> Result<Vec<u8>, Error> {
        let signed = json!({"body": body, "integratedTime": time, "logID": hex::encode(self.id()), "logIndex": index});
        Ok(p256_signature(&self.key, &canonical(&signed)?))
    }

    fn answer(&self, index: u64, recorded: &Recorded, body: &str, promise: &str) -> Value {
        let hashes: Vec<String> = self.tree.inclusion_proof(index).iter().map(hex::encode).collect();
        json!({
            "body": body,
            "integratedTime": recorded.time,
            "logID": hex::encode(self.id()),
            "logIndex": index,
            "verification": {
                "inclusionProof": {
                    "checkpoint": self.checkpoint(),
                    "hashes": hashes,
                    "logIndex": index,
                    "rootHash": hex::encode(self.tree.root()),
                    "treeSize": self.tree.size(),
                },
                "signedEntryTimestamp": promise,
            },
        })
    }

    fn proto(&self, index: u64, recorded: &Recorded, body: &str, promise: &str) -> Value {
        let hashes: Vec<String> = self
            .tree
            .inclusion_proof(index)
            .iter()
            .map(|hash| BASE64_STANDARD.encode(hash))
            .collect();
        json!({
            "logIndex": index.to_string(),
            "logId": {"keyId": BASE64_STANDARD.encode(self.id())},
            "kindVersion": {"kind": recorded.kind, "version": "0.0.1"},
            "integratedTime": recorded.time.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": promise},
            "inclusionProof": {
                "logIndex": index.to_string(),
                "rootHash": BASE64_STANDARD.encode(self.tree.root()),
                "treeSize": self.tree.size().to_string(),
                "hashes": hashes,
                "checkpoint": {"envelope": self.checkpoint()},
            },
            "canonicalizedBody": body,
        })
    }
}

fn hashed_rekord_body(entry: &HashedRekord) -> Result<Value, Error> {
    Ok(json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": entry.algorithm.lower_name(), "value": hex::encode(&entry.digest)}},
            "signature": {
                "content": BASE64_STANDARD.encode(&entry.signature),
                "publicKey": {"content": BASE64_STANDARD.encode(entry.verifier.pem()?)},
            },
        },
    }))
}

fn genesis(keys: &Keys) -> Result<ProposalV1, Error> {
    let key = keys.p256("genesis");
    let text = b"attest sandbox: first entry of the log";
    Ok(ProposalV1::HashedRekord(HashedRekord {
        algorithm: HashAlgorithm::Sha256,
        digest: Sha256::digest(text).to_vec(),
        signature: p256_signature(&key, text),
        verifier: Verifier::public_key(&p256_spki(&key)?)?,
    }))
}

fn not_found(name: impl ToString) -> Error {
    Error::NotFound {
        what: "log entry",
        name: name.to_string(),
    }
}
