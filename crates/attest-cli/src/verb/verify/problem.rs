use attest_digest::MeasureError;
use attest_store::StoreError;
use attest_verify::Rejection;
use attestation::BundleError;

use crate::causes::with_causes;
use crate::failure::FailureClass;

/// Why an artifact or a bundle is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    class: FailureClass,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// The place of the bundle that it is about, among the evidence.
    pub(super) evidence: Option<usize>,
}

impl Problem {
    pub(super) fn rejected(code: &'static str, message: impl std::fmt::Display) -> Self {
        Self::new(FailureClass::Rejected, code, message)
    }

    pub(super) fn undecided(code: &'static str, message: impl std::fmt::Display) -> Self {
        Self::new(FailureClass::Undecided, code, message)
    }

    fn new(class: FailureClass, code: &'static str, message: impl std::fmt::Display) -> Self {
        Self {
            class,
            code,
            message: message.to_string(),
            evidence: None,
        }
    }

    pub(super) fn by(mut self, evidence: usize) -> Self {
        self.evidence = Some(evidence);
        self
    }

    pub(super) fn is_undecided(&self) -> bool {
        self.class == FailureClass::Undecided
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        Self::rejected(rejection.code(), rejection)
    }
}

impl From<&BundleError> for Problem {
    fn from(error: &BundleError) -> Self {
        Self::rejected(error.code(), error)
    }
}

impl From<&StoreError> for Problem {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::TooLarge { .. } => Self::rejected(error.code(), error),
            _ => Self::undecided(error.code(), with_causes(error)),
        }
    }
}

impl From<&MeasureError> for Problem {
    fn from(error: &MeasureError) -> Self {
        Self::undecided(error.code(), with_causes(error))
    }
}
