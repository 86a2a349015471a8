use super::Mutant;

/// Numbers that follow from a seed, and look like none (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % limit.max(1) as u64).unwrap_or_default()
    }

    /// A byte with one bit flipped.
    pub(super) fn flip(&mut self, byte: &mut u8) {
        *byte ^= 1 << self.below(8);
    }

    /// A document with one random wound.
    pub(super) fn spoil(&mut self, original: &[u8]) -> Mutant {
        let mut bytes = original.to_vec();
        let place = self.below(bytes.len());
        let what = match self.below(6) {
            0 => {
                bytes.truncate(place);
                "cut"
            }
            1 => {
                bytes.remove(place);
                "byte removed"
            }
            2 => {
                bytes.insert(place, b"\"{}[]:,0 \\\0\xff"[self.below(12)]);
                "byte inserted"
            }
            3 => {
                let length = 1 + self.below(64);
                let end = (place + length).min(bytes.len());
                let part = bytes[place..end].to_vec();
                bytes.splice(place..place, part);
                "part repeated"
            }
            4 => {
                let other = self.below(bytes.len());
                bytes.swap(place, other);
                "bytes exchanged"
            }
            _ => {
                self.flip(&mut bytes[place]);
                "bit flipped"
            }
        };
        Mutant {
            what: format!("{what} at byte {place}"),
            bytes,
        }
    }
}
