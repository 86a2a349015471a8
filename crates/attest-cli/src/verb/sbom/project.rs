use std::path::{Path, PathBuf};

use crate::failure::Failure;

const MANIFEST: &str = "Cargo.toml";

/// A directory with a Cargo manifest.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) directory: PathBuf,
}

impl Project {
    /// Recognises what lies at `path`.
    pub(super) fn find(path: &Path) -> Result<Self, Failure> {
        let metadata = std::fs::metadata(path).map_err(|error| {
            Failure::usage("sbom-path-unreadable", format_args!("cannot read the project: {error}")).at(path.display())
        })?;
        if metadata.is_dir() {
            return Self::in_directory(path);
        }
        match (path.file_name(), path.parent()) {
            (Some(name), Some(parent)) if name == MANIFEST => Ok(Self {
                directory: if parent == Path::new("") {
                    PathBuf::from(".")
                } else {
                    parent.to_owned()
                },
            }),
            _ => Err(nothing(path)),
        }
    }

    fn in_directory(directory: &Path) -> Result<Self, Failure> {
        if directory.join(MANIFEST).is_file() {
            let directory = directory.to_owned();
            return Ok(Self { directory });
        }
        Err(nothing(directory))
    }
}

fn nothing(path: &Path) -> Failure {
    Failure::rejected(
        "sbom-nothing-found",
        format_args!("expected {MANIFEST} beside --cargo, found none"),
    )
    .at(path.display())
    .hint("name the directory of a Cargo project, or leave --cargo out, as in `attest sbom path/to/project`")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_manifest_stands_for_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        let manifest = directory.path().join(MANIFEST);
        fs::write(&manifest, "").unwrap();
        fs::write(directory.path().join("go.mod"), "").unwrap();
        assert_eq!(Project::find(&manifest).unwrap().directory, directory.path());
        assert_eq!(Project::find(directory.path()).unwrap().directory, directory.path());
    }

    #[test]
    fn nothing_is_never_an_empty_list() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(
            Project::find(directory.path()).unwrap_err().code(),
            "sbom-nothing-found"
        );
        let file = directory.path().join("data");
        fs::write(&file, "").unwrap();
        assert_eq!(Project::find(&file).unwrap_err().code(), "sbom-nothing-found");
        let missing = directory.path().join("missing");
        assert_eq!(Project::find(&missing).unwrap_err().code(), "sbom-path-unreadable");
    }
}
