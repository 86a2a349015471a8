use std::fmt;
use std::io::{self, Read};

use attest_digest::{Algorithms, Hasher};

use super::{Descriptor, Error};

/// The bytes of a blob. The end comes only after they were found to be those that the descriptor points to; until then they
/// are nobody's.
pub struct Blob {
    inner: Box<dyn Read + Send>,
    descriptor: Descriptor,
    hasher: Option<Hasher>,
    read: u64,
    refusal: Option<Error>,
}

impl Blob {
    pub(super) fn new(inner: Box<dyn Read + Send>, descriptor: &Descriptor) -> Self {
        Self {
            inner,
            descriptor: descriptor.clone(),
            hasher: Some(Hasher::new(&Algorithms::one(descriptor.digest().algorithm()))),
            read: 0,
            refusal: None,
        }
    }

    /// Copies everything. An error of `sink` is [`Error::Write`].
    ///
    /// # Errors
    /// [`Error::BlobSize`], [`Error::BlobDigest`], [`Error::Read`], [`Error::Write`].
    pub fn copy_to(mut self, sink: &mut impl io::Write) -> Result<(), Error> {
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match self.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => sink.write_all(&buffer[..read]).map_err(Error::write)?,
                Err(error) => return Err(self.refusal(error)),
            }
        }
    }

    /// Why reading failed.
    pub(super) fn refusal(&mut self, error: io::Error) -> Error {
        let path = super::layout::blob_path(self.descriptor.digest());
        self.refusal.take().unwrap_or_else(|| Error::read(path)(error))
    }

    /// The last look: once, at the end.
    fn check(&mut self) -> Result<(), Error> {
        let Some(hasher) = self.hasher.take() else {
            return Ok(());
        };
        let expected = self.descriptor.digest();
        if self.read != self.descriptor.size() {
            return Err(self.wrong_size());
        }
        match hasher.finish().digest(expected.algorithm()) {
            Some(found) if found == expected => Ok(()),
            found => Err(Error::BlobDigest {
                expected: expected.clone(),
                found: found.unwrap_or(expected).clone(),
            }),
        }
    }

    fn wrong_size(&self) -> Error {
        Error::BlobSize {
            digest: self.descriptor.digest().clone(),
            expected: self.descriptor.size(),
            found: self.read,
        }
    }

    fn fail(&mut self, refusal: Error) -> io::Error {
        let error = io::Error::new(io::ErrorKind::InvalidData, refusal.to_string());
        self.refusal = Some(refusal);
        error
    }
}

impl Read for Blob {
    /// Fails with [`io::ErrorKind::InvalidData`] when the blob is longer, shorter, or another one.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.read += read as u64;
        if read == 0 {
            return match self.check() {
                Ok(()) => Ok(0),
                Err(refusal) => Err(self.fail(refusal)),
            };
        }
        if self.read > self.descriptor.size() {
            let refusal = self.wrong_size();
            return Err(self.fail(refusal));
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        Ok(read)
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob")
            .field("descriptor", &self.descriptor)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use attest_digest::Measured;

    use super::*;

    fn blob(bytes: &'static [u8], claimed: &[u8], size: u64) -> Blob {
        let algorithms = "sha256".parse().unwrap();
        let measured = Measured::of_bytes(claimed, &algorithms);
        let digest = measured.digests().iter().next().unwrap().clone();
        Blob::new(Box::new(bytes), &Descriptor::new("a/b", digest, size))
    }

    #[test]
    fn what_was_claimed_is_read_to_its_end() {
        let mut sink = Vec::new();
        blob(b"content", b"content", 7).copy_to(&mut sink).unwrap();
        assert_eq!(sink, b"content");
    }

    #[test]
    fn another_content_and_another_size_are_rejected_at_the_end() {
        let error = blob(b"CONTENT", b"content", 7).copy_to(&mut Vec::new()).unwrap_err();
        assert!(matches!(error, Error::BlobDigest { .. }));
        for size in [6, 8] {
            let error = blob(b"content", b"content", size).copy_to(&mut Vec::new()).unwrap_err();
            assert!(matches!(error, Error::BlobSize { expected, found: 7, .. } if expected == size));
        }
        let mut bytes = Vec::new();
        let error = blob(b"CONTENT", b"content", 7).read_to_end(&mut bytes).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
