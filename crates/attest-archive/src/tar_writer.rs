use std::io::{self, Write};

use attest_digest::{Algorithms, Measured};
use tar::EntryType;

use crate::source::Source;
use crate::tar_header::{RECORD, TarEntry, header_blocks, padding};
use crate::{Error, Kind, Member, Owner, SourceDate};

/// Archives end at a multiple of this, as those of GNU tar and git do.
pub(crate) const END: u64 = 20 * RECORD as u64;

/// Writes members as a tar archive.
pub(crate) struct TarWriter<W> {
    inner: W,
    written: u64,
    source_date: SourceDate,
}

/// What a member of a root file system may have that one of an archive has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Attributes {
    /// The permissions, unless they are the usual ones. A symbolic link has none.
    pub(crate) mode: Option<u32>,
    pub(crate) owner: Owner,
}

impl<W: Write> TarWriter<W> {
    pub(crate) fn new(inner: W, source_date: SourceDate) -> Self {
        Self {
            inner,
            written: 0,
            source_date,
        }
    }

    /// Appends a member. What was measured comes back for files.
    pub(crate) fn append(&mut self, member: &Member, algorithms: &Algorithms) -> Result<Option<Measured>, Error> {
        self.append_as(member, Attributes::default(), algorithms)
    }

    /// Appends a member whose mode or owner is not the usual one.
    pub(crate) fn append_as(
        &mut self,
        member: &Member,
        attributes: Attributes,
        algorithms: &Algorithms,
    ) -> Result<Option<Measured>, Error> {
        match member.kind() {
            Kind::Directory => {
                let path = format!("{}/", member.path());
                self.put(&self.header(&path, EntryType::Directory, 0o755, attributes))?;
            }
            Kind::Symlink { target } => {
                let mut header = self.header(member.path().as_str(), EntryType::Symlink, 0o777, attributes);
                header.link = target.as_str();
                header.mode = 0o777;
                self.put(&header)?;
            }
            Kind::File { content, executable } => {
                let source = Source::open(content)?;
                let mode = if *executable { 0o755 } else { 0o644 };
                let mut header = self.header(member.path().as_str(), EntryType::Regular, mode, attributes);
                header.size = source.size();
                self.put(&header)?;
                return self.content(source, algorithms).map(Some);
            }
        }
        Ok(None)
    }

    /// Writes the end, and gives the writer back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let records = self.written + 2 * RECORD as u64;
        let zeros = records.next_multiple_of(END) - self.written;
        self.inner.write_all(&vec![0; zeros as usize])?;
        Ok(self.inner)
    }

    fn header<'a>(&self, path: &'a str, kind: EntryType, mode: u32, attributes: Attributes) -> TarEntry<'a> {
        TarEntry {
            path,
            link: "",
            kind,
            mode: attributes.mode.unwrap_or(mode),
            owner: attributes.owner,
            size: 0,
            source_date: self.source_date,
        }
    }

    fn content(&mut self, source: Source<'_>, algorithms: &Algorithms) -> Result<Measured, Error> {
        let measured = source.copy_to(&mut self.inner, algorithms)?;
        self.written += measured.size();
        self.write(padding(measured.size()))?;
        Ok(measured)
    }

    fn put(&mut self, entry: &TarEntry<'_>) -> Result<(), Error> {
        self.write(&header_blocks(entry))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.written += bytes.len() as u64;
        self.inner.write_all(bytes).map_err(Error::write)
    }
}
