use std::io;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// How much is compressed at a time. Part of the format: another size makes other bytes.
pub(crate) const BLOCK: usize = 256 * 1024;

/// How far back deflate can refer (RFC 1951 section 2).
const WINDOW: usize = 32 * 1024;

const LEVEL: u32 = 6;

/// The compressor and its version, as `Cargo.lock` has it; a test compares the two.
pub(crate) const COMPRESSOR: &str = "zlib-rs 0.6.8 level 6, blocks of 262144 bytes";

/// The next piece of a stream, which can be compressed without the ones before.
pub(crate) struct Block {
    dictionary: Vec<u8>,
    data: Vec<u8>,
    last: bool,
}

/// A compressed piece. All of a stream's, one after the other, are one deflate stream (RFC 1951).
pub(crate) struct Deflated {
    pub(crate) bytes: Vec<u8>,
    pub(crate) crc: Crc,
    pub(crate) length: u64,
    pub(crate) last: bool,
}

impl Block {
    /// Compresses the piece. Its end is flushed to a byte boundary, so that the next can follow.
    ///
    /// Input and output are handed over whole, because zlib's output depends on how they are cut.
    pub(crate) fn deflate(self) -> io::Result<Deflated> {
        let mut compress = Compress::new(Compression::new(LEVEL), false);
        if !self.dictionary.is_empty() {
            compress.set_dictionary(&self.dictionary).map_err(io::Error::other)?;
        }
        let mut crc = Crc::new();
        crc.update(&self.data);
        let (flush, room) = match self.last {
            true => (FlushCompress::Finish, room_for(self.data.len())),
            false => (FlushCompress::Sync, room_for(BLOCK)),
        };
        let mut bytes = Vec::with_capacity(room);
        let status = compress
            .compress_vec(&self.data, &mut bytes, flush)
            .map_err(io::Error::other)?;
        let is_whole = compress.total_in() == self.data.len() as u64 && bytes.len() < bytes.capacity();
        if !is_whole || (self.last && status != Status::StreamEnd) {
            return Err(io::Error::other("deflate needed more room than it can"));
        }
        Ok(Deflated {
            bytes,
            crc,
            length: self.data.len() as u64,
            last: self.last,
        })
    }
}

/// More than deflate can make of `length` bytes: it stores what it cannot compress, five bytes for each stored block.
fn room_for(length: usize) -> usize {
    length + length / 8 + 1024
}

/// Cuts a stream into blocks, whatever the pieces in which it comes.
#[derive(Default)]
pub(crate) struct Cutter {
    data: Vec<u8>,
    dictionary: Vec<u8>,
}

impl Cutter {
    /// Takes bytes off the front of `bytes`. A block comes out when it is full and is not the last.
    pub(crate) fn take(&mut self, bytes: &mut &[u8]) -> Option<Block> {
        let (now, rest) = bytes.split_at(bytes.len().min(BLOCK - self.data.len()));
        self.data.extend_from_slice(now);
        *bytes = rest;
        match rest.is_empty() {
            true => None,
            false => Some(self.cut(false)),
        }
    }

    /// The last block, which may be empty, and the start of another stream.
    pub(crate) fn finish(&mut self) -> Block {
        let block = self.cut(true);
        self.dictionary.clear();
        block
    }

    fn cut(&mut self, last: bool) -> Block {
        let data = std::mem::take(&mut self.data);
        let tail = data[data.len().saturating_sub(WINDOW)..].to_vec();
        let dictionary = std::mem::replace(&mut self.dictionary, tail);
        if !last {
            self.data.reserve_exact(BLOCK);
        }
        Block { dictionary, data, last }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<Block> {
        let mut cutter = Cutter::default();
        let mut blocks = Vec::new();
        for piece in pieces {
            let mut piece = *piece;
            while let Some(block) = cutter.take(&mut piece) {
                blocks.push(block);
            }
        }
        blocks.push(cutter.finish());
        blocks
    }

    fn stream(pieces: &[&[u8]]) -> Vec<u8> {
        cut(pieces)
            .into_iter()
            .flat_map(|block| block.deflate().unwrap().bytes)
            .collect()
    }

    /// Bytes that repeat now and then, from a seed.
    fn noise(length: usize, seed: u64, mask: u8) -> Vec<u8> {
        let mut state = seed | 1;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8 & mask
        })
        .take(length)
        .collect()
    }

    fn inflate(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::DeflateDecoder::new(bytes)
            .read_to_end(&mut plain)
            .unwrap();
        plain
    }

    #[test]
    fn blocks_are_full_up_to_the_last_which_is_never_empty_needlessly() {
        for (length, blocks) in [
            (0, 1),
            (1, 1),
            (BLOCK - 1, 1),
            (BLOCK, 1),
            (BLOCK + 1, 2),
            (2 * BLOCK, 2),
        ] {
            let cut = cut(&[&noise(length, 3, 255)]);
            assert_eq!(cut.len(), blocks, "{length}");
            assert_eq!(cut.iter().filter(|block| block.last).count(), 1);
        }
    }

    #[test]
    fn incompressible_and_empty_streams_come_back() {
        for length in [0, 1, BLOCK, 3 * BLOCK + 17] {
            let plain = noise(length, 9, 255);
            assert_eq!(inflate(&stream(&[&plain])), plain);
        }
    }

    #[test]
    fn a_block_refers_back_into_the_one_before() {
        let plain = noise(BLOCK, 5, 255);
        let again = &plain[BLOCK - WINDOW / 2..];
        let alone = stream(&[again]).len();
        let after = stream(&[&plain, again]).len() - stream(&[&plain]).len();
        assert!(after * 10 < alone, "{after} {alone}");
    }

    #[test]
    fn the_named_compressor_is_the_one_in_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        let (_, after) = lock.split_once("name = \"zlib-rs\"\nversion = \"").unwrap();
        let version = after.split('"').next().unwrap();
        assert_eq!(
            COMPRESSOR,
            format!("zlib-rs {version} level {LEVEL}, blocks of {BLOCK} bytes")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_pieces_that_come_do_not_matter(
            length in 0..3 * BLOCK,
            seed: u64,
            cuts in prop::collection::vec(0..3 * BLOCK, 0..6),
        ) {
            let plain = noise(length, seed, 15);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(length)).chain([0, length]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &plain[pair[0]..pair[1]]).collect();
            let whole = stream(&[&plain]);
            prop_assert_eq!(&stream(&pieces), &whole);
            prop_assert_eq!(inflate(&whole), plain);
        }
    }
}
