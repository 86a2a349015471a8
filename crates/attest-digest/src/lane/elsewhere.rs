//! Processors without a lane of their own.

use super::{Block, State};

/// What this processor can run beyond the reference: nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Native {}

impl Native {
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        std::iter::empty()
    }

    pub(crate) fn name(self) -> &'static str {
        match self {}
    }

    pub(crate) fn lanes(self) -> usize {
        match self {}
    }

    pub(crate) fn compress(self, _: &mut [&mut State], _: &[&[Block]]) {
        match self {}
    }
}
