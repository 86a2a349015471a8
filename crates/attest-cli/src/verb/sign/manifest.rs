use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Threads};
use attestation::foreign::Format;
use attestation::manifest::{Serialization, SubjectLayout, TreePath};

use super::request::{Request, check_size};
use crate::failure::Failure;
use crate::tree::{Build, SIGNATURE_NAME, TreeArguments};

/// A directory whose manifest is to be signed.
pub(super) struct ManifestToBe {
    root: PathBuf,
    name: Option<String>,
    serialization: Serialization,
    layout: SubjectLayout,
    links_may_leave: bool,
    bundle: PathBuf,
}

impl ManifestToBe {
    pub(super) fn new(tree: &TreeArguments, bundle: Option<PathBuf>) -> Result<Self, Failure> {
        let root = tree.manifest.clone().unwrap_or_default();
        let bundle = bundle.unwrap_or_else(|| root.join(SIGNATURE_NAME));
        let own = below(&root, &bundle)?;
        Ok(Self {
            serialization: tree.serialization(&root, Algorithm::Sha256, own.as_ref())?,
            name: tree.manifest_name.clone(),
            layout: tree.layout(),
            links_may_leave: tree.insecure_follow_links_outside,
            root,
            bundle,
        })
    }

    pub(super) fn hash(self, threads: Threads) -> Result<Request, Failure> {
        let build = Build {
            root: &self.root,
            name: self.name.as_deref(),
            serialization: self.serialization,
            links_may_leave: self.links_may_leave,
            threads,
        };
        let payload = build.manifest()?.to_payload(self.layout);
        let payload = payload.map_err(|error| Failure::usage("tree-layout-unsupported", error))?;
        check_size(&payload)?;
        Ok(Request {
            place: self.bundle,
            artifacts: Vec::new(),
            statement: Some(payload),
        })
    }
}

/// Where the bundle lies in the directory, if it does: it cannot be in its own manifest, so no file of the tree may have its
/// place.
fn below(root: &Path, bundle: &Path) -> Result<Option<TreePath>, Failure> {
    let directory = bundle.parent().filter(|parent| *parent != Path::new(""));
    let directory = directory.unwrap_or(Path::new(".")).canonicalize();
    let (Ok(directory), Ok(root), Some(name)) = (directory, root.canonicalize(), bundle.file_name()) else {
        return Ok(None);
    };
    let place = directory.join(name);
    let Ok(relative) = place.strip_prefix(root) else {
        return Ok(None);
    };
    if bundle.exists() && !is_bundle(bundle) {
        let message = "expected a place of its own for the bundle, found a file of the tree there";
        return Err(Failure::usage("bundle-place-taken", message).at(bundle.display()));
    }
    let path = TreePath::of_relative(relative);
    path.map(Some)
        .map_err(|error| Failure::usage("tree-path-invalid", error).at(bundle.display()))
}

/// An older signature of the tree may be replaced.
fn is_bundle(path: &Path) -> bool {
    let bytes = attest_store::read_bundle_file(path);
    let format = bytes.ok().and_then(|bytes| Format::recognise(bytes.peek_unverified()));
    matches!(format, Some(Format::SigstoreBundle | Format::ModelSigningBundle))
}
