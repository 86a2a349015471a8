//! Why a changed bundle may be accepted: one reason for each field that nothing authenticates, as `docs/TRUST.md` has it.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A change that may go unnoticed.
pub(super) struct Explanation {
    /// A JSON pointer, with `*` for any place in a list.
    pub(super) pattern: &'static str,
    /// How `docs/TRUST.md` calls the field.
    pub(super) name: &'static str,
    /// What it says of it.
    pub(super) says: &'static str,
    /// Whether that is what happened.
    pub(super) holds: fn(&Change<'_>) -> bool,
}

/// A field before and after, and every text that stands in a good bundle.
pub(super) struct Change<'a> {
    pub(super) before: &'a Value,
    pub(super) now: &'a Value,
    pub(super) authentic: &'a BTreeSet<String>,
}

const TIMES: &str = "/verificationMaterial/timestampVerificationData";

pub(super) const EXPLANATIONS: [Explanation; 18] = [
    Explanation {
        pattern: "/dsseEnvelope/signatures/*/keyid",
        name: "`dsseEnvelope.signatures[0].keyid`",
        says: "not checked and never shown",
        holds: |_| true,
    },
    Explanation {
        pattern: "/messageSignature/messageDigest",
        name: "`messageSignature.messageDigest`",
        says: "may be left out",
        holds: is_left_out,
    },
    Explanation {
        pattern: "/verificationMaterial/publicKey/hint",
        name: "`publicKey.hint`",
        says: "held: empty, or",
        holds: is_left_out,
    },
    Explanation {
        pattern: "/verificationMaterial/publicKey",
        name: "`publicKey.hint`",
        says: "held: empty, or",
        holds: is_left_out,
    },
    Explanation {
        pattern: "/verificationMaterial/tlogEntries/*/integratedTime",
        name: "`tlogEntries[].integratedTime`",
        says: "has to be absent or zero",
        holds: |change| change.before == "0" && is_left_out(change),
    },
    Explanation {
        pattern: "/verificationMaterial/tlogEntries/*/inclusionPromise",
        name: "`tlogEntries[].inclusionPromise`",
        says: "may be left out beside other evidence",
        holds: is_left_out,
    },
    Explanation {
        pattern: "/verificationMaterial/tlogEntries",
        name: "`tlogEntries[].logId`",
        says: "entries of other logs are left aside",
        holds: added_only,
    },
    Explanation {
        pattern: "/verificationMaterial/tlogEntries/*/inclusionProof/checkpoint/envelope",
        name: "`inclusionProof.checkpoint`",
        says: "Lines of other keys are **not checked**",
        holds: only_other_lines_changed,
    },
    Explanation {
        pattern: "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/*/signedTimestamp",
        name: "`rfc3161Timestamps[].signedTimestamp`",
        says: "may be left out",
        holds: |change| only_certificates_were_left_out(change) || is_authentic(change),
    },
    Explanation {
        pattern: "/verificationMaterial/timestampVerificationData/rfc3161Timestamps",
        name: "`rfc3161Timestamps[].signedTimestamp`",
        says: "may stand twice",
        holds: |change| is_left_out(change) || is_authentic(change),
    },
    Explanation {
        pattern: TIMES,
        name: "`rfc3161Timestamps[].signedTimestamp`",
        says: "may be left out beside other evidence of a time",
        holds: |change| is_left_out(change) || is_authentic(change),
    },
    // Formats without a version amount to a bundle of version 0.1 where there is a promise and no proof.
    Explanation {
        pattern: "/mediaType",
        name: "`mediaType`",
        says: "decides which fields must be there",
        holds: |change| change.now == "application/vnd.dev.sigstore.bundle+json;version=0.1",
    },
    Explanation {
        pattern: "/verificationMaterial/certificate",
        name: "`certificate`, `x509CertificateChain`",
        says: "the leaf equals the one in the log entry",
        holds: is_left_out,
    },
    Explanation {
        pattern: "/verificationMaterial/x509CertificateChain",
        name: "`certificate`, `x509CertificateChain`",
        says: "the leaf equals the one in the log entry",
        holds: is_authentic,
    },
    Explanation {
        pattern: "/verificationMaterial/x509CertificateChain/certificates",
        name: "`certificate`, `x509CertificateChain`",
        says: "what stands behind the leaf is no evidence",
        holds: added_only,
    },
    Explanation {
        pattern: "/verificationMaterial/tlogEntries/*/inclusionProof",
        name: "`inclusionProof` without `checkpoint`",
        says: "where the promise is the evidence",
        holds: is_left_out,
    },
    Explanation {
        pattern: "/verificationMaterial/tlogEntries/*/inclusionProof/checkpoint",
        name: "`inclusionProof` without `checkpoint`",
        says: "where the promise is the evidence",
        holds: is_left_out,
    },
    Explanation {
        pattern: "/verificationMaterial/tlogEntries/*/inclusionProof/checkpoint/envelope",
        name: "`inclusionProof` without `checkpoint`",
        says: "where the promise is the evidence",
        holds: is_left_out,
    },
];

fn is_left_out(change: &Change<'_>) -> bool {
    match change.now {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Only what stands in some good bundle: put together in another way, and not made up.
fn is_authentic(change: &Change<'_>) -> bool {
    texts(change.now).is_subset(change.authentic)
}

fn added_only(change: &Change<'_>) -> bool {
    let (Value::Array(before), Value::Array(now)) = (change.before, change.now) else {
        return false;
    };
    before.iter().all(|item| now.contains(item)) && is_authentic(change)
}

/// Every text in a document.
pub(super) fn texts(document: &Value) -> BTreeSet<String> {
    match document {
        Value::String(text) => BTreeSet::from([text.clone()]),
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => BTreeSet::new(),
    }
}

/// The signed text is the same, and the lines of the log are still there.
fn only_other_lines_changed(change: &Change<'_>) -> bool {
    let parts = |value: &Value| {
        let (text, lines) = value.as_str()?.split_once("\n\n")?;
        let origin = text.lines().next()?.split(" - ").next()?;
        let lines: BTreeSet<String> = lines.lines().map(str::to_owned).collect();
        Some((text.to_owned(), origin.to_owned(), lines))
    };
    let (Some((text, origin, lines)), Some((text_now, _, lines_now))) = (parts(change.before), parts(change.now))
    else {
        return false;
    };
    let mut own = lines
        .iter()
        .filter(|line| line.split(' ').nth(1) == Some(origin.as_str()));
    text == text_now && own.all(|line| lines_now.contains(line))
}

/// What is signed and the signature are the same, and the certificates between them are gone.
fn only_certificates_were_left_out(change: &Change<'_>) -> bool {
    let decode = |value: &Value| STANDARD.decode(value.as_str()?).ok();
    let (Some(before), Some(now)) = (decode(change.before), decode(change.now)) else {
        return false;
    };
    // The type of the content (RFC 3161, id-ct-TSTInfo), and the field that begins the certificates (RFC 5652, `[0]`).
    let content = [
        0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04,
    ];
    let Some(start) = find(&before, &content) else {
        return false;
    };
    let Some(kept) = now.len().checked_sub(find(&now, &content).unwrap_or_default()) else {
        return false;
    };
    let rest = &before[start..];
    // An empty field is as good as none.
    [&[][..], &[0xa0, 0]].iter().any(|left| {
        let tail = &now[now.len() - kept..];
        let common = rest.iter().zip(tail).take_while(|(one, other)| one == other).count();
        (common.saturating_sub(2)..=common).any(|at| {
            let behind = tail.get(at..).and_then(|tail| tail.strip_prefix(*left));
            rest.get(at) == Some(&0xa0) && behind.is_some_and(|behind| rest[at..].ends_with(behind))
        })
    })
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
