use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::evidence::{self, EvidenceKind};

/// The endings of bundles about anything.
const SHARED_ENDINGS: [&str; 3] = [".sigstore.json", ".sigstore.jsonl", ".intoto.jsonl"];

/// How many bundles of a directory are looked at. A release has a few dozen; each costs a verification.
const MAX_NEIGHBOURS: usize = 256;

/// The bundles that lie beside an artifact under its own name.
#[must_use]
pub fn own_sidecars(artifact: &Path) -> Vec<PathBuf> {
    evidence::evidence_beside(artifact).bundles
}

/// The other bundles in the directory of an artifact, sorted by name.
///
/// # Errors
/// When the directory cannot be read, or has too many.
pub fn neighbours(artifact: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let parent = artifact.parent().unwrap_or(Path::new(""));
    let directory = if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    };
    let failed = |source| StoreError::Io {
        path: directory.to_owned(),
        source,
    };
    let own = own_sidecars(artifact);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = parent.join(entry.map_err(failed)?.file_name());
        if has_ending(&path, &SHARED_ENDINGS) && path.is_file() && !own.contains(&path) {
            found.push(path);
        }
        if found.len() > MAX_NEIGHBOURS {
            return Err(StoreError::TooMany {
                path: directory.to_owned(),
                limit: MAX_NEIGHBOURS,
            });
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file is a bundle by its name.
#[must_use]
pub fn has_bundle_name(path: &Path) -> bool {
    EvidenceKind::of_name(path) == Some(EvidenceKind::Bundle)
}

/// Whether a bundle is named after an artifact of this name. Names are compared as the bytes that the system gives, so
/// that one that is no Unicode belongs to its bundle like any other.
#[must_use]
pub fn is_sidecar_of(bundle: &Path, artifact_name: &OsStr) -> bool {
    has_bundle_name(bundle) && evidence::is_evidence_of(bundle, artifact_name)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default();
    endings.iter().any(|ending| name.ends_with(ending.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_bundles_come_in_their_order_and_the_others_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in [
            "a.sigstore.jsonl",
            "a.sigstore.json",
            "z.sigstore.json",
            "b.sigstore.jsonl",
            "a",
            "b.json",
        ] {
            std::fs::write(at(name), "").unwrap();
        }
        assert_eq!(own_sidecars(&at("a")), [at("a.sigstore.json"), at("a.sigstore.jsonl")]);
        assert_eq!(
            neighbours(&at("a")).unwrap(),
            [at("b.sigstore.jsonl"), at("z.sigstore.json")]
        );
    }

    #[test]
    fn a_directory_of_too_many_bundles_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        for number in 0..=MAX_NEIGHBOURS {
            std::fs::write(directory.path().join(format!("{number}.sigstore.json")), "").unwrap();
        }
        let error = neighbours(&directory.path().join("a")).unwrap_err();
        assert!(matches!(
            error,
            StoreError::TooMany {
                limit: MAX_NEIGHBOURS,
                ..
            }
        ));
    }

    #[test]
    fn the_name_says_whose_sidecar_it_is() {
        let belongs = |bundle: &str, artifact: &str| is_sidecar_of(Path::new(bundle), OsStr::new(artifact));
        assert!(belongs("dist/a.tar.gz.sigstore.json", "a.tar.gz"));
        assert!(belongs("a.sigstore", "a"));
        assert!(!belongs("dist/a.tar.gz.sigstore.json", "a.tar"));
        assert!(!belongs(".sigstore.json", ""));
        assert!(!belongs("a.json", "a"));
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_unicode_has_sidecars_too() {
        use std::os::unix::ffi::OsStrExt as _;
        let name = |bytes: &'static [u8]| OsStr::from_bytes(bytes);
        assert!(is_sidecar_of(
            Path::new(name(b"dist/\xff.sigstore.json")),
            name(b"\xff")
        ));
        assert!(!is_sidecar_of(
            Path::new(name(b"dist/\xff.sigstore.json")),
            name(b"\xfe")
        ));
    }
}
