//! The SHA-2 extension of ARMv8, with up to four streams interleaved: one stream waits for its own last round most of the
//! time, and the others fill that time.
#![expect(
    unsafe_code,
    reason = "instructions that not every processor has, and loads and stores of 16 bytes"
)]

use std::arch::aarch64::{
    uint32x4_t, vaddq_u32, vld1q_u8, vld1q_u32, vreinterpretq_u32_u8, vrev32q_u8, vsha256h2q_u32, vsha256hq_u32,
    vsha256su0q_u32, vsha256su1q_u32, vst1q_u32,
};
use std::arch::is_aarch64_feature_detected;

use crate::lane::{Block, K, State, even_groups};

/// A proof that the processor has the SHA-2 extension: there is no other way to make one than to ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sha2(());

/// The state of one stream in the order that the instructions want.
#[derive(Clone, Copy)]
struct Halves {
    abcd: uint32x4_t,
    efgh: uint32x4_t,
}

impl Sha2 {
    /// The most streams that are interleaved.
    pub(crate) const STREAMS: usize = 4;

    pub(crate) fn detect() -> Option<Self> {
        let has_all = is_aarch64_feature_detected!("neon") && is_aarch64_feature_detected!("sha2");
        has_all.then_some(Self(()))
    }

    /// Takes the blocks of every stream into its state, in groups of about one size.
    pub(crate) fn compress(self, states: &mut [&mut State], blocks: &[&[Block]]) {
        for (states, blocks) in even_groups(states, blocks, Self::STREAMS) {
            // SAFETY: `self` was made by `detect`, which asked the processor for every feature that these are compiled for.
            unsafe {
                match (states, blocks) {
                    ([a], [w]) => interleaved([a], [w]),
                    ([a, b], [w, x]) => interleaved([a, b], [w, x]),
                    ([a, b, c], [w, x, y]) => interleaved([a, b, c], [w, x, y]),
                    ([a, b, c, d], [w, x, y, z]) => interleaved([a, b, c, d], [w, x, y, z]),
                    _ => unreachable!("a group is one to four streams, each with blocks"),
                }
            }
        }
    }
}

#[target_feature(enable = "neon,sha2")]
fn interleaved<const N: usize>(states: [&mut State; N], blocks: [&[Block]; N]) {
    let mut lanes: [Halves; N] = std::array::from_fn(|lane| load_state(states[lane]));
    for at in 0..blocks[0].len() {
        let before = lanes;
        let mut words: [[uint32x4_t; 4]; N] = blocks.map(|blocks| load_block(&blocks[at]));
        for quarter in 0..4 {
            four_rounds(quarter, &mut lanes, &words);
        }
        for sixteen in 1..4 {
            for quarter in 0..4 {
                schedule(quarter, &mut words);
                four_rounds(4 * sixteen + quarter, &mut lanes, &words);
            }
        }
        for (lane, before) in lanes.iter_mut().zip(before) {
            lane.abcd = vaddq_u32(lane.abcd, before.abcd);
            lane.efgh = vaddq_u32(lane.efgh, before.efgh);
        }
    }
    for (state, lane) in states.into_iter().zip(lanes) {
        store_state(lane, state);
    }
}

/// Rounds `4 * four` to `4 * four + 3` of every stream (FIPS 180-4, section 6.2.2, step 3).
#[inline]
#[target_feature(enable = "neon,sha2")]
fn four_rounds<const N: usize>(four: usize, lanes: &mut [Halves; N], words: &[[uint32x4_t; 4]; N]) {
    let constants = load(&K.as_chunks().0[four]);
    for (lane, words) in lanes.iter_mut().zip(words) {
        let sum = vaddq_u32(words[four % 4], constants);
        let Halves { abcd, efgh } = *lane;
        lane.abcd = vsha256hq_u32(abcd, efgh, sum);
        lane.efgh = vsha256h2q_u32(efgh, abcd, sum);
    }
}

/// Replaces four words of every stream by those sixteen rounds later (FIPS 180-4, section 6.2.2, step 1).
#[inline]
#[target_feature(enable = "neon,sha2")]
fn schedule<const N: usize>(quarter: usize, words: &mut [[uint32x4_t; 4]; N]) {
    for words in words {
        let [w0, w4, w8, w12] = std::array::from_fn(|ahead| words[(quarter + ahead) % 4]);
        words[quarter] = vsha256su1q_u32(vsha256su0q_u32(w0, w4), w8, w12);
    }
}

/// The sixteen words of a block, each turned from big-endian order.
#[inline]
#[target_feature(enable = "neon")]
fn load_block(block: &Block) -> [uint32x4_t; 4] {
    let (quarters, _) = block.as_chunks::<16>();
    std::array::from_fn(|at| {
        let quarter: &[u8; 16] = &quarters[at];
        // SAFETY: the pointer is that of a reference to 16 bytes, and this load asks for no alignment.
        let bytes = unsafe { vld1q_u8(quarter.as_ptr()) };
        vreinterpretq_u32_u8(vrev32q_u8(bytes))
    })
}

#[inline]
#[target_feature(enable = "neon")]
fn load(words: &[u32; 4]) -> uint32x4_t {
    // SAFETY: the pointer is that of a reference to four words, which are what is loaded.
    unsafe { vld1q_u32(words.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn load_state(state: &State) -> Halves {
    let (halves, _) = state.as_chunks();
    Halves {
        abcd: load(&halves[0]),
        efgh: load(&halves[1]),
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn store_state(lane: Halves, state: &mut State) {
    let (halves, _) = state.as_chunks_mut::<4>();
    for (half, words) in halves.iter_mut().zip([lane.abcd, lane.efgh]) {
        // SAFETY: the pointer is that of an exclusive reference to four words, which are what is stored.
        unsafe { vst1q_u32(half.as_mut_ptr(), words) }
    }
}
