//! AArch64: the SHA-2 extension.

mod sha2;

use self::sha2::Sha2;
use super::{Block, State};

/// What this processor can run beyond the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Native {
    Sha2(Sha2),
}

impl Native {
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        Sha2::detect().map(Self::Sha2).into_iter()
    }

    pub(crate) fn name(self) -> &'static str {
        let Self::Sha2(_) = self;
        "armv8-sha2"
    }

    pub(crate) fn lanes(self) -> usize {
        let Self::Sha2(_) = self;
        Sha2::STREAMS
    }

    pub(crate) fn compress(self, states: &mut [&mut State], blocks: &[&[Block]]) {
        let Self::Sha2(lane) = self;
        lane.compress(states, blocks);
    }
}
