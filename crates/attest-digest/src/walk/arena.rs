use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::io;

/// What an entry of a directory is to a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    /// To be entered.
    Directory,
    /// A symbolic link that is not followed.
    Link,
    /// Anything else; what exactly is asked again when its turn comes, for it is rare.
    Other,
}

/// An entry of a directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) kind: Kind,
    pub(super) name: OsString,
}

/// A byte for the kind and two for the length of the name, which follows.
pub(super) const HEAD_LEN: usize = 3;

impl Kind {
    const ALL: [Self; 4] = [Self::File, Self::Directory, Self::Link, Self::Other];

    fn byte(self) -> u8 {
        self as u8
    }

    fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }
}

/// The length of the record that begins `bytes`; none if there is too little of it to say.
pub(super) fn record_len(bytes: &[u8]) -> Option<usize> {
    let length = bytes.get(1..HEAD_LEN)?.first_chunk()?;
    Some(HEAD_LEN + usize::from(u16::from_le_bytes(*length)))
}

/// Compares records as the paths below them compare: a directory is what begins with its name and a slash.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    fn key(record: &[u8]) -> (&[u8], &[u8]) {
        let slash: &[u8] = match record.first() {
            Some(kind) if *kind == Kind::Directory.byte() => b"/",
            _ => b"",
        };
        (record.get(HEAD_LEN..).unwrap_or_default(), slash)
    }
    let ((a, a_slash), (b, b_slash)) = (key(a), key(b));
    match (a.len().cmp(&b.len()), a.len().min(b.len())) {
        (Ordering::Equal, _) => a.cmp(b).then(a_slash.cmp(b_slash)),
        (Ordering::Less, len) => a
            .cmp(&b[..len])
            .then_with(|| a_slash.cmp(&b[len..=len]).then(Ordering::Less)),
        (Ordering::Greater, len) => a[..len]
            .cmp(b)
            .then_with(|| a[len..=len].cmp(b_slash).then(Ordering::Greater)),
    }
}

/// Reads a record; none when it is no record, which only a broken temporary file can bring.
pub(super) fn parse(record: &[u8]) -> Option<Record> {
    Some(Record {
        kind: Kind::of_byte(*record.first()?)?,
        name: name_of(record.get(HEAD_LEN..)?)?,
    })
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere not every name is one")]
fn name_of(bytes: &[u8]) -> Option<OsString> {
    Some(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes).to_owned())
}

#[cfg(not(unix))]
fn name_of(bytes: &[u8]) -> Option<OsString> {
    Some(std::str::from_utf8(bytes).ok()?.into())
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere not every name is bytes")]
fn bytes_of(name: &OsStr) -> Option<&[u8]> {
    Some(std::os::unix::ffi::OsStrExt::as_bytes(name))
}

#[cfg(not(unix))]
fn bytes_of(name: &OsStr) -> Option<&[u8]> {
    name.to_str().map(str::as_bytes)
}

/// Records, one after the other in two blocks of memory: a million of them are two allocations, not a million.
#[derive(Debug, Default)]
pub(super) struct Arena {
    bytes: Vec<u8>,
    /// Where each record begins.
    places: Vec<usize>,
}

impl Arena {
    pub(super) fn push(&mut self, kind: Kind, name: &OsStr) -> io::Result<()> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidFilename);
        let name = bytes_of(name).ok_or_else(invalid)?;
        // No file system has names of more than 1024 bytes.
        let length = u16::try_from(name.len()).map_err(|_| invalid())?;
        self.places.push(self.bytes.len());
        self.bytes.push(kind.byte());
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(name);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The bytes that it takes.
    pub(super) fn held(&self) -> usize {
        self.bytes.len() + self.places.len() * size_of::<usize>()
    }

    pub(super) fn sort(&mut self) {
        let bytes = &self.bytes;
        self.places
            .sort_unstable_by(|a, b| compare(record_at(bytes, *a), record_at(bytes, *b)));
    }

    /// The record at `index`, in the order of [`Arena::sort`] once that has been done.
    pub(super) fn record(&self, index: usize) -> Option<&[u8]> {
        Some(record_at(&self.bytes, *self.places.get(index)?))
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }

    /// Gives back what was taken in advance.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.places.shrink_to_fit();
    }
}

fn record_at(bytes: &[u8], place: usize) -> &[u8] {
    let rest = &bytes[place..];
    let end = record_len(rest).unwrap_or(rest.len());
    &rest[..end.min(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_sorts_as_its_files_do() {
        let mut arena = Arena::default();
        for (kind, name) in [
            (Kind::File, "a0"),
            (Kind::Directory, "a"),
            (Kind::File, "a-b"),
            (Kind::File, "a."),
            (Kind::Directory, "a."),
            (Kind::File, "Z"),
        ] {
            arena.push(kind, OsStr::new(name)).unwrap();
        }
        arena.sort();
        let names: Vec<_> = (0..arena.len())
            .map(|index| parse(arena.record(index).unwrap()).unwrap())
            .map(|record| (record.name.into_string().unwrap(), record.kind))
            .collect();
        let expected = [
            ("Z", Kind::File),
            ("a-b", Kind::File),
            ("a.", Kind::File),
            ("a.", Kind::Directory),
            ("a", Kind::Directory),
            ("a0", Kind::File),
        ];
        assert_eq!(names, expected.map(|(name, kind)| (name.to_owned(), kind)));
    }

    #[test]
    fn bytes_that_are_no_record_are_none() {
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"\x07\x01\x00a"), None);
        assert_eq!(record_len(b"\x00\x01"), None);
    }
}
