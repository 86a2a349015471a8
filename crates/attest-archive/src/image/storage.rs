use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{Error, MAX_DOCUMENT_BYTES};
use crate::read::{BLOCK, ContainerMetadata, Entry, EntryKind, Limits, ReadError, skim_tar};

/// The most files and directories that a layout archive may name: each is remembered, and a layout of a thousand images has
/// fewer.
const MAX_MEMBERS: usize = 100_000;

/// The most bytes of their names, which are held in memory: twice a digest for each.
const MAX_NAMES: u64 = 16 * 1024 * 1024;

/// The longest name that anything is looked for under, that of a blob by its SHA-512. What has a longer one is not needed.
const MAX_NAME: usize = "blobs/sha512/".len() + 128;

/// What a gzip, a Zstandard and an xz stream begin with.
const COMPRESSED: [&[u8]; 3] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ"];

/// Where the files of a layout are.
#[derive(Debug)]
pub(super) enum Storage {
    Directory(PathBuf),
    Archive { path: PathBuf, places: Places },
}

/// Each file of an archive: where its bytes begin, and how many there are.
type Places = BTreeMap<String, (u64, u64)>;

type Stream = Box<dyn Read + Send>;

impl Storage {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        let metadata = fs::metadata(&path).map_err(Error::read(&path))?;
        if metadata.is_dir() {
            return Ok(Self::Directory(path));
        }
        if !metadata.is_file() {
            let found = "something else".to_owned();
            return Err(Error::NotALayout { path, found });
        }
        let file = File::open(&path).map_err(Error::read(&path))?;
        let places = places(BufReader::new(file), &path)?;
        Ok(Self::Archive { path, places })
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Directory(path) | Self::Archive { path, .. } => path,
        }
    }

    /// A file of the layout and its size, if it is there.
    pub(super) fn file(&self, name: &str) -> Result<Option<(Stream, u64)>, Error> {
        match self {
            Self::Directory(directory) => in_directory(&directory.join(name)),
            Self::Archive { path, places } => match places.get(name) {
                Some(&(start, size)) => in_archive(path, start, size).map(Some).map_err(Error::read(path)),
                None => Ok(None),
            },
        }
    }

    /// The names and the sizes of the files right in a folder, sorted; none where there is no such folder.
    pub(super) fn files_in(&self, folder: &str) -> Result<Vec<(String, u64)>, Error> {
        match self {
            Self::Directory(directory) => files_in_directory(&directory.join(folder)),
            Self::Archive { places, .. } => {
                let within = places.iter().filter_map(|(name, (_, size))| {
                    let name = name.strip_prefix(folder)?.strip_prefix('/')?;
                    (!name.contains('/')).then(|| (name.to_owned(), *size))
                });
                Ok(within.collect())
            }
        }
    }

    /// A whole file of the layout, if it is there.
    pub(super) fn document(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some((stream, found)) = self.file(name)? else {
            return Ok(None);
        };
        let (what, limit) = (format!("`{name}`"), MAX_DOCUMENT_BYTES);
        let mut bytes = Vec::new();
        // A file may grow after it was asked for its size.
        let read = stream
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(Error::read(name))? as u64;
        match found.max(read) {
            found if found > limit => Err(Error::TooLarge { what, limit, found }),
            _ => Ok(Some(bytes)),
        }
    }
}

/// Some tools link blobs instead of copying them, so that links are followed; whatever is read is held to a digest.
fn in_directory(path: &Path) -> Result<Option<(Stream, u64)>, Error> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(Error::read(path))?,
    };
    // Opening a named pipe would wait for a writer.
    if !metadata.is_file() {
        return Err(Error::read(path)(io::Error::other("it is not a regular file")));
    }
    let file = File::open(path).map_err(Error::read(path))?;
    Ok(Some((Box::new(file), metadata.len())))
}

fn files_in_directory(path: &Path) -> Result<Vec<(String, u64)>, Error> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::read(path))?,
    };
    let mut files = Vec::new();
    for (count, entry) in entries.enumerate() {
        if count >= MAX_MEMBERS {
            let (what, limit) = ("blobs in a layout", MAX_MEMBERS);
            return Err(Error::TooMany { what, limit });
        }
        let entry = entry.map_err(Error::read(path))?;
        // What vanishes meanwhile, or leads nowhere, is no file.
        let size = fs::metadata(entry.path()).ok().filter(fs::Metadata::is_file);
        if let (Ok(name), Some(metadata)) = (entry.file_name().into_string(), size) {
            files.push((name, metadata.len()));
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn in_archive(path: &Path, start: u64, size: u64) -> io::Result<(Stream, u64)> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    Ok((Box::new(file.take(size)), size))
}

/// Reads the headers of an archive and skips what lies between them.
fn places(mut file: BufReader<File>, path: &Path) -> Result<Places, Error> {
    let mut start = [0; 6];
    let read = file.read(&mut start).map_err(Error::read(path))?;
    if COMPRESSED.iter().any(|magic| start[..read].starts_with(magic)) {
        let (path, found) = (path.to_owned(), "something compressed".to_owned());
        return Err(Error::NotALayout { path, found });
    }
    file.rewind().map_err(Error::read(path))?;
    let length = file.get_ref().metadata().map_err(Error::read(path))?.len();
    let mut places = Places::new();
    let visited = skim_tar(file, &limits(length), |entry, _| match entry.kind {
        EntryKind::File { .. } => {
            let name = entry.path.as_str();
            if let Some(place) = place(entry).filter(|_| name.len() <= MAX_NAME) {
                places.insert(name.to_owned(), place);
            }
            Ok(())
        }
        EntryKind::Directory => Ok(()),
        EntryKind::Symlink { .. } | EntryKind::HardLink { .. } => Err(ReadError::UnsupportedKind {
            name: entry.path.to_string(),
            kind: "a link".to_owned(),
        }),
    });
    visited.map_err(|error| refusal(error, path))?;
    Ok(places)
}

/// Blobs may have any size that the archive has room for; its headers may not.
fn limits(length: u64) -> Limits {
    Limits {
        members: MAX_MEMBERS,
        names: MAX_NAMES,
        member: length,
        total: u64::MAX,
        ..Limits::default()
    }
}

/// The bytes of a file follow its header.
fn place(entry: &Entry) -> Option<(u64, u64)> {
    match &entry.metadata.container {
        ContainerMetadata::Tar(tar) => Some((tar.offset + BLOCK as u64, entry.size)),
        ContainerMetadata::Zip(_) => None,
    }
}

fn refusal(error: ReadError, path: &Path) -> Error {
    match error {
        ReadError::Io { source } => Error::read(path)(source),
        ReadError::Duplicate { path } => Error::ArchiveEntry {
            kind: "twice",
            name: path.to_string(),
        },
        ReadError::UnsupportedKind { name, .. } => Error::ArchiveEntry {
            kind: "something else, called",
            name,
        },
        ReadError::TooManyMembers { limit } => Error::TooMany {
            what: "files and directories in a layout archive",
            limit,
        },
        other => Error::NotALayout {
            path: path.to_owned(),
            found: format!("something else: {other}"),
        },
    }
}
