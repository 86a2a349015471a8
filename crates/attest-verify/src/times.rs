//! When it was signed, as somebody of the trust root says.

use attestation::Unverified;
use jiff::Timestamp;

use crate::log::{Entry, LogIncluded};
use crate::token::token;
use crate::{Rejection, TimeEvidence, TrustRoot, timestamp};

token! {
    /// Every time is signed by a timestamp authority or a log of the trust root, and none is later than the verification.
    TimeSigned
}

/// Every time that is signed: by authorities over `signature`, and by logs whose promises were checked.
///
/// A log's time counts only with the token that says so.
pub(crate) fn collect(
    (contents, signature): (&Unverified, &[u8]),
    (entries, _): (&[Entry<'_>], Option<&LogIncluded>),
    root: &TrustRoot,
    now: Timestamp,
) -> Result<(Vec<TimeEvidence>, Option<TimeSigned>), Rejection> {
    let mut times = Vec::new();
    for response in &contents.timestamps {
        let stamped = timestamp::check(response, signature, &root.timestamp_authorities, &root.signatures)?;
        times.push(TimeEvidence::Authority {
            authority: stamped.authority.name.clone(),
            time: stamped.time,
        });
    }
    for time in entries.iter().filter_map(Entry::promised_time) {
        times.push(TimeEvidence::Log { time: time? });
    }
    for evidence in &times {
        check(evidence.time(), now)?;
    }
    let signed = (!times.is_empty()).then_some(TimeSigned { _private: () });
    Ok((times, signed))
}

/// That a time is not later than the verification. There is no tolerance: who lies about the time lies by minutes.
pub(crate) fn check(time: Timestamp, now: Timestamp) -> Result<(), Rejection> {
    match time > now {
        true => Err(Rejection::NotYetValid {
            time,
            verification_time: now,
        }),
        false => Ok(()),
    }
}
