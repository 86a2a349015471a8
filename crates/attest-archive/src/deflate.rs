use std::cell::RefCell;
use std::io;

use flate2::Crc;
use libdeflater::{CompressionLvl, Compressor};

use crate::last_block::{LastBlock, NotDeflate, last_block};

/// How much is compressed at a time. Part of the format: another size makes other bytes.
///
/// Nothing refers back over a cut, which costs about 0.3 % of the size; larger blocks cost memory for each thread.
pub(crate) const BLOCK: usize = 512 * 1024;

const LEVEL: i32 = 6;

/// The memory that each thread takes: tables for matches, and the blocks that wait for it or come from it.
pub(crate) const MEMORY: usize = 4 * 1024 * 1024;

/// The compressor and its version, as `Cargo.lock` has it; a test compares the two.
pub(crate) const COMPRESSOR: &str = "libdeflate 1.26 (libdeflate-sys 1.26.1) level 6, blocks of 524288 bytes";

/// A deflate block without content that ends at a byte boundary (RFC 1951 section 3.2.4), but for its first three bits.
const EMPTY_STORED: [u8; 4] = [0, 0, 0xff, 0xff];

/// The next piece of a stream.
pub(crate) struct Block {
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
    /// Compresses the piece. Its end is at a byte boundary, so that the next can follow.
    pub(crate) fn deflate(self) -> io::Result<Deflated> {
        let mut bytes = DEFLATER.with_borrow_mut(|deflater| deflater.deflate(&self.data))?;
        if !self.last {
            open_end(&mut bytes).map_err(io::Error::other)?;
        }
        let mut crc = Crc::new();
        crc.update(&self.data);
        Ok(Deflated {
            bytes,
            crc,
            length: self.data.len() as u64,
            last: self.last,
        })
    }
}

thread_local! {
    /// One for each thread: making one takes as long as compressing a small file. It keeps nothing from piece to piece.
    static DEFLATER: RefCell<Deflater> = RefCell::new(Deflater::new());
}

struct Deflater {
    compressor: Compressor,
    room: Vec<u8>,
}

impl Deflater {
    fn new() -> Self {
        let level = CompressionLvl::new(LEVEL).expect("levels 0 to 12 are known");
        Self {
            compressor: Compressor::new(level),
            room: Vec::new(),
        }
    }

    /// A whole deflate stream.
    fn deflate(&mut self, data: &[u8]) -> io::Result<Vec<u8>> {
        let bound = self.compressor.deflate_compress_bound(data.len());
        if self.room.len() < bound {
            self.room.resize(bound, 0);
        }
        let length = self
            .compressor
            .deflate_compress(data, &mut self.room)
            .map_err(io::Error::other)?;
        Ok(self.room[..length].to_vec())
    }
}

/// Turns a whole stream into one that goes on: its last block is not the last, and ends at a byte boundary.
fn open_end(stream: &mut Vec<u8>) -> Result<(), NotDeflate> {
    let LastBlock { mark, end } = last_block(stream)?;
    stream[mark / 8] &= !(1 << (mark % 8));
    let free = stream.len() * 8 - end;
    if free == 0 {
        return Ok(());
    }
    // Three zero bits begin the empty block; they are in the last byte if it has room.
    if free < 3 {
        stream.push(0);
    }
    stream.extend_from_slice(&EMPTY_STORED);
    Ok(())
}

/// Cuts a stream into blocks, whatever the pieces in which it comes.
#[derive(Default)]
pub(crate) struct Cutter {
    data: Vec<u8>,
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
        self.cut(true)
    }

    fn cut(&mut self, last: bool) -> Block {
        let data = std::mem::take(&mut self.data);
        if !last {
            self.data.reserve_exact(BLOCK);
        }
        Block { data, last }
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

    fn whole(plain: &[u8]) -> Vec<u8> {
        Deflater::new().deflate(plain).unwrap()
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

    /// What each libdeflate stream becomes, inflated by one decoder that stops at the first end.
    #[test]
    fn each_kind_of_last_block_is_opened() {
        let text = b"one two three, one two three, ".repeat(9);
        let kinds: [(&str, Vec<u8>); 4] = [
            ("stored", noise(100_000, 1, 255)),
            (
                "fixed",
                b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec(),
            ),
            ("dynamic", noise(100_000, 1, 15)),
            ("text", text),
        ];
        for (first, plain) in &kinds {
            for (second, after) in &kinds {
                let mut stream = whole(plain);
                open_end(&mut stream).unwrap();
                assert!(stream.len() <= whole(plain).len() + 5, "{first}");
                stream.extend(whole(after));
                assert!(inflate(&stream) == [&plain[..], after].concat(), "{first} {second}");
            }
        }
    }

    #[test]
    fn what_is_no_stream_is_not_opened() {
        let mut stream = whole(&noise(5000, 1, 15));
        stream.push(0);
        assert_eq!(open_end(&mut stream), Err(NotDeflate::Trailing));
        stream.truncate(stream.len() - 2);
        assert_eq!(open_end(&mut stream), Err(NotDeflate::Truncated));
    }

    #[test]
    fn a_deflater_keeps_nothing_from_piece_to_piece() {
        let mut used = Deflater::new();
        for (length, mask) in [(BLOCK, 3), (100, 255), (70_000, 15), (BLOCK, 1), (5000, 7)] {
            let plain = noise(length, 11, mask);
            assert!(
                used.deflate(&plain).unwrap() == Deflater::new().deflate(&plain).unwrap(),
                "{length}"
            );
        }
    }

    #[test]
    fn the_named_compressor_is_the_one_in_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        let (_, after) = lock.split_once("name = \"libdeflate-sys\"\nversion = \"").unwrap();
        let version = after.split('"').next().unwrap();
        assert_eq!(
            COMPRESSOR,
            format!("libdeflate 1.26 (libdeflate-sys {version}) level {LEVEL}, blocks of {BLOCK} bytes")
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
