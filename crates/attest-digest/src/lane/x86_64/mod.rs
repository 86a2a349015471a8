//! x86-64: the SHA extensions for few streams, wide vectors for many.

mod avx2;
mod avx512;
mod sha_ni;
mod wide;

use self::avx2::Avx2;
use self::avx512::Avx512;
use self::sha_ni::ShaNi;
use super::{Block, State, portable};

/// From how many streams on a vector of eight is quicker than the SHA extensions. A vector takes as long with empty lanes as
/// without; where exactly it overtakes differs from processor to processor, and this is the middle.
const ENOUGH_FOR_HALF: usize = 6;

/// From how many streams on a vector of sixteen is quicker than eight lanes for the first and the SHA extensions for the rest.
const ENOUGH_FOR_WHOLE: usize = 12;

/// What this processor can run beyond the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Native {
    ShaNiAndAvx512(ShaNi, Avx512),
    ShaNi(ShaNi),
    Avx512(Avx512),
    Avx2(Avx2),
}

impl Native {
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        let (sha_ni, avx512) = (ShaNi::detect(), Avx512::detect());
        let both = sha_ni.zip(avx512);
        let found = [
            both.map(|(few, many)| Self::ShaNiAndAvx512(few, many)),
            sha_ni.map(Self::ShaNi),
            avx512.map(Self::Avx512),
            Avx2::detect().map(Self::Avx2),
        ];
        found.into_iter().flatten()
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ShaNiAndAvx512(..) => "sha-ni+avx-512",
            Self::ShaNi(_) => "sha-ni",
            Self::Avx512(_) => "avx-512",
            Self::Avx2(_) => "avx2",
        }
    }

    pub(crate) fn lanes(self) -> usize {
        match self {
            Self::ShaNiAndAvx512(..) | Self::Avx512(_) => Avx512::STREAMS,
            Self::ShaNi(_) => ShaNi::STREAMS,
            Self::Avx2(_) => Avx2::STREAMS,
        }
    }

    pub(crate) fn compress(self, states: &mut [&mut State], blocks: &[&[Block]]) {
        match self {
            Self::ShaNiAndAvx512(few, many) => {
                let in_vectors = lanes_in_vectors(blocks.len());
                let (states, other_states) = states.split_at_mut(in_vectors);
                let (blocks, other_blocks) = blocks.split_at(in_vectors);
                many.compress(states, blocks);
                few.compress(other_states, other_blocks);
            }
            Self::ShaNi(lane) => lane.compress(states, blocks),
            // One stream in a vector is slower than the reference.
            Self::Avx512(_) | Self::Avx2(_) if blocks.len() == 1 => portable::compress(states, blocks),
            Self::Avx512(lane) => lane.compress(states, blocks),
            Self::Avx2(lane) => lane.compress(states, blocks),
        }
    }
}

/// How many of so many streams go into vectors, where the others have the SHA extensions.
fn lanes_in_vectors(streams: usize) -> usize {
    match streams {
        ..ENOUGH_FOR_HALF => 0,
        ENOUGH_FOR_HALF..ENOUGH_FOR_WHOLE => streams.min(Avx512::HALF),
        ENOUGH_FOR_WHOLE.. => streams,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_lanes_and_the_extensions_stand_between_the_extensions_and_sixteen_lanes() {
        let found: Vec<usize> = (0..=16).map(lanes_in_vectors).collect();
        assert_eq!(found, [0, 0, 0, 0, 0, 0, 6, 7, 8, 8, 8, 8, 12, 13, 14, 15, 16]);
    }
}
