use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use attestation::Bundle;

use super::request::Request;
use crate::failure::Failure;
use crate::output_file::OutputFile;

/// A bundle, and where it goes.
pub(super) struct Output {
    pub(super) request: Request,
    pub(super) bundle: Bundle,
}

impl From<(Request, Bundle)> for Output {
    fn from((request, bundle): (Request, Bundle)) -> Self {
        Self { request, bundle }
    }
}

/// Where the bundle of one file goes unless it is said.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sigstore.json");
    name.into()
}

/// A statement about one file goes beside it too; for several there is no such place.
pub(super) fn bundle_of_statement(given: Option<PathBuf>, files: &[PathBuf]) -> Result<PathBuf, Failure> {
    match (given, files) {
        (Some(bundle), _) => Ok(bundle),
        (None, [file]) => Ok(beside(file)),
        (None, _) => Err(Failure::usage(
            "bundle-missing",
            "expected --bundle to say where the bundle of the statement goes",
        )
        .hint("add `--bundle NAME.sigstore.json`")),
    }
}

/// No bundle may take the place of an artifact or of another bundle.
pub(super) fn check_places(requests: &[Request]) -> Result<(), Failure> {
    let artifacts = requests.iter().flat_map(|request| &request.artifacts);
    let mut taken: BTreeSet<&Path> = artifacts.map(|artifact| artifact.path.as_path()).collect();
    for request in requests {
        if !taken.insert(&request.bundle) {
            let message = "expected every bundle to have a place of its own, found this one taken";
            return Err(Failure::usage("bundle-place-taken", message).at(request.bundle.display()));
        }
    }
    Ok(())
}

/// All or nothing as far as a file system allows: everything is on disk under other names before the first gets its own.
pub(super) fn write(outputs: &[Output]) -> Result<(), Failure> {
    let staged = outputs.iter().map(stage).collect::<Result<Vec<_>, _>>()?;
    staged.into_iter().try_for_each(OutputFile::commit)
}

fn stage(output: &Output) -> Result<OutputFile, Failure> {
    let mut file = OutputFile::create(&output.request.bundle)?;
    file.write(output.bundle.as_json())?;
    Ok(file)
}
