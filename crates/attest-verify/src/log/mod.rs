//! What a bundle says about transparency logs, held against what the logs of the trust root have signed.

mod body;
mod checkpoint;
mod merkle;
mod promise;

use attestation::{InclusionProof, LogEntry, Unverified};
use jiff::Timestamp;

use crate::crypto::{Memory, VerificationKey};
use crate::token::token;
use crate::window::Window;
use crate::{Rejection, TimeEvidence};

pub(crate) use body::{About, Body, SignedAs, Verifier};
use checkpoint::Checkpoint;

token! {
    /// Every log entry is in a log of the trust root.
    LogIncluded
}

/// A transparency log of a trust root.
#[derive(Debug)]
pub(crate) struct KnownLog {
    pub(crate) url: String,
    pub(crate) id: Vec<u8>,
    pub(crate) checkpoint_key_id: [u8; 4],
    /// None when nobody here knows the algorithm.
    pub(crate) key: Option<VerificationKey>,
    pub(crate) window: Window,
}

/// An entry, and the log of the trust root that it is said to be in.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) entry: &'a LogEntry,
    pub(crate) log: &'a KnownLog,
    pub(crate) body: Body,
    proof: Option<Proof<'a>>,
}

/// A proof that counts. One that leads to a root that nobody signed does not: in version 0.1 a promise is enough, and such a
/// proof adds nothing to it.
#[derive(Debug)]
struct Proof<'a> {
    proof: &'a InclusionProof,
    checkpoint: Checkpoint<'a>,
}

/// The entries of logs that the trust root knows. Those of other logs are passed over as long as one is known: they prove
/// nothing, and the bundle may be meant for others as well.
pub(crate) fn entries<'a>(contents: &'a Unverified, logs: &'a [KnownLog]) -> Result<Vec<Entry<'a>>, Rejection> {
    let mut known = Vec::new();
    for entry in &contents.log_entries {
        if let Some(log) = logs.iter().find(|log| log.id == entry.log_id) {
            known.push(Entry {
                entry,
                log,
                body: Body::read(entry)?,
                proof: Proof::read(entry)?,
            });
        }
    }
    match (known.is_empty(), contents.log_entries.first()) {
        (false, _) => Ok(known),
        (true, Some(entry)) => Err(Rejection::UnknownLog {
            log_id: hex::encode(&entry.log_id),
        }),
        (true, None) => Err(Rejection::NoLogEntry),
    }
}

/// That every one of these entries, at least one, is in its log.
pub(crate) fn check_included(entries: &[Entry<'_>], memory: &Memory<()>) -> Result<LogIncluded, Rejection> {
    for entry in entries {
        entry.check_included(memory)?;
    }
    match entries.is_empty() {
        true => Err(Rejection::NotChecked {
            check: "transparency log",
        }),
        false => Ok(LogIncluded { _private: () }),
    }
}

impl KnownLog {
    /// Whether the log has signed this, now or when it was last asked.
    fn has_signed(&self, message: &[u8], signature: &[u8], memory: &Memory<()>) -> Result<bool, Rejection> {
        let key = self.key.as_ref().ok_or_else(|| Rejection::Unsupported {
            detail: format!("the key of log `{}`", self.url),
        })?;
        let scheme = key.schemes().first();
        Ok(scheme.is_some_and(|scheme| key.verifies_once(memory, *scheme, message, signature)))
    }
}

impl<'a> Proof<'a> {
    fn read(entry: &'a LogEntry) -> Result<Option<Self>, Rejection> {
        let proof = entry.proof.as_ref().filter(|proof| !proof.checkpoint.is_empty());
        let read = |proof: &'a InclusionProof| {
            let checkpoint = Checkpoint::parse(&proof.checkpoint)?;
            Ok(Self { proof, checkpoint })
        };
        proof.map(read).transpose()
    }
}

impl Entry<'_> {
    /// Whether the log gives no time of its own and no promise.
    fn is_tiled(&self) -> bool {
        self.entry.version == "0.0.2" && self.entry.kind != "intoto"
    }

    /// Holds every field that nothing signs against one that is signed, and the log against the moment of the verification.
    pub(crate) fn check_fields(&self, now: Timestamp) -> Result<(), Rejection> {
        let entry = self.entry;
        if !self.log.window.has_begun(now) {
            return Err(Rejection::LogEntryInvalid {
                detail: format!(
                    "log `{}` does not count before {:?}",
                    self.log.url, self.log.window.start
                ),
            });
        }
        if self.is_tiled() {
            expect_none("integratedTime", entry.integrated_time)?;
            expect_none("inclusionPromise", entry.promise.as_deref().map(hex::encode))?;
        }
        match &self.proof {
            Some(proof) => self.check_proof_fields(proof),
            None => Ok(()),
        }
    }

    /// When the log says that it took the entry in. Only to be asked of an entry whose promise is checked as well.
    pub(crate) fn promised_time(&self) -> Option<Result<Timestamp, Rejection>> {
        self.entry.promise.as_ref()?;
        self.entry.integrated_time.map(moment)
    }

    /// That the log had not ended when the signature was made, whoever says when that was.
    ///
    /// Clients ask an authority before they log. What was stamped after the log had ended was logged later still, by whoever
    /// has its key now. A stamp from before the log began contradicts nothing: what was signed earlier may be logged later.
    /// A promise is held against both ends where it is checked.
    pub(crate) fn check_not_ended(&self, times: &[TimeEvidence]) -> Result<(), Rejection> {
        let Some(end) = self.log.window.end else {
            return Ok(());
        };
        match times.iter().map(TimeEvidence::time).find(|time| end < *time) {
            None => Ok(()),
            Some(time) => Err(Rejection::LogEntryInvalid {
                detail: format!("log `{}` counts until {end}, found {time}", self.log.url),
            }),
        }
    }

    /// The index in the whole log where the log has signed that, else in the tree of the proof.
    pub(crate) fn signed_index(&self) -> u64 {
        match (&self.entry.promise, &self.proof) {
            (None, Some(proof)) => proof.proof.log_index,
            _ => self.entry.log_index,
        }
    }

    fn check_proof_fields(&self, Proof { proof, checkpoint }: &Proof<'_>) -> Result<(), Rejection> {
        if checkpoint.root_hash != proof.root_hash {
            return equal(
                "rootHash",
                hex::encode(checkpoint.root_hash),
                hex::encode(proof.root_hash),
            );
        }
        equal("treeSize", checkpoint.tree_size, proof.tree_size)?;
        match self.is_tiled() {
            true => equal("inclusionProof.logIndex", self.entry.log_index, proof.log_index),
            false => Ok(()),
        }
    }

    fn check_included(&self, memory: &Memory<()>) -> Result<(), Rejection> {
        let promise = self.entry.promise.as_deref();
        if promise.is_none() && self.proof.is_none() {
            return Err(Rejection::LogEntryInvalid {
                detail: "neither a proof nor a promise".to_owned(),
            });
        }
        if let Some(Proof { proof, checkpoint }) = &self.proof {
            checkpoint.check_signed_by(self.log, memory)?;
            let place = (proof.log_index, proof.tree_size);
            merkle::check_included(&self.entry.body, place, &proof.hashes, &proof.root_hash)?;
        }
        if let Some(promise) = promise {
            promise::check_promised(self.entry, promise, self.log, memory)?;
        }
        Ok(())
    }
}

fn moment(seconds: u64) -> Result<Timestamp, Rejection> {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or_else(|| Rejection::LogEntryInvalid {
            detail: format!("expected a time before the year 10000, found {seconds} seconds"),
        })
}

fn expect_none(field: &'static str, found: Option<impl ToString>) -> Result<(), Rejection> {
    match found {
        None => Ok(()),
        Some(found) => equal(field, "none".to_owned(), found.to_string()),
    }
}

fn equal<T: PartialEq + ToString>(field: &'static str, expected: T, found: T) -> Result<(), Rejection> {
    if expected == found {
        return Ok(());
    }
    Err(Rejection::LogFieldMismatch {
        field,
        expected: expected.to_string(),
        found: found.to_string(),
    })
}
