use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom};

use object::read::ReadCacheOps;

use crate::tree::Content;

/// The bytes of a program, at any place.
pub(super) struct Image<'a> {
    content: RefCell<Box<dyn Content + 'a>>,
    size: u64,
}

impl<'a> Image<'a> {
    pub(super) fn new(mut content: Box<dyn Content + 'a>) -> io::Result<Self> {
        let size = content.seek(SeekFrom::End(0))?;
        let content = RefCell::new(content);
        Ok(Self { content, size })
    }

    /// As many bytes as there are, up to `size` of them.
    pub(super) fn bytes(&self, offset: u64, size: u64) -> io::Result<Vec<u8>> {
        let size = size.min(self.size.saturating_sub(offset));
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        let mut content = self.content.borrow_mut();
        content.seek(SeekFrom::Start(offset))?;
        content.by_ref().take(size).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// For the cache through which headers are read; it asks for the length and never reads beyond it.
impl ReadCacheOps for &Image<'_> {
    fn len(&mut self) -> Result<u64, ()> {
        Ok(self.size)
    }

    fn seek(&mut self, position: u64) -> Result<u64, ()> {
        self.content.borrow_mut().seek(SeekFrom::Start(position)).map_err(drop)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ()> {
        self.content.borrow_mut().read(buffer).map_err(drop)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), ()> {
        self.content.borrow_mut().read_exact(buffer).map_err(drop)
    }
}
