//! AVX-512: sixteen streams, a word of each in one vector.
#![expect(
    unsafe_code,
    reason = "instructions that not every processor has, and loads and stores of 64 bytes"
)]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_loadu_si512, _mm512_ror_epi32, _mm512_set_epi64, _mm512_set1_epi32,
    _mm512_shuffle_epi8, _mm512_shuffle_i32x4, _mm512_srli_epi32, _mm512_storeu_si512, _mm512_ternarylogic_epi32,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::wide;
use crate::lane::{Block, State};

/// A proof that the processor has AVX-512: there is no other way to make one than to ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The streams of one vector.
    pub(crate) const STREAMS: usize = 16;

    pub(crate) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        has_all.then_some(Self(()))
    }

    /// Takes the blocks of every stream into its state.
    pub(crate) fn compress(self, states: &mut [&mut State], blocks: &[&[Block]]) {
        for (states, blocks) in states.chunks_mut(Self::STREAMS).zip(blocks.chunks(Self::STREAMS)) {
            // SAFETY: `self` was made by `detect`, which asked the processor for every feature that this is compiled for.
            unsafe { compress_vectors(states, blocks) }
        }
    }
}

wide::rounds!("avx512f,avx512bw", __m512i, Avx512::STREAMS);

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn add(left: __m512i, right: __m512i) -> __m512i {
    _mm512_add_epi32(left, right)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn splat(word: u32) -> __m512i {
    _mm512_set1_epi32(word.cast_signed())
}

/// `Ch` of FIPS 180-4, section 4.1.2, as a table of three inputs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn choose(x: __m512i, y: __m512i, z: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0xCA>(x, y, z)
}

/// `Maj` of FIPS 180-4, section 4.1.2, as a table of three inputs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn majority(x: __m512i, y: __m512i, z: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0xE8>(x, y, z)
}

/// Exclusive or, as a table of three inputs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn xor(x: __m512i, y: __m512i, z: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0x96>(x, y, z)
}

/// `Σ0` of FIPS 180-4, section 4.1.2.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn upper_sigma0(x: __m512i) -> __m512i {
    xor(
        _mm512_ror_epi32::<2>(x),
        _mm512_ror_epi32::<13>(x),
        _mm512_ror_epi32::<22>(x),
    )
}

/// `Σ1` of FIPS 180-4, section 4.1.2.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn upper_sigma1(x: __m512i) -> __m512i {
    xor(
        _mm512_ror_epi32::<6>(x),
        _mm512_ror_epi32::<11>(x),
        _mm512_ror_epi32::<25>(x),
    )
}

/// `σ0` of FIPS 180-4, section 4.1.2.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn lower_sigma0(x: __m512i) -> __m512i {
    xor(
        _mm512_ror_epi32::<7>(x),
        _mm512_ror_epi32::<18>(x),
        _mm512_srli_epi32::<3>(x),
    )
}

/// `σ1` of FIPS 180-4, section 4.1.2.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn lower_sigma1(x: __m512i) -> __m512i {
    xor(
        _mm512_ror_epi32::<17>(x),
        _mm512_ror_epi32::<19>(x),
        _mm512_srli_epi32::<10>(x),
    )
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load(words: &[u32; 16]) -> __m512i {
    // SAFETY: the pointer is that of a reference to 64 bytes, and this load asks for no alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn store(vector: __m512i) -> [u32; 16] {
    let mut words = [0; 16];
    // SAFETY: the pointer is that of an exclusive reference to 64 bytes, and this store asks for no alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) }
    words
}

/// Word `i` of every block in vector `i`, each turned from big-endian order.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_blocks(blocks: &[&Block; 16]) -> [__m512i; 16] {
    let (high, low) = (0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203);
    let turn = _mm512_set_epi64(high, low, high, low, high, low, high, low);
    let mut rows = [splat(0); 16];
    for (row, block) in rows.iter_mut().zip(blocks) {
        // SAFETY: the pointer is that of a reference to a block of 64 bytes, and this load asks for no alignment.
        let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
        *row = _mm512_shuffle_epi8(bytes, turn);
    }
    transpose(rows)
}

/// Columns for rows: in quarters of four rows and four columns first, then these quarters.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn transpose(mut rows: [__m512i; 16]) -> [__m512i; 16] {
    for four in rows.as_chunks_mut::<4>().0 {
        let [r0, r1, r2, r3] = *four;
        let (low01, high01) = (_mm512_unpacklo_epi32(r0, r1), _mm512_unpackhi_epi32(r0, r1));
        let (low23, high23) = (_mm512_unpacklo_epi32(r2, r3), _mm512_unpackhi_epi32(r2, r3));
        *four = [
            _mm512_unpacklo_epi64(low01, low23),
            _mm512_unpackhi_epi64(low01, low23),
            _mm512_unpacklo_epi64(high01, high23),
            _mm512_unpackhi_epi64(high01, high23),
        ];
    }
    let mut columns = rows;
    for column in 0..4 {
        let [q0, q1, q2, q3] = std::array::from_fn(|quarter| rows[4 * quarter + column]);
        let (even01, odd01) = (
            _mm512_shuffle_i32x4::<0x88>(q0, q1),
            _mm512_shuffle_i32x4::<0xDD>(q0, q1),
        );
        let (even23, odd23) = (
            _mm512_shuffle_i32x4::<0x88>(q2, q3),
            _mm512_shuffle_i32x4::<0xDD>(q2, q3),
        );
        columns[column] = _mm512_shuffle_i32x4::<0x88>(even01, even23);
        columns[4 + column] = _mm512_shuffle_i32x4::<0x88>(odd01, odd23);
        columns[8 + column] = _mm512_shuffle_i32x4::<0xDD>(even01, even23);
        columns[12 + column] = _mm512_shuffle_i32x4::<0xDD>(odd01, odd23);
    }
    columns
}
