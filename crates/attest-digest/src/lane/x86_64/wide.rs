//! What the lanes of wide vectors have in common: every vector holds one word of each of several streams, and the rounds
//! are the text of the standard, word by word.
//!
//! A macro and not a generic function: what is written here has to be compiled for the features of each lane.

/// Writes `compress_vectors`, for the features and with the vector operations of the module that calls it.
macro_rules! rounds {
    ($features:literal, $vector:ty, $lanes:expr) => {
        /// Takes the blocks of up to that many streams into their states. Lanes without a stream work on the first one's
        /// blocks for nothing.
        #[target_feature(enable = $features)]
        fn compress_vectors(states: &mut [&mut $crate::lane::State], blocks: &[&[$crate::lane::Block]]) {
            let streams: [&[$crate::lane::Block]; $lanes] =
                std::array::from_fn(|lane| *blocks.get(lane).unwrap_or(&blocks[0]));
            let mut vectors: [$vector; 8] = std::array::from_fn(|word| {
                load(&std::array::from_fn(|lane| {
                    states.get(lane).map_or(0, |state| state[word])
                }))
            });
            for at in 0..blocks[0].len() {
                let mut words = load_blocks(&streams.map(|stream| &stream[at]));
                let before = vectors;
                vectors = sixteen_rounds(0, vectors, &words);
                for sixteen in 1..4 {
                    schedule(&mut words);
                    vectors = sixteen_rounds(16 * sixteen, vectors, &words);
                }
                vectors = std::array::from_fn(|word| add(vectors[word], before[word]));
            }
            for (word, vector) in vectors.into_iter().enumerate() {
                let found = store(vector);
                for (state, value) in states.iter_mut().zip(found) {
                    state[word] = value;
                }
            }
        }

        /// Sixteen rounds (FIPS 180-4, section 6.2.2, step 3).
        #[inline]
        #[target_feature(enable = $features)]
        fn sixteen_rounds(first: usize, vectors: [$vector; 8], words: &[$vector; 16]) -> [$vector; 8] {
            let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = vectors;
            for round in 0..16 {
                let constant = splat($crate::lane::K[first + round]);
                let t1 = add(
                    add(h, add(words[round], constant)),
                    add(choose(e, f, g), upper_sigma1(e)),
                );
                let t2 = add(upper_sigma0(a), majority(a, b, c));
                (h, g, f, e, d, c, b, a) = (g, f, e, add(d, t1), c, b, a, add(t1, t2));
            }
            [a, b, c, d, e, f, g, h]
        }

        /// The next sixteen words (FIPS 180-4, section 6.2.2, step 1).
        #[inline]
        #[target_feature(enable = $features)]
        fn schedule(words: &mut [$vector; 16]) {
            for at in 0..16 {
                let (w1, w9, w14) = (words[(at + 1) % 16], words[(at + 9) % 16], words[(at + 14) % 16]);
                words[at] = add(add(words[at], lower_sigma0(w1)), add(w9, lower_sigma1(w14)));
            }
        }
    };
}

pub(super) use rounds;
