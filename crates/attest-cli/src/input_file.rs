use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::failure::Failure;

/// Configurations are a few KiB; what is larger is another file.
pub(crate) const MAX_CONFIGURATION_BYTES: u64 = 4 << 20;

/// What is signed goes into a bundle as base64, which makes 60 MiB of this; the rest of the 64 MiB that readers take is for
/// the evidence.
pub(crate) const MAX_PAYLOAD_BYTES: u64 = 45 << 20;

/// A file that is read whole, up to a limit; what is larger is an error and never cut off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InputFile<'a> {
    pub(crate) path: &'a Path,
    /// The code for what cannot be read.
    pub(crate) unreadable: &'static str,
    pub(crate) limit: u64,
}

impl InputFile<'_> {
    pub(crate) fn read(&self) -> Result<Vec<u8>, Failure> {
        let file = File::open(self.path).map_err(|error| self.unreadable(&error))?;
        let known = file.metadata().map_err(|error| self.unreadable(&error))?.len();
        if known > self.limit {
            return Err(too_large(self.limit, known).at(self.path.display()));
        }
        let mut bytes = Vec::new();
        file.take(self.limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| self.unreadable(&error))?;
        match bytes.len() as u64 > self.limit {
            // A pipe does not say how much is still to come.
            true => Err(too_large(self.limit, "more").at(self.path.display())),
            false => Ok(bytes),
        }
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        Failure::undecided(self.unreadable, format_args!("cannot read: {error}")).at(self.path.display())
    }
}

/// More bytes than are taken.
pub(crate) fn too_large(limit: u64, found: impl std::fmt::Display) -> Failure {
    Failure::usage(
        "input-too-large",
        format_args!("expected at most {limit} bytes, found {found}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
        let unreadable = "x-unreadable";
        InputFile {
            path,
            unreadable,
            limit,
        }
        .read()
    }

    #[test]
    fn a_file_up_to_the_limit_is_read_and_a_larger_one_is_told_with_both_sizes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "1234").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"1234");
        let failure = read(&path, 3).unwrap_err();
        assert_eq!(failure.code(), "input-too-large");
        assert_eq!(failure.message(), "expected at most 3 bytes, found 4");
    }

    #[test]
    fn a_file_that_is_not_there_has_the_code_of_its_use() {
        assert_eq!(read(Path::new("no/such"), 4).unwrap_err().code(), "x-unreadable");
    }
}
