//! The SHA extensions of x86-64, with up to four streams interleaved: one stream waits for its own last round most of the
//! time, and the others fill that time.
#![expect(
    unsafe_code,
    reason = "instructions that not every processor has, and loads and stores of 16 bytes"
)]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_loadu_si128, _mm_set_epi32, _mm_set_epi64x, _mm_sha256msg1_epu32,
    _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32, _mm_storeu_si128,
    _mm_unpackhi_epi64, _mm_unpacklo_epi64,
};

use crate::lane::{Block, K, State, even_groups};

/// A proof that the processor has the SHA extensions: there is no other way to make one than to ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShaNi(());

/// The state of one stream in the order that the instructions want.
#[derive(Clone, Copy)]
struct Halves {
    abef: __m128i,
    cdgh: __m128i,
}

impl ShaNi {
    /// The most streams that are interleaved.
    pub(crate) const STREAMS: usize = 4;

    pub(crate) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("sse2")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1");
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

#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
fn interleaved<const N: usize>(states: [&mut State; N], blocks: [&[Block]; N]) {
    let mut lanes: [Halves; N] = std::array::from_fn(|lane| load_state(states[lane]));
    for at in 0..blocks[0].len() {
        let before = lanes;
        let mut words: [[__m128i; 4]; N] = blocks.map(|blocks| load_block(&blocks[at]));
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
            lane.abef = _mm_add_epi32(lane.abef, before.abef);
            lane.cdgh = _mm_add_epi32(lane.cdgh, before.cdgh);
        }
    }
    for (state, lane) in states.into_iter().zip(lanes) {
        store_state(state, lane);
    }
}

/// Rounds `4 * four` to `4 * four + 3` of every stream (FIPS 180-4, section 6.2.2, step 3).
#[inline]
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
fn four_rounds<const N: usize>(four: usize, lanes: &mut [Halves; N], words: &[[__m128i; 4]; N]) {
    let [k0, k1, k2, k3] = std::array::from_fn(|round| K[4 * four + round].cast_signed());
    let constants = _mm_set_epi32(k3, k2, k1, k0);
    for (lane, words) in lanes.iter_mut().zip(words) {
        let sum = _mm_add_epi32(words[four % 4], constants);
        lane.cdgh = _mm_sha256rnds2_epu32(lane.cdgh, lane.abef, sum);
        lane.abef = _mm_sha256rnds2_epu32(lane.abef, lane.cdgh, _mm_shuffle_epi32::<0x0E>(sum));
    }
}

/// Replaces four words of every stream by those sixteen rounds later (FIPS 180-4, section 6.2.2, step 1).
#[inline]
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
fn schedule<const N: usize>(quarter: usize, words: &mut [[__m128i; 4]; N]) {
    for words in words {
        let [w0, w4, w8, w12] = std::array::from_fn(|ahead| words[(quarter + ahead) % 4]);
        let sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w4), _mm_alignr_epi8::<4>(w12, w8));
        words[quarter] = _mm_sha256msg2_epu32(sum, w12);
    }
}

/// The sixteen words of a block, each turned from big-endian order.
#[inline]
#[target_feature(enable = "sse2,ssse3")]
fn load_block(block: &Block) -> [__m128i; 4] {
    let turn = _mm_set_epi64x(0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203);
    let (quarters, _) = block.as_chunks::<16>();
    std::array::from_fn(|at| {
        let quarter: &[u8; 16] = &quarters[at];
        // SAFETY: the pointer is that of a reference to 16 bytes, and this load asks for no alignment.
        let words = unsafe { _mm_loadu_si128(quarter.as_ptr().cast()) };
        _mm_shuffle_epi8(words, turn)
    })
}

/// Loaded as two vectors and not word by word, also because of what a compiler makes of that which may use wider registers:
/// after a load of 32 bytes at once every instruction for SHA takes a hundred times as long.
#[inline]
#[target_feature(enable = "sse2")]
fn load_state(state: &State) -> Halves {
    let (fours, _) = state.as_chunks::<4>();
    let [dcba, hgfe] = [&fours[0], &fours[1]].map(|four: &[u32; 4]| {
        // SAFETY: the pointer is that of a reference to 16 bytes, and this load asks for no alignment.
        let words = unsafe { _mm_loadu_si128(four.as_ptr().cast()) };
        _mm_shuffle_epi32::<0x1B>(words)
    });
    Halves {
        abef: _mm_unpackhi_epi64(hgfe, dcba),
        cdgh: _mm_unpacklo_epi64(hgfe, dcba),
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn store_state(state: &mut State, Halves { abef, cdgh }: Halves) {
    let (fours, _) = state.as_chunks_mut::<4>();
    let vectors = [_mm_unpackhi_epi64(cdgh, abef), _mm_unpacklo_epi64(cdgh, abef)];
    for (four, vector) in fours.iter_mut().zip(vectors) {
        // SAFETY: the pointer is that of an exclusive reference to 16 bytes, and this store asks for no alignment.
        unsafe { _mm_storeu_si128(four.as_mut_ptr().cast(), _mm_shuffle_epi32::<0x1B>(vector)) }
    }
}
