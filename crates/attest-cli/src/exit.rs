use crate::failure::FailureClass;

/// How a verb ended when nothing went wrong. See `docs/EXIT-CODES.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted, or done: exit code 0.
    Accepted,
    /// Looked, and the answer is no: exit code 1. What was found has been reported already.
    Rejected,
    /// Could not decide: exit code 3. What was found has been reported already.
    Undecided,
}

impl Outcome {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::Rejected => 1,
            Self::Undecided => 3,
        }
    }
}

impl FailureClass {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Rejected => 1,
            Self::Usage => 2,
            Self::Undecided => 3,
        }
    }
}
