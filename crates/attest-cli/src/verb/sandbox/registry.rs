use std::path::{Path, PathBuf};

use attest_sandbox::registry::{Registry, RegistryError};

use crate::failure::Failure;

/// Where the registry keeps what it holds.
pub(super) struct Storage {
    path: PathBuf,
    /// Removes the directory in the end, if it was not asked for by name.
    _temporary: Option<tempfile::TempDir>,
}

impl Storage {
    /// The directory of that name, made if need be; without a name, a temporary one.
    pub(super) fn open(name: Option<&Path>) -> Result<Self, Failure> {
        if let Some(name) = name {
            return Ok(Self {
                path: name.to_owned(),
                _temporary: None,
            });
        }
        let temporary = tempfile::Builder::new().prefix("attest-registry-").tempdir();
        let temporary = temporary.map_err(|error| failed(Path::new("the temporary directory"), &error.into()))?;
        Ok(Self {
            path: temporary.path().to_owned(),
            _temporary: Some(temporary),
        })
    }

    pub(super) fn open_registry(&self) -> Result<Registry, Failure> {
        Registry::open(&self.path).map_err(|error| failed(&self.path, &error))
    }
}

/// Also for the registry of a rehearsal.
pub(in crate::verb) fn failed(place: &Path, error: &RegistryError) -> Failure {
    let message = format!("cannot keep a registry there: {error}");
    match error {
        RegistryError::InUse(_) => Failure::undecided("sandbox-registry-in-use", message)
            .at(place.display())
            .hint("end that process, or name another directory: `attest sandbox --registry DIR`"),
        _ => Failure::undecided("sandbox-registry-unusable", message).at(place.display()),
    }
}
