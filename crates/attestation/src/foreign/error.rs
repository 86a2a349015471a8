use super::Format;
use crate::{BundleError, BundleErrorKind};

/// Why something is no evidence that can be written as a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// More bytes than are read.
    #[error("expected at most {limit} bytes of evidence, found {found}")]
    TooLarge {
        /// The bound, in bytes.
        limit: u64,
        /// What was found, in bytes.
        found: u64,
    },
    /// More of something than is read.
    #[error("expected at most {limit} of them in a file, found more")]
    TooMany {
        /// The bound.
        limit: usize,
    },
    /// The content is of no format that is known.
    #[error(
        "expected a Sigstore bundle, a blob bundle of cosign, attestations of GitHub, npm or PyPI, a DSSE envelope, \
         or a signature, certificate, key, checksum list or trust root; found none of them"
    )]
    Unrecognised,
    /// The content is of a format that is known and holds no signature.
    #[error("expected a signature, found {format}")]
    NotEvidence {
        /// What it is.
        format: Format,
    },
    /// A signature that does not say what it is about: it is verified together with its artifact.
    #[error("expected evidence that names its artifact, found {format}, which is verified together with one")]
    Detached {
        /// What it is.
        format: Format,
    },
    /// A field is missing, there twice, or of another form.
    #[error("expected the fields of {format}: {detail}")]
    Malformed {
        /// What it seems to be.
        format: Format,
        /// What is wrong.
        detail: String,
    },
    /// Something that a bundle needs is not there.
    #[error("expected {missing} in {format}, found none")]
    Missing {
        /// Where it should be.
        format: Format,
        /// What is missing.
        missing: &'static str,
    },
    /// A bundle has something that the format to be written has no place for.
    #[error("expected {expected}, which is what {format} can hold")]
    CannotHold {
        /// What is to be written.
        format: Format,
        /// What it can hold.
        expected: &'static str,
    },
    /// What it amounts to is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

impl EvidenceError {
    pub(super) fn malformed(format: Format, detail: impl ToString) -> Self {
        let detail = detail.to_string();
        Self::Malformed { format, detail }
    }

    /// Whether it is broken, not understood, or above a limit.
    #[must_use]
    pub fn kind(&self) -> BundleErrorKind {
        match self {
            Self::TooLarge { .. } | Self::TooMany { .. } => BundleErrorKind::TooLarge,
            Self::Unrecognised | Self::NotEvidence { .. } | Self::Detached { .. } | Self::CannotHold { .. } => {
                BundleErrorKind::Unsupported
            }
            Self::Malformed { .. } | Self::Missing { .. } => BundleErrorKind::Invalid,
            Self::Bundle(error) => error.kind(),
        }
    }

    /// The kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "evidence-too-large",
            Self::TooMany { .. } => "evidence-too-many",
            Self::Unrecognised => "evidence-unrecognised",
            Self::NotEvidence { .. } => "evidence-not-a-signature",
            Self::Detached { .. } => "evidence-detached",
            Self::Malformed { .. } => "evidence-malformed",
            Self::Missing { .. } => "evidence-incomplete",
            Self::CannotHold { .. } => "evidence-cannot-hold",
            Self::Bundle(error) => error.code(),
        }
    }
}
