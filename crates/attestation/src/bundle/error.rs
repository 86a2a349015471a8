use super::BundleVersion;

/// Why something is no bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// More bytes than are read.
    #[error("expected a bundle of at most {limit} bytes, found {found}")]
    TooLarge {
        /// The bound, in bytes.
        limit: u64,
        /// What was found, in bytes.
        found: u64,
    },
    /// The document ends before it is complete.
    #[error("expected a complete JSON document, found its end at line {line}, column {column}")]
    Truncated {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The bytes are not JSON.
    #[error("expected JSON: {detail}")]
    NotJson {
        /// What the parser said.
        detail: String,
    },
    /// A field is unknown, missing, there twice, or of another form.
    #[error("expected the fields of a Sigstore bundle: {detail}")]
    Malformed {
        /// What the parser said.
        detail: String,
    },
    /// The media type is of a version, or of a thing, that is not read.
    #[error("expected a Sigstore bundle of version 0.1, 0.2 or 0.3, found media type `{found}`")]
    UnsupportedMediaType {
        /// The media type that was found.
        found: String,
    },
    /// The message digest is by an algorithm that is not read.
    #[error("expected a message digest by SHA2_256, SHA2_384 or SHA2_512, found `{found}`")]
    UnsupportedDigest {
        /// The algorithm that was found.
        found: String,
    },
    /// A DSSE envelope with no signature, or with several.
    #[error("expected exactly one signature, found {found}")]
    SignatureCount {
        /// How many there are.
        found: usize,
    },
    /// Neither or both of two fields of which exactly one belongs there.
    #[error("expected exactly one of {expected}, found {found}")]
    NotExactlyOne {
        /// The fields to choose from.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
    /// More log entries or timestamps than are read.
    #[error("expected at most {limit} {what}, found {found}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// Evidence that the version of the bundle requires is not there.
    #[error("expected every log entry of a bundle of version {version} to have an {what}, found none in entry {entry}")]
    MissingEvidence {
        /// The version of the bundle.
        version: BundleVersion,
        /// The position of the log entry, from 0.
        entry: usize,
        /// What is missing.
        what: &'static str,
    },
    /// A certificate chain where only a certificate may stand, or the reverse.
    #[error("expected {expected} in a bundle of version {version}")]
    WrongKeyMaterial {
        /// The version of the bundle.
        version: BundleVersion,
        /// What belongs there.
        expected: &'static str,
    },
    /// The same log entry stands twice.
    #[error("expected every log entry once, found entry {log_index} twice")]
    DuplicateLogEntry {
        /// The index of the entry in its log.
        log_index: u64,
    },
}

/// What kind of reason it is: the same bytes may be fine for another reader only in one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleErrorKind {
    /// Broken.
    Invalid,
    /// Perhaps fine, but not understood here.
    Unsupported,
    /// Perhaps fine, but above a limit.
    TooLarge,
}

impl BundleError {
    /// Whether it is broken, not understood, or above a limit.
    #[must_use]
    pub fn kind(&self) -> BundleErrorKind {
        match self {
            Self::TooLarge { .. } | Self::TooMany { .. } => BundleErrorKind::TooLarge,
            Self::UnsupportedMediaType { .. } | Self::UnsupportedDigest { .. } => BundleErrorKind::Unsupported,
            _ => BundleErrorKind::Invalid,
        }
    }

    /// The kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "bundle-too-large",
            Self::Truncated { .. } => "bundle-truncated",
            Self::NotJson { .. } => "bundle-not-json",
            Self::Malformed { .. } => "bundle-malformed",
            Self::UnsupportedMediaType { .. } => "bundle-unsupported",
            Self::UnsupportedDigest { .. } => "bundle-unsupported-digest",
            Self::SignatureCount { .. } => "bundle-signature-count",
            Self::NotExactlyOne { .. } => "bundle-not-exactly-one",
            Self::TooMany { .. } => "bundle-too-many",
            Self::MissingEvidence { .. } => "bundle-missing-evidence",
            Self::WrongKeyMaterial { .. } => "bundle-wrong-key-material",
            Self::DuplicateLogEntry { .. } => "bundle-duplicate-log-entry",
        }
    }
}

impl From<serde_json::Error> for BundleError {
    fn from(error: serde_json::Error) -> Self {
        use serde_json::error::Category;
        let detail = error.to_string();
        match error.classify() {
            Category::Eof => Self::Truncated {
                line: error.line(),
                column: error.column(),
            },
            Category::Syntax | Category::Io => Self::NotJson { detail },
            Category::Data => Self::Malformed { detail },
        }
    }
}
