use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use attestation::Bundle;
use tempfile::NamedTempFile;

use super::request::Request;
use crate::failure::Failure;

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

/// All or nothing as far as a file system allows: everything is on disk under temporary names before the first gets its own.
pub(super) fn write(outputs: &[Output]) -> Result<(), Failure> {
    let staged = outputs.iter().map(stage).collect::<Result<Vec<_>, _>>()?;
    for (file, output) in staged.into_iter().zip(outputs) {
        let place = &output.request.bundle;
        file.persist(place).map_err(|error| unwritable(place, &error.error))?;
    }
    Ok(())
}

fn stage(output: &Output) -> Result<NamedTempFile, Failure> {
    let place = &output.request.bundle;
    let directory = match place.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    let staged = || -> std::io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        // A bundle is public: like any new file, it gets what the umask leaves.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.prefix(".attest-").tempfile_in(directory)?;
        file.write_all(output.bundle.as_json())?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    staged().map_err(|error| unwritable(place, &error))
}

fn unwritable(place: &Path, error: &std::io::Error) -> Failure {
    Failure::undecided("bundle-unwritable", format_args!("cannot write the bundle: {error}")).at(place.display())
}
