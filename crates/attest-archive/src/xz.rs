use std::io::{self, Write};
use std::num::NonZeroUsize;

use liblzma::stream::{Check, Filters, LzmaOptions, MtStreamBuilder};
use liblzma::write::XzEncoder;

use crate::Format;
use crate::fixed_blocks::FixedBlocks;

const LEVEL: u32 = 6;

/// How far back a match can be. Half of what the level has: it is what memory goes by, eleven times this for each thread.
const DICTIONARY: u32 = 4 * 1024 * 1024;

/// What one thread compresses at a time. Part of the format: another size makes other bytes.
const BLOCK: u64 = 8 * 1024 * 1024;

/// What is handed to the library at a time.
const PIECE: usize = 128 * 1024;

/// The memory that each thread takes: tables for matches, a block and what becomes of it.
pub(crate) const MEMORY: usize = 64 * 1024 * 1024;

/// The compressor and its version, as `Cargo.lock` has it; a test compares the two.
pub(crate) const COMPRESSOR: &str =
    "liblzma 5.8.4 (liblzma-sys 0.4.9) level 6, dictionary of 4194304 bytes, blocks of 8388608 bytes";

/// Writes one xz stream with a CRC64 for each block.
///
/// The library cuts the input into blocks of one size and compresses them on its own threads. It does so for one thread too,
/// so that the bytes do not depend on how many there are.
pub(crate) struct XzWriter<W: Write>(FixedBlocks<XzEncoder<W>>);

impl<W: Write> XzWriter<W> {
    pub(crate) fn new(inner: W, threads: NonZeroUsize) -> io::Result<Self> {
        let mut options = LzmaOptions::new_preset(LEVEL)?;
        options.dict_size(DICTIONARY);
        let mut filters = Filters::new();
        filters.lzma2(&options);
        let stream = MtStreamBuilder::new()
            .threads(workers(threads))
            .block_size(BLOCK)
            .filters(filters)
            .check(Check::Crc64)
            .encoder()?;
        Ok(Self(FixedBlocks::new(XzEncoder::new_stream(inner, stream), PIECE)))
    }

    /// Writes what is left, and gives the writer back.
    pub(crate) fn finish(self) -> io::Result<W> {
        self.0.finish()?.finish()
    }
}

impl<W: Write> Write for XzWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// No more of the threads than memory allows.
fn workers(threads: NonZeroUsize) -> u32 {
    u32::try_from(Format::TarXz.at_most(threads).get()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn compress(plain: &[u8], threads: usize) -> Vec<u8> {
        let mut writer = XzWriter::new(Vec::new(), NonZeroUsize::new(threads).unwrap()).unwrap();
        writer.write_all(plain).unwrap();
        writer.finish().unwrap()
    }

    fn decompress(stream: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        // Reads a single stream, and fails when a checksum is wrong.
        let mut decoder = liblzma::read::XzDecoder::new(stream);
        decoder.read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn no_more_threads_run_than_memory_allows() {
        for (asked, expected) in [(1, 1), (3, 3), (4, 3), (10_000, 3)] {
            assert_eq!(workers(NonZeroUsize::new(asked).unwrap()), expected);
        }
    }

    #[test]
    fn one_stream_comes_back_whole_for_any_number_of_threads() {
        // Mostly repeated, so that it does not take long.
        let plain: Vec<u8> = (0..17_000_000_u32)
            .map(|n| ((n % 4096 * (n >> 20)) >> 7) as u8)
            .collect();
        let one = compress(&plain, 1);
        assert!(decompress(&one) == plain);
        for threads in [2, 5] {
            assert!(compress(&plain, threads) == one, "{threads}");
        }
    }

    #[test]
    fn the_pieces_that_come_do_not_matter() {
        let plain: Vec<u8> = (0..400_000_u32).map(|n| (n.wrapping_mul(n) >> 13) as u8 & 7).collect();
        let mut writer = XzWriter::new(Vec::new(), NonZeroUsize::MIN).unwrap();
        for piece in plain.chunks(777) {
            writer.write_all(piece).unwrap();
            writer.flush().unwrap();
        }
        assert!(writer.finish().unwrap() == compress(&plain, 2));
    }

    #[test]
    fn an_empty_stream_is_a_stream() {
        assert_eq!(decompress(&compress(b"", 2)), b"");
    }

    #[test]
    fn a_thread_takes_no_more_memory_than_is_said() {
        let usage = |threads| {
            let mut options = LzmaOptions::new_preset(LEVEL).unwrap();
            options.dict_size(DICTIONARY);
            let mut filters = Filters::new();
            filters.lzma2(&options);
            MtStreamBuilder::new()
                .threads(threads)
                .block_size(BLOCK)
                .filters(filters)
                .memusage()
        };
        assert!(
            usage(3) - usage(2) <= MEMORY as u64 + 2 * BLOCK,
            "{} {}",
            usage(3),
            usage(2)
        );
    }

    #[test]
    fn the_named_compressor_is_the_one_in_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        let (_, after) = lock.split_once("name = \"liblzma-sys\"\nversion = \"").unwrap();
        let version = after.split('"').next().unwrap();
        assert_eq!(
            COMPRESSOR,
            format!(
                "liblzma 5.8.4 (liblzma-sys {version}) level {LEVEL}, dictionary of {DICTIONARY} bytes, blocks of {BLOCK} bytes"
            )
        );
    }
}
