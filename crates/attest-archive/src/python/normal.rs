use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use attest_digest::{Algorithm, Algorithms, Measured, MeasuringReader, MeasuringWriter};

use super::change::{Cause, Change, changes};
use super::contents::Contents;
use super::distribution::{Distribution, DistributionKind};
use super::record::{MAX_RECORD_BYTES, RecordLine, parse_record};
use super::recorded::SIGNATURES;
use crate::error::visible;
use crate::read::{EntryKind, Limits, ReadError};
use crate::zip_writer::ZipWriter;
use crate::{Content, Error, Format, Member, MemberPath, Members, Recipe, SourceDate, write_archive_to};

/// How a wheel or an sdist is written.
#[derive(Debug, Clone, Copy)]
pub struct Normalisation<'a> {
    /// The modification time of every member.
    pub source_date: SourceDate,
    /// How many threads compress. The bytes do not depend on it.
    pub threads: NonZeroUsize,
    /// A directory in which a temporary file without a name may be needed.
    pub scratch: &'a Path,
}

/// What was found out while a wheel or an sdist was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// What was read, by SHA-256.
    pub before: Measured,
    /// What was written, by SHA-256.
    pub after: Measured,
    /// Why they are not the same; empty when they are.
    pub changes: Vec<Change>,
}

/// Why there is no normal form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NormaliseError {
    /// Something is wrong with it.
    #[error("a file with problems has no normal form")]
    Rejected,
    /// `RECORD` would have other bytes, and a signature over it would not hold.
    #[error("`{}` is a signature over RECORD, which would have other bytes", visible(.path.as_str()))]
    Signed {
        /// The signature.
        path: MemberPath,
    },
    /// What was written does not hold what was read.
    #[error("expected the same bytes of `{}` in what was written", visible(.path.as_str()))]
    Lost {
        /// The member.
        path: MemberPath,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] Error),
    /// What was written cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Distribution {
    /// Writes the same files in the form that comes out the same everywhere, reads them back, and says what is another.
    ///
    /// `original` is what was read, and stands at any place; `output` is empty.
    ///
    /// # Errors
    /// [`NormaliseError`]. What was written until then is of no use.
    pub fn normalise<F: Read + Write + Seek>(
        &self,
        how: &Normalisation<'_>,
        original: &mut (impl Read + Seek),
        mut output: F,
    ) -> Result<(F, Normalised), NormaliseError> {
        if self.is_rejected() {
            return Err(NormaliseError::Rejected);
        }
        let before = measured(original)?;
        let after = match self.kind {
            DistributionKind::Wheel => self.write_wheel(how, &mut output)?,
            DistributionKind::Sdist => self.write_sdist(how, &mut output)?,
        };
        output.seek(SeekFrom::Start(0)).map_err(Error::write)?;
        let back = Contents::read(&mut output, &Limits::default(), how.scratch)?;
        self.refuse_loss(&back)?;
        let mut changes = changes(&self.contents, &back);
        if changes.is_empty() && before != after {
            changes.push(Change {
                cause: Cause::Compression,
                members: 0,
                first: None,
            });
        }
        if before == after {
            changes.clear();
        }
        output.seek(SeekFrom::Start(0)).map_err(Error::write)?;
        Ok((output, Normalised { before, after, changes }))
    }

    /// Sorted, the `.dist-info` directory last and `RECORD` at the very end; files only, as installers want no more.
    ///
    /// Source: PyPA binary distribution format, "Recommended archiver features".
    fn write_wheel(
        &self,
        how: &Normalisation<'_>,
        output: &mut (impl Write + Seek),
    ) -> Result<Measured, NormaliseError> {
        let algorithms = Algorithms::one(Algorithm::Sha256);
        let writer = io::BufWriter::new(MeasuringWriter::new(output, &algorithms));
        let mut zip = ZipWriter::new(writer, how.source_date, how.threads, how.scratch)?;
        for member in self.wheel_members()? {
            zip.append(&member, &algorithms)?;
        }
        let writer = zip.finish().map_err(Error::write)?;
        let writer = writer.into_inner().map_err(|error| Error::write(error.into_error()))?;
        Ok(writer.finish().1)
    }

    fn wheel_members(&self) -> Result<Vec<Member>, NormaliseError> {
        let dist_info = self.dist_info.as_deref().ok_or(NormaliseError::Rejected)?;
        let record: MemberPath = format!("{dist_info}/RECORD").parse().map_err(Error::from)?;
        let mut paths: Vec<&MemberPath> = self.contents.files().map(|(path, _)| path).collect();
        paths.sort_by_key(|path| (**path == record, path.components().next() == Some(dist_info), *path));
        let bytes = self.record(&paths, &record)?;
        let members = paths.into_iter().filter_map(|path| match *path == record {
            true => Some(Member::file(path.clone(), Content::Bytes(bytes.clone()), false)),
            false => self.member(path),
        });
        Ok(members.collect())
    }

    /// `RECORD` in the order of the archive, with the digests that it had and were held to.
    fn record(&self, paths: &[&MemberPath], record: &MemberPath) -> Result<Vec<u8>, NormaliseError> {
        let file = self.contents.file(record.as_str()).ok_or(NormaliseError::Rejected)?;
        let before = file.read_at_most(MAX_RECORD_BYTES)?;
        let lines = parse_record(&before, paths.len()).map_err(|_| NormaliseError::Rejected)?;
        let lines: BTreeMap<&str, &RecordLine> = lines.iter().map(|line| (line.path.as_str(), line)).collect();
        let mut after = String::new();
        for path in paths
            .iter()
            .filter(|path| !SIGNATURES.iter().any(|ending| is_signature(path, record, ending)))
        {
            let line = match lines.get(path.as_str()) {
                Some(line) if **path != *record => RecordLine {
                    size: self.contents.file(path.as_str()).map(|file| file.measured.size()),
                    ..(*line).clone()
                },
                _ => RecordLine::bare(path.as_str()),
            };
            after.push_str(&format!("{line}\n"));
        }
        match self.signatures().first() {
            Some(path) if after.as_bytes() != before => Err(NormaliseError::Signed { path: (*path).clone() }),
            _ => Ok(after.into_bytes()),
        }
    }

    /// As any tar archive of this crate, parent directories included.
    fn write_sdist(
        &self,
        how: &Normalisation<'_>,
        output: &mut (impl Write + Seek),
    ) -> Result<Measured, NormaliseError> {
        let mut members = Vec::new();
        for held in self.contents.members() {
            let path = &held.entry.path;
            members.push(match &held.entry.kind {
                EntryKind::Directory => Member::directory(path.clone()),
                EntryKind::Symlink { target } => Member::symlink(path.clone(), target)?,
                _ => match self.member(path) {
                    Some(member) => member,
                    None => return Err(NormaliseError::Lost { path: path.clone() }),
                },
            });
        }
        let recipe = Recipe {
            format: Format::TarGz,
            members: Members::new(members)?,
            source_date: how.source_date,
            threads: how.threads,
            algorithms: Algorithms::one(Algorithm::Sha256),
        };
        Ok(write_archive_to(&recipe, output, how.scratch)?.1.measured)
    }

    fn member(&self, path: &MemberPath) -> Option<Member> {
        let file = self.contents.file(path.as_str())?;
        Some(Member::file(path.clone(), file.content(), file.executable))
    }

    /// Every file but `RECORD` has the bytes that it had, and there is no other.
    fn refuse_loss(&self, back: &Contents) -> Result<(), NormaliseError> {
        let record = self.dist_info.as_ref().map(|dist_info| format!("{dist_info}/RECORD"));
        let is_record = |path: &MemberPath| record.as_deref() == Some(path.as_str());
        for (one, other) in [(&self.contents, back), (back, &self.contents)] {
            for (path, file) in one.files().filter(|(path, _)| !is_record(path)) {
                if other
                    .file(path.as_str())
                    .is_none_or(|found| found.measured != file.measured)
                {
                    return Err(NormaliseError::Lost { path: path.clone() });
                }
            }
        }
        Ok(())
    }
}

fn is_signature(path: &MemberPath, record: &MemberPath, ending: &str) -> bool {
    path.as_str().strip_suffix(ending) == Some(record.as_str())
}

fn measured(file: &mut (impl Read + Seek)) -> Result<Measured, NormaliseError> {
    let read = |source| NormaliseError::Read(ReadError::Io { source });
    file.seek(SeekFrom::Start(0)).map_err(read)?;
    let mut reader = MeasuringReader::new(file, &Algorithms::one(Algorithm::Sha256));
    io::copy(&mut reader, &mut io::sink()).map_err(read)?;
    Ok(reader.finish().1)
}
