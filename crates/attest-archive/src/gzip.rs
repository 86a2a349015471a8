use std::io::{self, Write};
use std::num::NonZeroUsize;

use flate2::Crc;

use crate::Format;
use crate::deflate::{Cutter, Deflated};
use crate::ordered::Ordered;

/// No name, no time, no extra flags, Unix (RFC 1952 section 2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

/// Writes one gzip member, compressing on several threads. The bytes do not depend on their number.
pub(crate) struct GzipWriter<W> {
    inner: W,
    cutter: Cutter,
    ordered: Ordered<io::Result<Deflated>>,
    crc: Crc,
    length: u64,
}

impl<W: Write> GzipWriter<W> {
    /// Takes no more of the threads than memory allows.
    pub(crate) fn new(mut inner: W, threads: NonZeroUsize) -> io::Result<Self> {
        inner.write_all(&HEADER)?;
        Ok(Self {
            inner,
            cutter: Cutter::default(),
            ordered: Ordered::new(Format::TarGz.at_most(threads))?,
            crc: Crc::new(),
            length: 0,
        })
    }

    /// Writes what is left, and gives the writer back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let last = self.cutter.finish();
        if let Some(deflated) = self.ordered.push(move || last.deflate()) {
            self.append(deflated?)?;
        }
        while let Some(deflated) = self.ordered.next() {
            self.append(deflated?)?;
        }
        self.inner.write_all(&self.crc.sum().to_le_bytes())?;
        // The length is kept modulo 2^32 (RFC 1952 section 2.3.1).
        self.inner.write_all(&(self.length as u32).to_le_bytes())?;
        Ok(self.inner)
    }

    fn append(&mut self, deflated: Deflated) -> io::Result<()> {
        self.crc.combine(&deflated.crc);
        self.length += deflated.length;
        self.inner.write_all(&deflated.bytes)
    }
}

impl<W: Write> Write for GzipWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(block) = self.cutter.take(&mut rest) {
            if let Some(deflated) = self.ordered.push(move || block.deflate()) {
                self.append(deflated?)?;
            }
        }
        Ok(bytes.len())
    }

    /// Does nothing: what was written so far may not be cut where the caller happens to flush.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::deflate::BLOCK;

    fn gzip(plain: &[u8], threads: usize) -> Vec<u8> {
        let mut writer = GzipWriter::new(Vec::new(), NonZeroUsize::new(threads).unwrap()).unwrap();
        writer.write_all(plain).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn the_header_holds_nothing_that_could_vary() {
        assert_eq!(gzip(b"", 1), [&HEADER[..], &[1, 0, 0, 0xff, 0xff], &[0; 8]].concat());
    }

    #[test]
    fn one_member_comes_back_whole_with_its_checksum_for_any_number_of_threads() {
        let plain: Vec<u8> = (0..5 * BLOCK).map(|n| (n / 7 % 251) as u8).collect();
        let one = gzip(&plain, 1);
        let mut back = Vec::new();
        // Reads a single member, and fails when its checksum or its length is wrong.
        flate2::read::GzDecoder::new(&one[..]).read_to_end(&mut back).unwrap();
        assert!(back == plain);
        for threads in [2, 7] {
            assert!(gzip(&plain, threads) == one, "{threads}");
        }
    }

    #[test]
    fn no_more_threads_run_than_memory_allows() {
        for (asked, expected) in [(2, 2), (52, 52), (53, 52), (10_000, 52)] {
            let writer = GzipWriter::new(Vec::new(), NonZeroUsize::new(asked).unwrap()).unwrap();
            assert_eq!(writer.ordered.threads(), expected);
        }
    }

    #[test]
    fn a_failing_writer_fails_the_stream() {
        let plain: Vec<u8> = (0..8 * BLOCK).map(|n| (n * n / 5) as u8).collect();
        let mut room = [0; 100];
        let mut writer = GzipWriter::new(&mut room[..], NonZeroUsize::new(2).unwrap()).unwrap();
        let error = match writer.write_all(&plain) {
            Ok(()) => writer.finish().map(|_| ()).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    }
}
