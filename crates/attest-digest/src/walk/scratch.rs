use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

/// A temporary file without a name, made when it is first needed and gone with the walk, however that ends. It lies where
/// the system keeps temporary files.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    file: Option<File>,
    end: u64,
    /// What stands in for a disk without room.
    #[cfg(test)]
    pub(super) room: Option<u64>,
}

impl Scratch {
    /// Where the next bytes will go.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        if self.room.is_some_and(|room| self.end + bytes.len() as u64 > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(self.end))?;
        file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn read(&mut self, place: u64, bytes: &mut [u8]) -> io::Result<()> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::UnexpectedEof)?;
        file.seek(SeekFrom::Start(place))?;
        file.read_exact(bytes)
    }

    /// Nothing from `end` on is needed any more.
    pub(super) fn shrink(&mut self, end: u64) {
        self.end = self.end.min(end);
    }
}
