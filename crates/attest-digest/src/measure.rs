use std::io::{self, Read, Write};

use sha2::Digest as _;

use crate::sha256::Sha256;
use crate::{Algorithm, Algorithms, Digest, DigestSet, Platform};

/// What was found by reading some bytes to their end. Only hashing makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    size: u64,
    digests: DigestSet,
}

impl Measured {
    /// For what hashed the bytes, in this crate.
    pub(crate) fn new(size: u64, digests: DigestSet) -> Self {
        Self { size, digests }
    }

    /// Measures bytes that are in memory.
    #[must_use]
    pub fn of_bytes(bytes: &[u8], algorithms: &Algorithms) -> Self {
        let mut hasher = Hasher::new(algorithms);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The number of bytes that were read.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The digest by `algorithm`, if it was asked for.
    #[must_use]
    pub fn digest(&self, algorithm: Algorithm) -> Option<&Digest> {
        self.digests.of(algorithm)
    }

    /// Every digest that was asked for.
    #[must_use]
    pub fn digests(&self) -> &DigestSet {
        &self.digests
    }
}

/// Several algorithms over one stream of bytes.
pub struct Hasher {
    size: u64,
    states: Vec<State>,
}

/// One algorithm over one stream of bytes.
pub(crate) enum State {
    Sha256(Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    /// Starts with no bytes.
    #[must_use]
    pub fn new(algorithms: &Algorithms) -> Self {
        Self {
            size: 0,
            states: algorithms
                .iter()
                .map(|algorithm| State::new(algorithm, Platform::detect()))
                .collect(),
        }
    }

    /// The number of bytes that were taken.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        for state in &mut self.states {
            state.update(bytes);
        }
    }

    /// Says what was measured.
    #[must_use]
    pub fn finish(self) -> Measured {
        Measured {
            size: self.size,
            digests: self.states.into_iter().map(State::finish).collect(),
        }
    }
}

impl State {
    pub(crate) fn new(algorithm: Algorithm, platform: Platform) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Sha256::new(platform)),
            Algorithm::Sha384 => Self::Sha384(sha2::Sha384::new()),
            Algorithm::Sha512 => Self::Sha512(sha2::Sha512::new()),
            Algorithm::Blake3 => Self::Blake3(Box::default()),
        }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Sha256(_) => Algorithm::Sha256,
            Self::Sha384(_) => Algorithm::Sha384,
            Self::Sha512(_) => Algorithm::Sha512,
            Self::Blake3(_) => Algorithm::Blake3,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(bytes),
            Self::Sha384(state) => state.update(bytes),
            Self::Sha512(state) => state.update(bytes),
            Self::Blake3(state) => {
                state.update(bytes);
            }
        }
    }

    pub(crate) fn finish(self) -> Digest {
        match self {
            Self::Sha256(state) => digest(Algorithm::Sha256, &state.finish()),
            Self::Sha384(state) => digest(Algorithm::Sha384, &state.finalize()),
            Self::Sha512(state) => digest(Algorithm::Sha512, &state.finalize()),
            Self::Blake3(state) => digest(Algorithm::Blake3, state.finalize().as_bytes()),
        }
    }
}

/// What a hash function made.
pub(crate) fn digest(algorithm: Algorithm, value: &[u8]) -> Digest {
    Digest::from_bytes(algorithm, value).expect("a hash function makes digests of its own length")
}

/// A writer that measures what passes through it.
pub struct MeasuringWriter<W> {
    inner: W,
    hasher: Hasher,
}

impl<W: Write> MeasuringWriter<W> {
    /// Wraps `inner`; nothing has passed yet.
    pub fn new(inner: W, algorithms: &Algorithms) -> Self {
        Self {
            inner,
            hasher: Hasher::new(algorithms),
        }
    }

    /// Gives the writer back, with what was measured.
    pub fn finish(self) -> (W, Measured) {
        (self.inner, self.hasher.finish())
    }
}

impl<W: Write> Write for MeasuringWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A reader that measures what passes through it.
pub struct MeasuringReader<R> {
    inner: R,
    hasher: Hasher,
}

impl<R: Read> MeasuringReader<R> {
    /// Wraps `inner`; nothing has passed yet.
    pub fn new(inner: R, algorithms: &Algorithms) -> Self {
        Self {
            inner,
            hasher: Hasher::new(algorithms),
        }
    }

    /// Gives the reader back, with what was measured so far.
    pub fn finish(self) -> (R, Measured) {
        (self.inner, self.hasher.finish())
    }
}

impl<R: Read> Read for MeasuringReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_and_memory_measure_the_same() {
        let algorithms: Algorithms = "sha256,sha384,sha512,blake3".parse().unwrap();
        let mut writer = MeasuringWriter::new(Vec::new(), &algorithms);
        writer.write_all(b"hello ").unwrap();
        writer.write_all(b"world").unwrap();
        let (bytes, measured) = writer.finish();
        assert_eq!(bytes, b"hello world");
        assert_eq!(measured.size(), 11);
        assert_eq!(measured, Measured::of_bytes(b"hello world", &algorithms));
    }
}
