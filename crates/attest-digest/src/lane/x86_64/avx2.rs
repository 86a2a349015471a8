//! AVX2: eight streams, a word of each in one vector.
#![expect(
    unsafe_code,
    reason = "instructions that not every processor has, and loads and stores of 32 bytes"
)]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_loadu_si256, _mm256_or_si256, _mm256_set_epi64x,
    _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srli_epi32, _mm256_storeu_si256,
    _mm256_xor_si256,
};

use super::wide;
use crate::lane::{Block, State};

/// A proof that the processor has AVX2: there is no other way to make one than to ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The streams of one vector.
    pub(crate) const STREAMS: usize = 8;

    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Takes the blocks of every stream into its state.
    pub(crate) fn compress(self, states: &mut [&mut State], blocks: &[&[Block]]) {
        for (states, blocks) in states.chunks_mut(Self::STREAMS).zip(blocks.chunks(Self::STREAMS)) {
            // SAFETY: `self` was made by `detect`, which asked the processor for the feature that this is compiled for.
            unsafe { compress_vectors(states, blocks) }
        }
    }
}

// With sixteen registers the compiler has to choose anyway.
wide::rounds!("avx2", __m256i, Avx2::STREAMS, std::convert::identity);

#[inline]
#[target_feature(enable = "avx2")]
fn add(left: __m256i, right: __m256i) -> __m256i {
    _mm256_add_epi32(left, right)
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u32) -> __m256i {
    _mm256_set1_epi32(word.cast_signed())
}

/// `Ch` of FIPS 180-4, section 4.1.2.
#[inline]
#[target_feature(enable = "avx2")]
fn choose(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_xor_si256(z, _mm256_and_si256(x, _mm256_xor_si256(y, z)))
}

/// `Maj` of FIPS 180-4, section 4.1.2, so that the next round has the first difference of this one as its second.
#[inline]
#[target_feature(enable = "avx2")]
fn majority(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_xor_si256(y, _mm256_and_si256(_mm256_xor_si256(x, y), _mm256_xor_si256(y, z)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_xor_si256(_mm256_xor_si256(x, y), z)
}

/// Rotates to the right; the second number is 32 less the first.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate<const RIGHT: i32, const LEFT: i32>(x: __m256i) -> __m256i {
    const { assert!(RIGHT + LEFT == 32) };
    _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(x), _mm256_slli_epi32::<LEFT>(x))
}

/// `Σ0` of FIPS 180-4, section 4.1.2.
#[inline]
#[target_feature(enable = "avx2")]
fn upper_sigma0(x: __m256i) -> __m256i {
    xor(rotate::<2, 30>(x), rotate::<13, 19>(x), rotate::<22, 10>(x))
}

/// `Σ1` of FIPS 180-4, section 4.1.2.
#[inline]
#[target_feature(enable = "avx2")]
fn upper_sigma1(x: __m256i) -> __m256i {
    xor(rotate::<6, 26>(x), rotate::<11, 21>(x), rotate::<25, 7>(x))
}

/// `σ0` of FIPS 180-4, section 4.1.2.
#[inline]
#[target_feature(enable = "avx2")]
fn lower_sigma0(x: __m256i) -> __m256i {
    xor(rotate::<7, 25>(x), rotate::<18, 14>(x), _mm256_srli_epi32::<3>(x))
}

/// `σ1` of FIPS 180-4, section 4.1.2.
#[inline]
#[target_feature(enable = "avx2")]
fn lower_sigma1(x: __m256i) -> __m256i {
    xor(rotate::<17, 15>(x), rotate::<19, 13>(x), _mm256_srli_epi32::<10>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(words: &[u32; 8]) -> __m256i {
    // SAFETY: the pointer is that of a reference to 32 bytes, and this load asks for no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(vector: __m256i) -> [u32; 8] {
    let mut words = [0; 8];
    // SAFETY: the pointer is that of an exclusive reference to 32 bytes, and this store asks for no alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) }
    words
}

/// Turns every word from big-endian order.
#[inline]
#[target_feature(enable = "avx2")]
fn turn(words: __m256i) -> __m256i {
    let (high, low) = (0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203);
    _mm256_shuffle_epi8(words, _mm256_set_epi64x(high, low, high, low))
}
