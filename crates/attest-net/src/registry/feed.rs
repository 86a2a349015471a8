use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use attest_digest::{Algorithms, Hasher};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::Receiver;

use super::{BlobAddress, Error};

/// How much is read and sent at a time, in bytes.
const PIECE: usize = 256 << 10;

/// The bytes of a blob on their way to a registry. The last of them are handed out only after all were found to be those that the
/// digest says, so that a registry that does not look gets nothing wrong from here.
pub(super) struct Outgoing<'a> {
    inner: Box<dyn Read + 'a>,
    address: BlobAddress<'a>,
    hasher: Option<Hasher>,
    read: u64,
}

impl<'a> Outgoing<'a> {
    pub(super) fn new(inner: Box<dyn Read + 'a>, address: BlobAddress<'a>) -> Self {
        Self {
            inner,
            address,
            hasher: Some(Hasher::new(&Algorithms::one(address.digest.algorithm()))),
            read: 0,
        }
    }

    /// The next bytes, none at the end; at most so many, and fewer only at the end.
    pub(super) fn next(&mut self, most: usize) -> Result<Option<Bytes>, Error> {
        let left = self.address.size - self.read;
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(most);
        let mut piece = Vec::with_capacity(wanted);
        let read = (&mut self.inner).take(wanted as u64).read_to_end(&mut piece);
        read.map_err(|error| self.unreadable(&error))?;
        if piece.len() < wanted {
            let found = self.read + piece.len() as u64;
            return Err(self.problem(&format_args!("expected {} bytes, found {found}", self.address.size)));
        }
        self.read += wanted as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&piece);
        }
        if self.read == self.address.size {
            self.check()?;
        }
        Ok((!piece.is_empty()).then(|| piece.into()))
    }

    pub(super) fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        self.next(PIECE)
    }

    /// Once, before the last bytes are handed out.
    fn check(&mut self) -> Result<(), Error> {
        let Some(hasher) = self.hasher.take() else {
            return Ok(());
        };
        let expected = self.address.digest;
        let measured = hasher.finish();
        if measured.digest(expected.algorithm()) != Some(expected) {
            return Err(self.problem(&"its bytes are others"));
        }
        let mut more = [0];
        match self.inner.read(&mut more) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.problem(&format_args!("expected {} bytes, found more", self.address.size))),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    fn problem(&self, problem: &dyn std::fmt::Display) -> Error {
        Error::OtherSource {
            digest: self.address.digest.clone(),
            problem: problem.to_string(),
        }
    }

    /// A source that checks itself says so by what kind of error it has.
    fn unreadable(&self, error: &io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::InvalidData => self.problem(error),
            _ => Error::Source {
                digest: self.address.digest.clone(),
                problem: error.to_string(),
            },
        }
    }
}

/// The body of a request, fed from another thread. A feeder that goes away before the end breaks the request off: half a blob must
/// not look like a whole one.
pub(super) struct Feed {
    pub(super) pieces: Receiver<Bytes>,
    pub(super) left: u64,
}

impl Body for Feed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.pieces.poll_recv(context).map(|piece| match piece {
            Some(piece) => {
                self.left = self.left.saturating_sub(piece.len() as u64);
                Some(Ok(Frame::data(piece)))
            }
            None if self.left == 0 => None,
            None => Some(Err(io::ErrorKind::UnexpectedEof.into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use attest_digest::{Algorithm, Digest, Measured};

    use super::super::Repository;
    use super::*;

    fn sha256(bytes: &[u8]) -> Digest {
        let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
        measured.digest(Algorithm::Sha256).unwrap().clone()
    }

    /// What is handed out of `source`, which should be `claimed`, in pieces of 4 bytes.
    fn handed_out(source: &[u8], claimed: &[u8]) -> (Vec<u8>, Option<String>) {
        let (repository, digest) = (Repository::new("example.org", "app").unwrap(), sha256(claimed));
        let address = BlobAddress {
            repository: &repository,
            digest: &digest,
            size: claimed.len() as u64,
        };
        let mut outgoing = Outgoing::new(Box::new(source), address);
        let mut all = Vec::new();
        loop {
            match outgoing.next(4) {
                Ok(Some(piece)) => all.extend_from_slice(&piece),
                Ok(None) => return (all, None),
                Err(Error::OtherSource { problem, .. }) => return (all, Some(problem)),
                Err(other) => panic!("unexpected: {other}"),
            }
        }
    }

    #[test]
    fn what_is_right_is_handed_out_whole() {
        for content in [&b""[..], b"a", b"1234", b"123456789"] {
            assert_eq!(handed_out(content, content), (content.to_vec(), None));
        }
    }

    #[test]
    fn the_last_bytes_of_what_is_wrong_are_never_handed_out() {
        for (source, problem) in [
            (&b"12345678x"[..], "its bytes are others"),
            (b"1234567", "expected 9 bytes, found 7"),
            (b"1234567890", "expected 9 bytes, found more"),
            (b"", "expected 9 bytes, found 0"),
        ] {
            let (handed, found) = handed_out(source, b"123456789");
            assert_eq!(found.as_deref(), Some(problem));
            assert!(handed.len() < 9);
        }
    }
}
