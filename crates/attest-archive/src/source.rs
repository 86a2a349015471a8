use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use attest_digest::{Algorithms, Measured, MeasuringReader};

use crate::{Content, Error, Spooled};

/// How much is read at a time.
const BUFFER: usize = 128 * 1024;

/// An opened content whose size is known and held to.
pub(crate) enum Source<'a> {
    Bytes(&'a [u8]),
    File(OpenFile),
    Spooled(&'a Spooled),
}

/// A regular file, with its size and age when it was opened.
pub(crate) struct OpenFile {
    file: File,
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

impl<'a> Source<'a> {
    pub(crate) fn open(content: &'a Content) -> Result<Self, Error> {
        match content {
            Content::Bytes(bytes) => Ok(Self::Bytes(bytes)),
            Content::Path(path) => OpenFile::open(path).map(Self::File),
            Content::Spooled(spooled) => Ok(Self::Spooled(spooled)),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.size,
            Self::Spooled(spooled) => spooled.size(),
        }
    }

    /// Reads everything once, into `sink`, and says what it was.
    pub(crate) fn copy_to(self, sink: &mut impl Write, algorithms: &Algorithms) -> Result<Measured, Error> {
        match self {
            Self::Bytes(bytes) => {
                sink.write_all(bytes).map_err(Error::write)?;
                Ok(Measured::of_bytes(bytes, algorithms))
            }
            Self::File(file) => file.copy_to(sink, algorithms),
            Self::Spooled(spooled) => {
                let mut reader = MeasuringReader::new(spooled.reader(), algorithms);
                copy(&mut reader, sink, Path::new("a temporary file"))?;
                Ok(reader.finish().1)
            }
        }
    }
}

impl OpenFile {
    fn open(path: &Path) -> Result<Self, Error> {
        // Looked at before it is opened, because opening a named pipe waits for a writer.
        let metadata = std::fs::metadata(path).map_err(Error::read(path))?;
        refuse_special(path, &metadata)?;
        let file = File::open(path).map_err(Error::read(path))?;
        let metadata = file.metadata().map_err(Error::read(path))?;
        refuse_special(path, &metadata)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            size: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }

    fn copy_to(self, sink: &mut impl Write, algorithms: &Algorithms) -> Result<Measured, Error> {
        let mut reader = MeasuringReader::new(self.file.take(self.size), algorithms);
        copy(&mut reader, sink, &self.path)?;
        let (reader, measured) = reader.finish();
        let mut file = reader.into_inner();
        let beyond = read_some(&mut file, &mut [0; 1]).map_err(Error::read(&self.path))?;
        let found = measured.size() + beyond as u64;
        let modified = file.metadata().map_err(Error::read(&self.path))?.modified().ok();
        if found != self.size || modified != self.modified {
            let (path, expected) = (self.path, self.size);
            return Err(Error::ChangedWhileRead { path, expected, found });
        }
        Ok(measured)
    }
}

fn refuse_special(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    match metadata.is_file() {
        true => Ok(()),
        false => Err(Error::NotAFile { path: path.to_owned() }),
    }
}

/// Like [`io::copy`], but tells a reader that fails from a writer that fails.
fn copy(reader: &mut impl Read, sink: &mut impl Write, path: &Path) -> Result<(), Error> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = read_some(reader, &mut buffer).map_err(Error::read(path))?;
        if read == 0 {
            return Ok(());
        }
        sink.write_all(&buffer[..read]).map_err(Error::write)?;
    }
}

fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sink that changes the file that is being read, after the first bytes came.
    struct Meddler<F: FnMut()>(F);

    impl<F: FnMut()> Write for Meddler<F> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            (self.0)();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn copy_while(meddle: impl Fn(&File)) -> Error {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, vec![7; 3 * BUFFER]).unwrap();
        let handle = File::options().append(true).open(&path).unwrap();
        let content = Content::Path(path);
        let source = Source::open(&content).unwrap();
        assert_eq!(source.size(), 3 * BUFFER as u64);
        let mut sink = Meddler(|| meddle(&handle));
        source.copy_to(&mut sink, &"sha256".parse().unwrap()).unwrap_err()
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_is_rejected() {
        let error = copy_while(|mut file| file.write_all(b"more").unwrap());
        let (size, one_more) = (3 * BUFFER as u64, 3 * BUFFER as u64 + 1);
        assert!(
            matches!(error, Error::ChangedWhileRead { expected, found, .. } if expected == size && found == one_more)
        );
    }

    #[test]
    fn a_file_that_shrinks_while_it_is_read_is_rejected() {
        let error = copy_while(|file| file.set_len(BUFFER as u64).unwrap());
        let (size, rest) = (3 * BUFFER as u64, BUFFER as u64);
        assert!(matches!(error, Error::ChangedWhileRead { expected, found, .. } if expected == size && found == rest));
    }

    #[test]
    fn a_file_that_is_touched_while_it_is_read_is_rejected() {
        let later = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
        let error = copy_while(|file| file.set_modified(later).unwrap());
        assert!(matches!(error, Error::ChangedWhileRead { expected, found, .. } if expected == found));
    }

    #[test]
    fn a_directory_is_no_content() {
        let directory = tempfile::tempdir().unwrap();
        let content = Content::Path(directory.path().to_owned());
        let error = Source::open(&content).map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::NotAFile { path } if path == directory.path()));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let content = Content::Path("no/such/file".into());
        let error = Source::open(&content).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `no/such/file`");
    }
}
