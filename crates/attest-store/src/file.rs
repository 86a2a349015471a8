use std::fs::File;
use std::io::Read;
use std::path::Path;

use attestation::{Untrusted, limits, parse_bundles};

use crate::StoreError;
use crate::sidecar::has_bundle_name;

/// How much of a file is looked at to see whether it may be a bundle. Every known client writes the media type first.
const HEAD_BYTES: u64 = 64 << 10;

/// What every media type of a bundle has in it.
const MARK: &[u8] = b"application/vnd.dev.sigstore.bundle";

/// Reads a file of one or several bundles.
///
/// # Errors
/// When it cannot be read, or is larger than [`limits::MAX_BUNDLE_FILE_BYTES`].
pub fn read_bundle_file(path: &Path) -> Result<Untrusted<Vec<u8>>, StoreError> {
    let limit = limits::MAX_BUNDLE_FILE_BYTES;
    let mut bytes = Vec::new();
    let failed = |source| StoreError::Io {
        path: path.to_owned(),
        source,
    };
    // One byte more than is allowed tells a file that is too large from one that just fits.
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > limit {
        let path = path.to_owned();
        return Err(StoreError::TooLarge { path, limit });
    }
    Ok(Untrusted::new(bytes))
}

/// Whether a file is evidence rather than an artifact: by its name, or because it can be read as bundles.
///
/// A file whose name says that it is a bundle stays one when its content is broken, so that breaking it does not turn it
/// into something that needs no evidence.
///
/// # Errors
/// When it cannot be read.
pub fn is_bundle(path: &Path) -> Result<bool, StoreError> {
    if has_bundle_name(path) {
        return Ok(true);
    }
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head))
        .map_err(|source| StoreError::Io {
            path: path.to_owned(),
            source,
        })?;
    if head.trim_ascii_start().first() != Some(&b'{') || !head.windows(MARK.len()).any(|window| window == MARK) {
        return Ok(false);
    }
    match read_bundle_file(path) {
        Ok(bytes) => Ok(parse_bundles(bytes.peek_unverified()).iter().any(Result::is_ok)),
        Err(StoreError::TooLarge { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"x"}},"messageSignature":{"signature":"AQID"}}"#;

    fn file(name: &str, content: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        (directory, path)
    }

    #[test]
    fn a_bundle_is_recognised_by_content_under_any_name() {
        let (_directory, path) = file("evidence.json", BUNDLE);
        assert!(is_bundle(&path).unwrap());
    }

    #[test]
    fn a_bundle_by_name_stays_one_when_its_content_is_broken() {
        let (_directory, path) = file("a.sigstore.json", "garbage");
        assert!(is_bundle(&path).unwrap());
    }

    #[test]
    fn a_document_that_only_mentions_bundles_is_an_artifact() {
        let (_directory, path) = file("sbom.json", r#"{"x":"application/vnd.dev.sigstore.bundle.v0.3+json"}"#);
        assert!(!is_bundle(&path).unwrap());
        let (_directory, path) = file("a.tar.gz", "\u{1f}\u{8b}");
        assert!(!is_bundle(&path).unwrap());
    }

    #[test]
    fn an_oversized_file_is_not_read_to_its_end() {
        let (_directory, path) = file("a.sigstore.json", "");
        let limit = limits::MAX_BUNDLE_FILE_BYTES;
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(limit + 1)
            .unwrap();
        assert!(matches!(
            read_bundle_file(&path).unwrap_err(),
            StoreError::TooLarge { limit: found, .. } if found == limit
        ));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_bundle_file(Path::new("no-such-file")).unwrap_err();
        assert!(error.to_string().starts_with("cannot read `no-such-file`: "));
    }
}
