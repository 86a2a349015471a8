use attestation::foreign::{EvidenceError, Format, Limits, read_evidence};
use serde_json::{Value, json};

use super::source::error;
use super::{bundle, certificate, checksums, detached, log, openpgp, predicate, ssh, statement, trust};

/// What a file says: one item for every signature in it, or one for the whole.
pub(super) fn describe(bytes: &[u8]) -> Vec<Value> {
    let format = Format::recognise(bytes).filter(|format| !format.is_evidence());
    if let Some(format) = format {
        return vec![match whole(format, bytes) {
            Ok(contents) => item(format, contents),
            Err(problem) => error(problem.code, problem.message),
        }];
    }
    let items = read_evidence(bytes, &Limits::default()).into_iter();
    items
        .map(|found| match found {
            Ok((format, bundle)) => item(format, bundle::describe(&bundle)),
            Err(problem) => error(problem.code(), problem),
        })
        .collect()
}

/// Why something that was recognised cannot be shown.
pub(super) struct Problem {
    code: &'static str,
    message: String,
}

impl Problem {
    /// It has not the form of what it seems to be.
    pub(super) fn malformed(expected: &str) -> Self {
        Self {
            code: "evidence-malformed",
            message: format!("expected {expected}"),
        }
    }
}

impl From<EvidenceError> for Problem {
    fn from(error: EvidenceError) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
        }
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::malformed(&format!("JSON: {error}"))
    }
}

fn item(format: Format, contents: Value) -> Value {
    json!({ "format": format.code(), "name": format.name(), "contents": contents })
}

/// What holds no signature, or none that says what it is about.
fn whole(format: Format, bytes: &[u8]) -> Result<Value, Problem> {
    match format {
        Format::Signature => detached::signature(bytes),
        Format::MinisignSignature | Format::MinisignKey => detached::minisign(bytes),
        Format::OpenpgpSignature | Format::OpenpgpMessage | Format::OpenpgpKey => openpgp::describe(bytes),
        Format::SshSignature => ssh::signature(bytes),
        Format::SshKey => ssh::keys(bytes),
        Format::LogEntry => log::answer(bytes),
        Format::Timestamp => log::timestamp_file(bytes),
        Format::Certificate => certificate::file(bytes),
        Format::PublicKey => certificate::key_file(bytes),
        Format::PrivateKey => Ok(json!({ "secret": "not looked into" })),
        Format::Checksums => Ok(checksums::describe(bytes)),
        Format::TrustedRoot => Ok(trust::root(&parse(bytes)?)),
        Format::SigningConfig => Ok(trust::signing_config(&parse(bytes)?)),
        Format::ClientTrustConfig => Ok(trust::client_config(&parse(bytes)?)),
        Format::TufMetadata => Ok(trust::tuf(&parse(bytes)?)),
        Format::Statement => Ok(statement::describe(bytes)),
        Format::SlsaProvenance => Ok(predicate::provenance(&parse(bytes)?)),
        _ => Err(Problem::malformed("a format that can be shown")),
    }
}

/// Where a key stands twice, two readers might see different things: it is not shown at all.
fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    Ok(attestation::parse_unambiguous(bytes)?)
}
