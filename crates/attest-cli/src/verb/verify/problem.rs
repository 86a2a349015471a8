use attest_digest::MeasureError;
use attest_store::StoreError;
use attest_verify::Rejection;
use attestation::foreign::EvidenceError;

use crate::causes::with_causes;
use crate::failure::{Failure, FailureClass};

/// Why an artifact or a piece of evidence is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    weight: Weight,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// The place of the evidence that it is about, among all that was looked at.
    pub(super) evidence: Option<usize>,
    /// Whether the evidence that it is about says nothing of the artifact.
    is_silence: bool,
}

/// What follows from a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Looked, and the answer is no.
    Rejected,
    /// Something could not be read.
    Undecided,
    /// It is evidence for somebody else: it proves nothing here, and makes nothing fail.
    PassedOver,
}

impl Problem {
    pub(super) fn rejected(code: &'static str, message: impl std::fmt::Display) -> Self {
        Self::new(Weight::Rejected, code, message)
    }

    pub(super) fn undecided(code: &'static str, message: impl std::fmt::Display) -> Self {
        Self::new(Weight::Undecided, code, message)
    }

    pub(super) fn passed_over(code: &'static str, message: impl std::fmt::Display) -> Self {
        Self::new(Weight::PassedOver, code, message)
    }

    fn new(weight: Weight, code: &'static str, message: impl std::fmt::Display) -> Self {
        Self {
            weight,
            code,
            message: message.to_string(),
            evidence: None,
            is_silence: false,
        }
    }

    /// Another one of the same kind.
    pub(super) fn like(&self, message: impl std::fmt::Display) -> Self {
        Self::new(self.weight, self.code, message)
    }

    pub(super) fn by(mut self, evidence: usize) -> Self {
        self.evidence = Some(evidence);
        self
    }

    pub(super) fn into_passed_over(mut self) -> Self {
        self.weight = Weight::PassedOver;
        self
    }

    /// As the reason why an artifact is not covered it counts in full.
    pub(super) fn into_rejected(mut self) -> Self {
        self.weight = Weight::Rejected;
        self
    }

    /// Whether it only says that there is no evidence, so that other evidence heals it.
    pub(super) fn is_lack_of_evidence(&self) -> bool {
        self.is_silence || matches!(self.code, "no-bundle" | "no-signature")
    }

    /// It is only why evidence about something else does not cover the artifact.
    pub(super) fn of_silence(mut self) -> Self {
        self.is_silence = true;
        self
    }

    pub(super) fn is_undecided(&self) -> bool {
        self.weight == Weight::Undecided
    }

    pub(super) fn is_passed_over(&self) -> bool {
        self.weight == Weight::PassedOver
    }

    /// The verdict that it makes.
    pub(super) fn verdict(&self) -> &'static str {
        match self.weight {
            Weight::Rejected => "rejected",
            Weight::Undecided => "undecided",
            Weight::PassedOver => "passed-over",
        }
    }
}

/// What ends another verb is here only about one artifact.
impl From<&Failure> for Problem {
    fn from(failure: &Failure) -> Self {
        match failure.class() {
            FailureClass::Rejected => Self::new(Weight::Rejected, failure.code(), failure.message()),
            FailureClass::Usage | FailureClass::Undecided => {
                Self::new(Weight::Undecided, failure.code(), failure.message())
            }
        }
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        Self::rejected(rejection.code(), rejection)
    }
}

impl From<&EvidenceError> for Problem {
    fn from(error: &EvidenceError) -> Self {
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
