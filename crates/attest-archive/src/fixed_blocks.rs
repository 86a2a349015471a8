use std::io::{self, Write};

/// Hands bytes on in pieces of one size, whatever the pieces in which they come; only the last may be shorter.
pub(crate) struct FixedBlocks<W> {
    inner: W,
    block: Vec<u8>,
    size: usize,
}

impl<W: Write> FixedBlocks<W> {
    pub(crate) fn new(inner: W, size: usize) -> Self {
        let block = Vec::with_capacity(size);
        Self { inner, block, size }
    }

    /// Hands on what is left, and gives the writer back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.inner.write_all(&self.block)?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for FixedBlocks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let now = &bytes[..bytes.len().min(self.size - self.block.len())];
        self.block.extend_from_slice(now);
        if self.block.len() == self.size {
            self.inner.write_all(&self.block)?;
            self.block.clear();
        }
        Ok(now.len())
    }

    /// Does nothing: a piece may not be cut where the caller happens to flush.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps the length of each piece.
    #[derive(Default)]
    struct Lengths(Vec<usize>);

    impl Write for Lengths {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn pieces_have_one_size_up_to_the_last() {
        let mut blocks = FixedBlocks::new(Lengths::default(), 4);
        for length in [1, 9, 0, 3, 1] {
            blocks.write_all(&vec![0; length]).unwrap();
            blocks.flush().unwrap();
        }
        assert_eq!(blocks.finish().unwrap().0, [4, 4, 4, 2]);
    }
}
