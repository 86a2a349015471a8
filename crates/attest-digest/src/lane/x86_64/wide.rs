//! What the lanes of wide vectors have in common: every vector holds one word of each of several streams, and the rounds
//! are the text of the standard, word by word.
//!
//! Rounds are arithmetic alone, and leave the units for loads and stores idle. So the next block of every lane is copied
//! during the first 48 rounds, word by word, to where words of one place in their blocks lie side by side, and the last
//! sixteen, which need no schedule, load it from there.
//!
//! A macro and not a generic function: what is written here has to be compiled for the features of each lane.

/// Calls a function for each of sixteen rounds in a row, with the round as its constant parameter. Written out, because the
/// places of the words in the vectors are to be known when this is compiled, and compilers do not unroll that far.
macro_rules! sixteen {
    ($round:ident($($argument:expr),*)) => {
        $round::<0>($($argument),*);
        $round::<1>($($argument),*);
        $round::<2>($($argument),*);
        $round::<3>($($argument),*);
        $round::<4>($($argument),*);
        $round::<5>($($argument),*);
        $round::<6>($($argument),*);
        $round::<7>($($argument),*);
        $round::<8>($($argument),*);
        $round::<9>($($argument),*);
        $round::<10>($($argument),*);
        $round::<11>($($argument),*);
        $round::<12>($($argument),*);
        $round::<13>($($argument),*);
        $round::<14>($($argument),*);
        $round::<15>($($argument),*);
    };
}

/// Writes `compress_vectors`, for the features and with the vector operations of the module that calls it. The words of the
/// schedule go through `keep` between every sixteen rounds: an identity that says whether the compiler may try to have them in
/// registers.
macro_rules! rounds {
    ($features:literal, $vector:ty, $lanes:expr, $keep:path) => {
        /// After how many rounds the next lane is copied: all of them in the first 48.
        const PACE: usize = 48 / $lanes;

        /// The lanes that are copied in sixteen rounds.
        const SHARE: usize = 16_usize.div_ceil(PACE);

        /// The next block of every lane, in the order of bytes that it came in: word `i` of all of them in row `i`.
        #[repr(align(64))]
        struct Stage([[u32; $lanes]; 16]);

        /// The sixteen words that the schedule goes on from.
        type Words = [$vector; 16];

        /// The blocks of every lane.
        type Streams<'a> = [&'a [$crate::lane::Block]; $lanes];

        /// Takes the blocks of up to that many streams into their states. Lanes without a stream work on the first one's
        /// blocks for nothing.
        #[target_feature(enable = $features)]
        pub(super) fn compress_vectors(states: &mut [&mut $crate::lane::State], blocks: &[&[$crate::lane::Block]]) {
            let streams: Streams = std::array::from_fn(|lane| *blocks.get(lane).unwrap_or(&blocks[0]));
            let mut vectors: [$vector; 8] = std::array::from_fn(|word| {
                load(&std::array::from_fn(|lane| {
                    states.get(lane).map_or(0, |state| state[word])
                }))
            });
            let mut stage = Stage([[0; $lanes]; 16]);
            if let Some(last) = blocks[0].len().checked_sub(1) {
                (0..$lanes).for_each(|lane| copy(&streams, lane, 0, &mut stage));
                let mut words: Words = std::array::from_fn(|word| turn(load(&stage.0[word])));
                for at in 0..=last {
                    // The last block is copied once more for nothing.
                    let next = last.min(at + 1);
                    vectors = block(vectors, &mut words, &mut stage, &streams, next);
                }
            }
            for (word, vector) in vectors.into_iter().enumerate() {
                let found = store(vector);
                for (state, value) in states.iter_mut().zip(found) {
                    state[word] = value;
                }
            }
        }

        /// Takes the words of one block of every lane, and replaces them by those of block `next`.
        #[inline]
        #[target_feature(enable = $features)]
        fn block(
            before: [$vector; 8],
            words: &mut Words,
            stage: &mut Stage,
            streams: &Streams,
            next: usize,
        ) -> [$vector; 8] {
            let mut vectors = before;
            for sixteen in 0..3 {
                let words = $keep(&mut *words);
                wide::sixteen!(copied_round(sixteen, &mut vectors, words, streams, next, stage));
            }
            wide::sixteen!(last_round(&mut vectors, words, stage));
            std::array::from_fn(|word| add(vectors[word], before[word]))
        }

        /// One of the first 48 rounds, the word of the schedule sixteen rounds later, and a share of the copying.
        #[inline]
        #[target_feature(enable = $features)]
        fn copied_round<const ROUND: usize>(
            sixteen: usize,
            vectors: &mut [$vector; 8],
            words: &mut Words,
            streams: &Streams,
            next: usize,
            stage: &mut Stage,
        ) {
            let lane = SHARE * sixteen + ROUND / PACE;
            if ROUND.is_multiple_of(PACE) && lane < $lanes {
                copy(streams, lane, next, stage);
            }
            round::<ROUND>(vectors, words[ROUND], $crate::lane::K[16 * sixteen + ROUND]);
            schedule::<ROUND>(words);
        }

        /// One of the last sixteen rounds; the word that it took is replaced by that of the next block.
        #[inline]
        #[target_feature(enable = $features)]
        fn last_round<const ROUND: usize>(vectors: &mut [$vector; 8], words: &mut Words, stage: &Stage) {
            round::<ROUND>(vectors, words[ROUND], $crate::lane::K[48 + ROUND]);
            words[ROUND] = turn(load(&stage.0[ROUND]));
        }

        /// Copies a block of one lane.
        #[inline]
        #[target_feature(enable = $features)]
        fn copy(streams: &Streams, lane: usize, at: usize, stage: &mut Stage) {
            let (words, _) = streams[lane][at].as_chunks::<4>();
            for (row, word) in stage.0.iter_mut().zip(words) {
                row[lane] = u32::from_ne_bytes(*word);
            }
        }

        /// A round (FIPS 180-4, section 6.2.2, step 3). The words from `a` to `h` are not moved: each of eight rounds finds
        /// them one place further back.
        #[inline]
        #[target_feature(enable = $features)]
        fn round<const ROUND: usize>(vectors: &mut [$vector; 8], word: $vector, constant: u32) {
            let [a, b, c, d, e, f, g, h] = const { $crate::lane::x86_64::wide::places(ROUND) };
            let t1 = add(
                add(
                    add(vectors[h], add(word, splat(constant))),
                    choose(vectors[e], vectors[f], vectors[g]),
                ),
                upper_sigma1(vectors[e]),
            );
            let t2 = add(
                upper_sigma0(vectors[a]),
                majority(vectors[a], vectors[b], vectors[c]),
            );
            vectors[d] = add(vectors[d], t1);
            vectors[h] = add(t1, t2);
        }

        /// Replaces a word by that of sixteen rounds later (FIPS 180-4, section 6.2.2, step 1).
        #[inline]
        #[target_feature(enable = $features)]
        fn schedule<const ROUND: usize>(words: &mut Words) {
            let [w1, w9, w14] = [1, 9, 14].map(|ahead| words[(ROUND + ahead) % 16]);
            words[ROUND] = add(add(add(words[ROUND], w9), lower_sigma0(w1)), lower_sigma1(w14));
        }
    };
}

/// Where the words from `a` to `h` are in a round.
pub(super) const fn places(round: usize) -> [usize; 8] {
    let mut places = [0; 8];
    let mut word = 0;
    while word < 8 {
        places[word] = (word + 16 - round) % 8;
        word += 1;
    }
    places
}

pub(super) use {rounds, sixteen};
