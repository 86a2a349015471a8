use std::fs::File;
use std::io::Read;
use std::path::Path;

use attestation::{Untrusted, limits};

use crate::StoreError;

/// Reads a file of one or several bundles.
///
/// # Errors
/// When it is no regular file, cannot be read, or is larger than [`limits::MAX_BUNDLE_FILE_BYTES`].
pub fn read_bundle_file(path: &Path) -> Result<Untrusted<Vec<u8>>, StoreError> {
    let limit = limits::MAX_BUNDLE_FILE_BYTES;
    let mut bytes = Vec::new();
    let failed = |source| StoreError::Io {
        path: path.to_owned(),
        source,
    };
    // Opening a pipe would wait for a writer, and a device may never end.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        let path = path.to_owned();
        return Err(StoreError::NotAFile { path });
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oversized_file_is_not_read_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.sigstore.json");
        let limit = limits::MAX_BUNDLE_FILE_BYTES;
        File::create(&path).unwrap().set_len(limit + 1).unwrap();
        assert!(matches!(
            read_bundle_file(&path).unwrap_err(),
            StoreError::TooLarge { limit: found, .. } if found == limit
        ));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_bundle_file(Path::new("no-such-file")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `no-such-file`");
    }

    #[test]
    fn a_directory_is_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let error = read_bundle_file(directory.path()).unwrap_err();
        assert!(matches!(error, StoreError::NotAFile { path } if path == directory.path()));
    }
}
