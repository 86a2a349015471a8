use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use super::ReadError;

/// How much is read at a time.
const SIZE: usize = 64 * 1024;

/// A buffer that shows at least this many bytes, if so many are left, and says how many were taken out of it.
pub(crate) const AHEAD: usize = 32;

/// Buffers a reader, so that a header can be looked at before it is read, wherever a piece ends.
pub(crate) struct Buffer<R> {
    inner: R,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    is_at_end: bool,
    consumed: Rc<Cell<u64>>,
}

impl<R: Read> Buffer<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            bytes: vec![0; SIZE],
            start: 0,
            end: 0,
            is_at_end: false,
            consumed: Rc::default(),
        }
    }

    /// A count that goes on while something else owns the buffer.
    pub(crate) fn consumed(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.consumed)
    }
}

impl<R: Read> Read for Buffer<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for Buffer<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while !self.is_at_end && self.end - self.start < AHEAD {
            if self.bytes.len() - self.end < AHEAD {
                self.bytes.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            }
            match self.inner.read(&mut self.bytes[self.end..]) {
                Ok(0) => self.is_at_end = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&self.bytes[self.start..self.end])
    }

    fn consume(&mut self, amount: usize) {
        let amount = amount.min(self.end - self.start);
        self.start += amount;
        self.consumed.set(self.consumed.get() + amount as u64);
    }
}

/// Fills `buffer`, or says what is not complete.
pub(crate) fn read_exactly(
    reader: &mut (impl Read + ?Sized),
    buffer: &mut [u8],
    inside: &'static str,
) -> Result<(), ReadError> {
    reader.read_exact(buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ReadError::Truncated { inside },
        _ => error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let one = buffer.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }

    #[test]
    fn a_header_is_seen_whole_wherever_pieces_end() {
        let plain: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let mut buffer = Buffer::new(Drip(&plain));
        let consumed = buffer.consumed();
        let mut at = 0;
        while at < plain.len() {
            let shown = buffer.fill_buf().unwrap();
            assert!(shown.len() >= AHEAD.min(plain.len() - at));
            assert!(plain[at..].starts_with(shown));
            let amount = shown.len().min(7);
            buffer.consume(amount);
            at += amount;
            assert_eq!(consumed.get(), at as u64);
        }
        assert!(buffer.fill_buf().unwrap().is_empty());
    }
}
