use crate::lane::BLOCK;
use crate::sha256::{PADDING, pad};

/// Bytes between their read and their compression. What is left of a block stays in front of the next read.
pub(super) struct Buffer {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// Room for reads of `len` bytes behind the rest of a block, and for padding behind that.
    pub(super) fn new(len: usize) -> Self {
        Self {
            bytes: vec![0; BLOCK + len + PADDING].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// Forgets what it holds.
    pub(super) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// The bytes of the whole blocks that it holds.
    pub(super) fn whole(&self) -> usize {
        let held = self.end - self.start;
        held - held % BLOCK
    }

    /// The first bytes that it holds.
    pub(super) fn first(&self, len: usize) -> &[u8] {
        &self.bytes[self.start..][..len]
    }

    /// All bytes that it holds.
    pub(super) fn held(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Forgets the first bytes.
    pub(super) fn consume(&mut self, len: usize) {
        self.start += len;
        debug_assert!(self.start <= self.end, "only what is held can be consumed");
    }

    /// Where the next read goes; less than a block may be held before.
    pub(super) fn space(&mut self) -> &mut [u8] {
        self.bytes.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let until = self.bytes.len() - BLOCK - PADDING + self.end;
        &mut self.bytes[self.end..until]
    }

    /// Takes the first bytes of [`Self::space`], and gives them.
    pub(super) fn add(&mut self, len: usize) -> &[u8] {
        self.end += len;
        &self.bytes[self.end - len..self.end]
    }

    /// Ends a message of `total` bytes: all that is held is whole blocks then.
    pub(super) fn pad(&mut self, total: u64) {
        let whole = self.start + self.whole();
        self.end = whole + pad(&mut self.bytes[whole..], self.end - whole, total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_block_comes_before_the_next_read() {
        let mut buffer = Buffer::new(128);
        buffer.space()[..100].copy_from_slice(&[1; 100]);
        assert_eq!(buffer.add(100), [1; 100]);
        assert_eq!(buffer.whole(), 64);
        buffer.consume(64);
        assert_eq!(buffer.space().len(), 128);
        buffer.space().fill(2);
        buffer.add(128);
        assert_eq!(buffer.held(), [[1; 36].as_slice(), &[2; 128]].concat());
        assert_eq!(buffer.whole(), 128);
    }

    #[test]
    fn padding_fits_behind_whatever_is_held() {
        for held in 0..=128 {
            let mut buffer = Buffer::new(128);
            buffer.space();
            buffer.add(held);
            buffer.pad(held as u64);
            assert_eq!(buffer.whole(), buffer.held().len(), "{held} bytes");
            assert_eq!(buffer.whole(), (held + 9).next_multiple_of(64));
        }
        let mut buffer = Buffer::new(128);
        buffer.space();
        buffer.add(63);
        buffer.space();
        buffer.add(128);
        buffer.pad(191);
        assert_eq!(buffer.whole(), 256);
    }
}
