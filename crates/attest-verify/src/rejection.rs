use attest_digest::Digest;
use attestation::StatementError;
use jiff::Timestamp;

use crate::{ClaimName, Expected, InvalidExpectation};

/// Why a bundle, or an artifact under it, is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// Somebody else signed.
    #[error("expected certificate identity {expected}, found {}", shown(found.as_deref()))]
    IdentityMismatch {
        /// Who was expected.
        expected: Expected,
        /// Who the certificate is for.
        found: Option<String>,
    },
    /// Somebody else vouched for who signed.
    #[error("expected OIDC issuer {}, found {}", wanted(expected.as_ref()), shown(found.as_deref()))]
    IssuerMismatch {
        /// Who was expected; none when the certificate was expected to name none.
        expected: Option<Expected>,
        /// Who the certificate names.
        found: Option<String>,
    },
    /// The certificate says something else about the build.
    #[error("expected {claim} {expected}, found {}", shown(found.as_deref()))]
    ClaimMismatch {
        /// What it is about.
        claim: ClaimName,
        /// What was expected.
        expected: Expected,
        /// What the certificate says.
        found: Option<String>,
    },
    /// A certificate where a key was expected, or the reverse.
    #[error("expected a bundle signed with {expected}, found one with {found}")]
    KeyMaterialMismatch {
        /// What was expected.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// The bundle says that it was signed with another key.
    #[error("expected key hint `{expected}`, found `{found}`")]
    KeyHintMismatch {
        /// Base64 of the SHA-256 of the expected key.
        expected: String,
        /// The hint.
        found: String,
    },
    /// The artifact is not the one that was signed.
    #[error("expected {} to have {expected}, found {found}", named(name.as_deref()))]
    DigestMismatch {
        /// What the artifact is called.
        name: Option<String>,
        /// What was signed.
        expected: Digest,
        /// What was measured.
        found: Digest,
    },
    /// The bundle knows the name of the artifact as that of other bytes, and these bytes by another name.
    #[error("expected `{name}` to have {expected}, found the bytes that are signed as `{signed_as}`")]
    SubjectSwapped {
        /// What the artifact is called.
        name: String,
        /// What is signed under that name.
        expected: Digest,
        /// The name under which these bytes are signed.
        signed_as: String,
    },
    /// The statement says nothing about the artifact.
    #[error("expected a subject with {found} for {}, found none among {subjects}", named(name.as_deref()))]
    SubjectMissing {
        /// What the artifact is called.
        name: Option<String>,
        /// What was measured.
        found: Digest,
        /// How many subjects there are.
        subjects: usize,
    },
    /// The artifact was not hashed with the algorithm that was signed.
    #[error("expected {} to be measured with {expected}, found {found}", named(name.as_deref()))]
    NotMeasured {
        /// What the artifact is called.
        name: Option<String>,
        /// The algorithms that were signed.
        expected: String,
        /// The algorithms that it was measured with.
        found: String,
    },
    /// The signature is not by the key of the signer.
    #[error("expected a signature by the key of the signer: {detail}")]
    SignatureInvalid {
        /// What the check said.
        detail: String,
    },
    /// The certificate cannot be read or does not lead to an authority of the trust root.
    #[error("expected a certificate that leads to an authority of the trust root: {detail}")]
    CertificateInvalid {
        /// What the check said.
        detail: String,
    },
    /// The certificate had run out when it was used.
    #[error("expected a signature before the certificate ran out at {not_after}, found a later one")]
    CertificateExpired {
        /// When it ran out.
        not_after: Timestamp,
    },
    /// The certificate did not count yet when it was used.
    #[error("expected a signature after the certificate began to count at {not_before}, found an earlier one")]
    CertificateNotYetValid {
        /// When it began to count.
        not_before: Timestamp,
    },
    /// No certificate transparency log of the trust root vouches for the certificate.
    #[error("expected a certificate that a certificate transparency log of the trust root has seen: {detail}")]
    CertificateNotPublished {
        /// What the check said.
        detail: String,
    },
    /// Nothing says that the signature is in a log.
    #[error("expected an entry of a transparency log, found none")]
    NoLogEntry,
    /// The log is not in the trust root.
    #[error("expected a transparency log of the trust root, found log id {log_id}")]
    UnknownLog {
        /// The id, in hexadecimal.
        log_id: String,
    },
    /// The Merkle path does not lead to the root.
    #[error("expected a proof that the entry is in the log: {detail}")]
    InclusionProofInvalid {
        /// What the check said.
        detail: String,
    },
    /// The log did not sign the root.
    #[error("expected a checkpoint that the log has signed: {detail}")]
    CheckpointInvalid {
        /// What the check said.
        detail: String,
    },
    /// The log did not sign the entry.
    #[error("expected a signed entry timestamp of the log: {detail}")]
    InclusionPromiseInvalid {
        /// What the check said.
        detail: String,
    },
    /// The log entry is about something else.
    #[error("expected a log entry about this signature: {detail}")]
    LogEntryMismatch {
        /// What differs.
        detail: String,
    },
    /// A field of the log entry is not what the signed part of it says.
    #[error("expected {field} {expected} in the log entry, found {found}")]
    LogFieldMismatch {
        /// The field.
        field: &'static str,
        /// What is signed.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The log entry cannot be read.
    #[error("expected a well-formed log entry: {detail}")]
    LogEntryInvalid {
        /// What the parser said.
        detail: String,
    },
    /// The timestamp is not by an authority of the trust root over this signature.
    #[error("expected a timestamp of an authority of the trust root over this signature: {detail}")]
    TimestampInvalid {
        /// What the check said.
        detail: String,
    },
    /// The authority was not to be trusted at the time it signed.
    #[error("expected a time within the life of the timestamp authority, found {time}")]
    TimestampOutsideValidity {
        /// The time it signed.
        time: Timestamp,
    },
    /// Nothing says when the signature was made.
    #[error("expected a time signed by a timestamp authority or a log, found none")]
    NoSignedTime,
    /// The signature is from the future.
    #[error("expected a signature made by {verification_time}, found one made at {time}")]
    NotYetValid {
        /// When it was made.
        time: Timestamp,
        /// As of when it is verified.
        verification_time: Timestamp,
    },
    /// The payload is no in-toto statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// What was to be expected is nothing to expect.
    #[error(transparent)]
    Expectation(#[from] InvalidExpectation),
    /// The parts of the bundle do not fit together.
    #[error("expected a bundle whose parts belong together: {detail}")]
    BundleInvalid {
        /// What the check said.
        detail: String,
    },
    /// The signature is over the artifact itself, and only a digest of that is at hand.
    #[error("expected the artifact itself for a signature of Ed25519, which is over its bytes, found only a digest")]
    DigestAlone,
    /// Perhaps fine, but not understood here.
    #[error("expected something that is supported: {detail}")]
    Unsupported {
        /// What is not.
        detail: String,
    },
    /// The engine accepted the bundle without a check that it was told to make.
    #[error("expected the {check} to be checked, found that it was not")]
    NotChecked {
        /// The check.
        check: &'static str,
    },
}

/// What kind of reason it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectionKind {
    /// Broken or forged.
    Invalid,
    /// Perhaps fine, but not understood here.
    Unsupported,
    /// Fine, but not what was asked for.
    Mismatch,
}

impl Rejection {
    /// The kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::IdentityMismatch { .. } => "identity-mismatch",
            Self::IssuerMismatch { .. } => "issuer-mismatch",
            Self::ClaimMismatch { .. } => "claim-mismatch",
            Self::KeyMaterialMismatch { .. } => "key-material-mismatch",
            Self::KeyHintMismatch { .. } => "key-hint-mismatch",
            Self::DigestMismatch { .. } => "digest-mismatch",
            Self::SubjectSwapped { .. } => "subject-swapped",
            Self::SubjectMissing { .. } => "subject-missing",
            Self::NotMeasured { .. } => "digest-not-measured",
            Self::SignatureInvalid { .. } => "signature-invalid",
            Self::CertificateInvalid { .. } => "certificate-invalid",
            Self::CertificateExpired { .. } => "certificate-expired",
            Self::CertificateNotYetValid { .. } => "certificate-not-yet-valid",
            Self::CertificateNotPublished { .. } => "certificate-not-published",
            Self::NoLogEntry => "no-log-entry",
            Self::UnknownLog { .. } => "log-unknown",
            Self::InclusionProofInvalid { .. } => "inclusion-proof-invalid",
            Self::CheckpointInvalid { .. } => "checkpoint-invalid",
            Self::InclusionPromiseInvalid { .. } => "inclusion-promise-invalid",
            Self::LogEntryMismatch { .. } => "log-entry-mismatch",
            Self::LogFieldMismatch { .. } => "log-field-mismatch",
            Self::LogEntryInvalid { .. } => "log-entry-invalid",
            Self::TimestampInvalid { .. } => "timestamp-invalid",
            Self::TimestampOutsideValidity { .. } => "timestamp-outside-validity",
            Self::NoSignedTime => "no-signed-time",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Statement(_) => "statement-invalid",
            Self::Expectation(_) => "expectation-invalid",
            Self::BundleInvalid { .. } => "bundle-invalid",
            Self::DigestAlone => "digest-alone",
            Self::Unsupported { .. } => "unsupported",
            Self::NotChecked { .. } => "not-checked",
        }
    }

    /// Whether it is broken, not understood, or not what was asked for.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        match self {
            Self::IdentityMismatch { .. }
            | Self::IssuerMismatch { .. }
            | Self::ClaimMismatch { .. }
            | Self::KeyMaterialMismatch { .. }
            | Self::KeyHintMismatch { .. }
            | Self::DigestMismatch { .. }
            | Self::SubjectSwapped { .. }
            | Self::SubjectMissing { .. } => RejectionKind::Mismatch,
            Self::NotMeasured { .. } | Self::DigestAlone | Self::Unsupported { .. } => RejectionKind::Unsupported,
            _ => RejectionKind::Invalid,
        }
    }
}

fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("`{value}`"))
}

fn wanted(expected: Option<&Expected>) -> String {
    expected.map_or_else(|| "none".to_owned(), ToString::to_string)
}

fn named(name: Option<&str>) -> String {
    name.map_or_else(|| "the artifact".to_owned(), |name| format!("`{name}`"))
}
