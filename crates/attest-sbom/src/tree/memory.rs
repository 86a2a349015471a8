use std::collections::BTreeMap;
use std::io::{self, Cursor};

use super::{Content, Entry, EntryKind, Listing, Tree};

/// Files in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    files: BTreeMap<String, Vec<u8>>,
    listing: Listing,
}

impl Memory {
    /// Takes files by their paths.
    pub fn new<P: Into<String>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let files: BTreeMap<String, Vec<u8>> = files
            .into_iter()
            .map(|(path, bytes)| (path.into(), bytes.into()))
            .collect();
        let entries = files.iter().map(|(path, bytes)| Entry {
            path: path.clone(),
            kind: EntryKind::File {
                size: bytes.len() as u64,
                is_executable: false,
            },
        });
        let listing = Listing::new(entries.collect(), Vec::new());
        Self { files, listing }
    }
}

impl Tree for Memory {
    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Content + '_>> {
        let bytes = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(bytes.as_slice())))
    }
}
