use std::io::{self, Write};

use attest_digest::{Algorithms, Measured};
use tar::EntryType;

use crate::source::Source;
use crate::tar_header::{RECORD, TarEntry, header_blocks, padding};
use crate::{Error, Kind, Member, MemberPath, SourceDate};

/// Archives end at a multiple of this, as those of GNU tar and git do.
const END: u64 = 20 * RECORD as u64;

/// Writes members as a tar archive.
pub(crate) struct TarWriter<W> {
    inner: W,
    written: u64,
    source_date: SourceDate,
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
        match member.kind() {
            Kind::Directory => self.header(&format!("{}/", member.path()), "", EntryType::Directory)?,
            Kind::Symlink { target } => self.header(member.path().as_str(), target.as_str(), EntryType::Symlink)?,
            Kind::File { content, executable } => {
                let source = Source::open(content)?;
                return self.file(member.path(), source, *executable, algorithms).map(Some);
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

    fn header(&mut self, path: &str, link: &str, kind: EntryType) -> Result<(), Error> {
        let mode = if kind == EntryType::Symlink { 0o777 } else { 0o755 };
        self.put(&header_blocks(&TarEntry {
            path,
            link,
            kind,
            mode,
            size: 0,
            source_date: self.source_date,
        }))
    }

    fn file(
        &mut self,
        path: &MemberPath,
        source: Source<'_>,
        executable: bool,
        algorithms: &Algorithms,
    ) -> Result<Measured, Error> {
        self.put(&header_blocks(&TarEntry {
            path: path.as_str(),
            link: "",
            kind: EntryType::Regular,
            mode: if executable { 0o755 } else { 0o644 },
            size: source.size(),
            source_date: self.source_date,
        }))?;
        let measured = source.copy_to(&mut self.inner, algorithms)?;
        self.written += measured.size();
        self.put(padding(measured.size()))?;
        Ok(measured)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.written += bytes.len() as u64;
        self.inner.write_all(bytes).map_err(Error::write)
    }
}
