//! SHA-256 (FIPS 180-4) around the lanes: what begins, pads and ends a stream whose blocks a [`Platform`] compresses.

use crate::Platform;
use crate::lane::{BLOCK, State};

/// The state before the first block (FIPS 180-4, section 5.3.3).
pub(crate) const INITIAL: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The most bytes that padding adds: a whole block, and a length that did not fit into the last one.
pub(crate) const PADDING: usize = BLOCK + 8;

/// The digest that a last state stands for (FIPS 180-4, section 6.2.2).
pub(crate) fn digest_of(state: &State) -> [u8; 32] {
    let mut digest = [0; 32];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

/// Pads a message of `total` bytes whose last ones, less than a block, are `bytes[..rest]`, and says where the padding ends
/// (FIPS 180-4, section 5.1.1).
pub(crate) fn pad(bytes: &mut [u8], rest: usize, total: u64) -> usize {
    let end = (rest + 9).next_multiple_of(BLOCK);
    bytes[rest] = 0x80;
    bytes[rest + 1..end - 8].fill(0);
    bytes[end - 8..end].copy_from_slice(&(total << 3).to_be_bytes());
    end
}

/// One stream, taken in pieces of any length.
#[derive(Clone)]
pub(crate) struct Sha256 {
    platform: Platform,
    state: State,
    total: u64,
    rest: [u8; BLOCK],
}

impl Sha256 {
    pub(crate) fn new(platform: Platform) -> Self {
        Self::after(platform, INITIAL, 0)
    }

    /// Goes on after `total` bytes, whole blocks, that led to `state`.
    pub(crate) fn after(platform: Platform, state: State, total: u64) -> Self {
        debug_assert!(total.is_multiple_of(BLOCK as u64), "only whole blocks lead to a state");
        Self {
            platform,
            state,
            total,
            rest: [0; BLOCK],
        }
    }

    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        let begun = self.begun();
        self.total += bytes.len() as u64;
        if begun > 0 {
            let (first, others) = bytes.split_at(bytes.len().min(BLOCK - begun));
            self.rest[begun..][..first.len()].copy_from_slice(first);
            bytes = others;
            if begun + first.len() < BLOCK {
                return;
            }
            let block = self.rest;
            self.compress(&block);
        }
        let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % BLOCK);
        self.compress(whole);
        self.rest[..rest.len()].copy_from_slice(rest);
    }

    pub(crate) fn finish(mut self) -> [u8; 32] {
        let mut last = [0; 2 * BLOCK];
        let begun = self.begun();
        last[..begun].copy_from_slice(&self.rest[..begun]);
        let end = pad(&mut last, begun, self.total);
        self.compress(&last[..end]);
        digest_of(&self.state)
    }

    /// The bytes of the block that is begun.
    fn begun(&self) -> usize {
        (self.total % BLOCK as u64) as usize
    }

    fn compress(&mut self, blocks: &[u8]) {
        if !blocks.is_empty() {
            self.platform.compress(&mut [&mut self.state], &[blocks]);
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::*;

    #[test]
    fn every_length_in_pieces_of_every_size_is_what_the_reference_says() {
        let bytes: Vec<u8> = (0..300).map(|place| (place * 7 % 251) as u8).collect();
        for platform in Platform::available() {
            for len in 0..bytes.len() {
                let expected: [u8; 32] = sha2::Sha256::digest(&bytes[..len]).into();
                for piece in [1, 3, 55, 63, 64, 65, 128, 300] {
                    let mut stream = Sha256::new(platform);
                    bytes[..len].chunks(piece).for_each(|piece| stream.update(piece));
                    assert_eq!(stream.finish(), expected, "{platform}, {len} bytes by {piece}");
                }
            }
        }
    }
}
