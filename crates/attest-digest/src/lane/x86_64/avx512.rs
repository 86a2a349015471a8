//! AVX-512: sixteen streams, a word of each in one vector, or eight in half a vector. A processor that has two units for
//! whole vectors has three for half ones, so eight streams are better off there than in a vector that is half empty.
#![expect(
    unsafe_code,
    reason = "instructions that not every processor has, and loads and stores of 32 and 64 bytes"
)]

use crate::lane::{Block, State};

/// A proof that the processor has AVX-512: there is no other way to make one than to ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The streams of one vector.
    pub(crate) const STREAMS: usize = 16;

    /// The streams of half a vector.
    pub(crate) const HALF: usize = 8;

    pub(crate) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl");
        has_all.then_some(Self(()))
    }

    /// Takes the blocks of every stream into its state.
    pub(crate) fn compress(self, states: &mut [&mut State], blocks: &[&[Block]]) {
        for (states, blocks) in states.chunks_mut(Self::STREAMS).zip(blocks.chunks(Self::STREAMS)) {
            // SAFETY: `self` was made by `detect`, which asked the processor for every feature that these are compiled for.
            unsafe {
                match blocks.len() {
                    ..=Self::HALF => half::compress_vectors(states, blocks),
                    _ => whole::compress_vectors(states, blocks),
                }
            }
        }
    }
}

/// Writes what [`rounds`](super::wide::rounds) asks for, and these themselves, for vectors of one width.
macro_rules! vectors {
    (
        $features:literal, $vector:ident, $lanes:expr,
        $add:ident, $splat:ident, $ternary:ident, $rotate:ident, $shift:ident, $shuffle:ident,
        $load:ident, $store:ident, $every_quarter:ident
    ) => {
        use std::arch::x86_64::{
            _mm_set_epi64x, $add, $every_quarter, $load, $rotate, $shift, $shuffle, $splat, $store, $ternary, $vector,
        };

        use crate::lane::x86_64::wide;

        // Half of the registers would do for the schedule, and then all are busy: loads cost nothing beside the arithmetic.
        wide::rounds!($features, $vector, $lanes, std::hint::black_box);

        #[inline]
        #[target_feature(enable = $features)]
        fn add(left: $vector, right: $vector) -> $vector {
            $add(left, right)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn splat(word: u32) -> $vector {
            $splat(word.cast_signed())
        }

        /// `Ch` of FIPS 180-4, section 4.1.2, as a table of three inputs.
        #[inline]
        #[target_feature(enable = $features)]
        fn choose(x: $vector, y: $vector, z: $vector) -> $vector {
            $ternary::<0xCA>(x, y, z)
        }

        /// `Maj` of FIPS 180-4, section 4.1.2, as a table of three inputs.
        #[inline]
        #[target_feature(enable = $features)]
        fn majority(x: $vector, y: $vector, z: $vector) -> $vector {
            $ternary::<0xE8>(x, y, z)
        }

        /// Exclusive or, as a table of three inputs.
        #[inline]
        #[target_feature(enable = $features)]
        fn xor(x: $vector, y: $vector, z: $vector) -> $vector {
            $ternary::<0x96>(x, y, z)
        }

        /// `Σ0` of FIPS 180-4, section 4.1.2.
        #[inline]
        #[target_feature(enable = $features)]
        fn upper_sigma0(x: $vector) -> $vector {
            xor($rotate::<2>(x), $rotate::<13>(x), $rotate::<22>(x))
        }

        /// `Σ1` of FIPS 180-4, section 4.1.2.
        #[inline]
        #[target_feature(enable = $features)]
        fn upper_sigma1(x: $vector) -> $vector {
            xor($rotate::<6>(x), $rotate::<11>(x), $rotate::<25>(x))
        }

        /// `σ0` of FIPS 180-4, section 4.1.2.
        #[inline]
        #[target_feature(enable = $features)]
        fn lower_sigma0(x: $vector) -> $vector {
            xor($rotate::<7>(x), $rotate::<18>(x), $shift::<3>(x))
        }

        /// `σ1` of FIPS 180-4, section 4.1.2.
        #[inline]
        #[target_feature(enable = $features)]
        fn lower_sigma1(x: $vector) -> $vector {
            xor($rotate::<17>(x), $rotate::<19>(x), $shift::<10>(x))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn load(words: &[u32; $lanes]) -> $vector {
            // SAFETY: the pointer is that of a reference to as many bytes as a vector has, and this load asks for no alignment.
            unsafe { $load(words.as_ptr().cast()) }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn store(vector: $vector) -> [u32; $lanes] {
            let mut words = [0; $lanes];
            // SAFETY: the pointer is that of an exclusive reference to as many bytes as a vector has, and this store asks for
            // no alignment.
            unsafe { $store(words.as_mut_ptr().cast(), vector) }
            words
        }

        /// Turns every word from big-endian order.
        #[inline]
        #[target_feature(enable = $features)]
        fn turn(words: $vector) -> $vector {
            let quarter = _mm_set_epi64x(0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203);
            $shuffle(words, $every_quarter(quarter))
        }
    };
}

mod whole {
    vectors!(
        "avx512f,avx512bw",
        __m512i,
        super::Avx512::STREAMS,
        _mm512_add_epi32,
        _mm512_set1_epi32,
        _mm512_ternarylogic_epi32,
        _mm512_ror_epi32,
        _mm512_srli_epi32,
        _mm512_shuffle_epi8,
        _mm512_loadu_si512,
        _mm512_storeu_si512,
        _mm512_broadcast_i32x4
    );
}

mod half {
    vectors!(
        "avx512f,avx512bw,avx512vl",
        __m256i,
        super::Avx512::HALF,
        _mm256_add_epi32,
        _mm256_set1_epi32,
        _mm256_ternarylogic_epi32,
        _mm256_ror_epi32,
        _mm256_srli_epi32,
        _mm256_shuffle_epi8,
        _mm256_loadu_si256,
        _mm256_storeu_si256,
        _mm256_broadcast_i32x4
    );
}
