use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, Measured, Threads, measure_files};

use crate::causes::with_causes;
use crate::failure::Failure;
use crate::image::layout_hint;

/// A file that was read to its end.
#[derive(Debug)]
pub(super) struct Artifact {
    pub(super) path: PathBuf,
    /// The last part of the path: where the file lies is nobody's business.
    pub(super) name: String,
    pub(super) measured: Measured,
}

/// Reads every file once, for SHA-256 and for what the key may sign. The first that cannot be read ends it: what is incomplete is
/// not signed.
pub(super) fn measure(paths: &[PathBuf], signed: &[Algorithm], threads: Threads) -> Result<Vec<Artifact>, Failure> {
    let names = paths.iter().map(|path| name(path)).collect::<Result<Vec<_>, _>>()?;
    let algorithms = Algorithms::new(Algorithm::Sha256, signed);
    let measured = measure_files(paths, &algorithms, threads);
    let mut artifacts = Vec::with_capacity(paths.len());
    for ((path, name), measured) in paths.iter().zip(names).zip(measured) {
        let measured = measured.map_err(|error| {
            let failure = Failure::undecided(error.code(), with_causes(&error)).at(path.display());
            match layout_hint(path) {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })?;
        let path = path.clone();
        artifacts.push(Artifact { path, name, measured });
    }
    Ok(artifacts)
}

fn name(path: &Path) -> Result<String, Failure> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| {
        let message = "expected a file whose name is UTF-8, so that a statement and a bundle can carry it";
        Failure::usage("file-name-invalid", message).at(path.display())
    })
}
