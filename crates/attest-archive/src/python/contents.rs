use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};
use std::path::Path;

use attest_digest::{Algorithm, Algorithms, Digest, Measured, MeasuringReader};

use crate::read::{ContainerMetadata, Entry, EntryKind, Limits, ReadError, Summary, read_archive};
use crate::source_date::DosTime;
use crate::{Content, MemberPath, SourceDate, Spool, Spooled};

/// Everything that an archive holds.
#[derive(Debug)]
pub(super) struct Contents {
    /// In the order of the archive.
    members: Vec<Held>,
    places: BTreeMap<MemberPath, usize>,
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
        let mut spool = Spool::new(scratch);
        let mut members = Vec::new();
        let summary = read_archive(file, limits, |entry, bytes| {
            let file = match entry.kind {
                EntryKind::File { executable } => Some(HeldFile::read(&mut spool, bytes, executable)?),
                _ => None,
            };
            let entry = entry.clone();
            members.push(Held { entry, file });
            Ok::<_, ReadError>(())
        })?;
        Ok(Self::of(members, summary))
    }

    /// A hard link is one more file with the bytes of the other.
    fn of(mut members: Vec<Held>, summary: Summary) -> Self {
        let mut places: BTreeMap<MemberPath, usize> = BTreeMap::new();
        for place in 0..members.len() {
            if let EntryKind::HardLink { target } = &members[place].entry.kind {
                let target = places.get(target).copied();
                members[place].file = target.and_then(|target| members[target].file.clone());
            }
            places.insert(members[place].entry.path.clone(), place);
        }
        Self {
            members,
            places,
            summary,
        }
    }

    /// In the order of the archive.
    pub(super) fn members(&self) -> &[Held] {
        &self.members
    }

    /// The regular files, sorted by the bytes of their paths.
    pub(super) fn files(&self) -> impl Iterator<Item = (&MemberPath, &HeldFile)> {
        self.places
            .iter()
            .filter_map(|(path, place)| Some((path, self.members[*place].file.as_ref()?)))
    }

    /// Whether there is a regular file at `path`.
    pub(super) fn has_file(&self, path: &str) -> bool {
        self.file(path).is_some()
    }

    pub(super) fn file(&self, path: &str) -> Option<&HeldFile> {
        let path: MemberPath = path.parse().ok()?;
        self.members[*self.places.get(&path)?].file.as_ref()
    }

    /// The first components of all paths.
    pub(super) fn tops(&self) -> BTreeSet<&str> {
        self.places.keys().filter_map(|path| path.components().next()).collect()
    }

    /// The moment that all members have, if it is one.
    pub(super) fn date(&self) -> Option<SourceDate> {
        let mut dates = self.members.iter().map(|held| date_of(&held.entry));
        let first = dates.next()?;
        dates.all(|date| date == first).then_some(first).flatten()
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
