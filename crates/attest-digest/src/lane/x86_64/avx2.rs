//! AVX2: eight streams, a word of each in one vector.
#![expect(
    unsafe_code,
    reason = "instructions that not every processor has, and loads and stores of 32 bytes"
)]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_loadu_si256, _mm256_or_si256, _mm256_permute2x128_si256,
    _mm256_set_epi64x, _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srli_epi32,
    _mm256_storeu_si256, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
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

wide::rounds!("avx2", __m256i, Avx2::STREAMS);

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

/// Word `i` of every block in vector `i`, each turned from big-endian order.
#[inline]
#[target_feature(enable = "avx2")]
fn load_blocks(blocks: &[&Block; 8]) -> [__m256i; 16] {
    let mut words = [splat(0); 16];
    for (half, words) in words.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        for (row, block) in words.iter_mut().zip(blocks) {
            *row = load_half(&block.as_chunks().0[half]);
        }
        *words = transpose(*words);
    }
    words
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_half(half: &[u8; 32]) -> __m256i {
    let (high, low) = (0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203);
    // SAFETY: the pointer is that of a reference to 32 bytes, and this load asks for no alignment.
    let bytes = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
    _mm256_shuffle_epi8(bytes, _mm256_set_epi64x(high, low, high, low))
}

/// Columns for rows: in quarters of four rows and four columns first, then these quarters.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(mut rows: [__m256i; 8]) -> [__m256i; 8] {
    for four in rows.as_chunks_mut::<4>().0 {
        let [r0, r1, r2, r3] = *four;
        let (low01, high01) = (_mm256_unpacklo_epi32(r0, r1), _mm256_unpackhi_epi32(r0, r1));
        let (low23, high23) = (_mm256_unpacklo_epi32(r2, r3), _mm256_unpackhi_epi32(r2, r3));
        *four = [
            _mm256_unpacklo_epi64(low01, low23),
            _mm256_unpackhi_epi64(low01, low23),
            _mm256_unpacklo_epi64(high01, high23),
            _mm256_unpackhi_epi64(high01, high23),
        ];
    }
    let mut columns = rows;
    for column in 0..4 {
        let (upper, lower) = (rows[column], rows[4 + column]);
        columns[column] = _mm256_permute2x128_si256::<0x20>(upper, lower);
        columns[4 + column] = _mm256_permute2x128_si256::<0x31>(upper, lower);
    }
    columns
}
