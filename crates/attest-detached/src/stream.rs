use std::io::{ErrorKind, Read};

use attest_digest::{Algorithm, Algorithms, Hasher, Measured};

use crate::DetachedError;

/// How much of a message is in memory at once. Larger reads are no faster.
const CHUNK: usize = 128 * 1024;

/// The most of a message that has to be in memory at once, because its signature is over the bytes themselves: legacy
/// signatures of minisign, and those of signify. Checksum lists, which is what such signatures are made for, have kilobytes.
pub(crate) const WHOLE_MESSAGE_LIMIT: u64 = 256 * 1024 * 1024;

/// Reads the message once, to its end, and hands every chunk to `take`. Says what was read.
pub(crate) fn read_through(
    mut message: impl Read,
    algorithms: &Algorithms,
    mut take: impl FnMut(&[u8]),
) -> Result<Measured, DetachedError> {
    let mut hasher = Hasher::new(algorithms);
    let mut chunk = vec![0; CHUNK];
    loop {
        match message.read(&mut chunk) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => {
                hasher.update(&chunk[..read]);
                take(&chunk[..read]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads the whole message into memory.
pub(crate) fn read_whole(message: impl Read) -> Result<Vec<u8>, DetachedError> {
    let mut bytes = Vec::new();
    message.take(WHOLE_MESSAGE_LIMIT + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > WHOLE_MESSAGE_LIMIT {
        true => Err(DetachedError::TooLarge {
            what: "a message whose signature is not over a digest",
            limit: WHOLE_MESSAGE_LIMIT,
        }),
        false => Ok(bytes),
    }
}

/// What verdicts name an artifact by.
pub(crate) fn sha256() -> Algorithms {
    Algorithms::one(Algorithm::Sha256)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from(ErrorKind::PermissionDenied))
        }
    }

    #[test]
    fn chunks_are_the_message_and_are_measured() {
        let message: Vec<u8> = (0..CHUNK * 2 + 7).map(|index| index as u8).collect();
        let mut taken = Vec::new();
        let measured = read_through(&message[..], &sha256(), |chunk| taken.extend_from_slice(chunk)).unwrap();
        assert_eq!(taken, message);
        assert_eq!(measured, Measured::of_bytes(&message, &sha256()));
    }

    #[test]
    fn an_unreadable_message_is_no_verdict() {
        let expected = DetachedError::Unreadable {
            reason: ErrorKind::PermissionDenied,
        };
        assert_eq!(read_through(Broken, &sha256(), |_| {}).unwrap_err(), expected);
        assert_eq!(read_whole(Broken).unwrap_err(), expected);
        assert!(expected.is_undecided());
    }

    #[test]
    fn a_message_that_has_to_be_in_memory_is_bounded() {
        let expected = DetachedError::TooLarge {
            what: "a message whose signature is not over a digest",
            limit: WHOLE_MESSAGE_LIMIT,
        };
        assert_eq!(read_whole(io::repeat(0)).unwrap_err(), expected);
    }
}
