use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::path::Path;

use attest_digest::{Algorithm, Algorithms, Digest, Measured, MeasuringReader};

use crate::read::{ContainerMetadata, Entry, EntryKind, Limits, ReadError, Summary, read_archive};
use crate::source_date::DosTime;
use crate::{Content, MemberPath, SourceDate, Spool, Spooled};

/// The most members, implied directories included. All are held in memory; the largest that is published has a fourth of them.
const MAX_MEMBERS: usize = 200_000;

/// The most bytes of all paths, of which several copies are held: 160 for each of the most members.
const MAX_PATHS: u64 = 32 * 1024 * 1024;

/// The most bytes of all extended headers, extra fields and comments. Tools write a hundred for a member.
const MAX_HEADERS: u64 = 64 * 1024 * 1024;

/// The memory that a record takes besides its bytes.
const RECORD_OVERHEAD: usize = 64;

/// Everything that an archive holds.
#[derive(Debug)]
pub(super) struct Contents {
    /// In the order of the archive.
    members: Vec<Held>,
    /// Their places, sorted by the bytes of their paths.
    sorted: Vec<usize>,
    pub(super) summary: Summary,
}

/// One member.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) entry: Entry,
    /// Of a regular file.
    pub(super) file: Option<HeldFile>,
}

/// The bytes of a regular file, and what they are measured to be.
#[derive(Debug, Clone)]
pub(super) struct HeldFile {
    pub(super) bytes: Spooled,
    pub(super) measured: Measured,
    pub(super) executable: bool,
}

impl Contents {
    /// Reads an archive once.
    pub(super) fn read(file: impl Read + Seek, limits: &Limits, scratch: &Path) -> Result<Self, ReadError> {
        let limits = Limits {
            members: limits.members.min(MAX_MEMBERS),
            paths: limits.paths.min(MAX_PATHS),
            ..limits.clone()
        };
        let mut spool = Spool::new(scratch);
        let mut members = Vec::new();
        let mut headers = 0;
        let summary = read_archive(file, &limits, |entry, bytes| {
            headers += header_bytes(entry);
            refuse_headers(headers)?;
            let file = match entry.kind {
                EntryKind::File { executable } => Some(HeldFile::read(&mut spool, bytes, executable)?),
                _ => None,
            };
            let mut entry = entry.clone();
            // It is the path once more.
            entry.metadata.name = String::new();
            members.push(Held { entry, file });
            Ok::<_, ReadError>(())
        })?;
        Ok(Self::of(members, summary))
    }

    /// A hard link is one more file with the bytes of the other.
    fn of(members: Vec<Held>, summary: Summary) -> Self {
        let mut sorted: Vec<usize> = (0..members.len()).collect();
        sorted.sort_unstable_by_key(|place| &members[*place].entry.path);
        let mut contents = Self {
            members,
            sorted,
            summary,
        };
        for place in 0..contents.members.len() {
            if let EntryKind::HardLink { target } = &contents.members[place].entry.kind {
                let file = contents.file(target.as_str()).cloned();
                contents.members[place].file = file;
            }
        }
        contents
    }

    /// In the order of the archive.
    pub(super) fn members(&self) -> &[Held] {
        &self.members
    }

    /// The regular files, sorted by the bytes of their paths.
    pub(super) fn files(&self) -> impl Iterator<Item = (&MemberPath, &HeldFile)> {
        self.sorted()
            .filter_map(|held| Some((&held.entry.path, held.file.as_ref()?)))
    }

    fn sorted(&self) -> impl Iterator<Item = &Held> {
        self.sorted.iter().map(|place| &self.members[*place])
    }

    /// Whether there is a regular file at `path`.
    pub(super) fn has_file(&self, path: &str) -> bool {
        self.file(path).is_some()
    }

    pub(super) fn file(&self, path: &str) -> Option<&HeldFile> {
        let path_at = |place: &usize| self.members[*place].entry.path.as_str();
        let found = self.sorted.binary_search_by(|place| path_at(place).cmp(path)).ok()?;
        self.members[self.sorted[found]].file.as_ref()
    }

    /// The first components of all paths.
    pub(super) fn tops(&self) -> BTreeSet<&str> {
        self.sorted()
            .filter_map(|held| held.entry.path.components().next())
            .collect()
    }

    /// The moment that all members have, if it is one.
    pub(super) fn date(&self) -> Option<SourceDate> {
        let mut dates = self.members.iter().map(|held| date_of(&held.entry));
        let first = dates.next()?;
        dates.all(|date| date == first).then_some(first).flatten()
    }
}

/// What the headers of a member say besides what every member has.
fn header_bytes(entry: &Entry) -> usize {
    match &entry.metadata.container {
        ContainerMetadata::Tar(tar) => {
            let records = tar.extended.iter();
            records
                .map(|(key, value)| key.len() + value.len() + RECORD_OVERHEAD)
                .sum()
        }
        ContainerMetadata::Zip(zip) => zip.central_extra.len() + zip.local_extra.len() + zip.comment.len(),
    }
}

fn refuse_headers(bytes: usize) -> Result<(), ReadError> {
    let (what, limit) = ("the sum of extended headers, extra fields and comments", MAX_HEADERS);
    match bytes as u64 > limit {
        true => Err(ReadError::HeaderTooLarge { what, limit }),
        false => Ok(()),
    }
}

fn date_of(entry: &Entry) -> Option<SourceDate> {
    match &entry.metadata.container {
        ContainerMetadata::Tar(tar) => SourceDate::from_seconds(u64::try_from(tar.modified).ok()?).ok(),
        ContainerMetadata::Zip(zip) => {
            let (date, time) = (zip.modified.0.date, zip.modified.0.time);
            SourceDate::of_dos(DosTime { date, time })
        }
    }
}

impl HeldFile {
    fn read(spool: &mut Spool, bytes: &mut dyn Read, executable: bool) -> Result<Self, ReadError> {
        let mut reader = MeasuringReader::new(bytes, &Algorithms::one(Algorithm::Sha256));
        let bytes = spool.keep(&mut reader)?;
        let (_, measured) = reader.finish();
        Ok(Self {
            bytes,
            measured,
            executable,
        })
    }

    /// The first `limit` bytes and one more: whoever parses them says that there are too many.
    pub(super) fn read_at_most(&self, limit: usize) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        self.bytes.reader().take(limit as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The digest by one algorithm; SHA-256 is known already.
    pub(super) fn digest(&self, algorithm: Algorithm) -> Result<Option<Digest>, ReadError> {
        if let Some(digest) = self.measured.digest(algorithm) {
            return Ok(Some(digest.clone()));
        }
        let mut reader = MeasuringReader::new(self.bytes.reader(), &Algorithms::one(algorithm));
        std::io::copy(&mut reader, &mut std::io::sink())?;
        Ok(reader.finish().1.digest(algorithm).cloned())
    }

    pub(super) fn content(&self) -> Content {
        Content::Spooled(self.bytes.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A tar archive of empty files, each with a comment.
    fn archive(count: usize, path: impl Fn(usize) -> String, comment: &str) -> Cursor<Vec<u8>> {
        let mut tar = tar::Builder::new(Vec::new());
        for number in 0..count {
            if !comment.is_empty() {
                tar.append_pax_extensions([("comment", comment.as_bytes())]).unwrap();
            }
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(0);
            header.set_mode(0o644);
            tar.append_data(&mut header, path(number), std::io::empty()).unwrap();
        }
        Cursor::new(tar.into_inner().unwrap())
    }

    fn read(archive: Cursor<Vec<u8>>) -> Result<Contents, ReadError> {
        Contents::read(archive, &Limits::default(), Path::new("."))
    }

    #[test]
    fn long_paths_are_refused_before_they_take_the_memory() {
        let long = "x".repeat(4000);
        let path = |number| format!("{number}{long}");
        assert_eq!(read(archive(8000, path, "")).unwrap().members().len(), 8000);
        let refused = read(archive(9000, path, "")).unwrap_err();
        assert!(matches!(refused, ReadError::PathsTooLong { limit: MAX_PATHS }));
    }

    #[test]
    fn a_path_of_many_directories_counts_each_of_them() {
        let deep = "x/".repeat(2000);
        let path = |number| format!("{number}/{deep}x");
        assert_eq!(read(archive(8, path, "")).unwrap().members().len(), 8);
        let refused = read(archive(9, path, "")).unwrap_err();
        assert!(matches!(refused, ReadError::PathsTooLong { limit: MAX_PATHS }));
    }

    #[test]
    fn extended_headers_are_limited_in_all() {
        let comment = "x".repeat(1_000_000);
        let path = |number: usize| number.to_string();
        assert_eq!(read(archive(66, path, &comment)).unwrap().members().len(), 66);
        let refused = read(archive(68, path, &comment)).unwrap_err();
        assert!(matches!(refused, ReadError::HeaderTooLarge { limit: MAX_HEADERS, .. }));
    }

    #[test]
    fn a_file_is_found_by_its_path_and_nothing_else_is() {
        let contents = read(archive(3, |number| format!("d/{}", 2 - number), "")).unwrap();
        let paths: Vec<&str> = contents.files().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["d/0", "d/1", "d/2"]);
        assert!(contents.has_file("d/1"));
        for path in ["d", "d/3", "d/1/", "./d/1", ""] {
            assert!(!contents.has_file(path), "{path}");
        }
    }
}
