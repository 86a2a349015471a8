use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use tempfile::SpooledTempFile;

/// What stays in memory before it goes to a temporary file: most wheels and charts, and nothing that could hurt.
const IN_MEMORY: usize = 16 * 1024 * 1024;

/// Keeps the bytes of members that were read from another archive until they are written again.
///
/// They stay in memory as long as they are few; then they go to one temporary file without a name, of which nothing is left
/// whatever ends the process.
#[derive(Debug)]
pub struct Spool {
    file: Arc<Mutex<SpooledTempFile>>,
    end: u64,
}

/// Some bytes that a [`Spool`] keeps. Equal is only what stands in the same place.
#[derive(Debug, Clone)]
pub struct Spooled {
    file: Arc<Mutex<SpooledTempFile>>,
    start: u64,
    size: u64,
}

impl Spool {
    /// An empty one. `scratch` is a directory for the temporary file.
    #[must_use]
    pub fn new(scratch: &Path) -> Self {
        Self::with_memory(scratch, IN_MEMORY)
    }

    /// The same for one of many, which keeps less in memory.
    #[must_use]
    pub fn with_memory(scratch: &Path, bytes: usize) -> Self {
        let file = tempfile::spooled_tempfile_in(bytes, scratch);
        let file = Arc::new(Mutex::new(file));
        Self { file, end: 0 }
    }

    /// Keeps everything that `reader` gives.
    ///
    /// # Errors
    /// When `reader` fails, or the temporary file cannot be written.
    pub fn keep(&mut self, reader: &mut dyn Read) -> io::Result<Spooled> {
        let start = self.end;
        let mut file = lock(&self.file)?;
        file.seek(SeekFrom::Start(start))?;
        let size = io::copy(reader, &mut *file)?;
        file.flush()?;
        drop(file);
        self.end += size;
        let file = Arc::clone(&self.file);
        Ok(Spooled { file, start, size })
    }
}

impl Spooled {
    /// How many bytes there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads them from the beginning, or from any place. Several can be read at a time.
    pub fn reader(&self) -> impl Read + Seek + use<> {
        SpooledReader {
            spooled: self.clone(),
            offset: 0,
        }
    }
}

impl PartialEq for Spooled {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file) && (self.start, self.size) == (other.start, other.size)
    }
}

impl Eq for Spooled {}

struct SpooledReader {
    spooled: Spooled,
    offset: u64,
}

impl Read for SpooledReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.spooled.size.saturating_sub(self.offset);
        let room = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let mut file = lock(&self.spooled.file)?;
        file.seek(SeekFrom::Start(self.spooled.start + self.offset))?;
        let read = file.read(&mut buffer[..room])?;
        self.offset += read as u64;
        Ok(read)
    }
}

impl Seek for SpooledReader {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let offset = match position {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.spooled.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.offset.checked_add_signed(offset),
        };
        // Behind the end there is nothing to read, as in a file.
        self.offset = offset.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.offset)
    }
}

fn lock(file: &Mutex<SpooledTempFile>) -> io::Result<MutexGuard<'_, SpooledTempFile>> {
    file.lock()
        .map_err(|_| io::Error::other("another thread ended while it read the temporary file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(spooled: &Spooled) -> Vec<u8> {
        let mut bytes = Vec::new();
        spooled.reader().read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_kept_comes_back_in_any_order_and_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(directory.path());
        let large = vec![7; IN_MEMORY + 1];
        let first = spool.keep(&mut &b"first"[..]).unwrap();
        let empty = spool.keep(&mut io::empty()).unwrap();
        let second = spool.keep(&mut &large[..]).unwrap();
        assert!(bytes(&second) == large);
        assert_eq!(bytes(&first), b"first");
        assert_eq!(bytes(&empty), b"");
        assert_eq!(second.size(), large.len() as u64);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn readers_do_not_disturb_each_other() {
        let mut spool = Spool::new(Path::new("."));
        let kept = spool.keep(&mut &b"ab"[..]).unwrap();
        let (mut one, mut other) = (kept.reader(), kept.reader());
        let (mut first, mut second) = ([0; 1], [0; 2]);
        one.read_exact(&mut first).unwrap();
        other.read_exact(&mut second).unwrap();
        assert_eq!((first, second), (*b"a", *b"ab"));
        one.read_exact(&mut first).unwrap();
        assert_eq!(first, *b"b");
    }

    #[test]
    fn any_place_is_found_and_nothing_behind_the_end() {
        let mut spool = Spool::with_memory(Path::new("."), 0);
        let _ = spool.keep(&mut &b"before"[..]).unwrap();
        let kept = spool.keep(&mut &b"abc"[..]).unwrap();
        let _ = spool.keep(&mut &b"after"[..]).unwrap();
        let mut reader = kept.reader();
        for (position, expected) in [
            (SeekFrom::Start(1), "bc"),
            (SeekFrom::End(-1), "c"),
            (SeekFrom::Current(-3), "abc"),
            (SeekFrom::Start(9), ""),
        ] {
            reader.seek(position).unwrap();
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            assert_eq!(text, expected);
        }
        assert!(reader.seek(SeekFrom::Current(-10)).is_err());
    }

    #[test]
    fn a_reader_that_fails_fails_the_keeping() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::InvalidData.into())
            }
        }
        let error = Spool::new(Path::new(".")).keep(&mut Broken).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
