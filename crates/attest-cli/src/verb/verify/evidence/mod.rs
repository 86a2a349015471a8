//! Evidence: files in, one verified or rejected piece each out.

mod gather;
mod held;
mod proof;
mod signature;
mod sources;
mod stock;

use std::path::PathBuf;

use super::problem::Problem;
pub(super) use gather::{Judge, gather, in_order};
pub(super) use held::Held;
pub(super) use proof::{Covering, Proof, Refusal};
pub(super) use signature::{Signature, Signed, SignedBytes, hold};
pub(super) use sources::Sources;
pub(super) use stock::{Query, Stock};

/// A piece of evidence, and what came of it.
pub(super) struct Evidence {
    pub(super) path: PathBuf,
    /// Its place in a file of several, from 1.
    pub(super) place: Option<usize>,
    pub(super) origin: Origin,
    pub(super) result: Result<Proof, Problem>,
}

/// Why a piece of evidence was looked at. The order is that of importance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// It lies in the directory of an artifact that has no evidence of its own. It counts when it covers something.
    Neighbour,
    /// It hangs on an image. It counts when it covers something: anybody who may push can hang something there.
    Attached,
    /// It lies beside an artifact, under its name.
    Beside,
    /// It is among the files of the call, or in one of its directories.
    Given,
    /// An option of the call names it, for whatever the call is about.
    Named,
}

impl Origin {
    /// Whether the caller asked for it.
    pub(super) fn is_of_call(self) -> bool {
        self >= Self::Given
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Given | Self::Named => "given",
            Self::Attached => "attached",
            Self::Beside => "beside",
            Self::Neighbour => "neighbour",
        }
    }
}
