use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Digest};

use crate::failure::Failure;

/// What a call is about: artifacts in the order in which they were given, and the bundles to hold them against.
pub(super) struct Input {
    pub(super) artifacts: Vec<Subject>,
    /// Bundles that were named in the call: each has to verify.
    pub(super) given: Vec<PathBuf>,
    /// Whether bundles are looked for beside the artifacts.
    pub(super) look_beside: bool,
}

/// An artifact of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    File(PathBuf),
    Digest(Digest),
}

impl Input {
    /// Tells artifacts from bundles, by their names alone: what a file holds cannot turn it from something that needs
    /// evidence into evidence.
    pub(super) fn classify(files: &[PathBuf], bundles: &[PathBuf]) -> Result<Self, Failure> {
        let mut artifacts = Vec::new();
        let mut given: BTreeSet<PathBuf> = bundles.iter().cloned().collect();
        for path in files {
            if let Some(digest) = digest(path)? {
                artifacts.push(Subject::Digest(digest));
            } else if attest_store::has_bundle_name(path) {
                given.insert(path.clone());
            } else {
                artifacts.push(Subject::File(path.clone()));
            }
        }
        if artifacts.is_empty() {
            return Err(
                Failure::usage("no-artifact", "expected at least one artifact, found only bundles").hint(
                    "name the files that the bundles are about; to look into a bundle, run `attest inspect FILE`",
                ),
            );
        }
        Ok(Self {
            artifacts,
            given: given.into_iter().collect(),
            look_beside: bundles.is_empty(),
        })
    }
}

impl Subject {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Digest(digest) => digest.to_string(),
        }
    }

    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Digest(_) => None,
        }
    }
}

/// `sha256:…`, unless there is a file of that name.
fn digest(path: &Path) -> Result<Option<Digest>, Failure> {
    let Some((algorithm, hex)) = path.to_str().and_then(|text| text.split_once(':')) else {
        return Ok(None);
    };
    let Ok(algorithm) = algorithm.parse::<Algorithm>() else {
        return Ok(None);
    };
    if path.exists() {
        return Ok(None);
    }
    Digest::from_hex(algorithm, hex)
        .map(Some)
        .map_err(|error| Failure::usage("digest-invalid", error).at(path.display()))
}
