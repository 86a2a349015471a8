use attestation::LogEntry;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::{KnownLog, moment};
use crate::Rejection;
use crate::crypto::Memory;

/// That the log promised to include the entry, and when. Rekor v1 signs what it promises as canonical JSON (RFC 8785).
pub(super) fn check_promised(
    entry: &LogEntry,
    promise: &[u8],
    log: &KnownLog,
    memory: &Memory<()>,
) -> Result<Timestamp, Rejection> {
    let seconds = entry.integrated_time.ok_or_else(|| invalid("a promise with a time"))?;
    let time = moment(seconds)?;
    if !log.window.contains(time) {
        return Err(invalid("a promise from when the log counted"));
    }
    // No string of it needs an escape.
    let signed = format!(
        r#"{{"body":"{}","integratedTime":{seconds},"logID":"{}","logIndex":{}}}"#,
        STANDARD.encode(&entry.body),
        hex::encode(&entry.log_id),
        entry.log_index,
    );
    match log.has_signed(signed.as_bytes(), promise, memory)? {
        true => Ok(time),
        false => Err(invalid("a promise that the log has signed")),
    }
}

fn invalid(expected: &str) -> Rejection {
    Rejection::InclusionPromiseInvalid {
        detail: format!("expected {expected}"),
    }
}
