use std::io::{self, Seek, SeekFrom, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithms, Measured};
use flate2::Crc;
use tempfile::SpooledTempFile;

use crate::deflate::{Cutter, Deflated};
use crate::ordered::Ordered;
use crate::source::Source;
use crate::source_date::DosTime;
use crate::zip_record::{DEFLATED, Directory, STORED, ZipEntry};
use crate::{Error, Format, Kind, Member, SourceDate};

/// What one compressed member may hold in memory before it goes to a temporary file.
const SPOOL: usize = 8 * 1024 * 1024;

const FILE: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const SYMLINK: u32 = 0o120_000;

/// Writes members as a zip archive, front to back, so that it can be measured on the way.
///
/// A member's sizes and checksum stand before its bytes and are known only after them. Its compressed bytes are therefore
/// held back, in memory or in a temporary file, until it is complete.
pub(crate) struct ZipWriter<W> {
    assembly: Assembly<W>,
    ordered: Ordered<Part>,
    cutter: Cutter,
}

/// What comes out of the threads, in order.
enum Part {
    /// A member that is not compressed, whole.
    Stored(Start, Vec<u8>),
    /// The beginning of a compressed member.
    Start(Start),
    /// The next of its bytes.
    Deflated(io::Result<Deflated>),
}

struct Start {
    path: String,
    mode: u32,
}

impl<W: Write> ZipWriter<W> {
    /// `scratch` is a directory for the temporary file. Takes no more of the threads than memory allows.
    pub(crate) fn new(inner: W, source_date: SourceDate, threads: NonZeroUsize, scratch: &Path) -> Result<Self, Error> {
        Ok(Self {
            assembly: Assembly {
                inner,
                time: source_date.dos(),
                scratch: scratch.to_owned(),
                offset: 0,
                open: None,
                entries: Vec::new(),
            },
            ordered: Ordered::new(Format::Zip.at_most(threads)).map_err(Error::write)?,
            cutter: Cutter::default(),
        })
    }

    /// Appends a member. What was measured comes back for files.
    pub(crate) fn append(&mut self, member: &Member, algorithms: &Algorithms) -> Result<Option<Measured>, Error> {
        let path = member.path().to_string();
        if path.contains('\\') {
            let path = member.path().clone();
            return Err(Error::Backslash { path });
        }
        match member.kind() {
            Kind::Directory => self.stored(format!("{path}/"), DIRECTORY | 0o755, Vec::new())?,
            Kind::Symlink { target } => self.stored(path, SYMLINK | 0o777, target.as_str().into())?,
            Kind::File { content, executable } => {
                let mode = FILE | if *executable { 0o755 } else { 0o644 };
                return self.file(path, mode, Source::open(content)?, algorithms).map(Some);
            }
        }
        Ok(None)
    }

    /// Writes the central directory, and gives the writer back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        while let Some(part) = self.ordered.next() {
            self.assembly.take(part)?;
        }
        self.assembly.finish()
    }

    fn stored(&mut self, path: String, mode: u32, bytes: Vec<u8>) -> Result<(), Error> {
        self.push(move || Part::Stored(Start { path, mode }, bytes))
            .map_err(Error::write)
    }

    /// An empty file is stored: deflate would make two bytes of it.
    fn file(
        &mut self,
        path: String,
        mode: u32,
        source: Source<'_>,
        algorithms: &Algorithms,
    ) -> Result<Measured, Error> {
        if source.size() == 0 {
            self.stored(path, mode, Vec::new())?;
            return source.copy_to(&mut io::sink(), algorithms);
        }
        self.push(move || Part::Start(Start { path, mode }))
            .map_err(Error::write)?;
        let measured = source.copy_to(&mut Blocks(self), algorithms)?;
        let last = self.cutter.finish();
        self.push(move || Part::Deflated(last.deflate()))
            .map_err(Error::write)?;
        Ok(measured)
    }

    fn push(&mut self, job: impl FnOnce() -> Part + Send + 'static) -> io::Result<()> {
        match self.ordered.push(job) {
            Some(part) => self.assembly.take(part),
            None => Ok(()),
        }
    }
}

/// The side of the writer that takes a file's bytes.
struct Blocks<'a, W>(&'a mut ZipWriter<W>);

impl<W: Write> Write for Blocks<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(block) = self.0.cutter.take(&mut rest) {
            self.0.push(move || Part::Deflated(block.deflate()))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts the parts together.
struct Assembly<W> {
    inner: W,
    time: DosTime,
    scratch: PathBuf,
    offset: u64,
    open: Option<OpenMember>,
    entries: Vec<ZipEntry>,
}

/// A compressed member that is not complete.
struct OpenMember {
    start: Start,
    held: SpooledTempFile,
    crc: Crc,
    size: u64,
    compressed: u64,
}

impl<W: Write> Assembly<W> {
    fn take(&mut self, part: Part) -> io::Result<()> {
        match part {
            Part::Stored(start, bytes) => self.stored(start, &bytes),
            Part::Start(start) => {
                self.open = Some(OpenMember {
                    start,
                    held: tempfile::spooled_tempfile_in(SPOOL, &self.scratch),
                    crc: Crc::new(),
                    size: 0,
                    compressed: 0,
                });
                Ok(())
            }
            Part::Deflated(deflated) => self.deflated(deflated?),
        }
    }

    fn stored(&mut self, start: Start, bytes: &[u8]) -> io::Result<()> {
        let mut crc = Crc::new();
        crc.update(bytes);
        let size = bytes.len() as u64;
        self.header(ZipEntry {
            path: start.path,
            mode: start.mode,
            method: STORED,
            crc: crc.sum(),
            compressed: size,
            size,
            offset: self.offset,
        })?;
        self.inner.write_all(bytes)?;
        self.offset += size;
        Ok(())
    }

    fn deflated(&mut self, deflated: Deflated) -> io::Result<()> {
        let Some(mut open) = self.open.take() else {
            return Err(io::Error::other("bytes of a member that was not begun"));
        };
        open.held.write_all(&deflated.bytes)?;
        open.crc.combine(&deflated.crc);
        open.size += deflated.length;
        open.compressed += deflated.bytes.len() as u64;
        if deflated.last {
            return self.complete(open);
        }
        self.open = Some(open);
        Ok(())
    }

    fn complete(&mut self, mut open: OpenMember) -> io::Result<()> {
        self.header(ZipEntry {
            path: open.start.path,
            mode: open.start.mode,
            method: DEFLATED,
            crc: open.crc.sum(),
            compressed: open.compressed,
            size: open.size,
            offset: self.offset,
        })?;
        open.held.seek(SeekFrom::Start(0))?;
        self.offset += io::copy(&mut open.held, &mut self.inner)?;
        Ok(())
    }

    fn header(&mut self, entry: ZipEntry) -> io::Result<()> {
        let record = entry.local_header(self.time);
        self.inner.write_all(&record)?;
        self.offset += record.len() as u64;
        self.entries.push(entry);
        Ok(())
    }

    fn finish(mut self) -> io::Result<W> {
        let mut size = 0;
        for entry in &self.entries {
            let record = entry.central_header(self.time);
            self.inner.write_all(&record)?;
            size += record.len() as u64;
        }
        let directory = Directory {
            entries: self.entries.len() as u64,
            size,
            offset: self.offset,
        };
        self.inner.write_all(&directory.end())?;
        Ok(self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_threads_run_than_memory_allows() {
        let date: SourceDate = "0".parse().unwrap();
        for (asked, expected) in [(2, 2), (52, 52), (53, 52), (10_000, 52)] {
            let threads = NonZeroUsize::new(asked).unwrap();
            let writer = ZipWriter::new(Vec::new(), date, threads, Path::new(".")).unwrap();
            assert_eq!(writer.ordered.threads(), expected);
        }
    }
}
