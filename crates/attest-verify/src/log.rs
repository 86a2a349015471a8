//! The fields of a log entry that the engine does not hold against the signed ones.

use attestation::{InclusionProof, LogEntry, Unverified};

use crate::Rejection;
use crate::checkpoint::Checkpoint;
use crate::trust_root::{KnownLog, TrustRoot};

/// Finds the log of every entry, and holds every field that nothing signs against one that is signed.
pub(crate) fn check_entries<'a>(contents: &Unverified, root: &'a TrustRoot) -> Result<Vec<&'a KnownLog>, Rejection> {
    contents.log_entries.iter().map(|entry| check(entry, root)).collect()
}

/// Whether the log gives no time of its own and no promise.
pub(crate) fn is_tiled(entry: &LogEntry) -> bool {
    entry.kind == "hashedrekord" && entry.version == "0.0.2"
}

fn check<'a>(entry: &LogEntry, root: &'a TrustRoot) -> Result<&'a KnownLog, Rejection> {
    let log = root.log(&entry.log_id).ok_or_else(|| Rejection::UnknownLog {
        log_id: hex(&entry.log_id),
    })?;
    if is_tiled(entry) {
        expect("integratedTime", "none", entry.integrated_time)?;
        expect("inclusionPromise", "none", entry.promise.as_deref().map(hex))?;
    }
    if let Some(proof) = entry.proof.as_ref().filter(|proof| !proof.checkpoint.is_empty()) {
        check_proof(entry, proof, log)?;
    }
    Ok(log)
}

fn check_proof(entry: &LogEntry, proof: &InclusionProof, log: &KnownLog) -> Result<(), Rejection> {
    let checkpoint = Checkpoint::parse(&proof.checkpoint)?;
    if checkpoint.signed_by(log.checkpoint_key_id).is_none() {
        let origin = checkpoint.origin;
        return Err(Rejection::CheckpointInvalid {
            detail: format!("no line of `{origin}` for log id {}", hex(&entry.log_id)),
        });
    }
    equal("rootHash", hex(&checkpoint.root_hash), hex(&proof.root_hash))?;
    equal("treeSize", checkpoint.tree_size, proof.tree_size)?;
    if is_tiled(entry) {
        equal("inclusionProof.logIndex", entry.log_index, proof.log_index)?;
    }
    Ok(())
}

fn expect(field: &'static str, expected: &str, found: Option<impl ToString>) -> Result<(), Rejection> {
    match found {
        None => Ok(()),
        Some(found) => equal(field, expected.to_owned(), found.to_string()),
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

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
