use std::io::{self, Read, Seek, SeekFrom};

/// A part of something that can be read at any place, as if it were all.
#[derive(Debug)]
pub struct Window<'r, R> {
    inner: &'r mut R,
    start: u64,
    length: u64,
    at: u64,
}

impl<'r, R> Window<'r, R> {
    pub(super) fn new(inner: &'r mut R, start: u64, length: u64) -> Self {
        Self {
            inner,
            start,
            length,
            at: 0,
        }
    }
}

impl<R: Read + Seek> Read for Window<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.at);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        self.inner.seek(SeekFrom::Start(self.start + self.at))?;
        let read = self.inner.read(&mut buffer[..most])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<R> Seek for Window<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(distance) => self.length.checked_add_signed(distance),
            SeekFrom::Current(distance) => self.at.checked_add_signed(distance),
        };
        let place = place.filter(|place| place.checked_add(self.start).is_some());
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_part_is_read_as_if_it_were_all() {
        let mut all = Cursor::new(b"0123456789");
        let mut window = Window::new(&mut all, 3, 4);
        let mut text = String::new();
        window.read_to_string(&mut text).unwrap();
        assert_eq!(text, "3456");
        assert_eq!(window.seek(SeekFrom::End(-1)).unwrap(), 3);
        text.clear();
        window.read_to_string(&mut text).unwrap();
        assert_eq!(text, "6");
        let error = window.seek(SeekFrom::Current(-9)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_part_that_reaches_beyond_the_end_ends_there() {
        let mut all = Cursor::new(b"0123");
        let mut bytes = Vec::new();
        Window::new(&mut all, 2, u64::MAX - 2).read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"23");
    }
}
