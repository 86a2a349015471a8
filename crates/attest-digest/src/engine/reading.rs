use super::buffer::Buffer;
use super::queue::{Done, Numbered};
use super::{FileJob, Progress, Source, open_files};
use crate::input::Input;
use crate::lane::State;
use crate::measure::{State as Hash, digest};
use crate::sha256::{INITIAL, Sha256, digest_of};
use crate::{Algorithm, DigestSet, MeasureError, Measured, Platform};

/// What became of a job that has no reading.
pub(super) enum Unbegun<J> {
    /// It is over.
    Failed((Done<J>, Buffer)),
    /// Too many files are open. It has the given error if that will not change.
    Later(Numbered<J>, Buffer, MeasureError),
}

/// A job whose bytes are being read.
pub(super) struct Reading<J> {
    numbered: Numbered<J>,
    pub(super) input: Input,
    pub(super) buffer: Buffer,
    /// The bytes that were read.
    pub(super) size: u64,
    /// SHA-256, if it was asked for: computed together with that of other readings.
    lane: Option<State>,
    /// The other algorithms: each byte goes through them right after it was read.
    others: Vec<Hash>,
    is_ended: bool,
}

impl<J: FileJob> Numbered<J> {
    fn open(&mut self) -> Result<Input, MeasureError> {
        let source = match self.is_known_file {
            true => Source::File,
            false => self.job.source(),
        };
        match source {
            Source::File => {
                self.is_known_file = true;
                Input::open(self.job.path())
            }
            Source::Reader(reader) => Ok(Input::Reader(reader)),
            Source::Failed(error) => Err(error),
        }
    }
}

impl<J: FileJob> Reading<J> {
    /// Opens what the job is about.
    pub(super) fn begin(
        mut numbered: Numbered<J>,
        buffer: Buffer,
        platform: Platform,
    ) -> Result<Self, Box<Unbegun<J>>> {
        let input = match numbered.open() {
            Ok(input) => input,
            Err(MeasureError::Open { path, source }) if open_files::are_too_many(&source) => {
                let error = MeasureError::Open { path, source };
                return Err(Box::new(Unbegun::Later(numbered, buffer, error)));
            }
            Err(error) => return Err(Box::new(Unbegun::Failed((numbered.done(Err(error)), buffer)))),
        };
        let algorithms = numbered.job.algorithms();
        let lane = algorithms.contains(Algorithm::Sha256).then_some(INITIAL);
        let others = algorithms.iter().filter(|algorithm| *algorithm != Algorithm::Sha256);
        let others = others.map(|algorithm| Hash::new(algorithm, platform)).collect();
        Ok(Self {
            numbered,
            input,
            buffer,
            size: 0,
            lane,
            others,
            is_ended: false,
        })
    }

    /// Reads on if no whole block is left; after the last byte comes the padding, so that there is one until the end.
    pub(super) fn refill(&mut self, progress: &Progress) -> Result<(), MeasureError> {
        while !self.is_ended && self.buffer.whole() == 0 {
            let read = self.input.read(self.buffer.space(), self.size, progress);
            let piece = read.map_err(|source| self.read_failed(source))?;
            let bytes = self.buffer.add(piece.len);
            self.others.iter_mut().for_each(|other| other.update(bytes));
            self.size += piece.len as u64;
            if self.lane.is_none() {
                self.buffer.clear();
            }
            if piece.is_last {
                self.end()?;
            } else if self.lane.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), MeasureError> {
        self.is_ended = true;
        self.require_unchanged()?;
        if self.lane.is_some() {
            self.buffer.pad(self.size);
        }
        Ok(())
    }

    /// Whether what was read is what the file held all the time.
    pub(super) fn require_unchanged(&self) -> Result<(), MeasureError> {
        let unchanged = self.input.is_unchanged(self.size);
        match unchanged.map_err(|source| self.read_failed(source))? {
            true => Ok(()),
            false => Err(MeasureError::ChangedWhileReading {
                path: self.numbered.job.path().to_owned(),
            }),
        }
    }

    pub(super) fn read_failed(&self, source: std::io::Error) -> MeasureError {
        MeasureError::Read {
            path: self.numbered.job.path().to_owned(),
            source,
        }
    }

    /// Whether a read may have to wait for somebody.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self.input, Input::Reader(_))
    }

    /// The state of SHA-256 and the bytes it has not taken; the former none if it was not asked for.
    pub(super) fn lane(&mut self) -> Option<(&mut State, &mut Buffer)> {
        Some((self.lane.as_mut()?, &mut self.buffer))
    }

    /// The bytes of the blocks that wait for their lane; none if there is no lane.
    pub(super) fn waiting(&self) -> Option<usize> {
        self.lane.is_some().then(|| self.buffer.whole())
    }

    /// Whether every byte went through every algorithm.
    pub(super) fn is_over(&self) -> bool {
        self.is_ended && self.waiting().unwrap_or(0) == 0
    }

    /// How many bytes are still to be read, as far as that is known; of a stream, a lot.
    pub(super) fn remaining(&self) -> u64 {
        match self.is_ended {
            true => 0,
            false => self
                .input
                .size()
                .map_or(u64::MAX, |size| size.saturating_sub(self.size)),
        }
    }

    /// How many threads can help the one that reads: each with an algorithm of its own, and one stays with the reading. A
    /// thread that does nothing but read is worth it for BLAKE3 alone, which is about as quick as reading; for all others
    /// handing the bytes over costs as much as it saves.
    pub(super) fn helpers(&self) -> usize {
        match (&self.lane, &*self.others) {
            (None, [Hash::Blake3(_)]) => 1,
            (lane, others) => (others.len() + usize::from(lane.is_some())).saturating_sub(1),
        }
    }

    /// Every algorithm as a stream of its own that has taken all that was read.
    pub(super) fn take_streams(&mut self, platform: Platform) -> Vec<Hash> {
        let mut streams = std::mem::take(&mut self.others);
        if let Some(state) = self.lane.take() {
            let rest = self.buffer.held();
            let mut sha256 = Sha256::after(platform, state, self.size - rest.len() as u64);
            sha256.update(rest);
            streams.push(Hash::Sha256(sha256));
        }
        self.buffer.clear();
        streams
    }

    /// The end of a reading that is over.
    pub(super) fn finish(mut self) -> (Done<J>, Buffer) {
        let sha256 = self.lane.map(|state| digest(Algorithm::Sha256, &digest_of(&state)));
        let others = self.others.drain(..).map(Hash::finish);
        let digests = sha256.into_iter().chain(others).collect();
        self.close(Ok(digests))
    }

    /// The end of a reading whose digests, or whose error, come from elsewhere.
    pub(super) fn close(mut self, digests: Result<DigestSet, MeasureError>) -> (Done<J>, Buffer) {
        self.buffer.clear();
        let measured = digests.map(|digests| Measured::new(self.size, digests));
        (self.numbered.done(measured), self.buffer)
    }
}
