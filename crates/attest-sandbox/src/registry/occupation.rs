use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::RegistryError;

/// The file that is locked, and says by whom.
const FILE: &str = "lock";

/// The longest number of a process, in bytes.
const MAX_HOLDER_BYTES: u64 = 20;

/// A directory that no other process works in for as long as this value lives. The system ends it with the process, however that ends.
#[derive(Debug)]
pub(super) struct Occupation(Option<File>);

impl Occupation {
    /// Where files cannot be locked, nobody is kept out.
    pub(super) fn of(directory: &Path) -> Result<Self, RegistryError> {
        let path = directory.join(FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {
                name_holder(&mut file)?;
                Ok(Self(Some(file)))
            }
            Err(TryLockError::WouldBlock) => Err(RegistryError::InUse(holder(&file))),
            Err(TryLockError::Error(_)) => Ok(Self(None)),
        }
    }
}

impl Drop for Occupation {
    /// Nobody is to be told of a process that is gone.
    fn drop(&mut self) {
        if let Some(file) = &self.0 {
            let _ = file.set_len(0);
        }
    }
}

fn name_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(std::process::id().to_string().as_bytes())
}

/// Some systems let nobody read what is locked.
fn holder(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(MAX_HOLDER_BYTES).read_to_string(&mut text).ok()?;
    text.parse().ok()
}
