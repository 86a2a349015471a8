use std::io::{self, BufRead, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// Reads one deflate stream (RFC 1951) and its checksum, and insists on its end: a stream that only stops is an error.
pub(crate) struct Inflate<R> {
    inner: R,
    state: Decompress,
    crc: Crc,
    is_done: bool,
}

impl<R: BufRead> Inflate<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            state: Decompress::new(false),
            crc: Crc::new(),
            is_done: false,
        }
    }

    /// The checksum of what was read.
    pub(crate) fn checksum(&self) -> u32 {
        self.crc.sum()
    }

    /// How many bytes were read.
    pub(crate) fn size(&self) -> u64 {
        self.state.total_out()
    }

    /// Some bytes of what comes after the stream, once the end was read.
    pub(crate) fn rest(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    /// What comes after the stream, once the end was read.
    pub(crate) fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.is_done && !buffer.is_empty() {
            let input = self.inner.fill_buf()?;
            let is_at_end = input.is_empty();
            let before = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, buffer, FlushDecompress::None)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            let (taken, given) = (
                (self.state.total_in() - before.0) as usize,
                (self.state.total_out() - before.1) as usize,
            );
            self.inner.consume(taken);
            self.crc.update(&buffer[..given]);
            self.is_done = status == Status::StreamEnd;
            if given > 0 {
                return Ok(given);
            }
            if !self.is_done && taken == 0 {
                return Err(match is_at_end {
                    true => io::ErrorKind::UnexpectedEof.into(),
                    false => io::Error::new(io::ErrorKind::InvalidData, "a deflate stream that does not go on"),
                });
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_stream_is_read_to_its_end_and_not_beyond() {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        let plain = b"hello ".repeat(100_000);
        encoder.write_all(&plain).unwrap();
        let mut deflated = encoder.finish().unwrap();
        let cut = deflated.len() - 1;
        let mut back = Vec::new();
        let error = Inflate::new(&deflated[..cut]).read_to_end(&mut back).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        deflated.extend_from_slice(b"rest");
        let mut inflate = Inflate::new(&deflated[..]);
        back.clear();
        inflate.read_to_end(&mut back).unwrap();
        assert!(back == plain);
        assert_eq!(inflate.size(), plain.len() as u64);
        let mut crc = Crc::new();
        crc.update(&plain);
        assert_eq!(inflate.checksum(), crc.sum());
        assert_eq!(inflate.into_inner(), b"rest");
    }
}
