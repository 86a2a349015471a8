use crate::exit::Outcome;

/// What a run has come to so far. One clear "no" outweighs whatever could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Accepted,
    Undecided,
    Rejected,
}

impl Verdict {
    /// `verdict` when `condition` holds, and accepted otherwise.
    pub(super) fn when(condition: bool, verdict: Self) -> Self {
        if condition { verdict } else { Self::Accepted }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Undecided => "undecided",
            Self::Rejected => "rejected",
        }
    }
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accepted => Self::Accepted,
            Verdict::Undecided => Self::Undecided,
            Verdict::Rejected => Self::Rejected,
        }
    }
}
