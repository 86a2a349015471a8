use std::io::{self, SeekFrom};

use crate::Gap;
use crate::tree::Content;

/// The most bytes of one header: the largest packages name 50,000 files in 8 MB.
const MAX_BLOB: u64 = 64 << 20;

/// What is seen of a database: the bytes of one header.
pub(super) type Visit<'a> = dyn FnMut(&[u8]) + 'a;

/// Why a database is not read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("the database cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("the database is broken: {what} at byte {offset}")]
    Broken { what: &'static str, offset: u64 },
    #[error("expected headers of at most {MAX_BLOB} bytes, and together no more than the database has")]
    TooLarge,
    #[error("expected headers of packages, found {count} that are none")]
    Headers { count: usize },
}

impl Problem {
    pub(super) fn gap(&self, path: &str) -> Gap {
        let code = match self {
            Self::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => "unreadable",
            Self::TooLarge => "too-large",
            _ => "damaged",
        };
        Gap::new(code, path, self.to_string())
    }
}

/// Reads pieces of a database, never much more in sum than it has.
pub(super) struct Source<'a> {
    content: &'a mut dyn Content,
    /// How many bytes of headers may still be read: a page is in one header only, so that more means a circle.
    left: Option<u64>,
}

impl<'a> Source<'a> {
    pub(super) fn new(content: &'a mut dyn Content) -> Self {
        Self { content, left: None }
    }

    pub(super) fn length(&mut self) -> io::Result<u64> {
        self.content.seek(SeekFrom::End(0))
    }

    pub(super) fn piece(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, Problem> {
        if offset.saturating_add(length as u64) > self.length()? {
            let what = "a piece behind the end";
            return Err(Problem::Broken { what, offset });
        }
        let mut bytes = vec![0; length];
        self.content.seek(SeekFrom::Start(offset))?;
        self.content.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Counts the bytes of a header before they are read.
    pub(super) fn allow(&mut self, length: u64) -> Result<(), Problem> {
        let all = match self.left {
            Some(left) => left,
            // Twice, because a database may have pages in two files.
            None => self.length()?.saturating_mul(2).saturating_add(MAX_BLOB),
        };
        self.left = Some(all.checked_sub(length).ok_or(Problem::TooLarge)?);
        match length > MAX_BLOB {
            true => Err(Problem::TooLarge),
            false => Ok(()),
        }
    }
}

/// Four bytes as a number, the least first.
pub(super) fn little(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// Four bytes as a number, the greatest first.
pub(super) fn big(bytes: &[u8], at: usize) -> Option<u32> {
    little(bytes, at).map(u32::swap_bytes)
}
