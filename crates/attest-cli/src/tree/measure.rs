use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use attest_digest::{Algorithms, Engine, FileJob, MeasureError, Measured, Progress, Source, Threads};
use attestation::manifest::{Piece, Serialization};

/// Pieces of a tree to be measured.
pub(super) struct Measuring<'a> {
    pub(super) root: &'a Path,
    pub(super) serialization: &'a Serialization,
    pub(super) threads: Threads,
}

struct PieceJob<'p, 'a> {
    piece: &'p Piece,
    path: PathBuf,
    algorithms: &'a Algorithms,
}

impl Measuring<'_> {
    /// Hands over what each piece hashes to, in their order.
    pub(super) fn run<'p>(
        &self,
        pieces: impl Iterator<Item = &'p Piece> + Send,
        mut found: impl FnMut(&'p Piece, Result<[u8; 32], MeasureError>) -> ControlFlow<()>,
    ) {
        let algorithms = Algorithms::one(self.serialization.algorithm());
        let jobs = pieces.map(|piece| PieceJob {
            piece,
            path: self.root.join(piece.path()),
            algorithms: &algorithms,
        });
        Engine::new(self.threads).measure_stream(jobs, &Progress::new(), |job, measured| {
            found(job.piece, measured.and_then(|measured| job.digest(&measured)))
        });
    }
}

impl PieceJob<'_, '_> {
    fn digest(&self, measured: &Measured) -> Result<[u8; 32], MeasureError> {
        let is_whole = self
            .piece
            .bytes()
            .is_none_or(|range| range.end - range.start == measured.size());
        let digest = measured.digests().iter().next();
        let digest = digest.and_then(|digest| digest.as_bytes().try_into().ok());
        match digest {
            Some(digest) if is_whole => Ok(digest),
            _ => Err(MeasureError::ChangedWhileReading {
                path: self.path.clone(),
            }),
        }
    }
}

impl FileJob for PieceJob<'_, '_> {
    fn path(&self) -> &Path {
        &self.path
    }

    fn algorithms(&self) -> &Algorithms {
        self.algorithms
    }

    fn source(&mut self) -> Source {
        match self.piece.bytes() {
            None => Source::File,
            Some(range) => match open(&self.path, range) {
                Ok(reader) => Source::Reader(Box::new(reader)),
                Err(source) => Source::Failed(MeasureError::Open {
                    path: self.path.clone(),
                    source,
                }),
            },
        }
    }
}

/// Whether the file is still as long as it was found to be shows in the length of what is read.
fn open(path: &Path, range: &Range<u64>) -> io::Result<io::Take<File>> {
    // Asked before opening, because opening a named pipe waits for a writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    Ok(file.take(range.end - range.start))
}
