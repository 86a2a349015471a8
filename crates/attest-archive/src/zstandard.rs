use std::io::{self, Write};
use std::num::NonZeroUsize;

use zstd::stream::raw::CParameter;
use zstd::stream::write::Encoder;

use crate::Format;
use crate::fixed_blocks::FixedBlocks;

const LEVEL: i32 = 12;

/// What one thread compresses at a time. Part of the format: another size makes other bytes.
const JOB: u32 = 4 * 1024 * 1024;

/// The logarithm of the size of the tables in which matches are looked for: a quarter of what the level has, for 0.6 % of size.
const TABLE_LOG: u32 = 21;

/// The memory that each thread takes: tables for matches, a job with what is before it, and what becomes of it.
pub(crate) const MEMORY: usize = 26 * 1024 * 1024;

/// What is handed to the library at a time.
const BLOCK: usize = 128 * 1024;

/// Writes one Zstandard frame with a checksum and without a content size (RFC 8878).
///
/// The library cuts the input into jobs of one size and compresses them on its own threads, so that the bytes do not depend
/// on how many there are, as long as there is at least one.
pub(crate) struct ZstdWriter<W: Write>(FixedBlocks<Encoder<'static, W>>);

impl<W: Write> ZstdWriter<W> {
    pub(crate) fn new(inner: W, threads: NonZeroUsize) -> io::Result<Self> {
        let mut encoder = Encoder::new(inner, LEVEL)?;
        encoder.include_checksum(true)?;
        encoder.include_contentsize(false)?;
        encoder.set_parameter(CParameter::HashLog(TABLE_LOG))?;
        encoder.set_parameter(CParameter::ChainLog(TABLE_LOG))?;
        encoder.set_parameter(CParameter::NbWorkers(workers(threads)))?;
        encoder.set_parameter(CParameter::JobSize(JOB))?;
        Ok(Self(FixedBlocks::new(encoder, BLOCK)))
    }

    /// Writes what is left, and gives the writer back.
    pub(crate) fn finish(self) -> io::Result<W> {
        self.0.finish()?.finish()
    }
}

impl<W: Write> Write for ZstdWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// No more of the threads than memory allows.
fn workers(threads: NonZeroUsize) -> u32 {
    u32::try_from(Format::TarZst.at_most(threads).get()).unwrap_or(u32::MAX)
}

/// The compressor, its version and its settings.
pub(crate) fn compressor() -> String {
    format!(
        "zstd {} level {LEVEL}, tables of 2^{TABLE_LOG}, jobs of {JOB} bytes",
        zstd::zstd_safe::version_string()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compress(plain: &[u8], threads: usize) -> Vec<u8> {
        let mut writer = ZstdWriter::new(Vec::new(), NonZeroUsize::new(threads).unwrap()).unwrap();
        writer.write_all(plain).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn one_frame_comes_back_whole_for_any_number_of_threads() {
        let plain: Vec<u8> = (0..11_000_000_u32)
            .map(|n| (n.wrapping_mul(n) >> 13) as u8 & 31)
            .collect();
        let one = compress(&plain, 1);
        assert!(zstd::decode_all(&one[..]).unwrap() == plain);
        for threads in [2, 7] {
            assert!(compress(&plain, threads) == one, "{threads}");
        }
    }

    #[test]
    fn no_more_threads_run_than_memory_allows() {
        for (asked, expected) in [(1, 1), (8, 8), (9, 8), (10_000, 8)] {
            assert_eq!(workers(NonZeroUsize::new(asked).unwrap()), expected);
        }
    }

    #[test]
    fn an_empty_stream_is_a_frame() {
        assert_eq!(zstd::decode_all(&compress(b"", 2)[..]).unwrap(), b"");
    }
}
