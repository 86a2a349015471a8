use std::io::{self, Read};

/// The bytes of something that can be read but once, as far as they are few enough.
#[derive(Debug)]
pub(in super::super) struct Held {
    bytes: Vec<u8>,
    limit: u64,
    is_all: bool,
}

/// Hands on what it reads, and holds it.
pub(in super::super) struct Holding<R> {
    reader: R,
    held: Held,
}

impl Held {
    /// Every byte; none when they are too many.
    pub(super) fn all(&self) -> Option<&[u8]> {
        self.is_all.then_some(&self.bytes)
    }

    fn add(&mut self, bytes: &[u8]) {
        self.is_all &= (self.bytes.len() + bytes.len()) as u64 <= self.limit;
        match self.is_all {
            true => self.bytes.extend_from_slice(bytes),
            // Some of the bytes are good for nothing.
            false => self.bytes = Vec::new(),
        }
    }
}

impl<R> Holding<R> {
    /// Holds at most so many bytes.
    pub(super) fn new(reader: R, limit: u64) -> Self {
        let held = Held {
            bytes: Vec::new(),
            limit,
            is_all: true,
        };
        Self { reader, held }
    }

    pub(in super::super) fn into_held(self) -> Held {
        self.held
    }
}

impl<R: Read> Read for Holding<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(buffer)?;
        self.held.add(&buffer[..len]);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(bytes: &[u8], limit: u64) -> Held {
        let mut holding = Holding::new(bytes, limit);
        let mut read = Vec::new();
        // In pieces of two, so that the limit is met in the middle.
        while holding.by_ref().take(2).read_to_end(&mut read).unwrap() > 0 {}
        assert_eq!(read, bytes);
        holding.into_held()
    }

    #[test]
    fn everything_that_was_read_is_held_up_to_the_limit() {
        for bytes in [&b""[..], b"a", b"abcde"] {
            assert_eq!(held(bytes, 5).all(), Some(bytes));
        }
    }

    #[test]
    fn of_too_many_bytes_none_is_held_and_all_are_handed_on() {
        for bytes in [&b"abcdef"[..], b"abcdefgh"] {
            let held = held(bytes, 5);
            assert_eq!((held.all(), held.bytes.capacity()), (None, 0));
        }
    }
}
