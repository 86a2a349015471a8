use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::ignore::{self, IgnoreRules};
use super::{ChartError, MAX_CHART_BYTES, MAX_FILE_BYTES, MAX_FILES};
use crate::{Error, MemberPath};

/// Names that are looked at, in every directory and whether a rule leaves them out or not. Links can lead to one directory from
/// many places: twenty-four directories, each with two links to the next one, are eight million without a single file.
const MAX_NAMES: usize = 5 * MAX_FILES;

/// Directories in each other, links followed: far more than any chart with its dependencies has.
const MAX_DEPTH: usize = 64;

/// The files of a chart's directory: what `.helmignore` leaves in, each by its place below the directory.
///
/// Symbolic links are followed, as Helm follows them, but never out of the directory.
#[derive(Debug)]
pub(super) struct Directory {
    files: BTreeMap<MemberPath, PathBuf>,
}

impl Directory {
    /// Lists the files at `root`, a path without links, but those at `without`.
    pub(super) fn list(root: &Path, without: &BTreeSet<MemberPath>) -> Result<Self, ChartError> {
        let mut walk = Walk {
            rules: rules(root)?,
            without,
            root,
            open: Vec::new(),
            files: BTreeMap::new(),
            bytes: 0,
            names: 0,
        };
        walk.enter(root, None)?;
        let files = walk.files;
        Ok(Self { files })
    }

    /// Every file, and where its bytes are.
    pub(super) fn files(&self) -> &BTreeMap<MemberPath, PathBuf> {
        &self.files
    }

    /// The bytes of a file, if it is there.
    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ChartError> {
        let path: MemberPath = path.parse().map_err(Error::from)?;
        self.files
            .get(&path)
            .map(|real| read_bounded(real, &path, MAX_FILE_BYTES))
            .transpose()
    }
}

fn rules(root: &Path) -> Result<IgnoreRules, ChartError> {
    let bytes = read_inside(root, ignore::FILE_NAME, ignore::MAX_BYTES)?.unwrap_or_default();
    let text = String::from_utf8(bytes).map_err(|error| ChartError::Yaml {
        file: ignore::FILE_NAME.to_owned(),
        problem: super::YamlError::NotUtf8 {
            offset: error.utf8_error().valid_up_to(),
        },
    });
    IgnoreRules::parse(&text?)
}

/// The bytes of a file at the top of `root`, a path without links, if it is there: a link to it may not lead out.
pub(super) fn read_inside(root: &Path, name: &str, limit: u64) -> Result<Option<Vec<u8>>, ChartError> {
    let file = root.join(name);
    let path: MemberPath = name.parse().map_err(Error::from)?;
    match fs::canonicalize(&file) {
        Ok(target) if !target.starts_with(root) => Err(ChartError::LinkEscapes { path, target }),
        Ok(real) => read_bounded(&real, &path, limit).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ChartError::reading(file)(error)),
    }
}

/// The whole of a file, if it is not larger: what stands at `path` in the chart.
fn read_bounded(real: &Path, path: &MemberPath, limit: u64) -> Result<Vec<u8>, ChartError> {
    let file = open_file(real).map_err(ChartError::reading(real))?;
    let file = file.ok_or_else(|| ChartError::NotAFile { path: path.clone() })?;
    let mut bytes = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut bytes);
    let found = read.map_err(ChartError::reading(real))? as u64;
    match found <= limit {
        true => Ok(bytes),
        false => Err(ChartError::FileTooLarge {
            path: path.to_string(),
            limit,
            found,
        }),
    }
}

/// Opens a regular file. Nothing else is opened, as that may have an effect, and if something else takes its place meanwhile,
/// nobody waits for a writer of a named pipe.
fn open_file(path: &Path) -> io::Result<Option<File>> {
    if !fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let file = open_at_once(path)?;
    Ok(file.metadata()?.is_file().then_some(file))
}

#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    File::open(path)
}

struct Walk<'a> {
    root: &'a Path,
    rules: IgnoreRules,
    without: &'a BTreeSet<MemberPath>,
    /// The directories that are being listed, without links.
    open: Vec<PathBuf>,
    files: BTreeMap<MemberPath, PathBuf>,
    bytes: u64,
    names: usize,
}

impl Walk<'_> {
    fn enter(&mut self, directory: &Path, place: Option<&MemberPath>) -> Result<(), ChartError> {
        self.open.push(directory.to_owned());
        let mut names = Vec::new();
        for entry in fs::read_dir(directory).map_err(ChartError::reading(directory))? {
            names.push(entry.map_err(ChartError::reading(directory))?.file_name());
            self.names += 1;
            if self.names > MAX_NAMES {
                return Err(ChartError::TooManyNames { limit: MAX_NAMES });
            }
        }
        // The first refusal is the same everywhere.
        names.sort();
        for name in names {
            let path = place_of(directory, place, &name)?;
            self.visit(&directory.join(&name), path)?;
        }
        self.open.pop();
        Ok(())
    }

    fn visit(&mut self, file: &Path, path: MemberPath) -> Result<(), ChartError> {
        // Links are followed before the rules are asked, so that a rule for directories holds for links to them.
        let metadata = fs::metadata(file).map_err(ChartError::reading(file))?;
        if self.rules.leaves_out(path.as_str(), metadata.is_dir()) || self.without.contains(&path) {
            return Ok(());
        }
        let real = fs::canonicalize(file).map_err(ChartError::reading(file))?;
        if !real.starts_with(self.root) {
            return Err(ChartError::LinkEscapes { path, target: real });
        }
        match metadata.is_dir() {
            true if self.open.contains(&real) => Err(ChartError::LinkLoop { path }),
            true if self.open.len() == MAX_DEPTH => Err(ChartError::TooDeep { path, limit: MAX_DEPTH }),
            true => self.enter(&real, Some(&path)),
            false => self.add(path, real, &metadata),
        }
    }

    fn add(&mut self, path: MemberPath, real: PathBuf, metadata: &Metadata) -> Result<(), ChartError> {
        if !metadata.is_file() {
            return Err(ChartError::SpecialFile { path });
        }
        if metadata.len() > MAX_FILE_BYTES {
            return Err(ChartError::FileTooLarge {
                path: path.to_string(),
                limit: MAX_FILE_BYTES,
                found: metadata.len(),
            });
        }
        self.bytes += metadata.len();
        if self.bytes >= MAX_CHART_BYTES {
            let limit = MAX_CHART_BYTES;
            return Err(ChartError::ChartTooLarge { limit });
        }
        if self.files.len() == MAX_FILES {
            return Err(ChartError::TooManyFiles { limit: MAX_FILES });
        }
        self.files.insert(path, real);
        Ok(())
    }
}

fn place_of(directory: &Path, place: Option<&MemberPath>, name: &OsString) -> Result<MemberPath, ChartError> {
    let text = name.to_str().ok_or_else(|| Error::NotUtf8 {
        directory: directory.to_owned(),
        escaped: name.as_encoded_bytes().escape_ascii().to_string(),
    })?;
    // A backslash parts directories for Helm, so that such a name would lie somewhere else.
    if text.contains('\\') {
        let path = text.parse().map_err(Error::from)?;
        return Err(ChartError::Backslash { path });
    }
    let path = match place {
        Some(place) => place.join(text),
        None => text.parse(),
    };
    Ok(path.map_err(Error::from)?)
}
