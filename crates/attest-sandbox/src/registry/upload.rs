use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Digest, RegistryError};

/// A blob on its way in.
#[derive(Debug)]
pub struct Upload {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Upload {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = File::create_new(path)?;
        let path = path.to_owned();
        Ok(Self { path, file, length: 0 })
    }

    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).open(path)?;
        let length = file.metadata()?.len();
        let path = path.to_owned();
        Ok(Self { path, file, length })
    }

    /// The name by which it is asked for again.
    #[must_use]
    pub fn identifier(&self) -> &str {
        let name = self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.split('-').next().unwrap_or_default()
    }

    /// How many bytes are there.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether a piece that begins here is the next one.
    ///
    /// # Errors
    /// [`RegistryError::OutOfOrder`] if not.
    pub fn expect_start(&self, start: u64) -> Result<(), RegistryError> {
        match start == self.length {
            true => Ok(()),
            false => Err(RegistryError::OutOfOrder {
                expected: self.length,
                found: start,
            }),
        }
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// What the system says.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), RegistryError> {
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Gives it up.
    ///
    /// # Errors
    /// What the system says.
    pub fn cancel(self) -> Result<(), RegistryError> {
        Ok(fs::remove_file(self.path)?)
    }

    pub(super) fn rename(self, digest: &Digest, content: &Path) -> Result<(), RegistryError> {
        let checked = File::open(&self.path)
            .map_err(Into::into)
            .and_then(|file| digest.check(file));
        if let Err(error) = checked {
            self.cancel()?;
            return Err(error);
        }
        Ok(fs::rename(self.path, content)?)
    }
}
