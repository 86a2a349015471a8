//! The content and the sizes of the input: the same everywhere, from a fixed seed.

use std::io::{self, Read};

/// Any number would do; this one is in every published run.
pub(super) const SEED: u64 = 0x6174_7465_7374;

/// How the input comes about, for those who want the same bytes without this program.
pub(super) const DESCRIPTION: &str =
    "SplitMix64, little-endian words; file n of a scenario starts at output n of the generator with the seed";

/// How many parts the quantiles are counted in.
const WHOLE: u64 = 1_000_000;

/// The sizes of the files of a `node_modules` (vite, react, typescript, eslint, webpack and jest with what they need: 10286
/// files), as quantiles: this part of the files is no larger than that. Between two of them it is linear, which makes 12 kB on
/// average; the tree itself had 14 kB.
pub(super) const NODE_MODULES: [(u64, u64); 17] = [
    (0, 0),
    (10_000, 26),
    (50_000, 100),
    (100_000, 208),
    (250_000, 466),
    (500_000, 1_234),
    (750_000, 4_469),
    (900_000, 13_231),
    (950_000, 28_181),
    (970_000, 48_061),
    (980_000, 64_464),
    (990_000, 135_109),
    (995_000, 218_947),
    (998_000, 493_945),
    (999_500, 1_491_626),
    (999_800, 2_349_483),
    (WHOLE, 24_101_026),
];

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub(super) struct SplitMix64(u64);

impl SplitMix64 {
    /// The bytes of file number `file`.
    pub(super) fn of_file(file: u64) -> Self {
        let mut seeds = Self(SEED.wrapping_add(Self::STEP.wrapping_mul(file)));
        Self(seeds.next())
    }

    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Fills the buffer with whole words; the last one is cut off where the buffer ends.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// The bytes of a file, to be read: there is no end to how large it may be.
pub(super) struct Content {
    generator: SplitMix64,
    /// What was generated and not read yet: words are not cut.
    word: Vec<u8>,
    left: u64,
}

impl Content {
    pub(super) fn of_file(file: u64, size: u64) -> Self {
        Self {
            generator: SplitMix64::of_file(file),
            word: Vec::new(),
            left: size,
        }
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = (buffer.len() as u64).min(self.left) as usize;
        let buffer = &mut buffer[..wanted];
        let before = self.word.len().min(wanted);
        buffer[..before].copy_from_slice(&self.word[..before]);
        self.word.drain(..before);
        let words = (wanted - before) / 8 * 8;
        let (whole, rest) = buffer[before..].split_at_mut(words);
        self.generator.fill(whole);
        if !rest.is_empty() {
            self.word = self.generator.next().to_le_bytes().to_vec();
            rest.copy_from_slice(&self.word[..rest.len()]);
            self.word.drain(..rest.len());
        }
        self.left -= wanted as u64;
        Ok(wanted)
    }
}

/// The size of file number `file` of a tree like `node_modules`. The golden ratio spreads any number of files evenly over
/// the quantiles, small and large ones in turn, so that no luck decides how large the input is.
pub(super) fn mixed_size(file: u64) -> u64 {
    let fraction = file.wrapping_mul(SplitMix64::STEP) >> 32;
    let part = (fraction * WHOLE) >> 32;
    let above = NODE_MODULES.iter().position(|(quantile, _)| *quantile > part);
    let above = above.unwrap_or(NODE_MODULES.len() - 1).max(1);
    let ((from, smaller), (to, larger)) = (NODE_MODULES[above - 1], NODE_MODULES[above]);
    smaller + (larger - smaller) * (part - from) / (to - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The reference implementation's first outputs for the seed 1234567.
        let mut generator = SplitMix64(1_234_567);
        assert_eq!(generator.next(), 6_457_827_717_110_365_317);
        assert_eq!(generator.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn content_depends_on_the_file_and_not_on_how_it_is_read() {
        let mut whole = [0; 61];
        SplitMix64::of_file(3).fill(&mut whole);
        for part in [1, 3, 8, 13, 61, 100] {
            let mut content = Content::of_file(3, 61);
            let mut parts = Vec::new();
            let mut buffer = vec![0; part];
            while let Ok(read @ 1..) = content.read(&mut buffer) {
                parts.extend_from_slice(&buffer[..read]);
            }
            assert_eq!(parts, whole);
        }
        let mut other = [0; 61];
        SplitMix64::of_file(4).fill(&mut other);
        assert_ne!(whole, other);
    }

    #[test]
    fn sizes_are_those_of_a_node_modules() {
        let mut sizes: Vec<u64> = (0..10_000).map(mixed_size).collect();
        sizes.sort_unstable();
        assert!((1_150..1_320).contains(&sizes[5_000]), "{}", sizes[5_000]);
        assert!((12_500..14_000).contains(&sizes[9_000]), "{}", sizes[9_000]);
        let mean = sizes.iter().sum::<u64>() / 10_000;
        assert!((11_000..13_000).contains(&mean), "{mean}");
    }
}
