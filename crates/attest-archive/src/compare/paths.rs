use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tempfile::SpooledTempFile;

use super::{Cause, Findings, content, directory, layout};
use crate::read::{Compression, Container, Decompressor, Limits, ReadError};

/// What stays in memory of something that was unpacked to be compared, before it goes to a temporary file.
const IN_MEMORY: usize = 8 * 1024 * 1024;

/// Why two things could not be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// Something cannot be read.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// What it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A temporary file failed, or one of the two while it was compared.
    #[error("cannot compare")]
    Io(#[from] io::Error),
    /// One is a directory and the other is not, or one is neither file nor directory.
    #[error("expected two files or two directories, found `{}` and `{}`", .left.display(), .right.display())]
    Kinds {
        /// The first.
        left: PathBuf,
        /// The second.
        right: PathBuf,
    },
    /// There are too many files.
    #[error("expected at most {limit} files in `{}`", .path.display())]
    TooMany {
        /// The directory.
        path: PathBuf,
        /// The most that are accepted.
        limit: usize,
    },
}

/// Compares two files, or two directories file by file. OCI image layouts are followed from their index, not by name.
///
/// `scratch` is a directory for temporary files without a name.
///
/// # Errors
/// [`CompareError`]. What cannot be understood is no error: it is compared as bytes.
pub fn compare(left: &Path, right: &Path, scratch: &Path) -> Result<Findings, CompareError> {
    let mut comparer = Comparer::new(scratch);
    let kinds = (kind(left)?, kind(right)?);
    match kinds {
        (PathKind::File, PathKind::File) => comparer.paths(left, right)?,
        (PathKind::Directory, PathKind::Directory) => directory::compare(&mut comparer, left, right)?,
        _ => {
            let (left, right) = (left.to_owned(), right.to_owned());
            return Err(CompareError::Kinds { left, right });
        }
    }
    Ok(comparer.findings)
}

/// Compares some files of two directories by their names. What neither has differs too: nothing was compared.
///
/// # Errors
/// As for [`compare`].
pub fn compare_named<'a>(
    names: impl IntoIterator<Item = &'a Path>,
    left: &Path,
    right: &Path,
    scratch: &Path,
) -> Result<Findings, CompareError> {
    let mut comparer = Comparer::new(scratch);
    for name in names {
        let (here, there) = (left.join(name), right.join(name));
        comparer.inside(name.to_string_lossy(), |comparer| {
            if here.is_file() && there.is_file() {
                return comparer.paths(&here, &there);
            }
            let (cause, words) = match here.exists() && there.exists() {
                true => (Cause::FileKind, file_words as fn(&Path) -> &'static str),
                false => (Cause::Missing, presence_words as fn(&Path) -> &'static str),
            };
            comparer.add(cause, words(&here), words(&there));
            Ok(())
        })?;
    }
    Ok(comparer.findings)
}

fn presence_words(path: &Path) -> &'static str {
    if path.exists() { "there" } else { "missing" }
}

fn file_words(path: &Path) -> &'static str {
    if path.is_file() { "a file" } else { "no file" }
}

#[derive(PartialEq, Eq)]
enum PathKind {
    File,
    Directory,
    Other,
}

fn kind(path: &Path) -> Result<PathKind, CompareError> {
    let metadata = fs::metadata(path).map_err(unreadable(path))?;
    Ok(match () {
        () if metadata.is_file() => PathKind::File,
        () if metadata.is_dir() => PathKind::Directory,
        () => PathKind::Other,
    })
}

pub(super) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> CompareError {
    let path = path.to_owned();
    move |source| CompareError::Read { path, source }
}

/// Something that can be read from any place.
pub(super) trait Bytes: Read + Seek {}

impl<T: Read + Seek> Bytes for T {}

/// Goes down two things side by side.
pub(super) struct Comparer {
    pub(super) limits: Limits,
    pub(super) findings: Findings,
    pub(super) place: Vec<String>,
    depth: usize,
    scratch: PathBuf,
}

/// What a file is, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    compression: Compression,
    container: Option<Container>,
}

impl Comparer {
    pub(super) fn new(scratch: &Path) -> Self {
        Self {
            limits: Limits::default().with_symlinks_as_written(),
            findings: Findings::default(),
            place: Vec::new(),
            depth: 0,
            scratch: scratch.to_owned(),
        }
    }

    pub(super) fn add(&mut self, cause: Cause, left: impl Into<String>, right: impl Into<String>) {
        self.findings.add(cause, &self.place, left, right);
    }

    /// Does something one step further in.
    pub(super) fn inside<T>(&mut self, name: impl Into<String>, act: impl FnOnce(&mut Self) -> T) -> T {
        self.place.push(name.into());
        let result = act(self);
        self.place.pop();
        result
    }

    /// A temporary file, in memory as long as it is small.
    pub(super) fn spool(&self) -> SpooledTempFile {
        tempfile::spooled_tempfile_in(IN_MEMORY, &self.scratch)
    }

    /// Two files.
    pub(super) fn paths(&mut self, left: &Path, right: &Path) -> Result<(), CompareError> {
        let mut files = (
            File::open(left).map_err(unreadable(left))?,
            File::open(right).map_err(unreadable(right))?,
        );
        let Some(offset) = first_difference(&mut files.0, &mut files.1)? else {
            return Ok(());
        };
        if layout::compare(self, left, right)? {
            return Ok(());
        }
        self.different(&mut files.0, &mut files.1, offset)
    }

    /// Two things that may be the same.
    pub(super) fn bytes(&mut self, left: &mut dyn Bytes, right: &mut dyn Bytes) -> Result<(), CompareError> {
        match first_difference(left, right)? {
            Some(offset) => self.different(left, right, offset),
            None => Ok(()),
        }
    }

    /// Two things whose first different byte is known.
    fn different(&mut self, left: &mut dyn Bytes, right: &mut dyn Bytes, offset: u64) -> Result<(), CompareError> {
        let shapes = (self.shape(left)?, self.shape(right)?);
        let before = self.findings.count();
        if shapes.0 != shapes.1 {
            self.different_shapes(shapes.0, shapes.1);
        }
        if self.depth < self.limits.nesting {
            self.depth += 1;
            let result = self.opened(left, right, shapes);
            self.depth -= 1;
            result?;
        }
        // Whatever was not understood differs all the same.
        match self.findings.count() == before {
            true => content::compare(self, left, right, offset),
            false => Ok(()),
        }
    }

    fn different_shapes(&mut self, left: Shape, right: Shape) {
        if left.container != right.container {
            self.add(Cause::FileKind, left.words(), right.words());
        } else {
            self.add(
                Cause::Compression,
                left.compression.to_string(),
                right.compression.to_string(),
            );
        }
    }

    fn opened(
        &mut self,
        left: &mut dyn Bytes,
        right: &mut dyn Bytes,
        shapes: (Shape, Shape),
    ) -> Result<(), CompareError> {
        let is_same_compression = shapes.0.compression == shapes.1.compression;
        let is_compressed = shapes.0.compression != Compression::None;
        let mut is_same_content = false;
        if is_same_compression && is_compressed {
            match super::compression::compare(self, left, right) {
                Ok(is_same) => is_same_content = is_same,
                Err(error) => return self.not_read(error),
            }
        }
        match (shapes.0.container, shapes.1.container) {
            _ if is_same_content => Ok(()),
            (Some(_), Some(_)) => super::members::compare(self, left, right),
            (None, None) if is_same_compression && is_compressed => self.decompressed(left, right),
            _ => Ok(()),
        }
    }

    /// What was not read is named; its bytes are compared all the same.
    pub(super) fn not_read(&mut self, error: ReadError) -> Result<(), CompareError> {
        match error {
            ReadError::Io { source } => Err(source.into()),
            refused => {
                self.add(Cause::NotRead, refused.to_string(), "");
                Ok(())
            }
        }
    }

    /// Something compressed that is no archive.
    fn decompressed(&mut self, left: &mut dyn Bytes, right: &mut dyn Bytes) -> Result<(), CompareError> {
        let (mut left, mut right) = (self.plain(left)?, self.plain(right)?);
        self.bytes(&mut left, &mut right)
    }

    fn plain(&self, packed: &mut dyn Bytes) -> io::Result<SpooledTempFile> {
        packed.seek(SeekFrom::Start(0))?;
        let mut plain = self.spool();
        let mut decompressor = Decompressor::new(packed, &self.limits)?;
        io::copy(&mut decompressor, &mut plain)?;
        Ok(plain)
    }

    fn shape(&self, bytes: &mut dyn Bytes) -> Result<Shape, CompareError> {
        let mut first = [0; Container::MAGIC];
        bytes.seek(SeekFrom::Start(0))?;
        let read = fill(&mut *bytes, &mut first)?;
        bytes.seek(SeekFrom::Start(0))?;
        let compression = match Container::recognise(&first[..read]) {
            Some(Container::Zip) => Compression::None,
            _ => Compression::recognise(&first[..read]),
        };
        if compression == Compression::None {
            let container = Container::recognise(&first[..read]);
            return Ok(Shape { compression, container });
        }
        let mut decompressor = Decompressor::new(bytes, &self.limits).map_err(io::Error::from)?;
        // A broken stream is no archive, and said to be broken when it is read in full.
        let read = fill(&mut decompressor, &mut first).unwrap_or(0);
        let container = Container::recognise(&first[..read]).filter(|container| *container == Container::Tar);
        Ok(Shape { compression, container })
    }
}

impl Shape {
    fn words(self) -> String {
        let container = match self.container {
            Some(Container::Tar) => "tar archive",
            Some(Container::Zip) => "zip archive",
            None => "other file",
        };
        match self.compression {
            Compression::None => container.to_owned(),
            compression => format!("{container}, {compression}"),
        }
    }
}

/// The first byte in which two things differ, also where one ends.
pub(super) fn first_difference(left: &mut dyn Bytes, right: &mut dyn Bytes) -> io::Result<Option<u64>> {
    left.seek(SeekFrom::Start(0))?;
    right.seek(SeekFrom::Start(0))?;
    first_different_byte(left, right)
}

/// The same, from where both stand.
pub(super) fn first_different_byte(left: &mut dyn Read, right: &mut dyn Read) -> io::Result<Option<u64>> {
    let (mut here, mut there) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut offset = 0;
    loop {
        let (read_left, read_right) = (fill(left, &mut here)?, fill(right, &mut there)?);
        let both = read_left.min(read_right);
        if let Some(at) = (0..both).find(|at| here[*at] != there[*at]) {
            return Ok(Some(offset + at as u64));
        }
        offset += both as u64;
        if read_left != read_right {
            return Ok(Some(offset));
        }
        if read_left == 0 {
            return Ok(None);
        }
    }
}

/// As many bytes as there are.
pub(super) fn fill(reader: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
