use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, MeasuringWriter};

use super::GitError;

/// Files up to this size, in bytes, may be pointers of Git LFS (its specification says less than 1024).
pub(super) const MAX_POINTER_BYTES: u64 = 1024;

/// The first line of a Git LFS pointer.
const POINTER_START: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// What a Git LFS pointer says of the content that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer {
    oid: String,
    size: u64,
}

/// Whether a committed file is a pointer, by its first line: what follows may be broken.
pub(super) fn is_pointer(content: &[u8]) -> bool {
    content.starts_with(POINTER_START)
}

impl Pointer {
    /// Reads a pointer (Git LFS specification, "The Pointer"): lines of a key, a space and a value. One with extensions
    /// says nothing of the content itself and is none.
    pub(super) fn parse(content: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(content.strip_prefix(POINTER_START)?).ok()?;
        let (mut oid, mut size) = (None, None);
        for line in text.lines() {
            match line.split_once(' ')? {
                ("oid", value) => oid = Some(value.strip_prefix("sha256:").filter(|digits| is_sha256(digits))?),
                ("size", value) => size = Some(value.parse().ok()?),
                _ => return None,
            }
        }
        let oid = oid?.to_owned();
        Some(Self { oid, size: size? })
    }

    /// Copies the content from the clone's store to a new file, if it is what the pointer says.
    pub(super) fn resolve(&self, store: &LargeFiles, path: &str, destination: &Path) -> Result<(), GitError> {
        let mut source = match File::open(store.place_of(&self.oid)) {
            Ok(source) => source,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(GitError::LargeFileMissing {
                    path: path.to_owned(),
                    oid: self.oid.clone(),
                });
            }
            Err(error) => return Err(GitError::io("read a Git LFS object")(error)),
        };
        let file = File::create_new(destination).map_err(GitError::io("write a committed file"))?;
        let mut writer = MeasuringWriter::new(BufWriter::new(file), &Algorithms::one(Algorithm::Sha256));
        io::copy(&mut source, &mut writer).map_err(GitError::io("copy a Git LFS object"))?;
        let (file, measured) = writer.finish();
        file.into_inner()
            .map_err(|error| GitError::io("write a committed file")(error.into_error()))?;
        let found = measured.digest(Algorithm::Sha256).map(|digest| digest.to_hex());
        let found = found.unwrap_or_default();
        match found == self.oid && measured.size() == self.size {
            true => Ok(()),
            false => Err(GitError::LargeFileDiffers {
                path: path.to_owned(),
                oid: self.oid.clone(),
                size: self.size,
                found,
                found_size: measured.size(),
            }),
        }
    }
}

/// Where a clone keeps the contents of its large files.
#[derive(Debug, Clone)]
pub(super) struct LargeFiles(PathBuf);

impl LargeFiles {
    /// The store of the repository whose common directory this is.
    pub(super) fn of(common: &Path) -> Self {
        Self(common.join("lfs").join("objects"))
    }

    /// `aa/bb/aabb…`.
    fn place_of(&self, oid: &str) -> PathBuf {
        self.0.join(&oid[..2]).join(&oid[2..4]).join(oid)
    }
}

fn is_sha256(digits: &str) -> bool {
    digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pointer(rest: &str) -> Vec<u8> {
        [POINTER_START, rest.as_bytes()].concat()
    }

    #[test]
    fn a_pointer_says_digest_and_size() {
        let oid = "0123456789abcdef".repeat(4);
        let found = Pointer::parse(&pointer(&format!("oid sha256:{oid}\nsize 12345\n"))).unwrap();
        assert_eq!(found, Pointer { oid, size: 12345 });
    }

    #[test]
    fn what_cannot_be_followed_is_no_pointer() {
        let oid = "a".repeat(64);
        for rest in [
            String::new(),
            format!("oid sha256:{oid}\n"),
            "size 1\n".to_owned(),
            "oid sha256:../../x\nsize 1\n".to_owned(),
            format!("oid sha256:{}\nsize 1\n", oid.to_uppercase()),
            format!("oid sha256:{oid}\nsize -1\n"),
            format!("ext-0-caesar sha256:{oid}\noid sha256:{oid}\nsize 1\n"),
        ] {
            assert!(is_pointer(&pointer(&rest)));
            assert_eq!(Pointer::parse(&pointer(&rest)), None, "{rest}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Pointer::parse(&[POINTER_START, &bytes].concat());
        }
    }
}
