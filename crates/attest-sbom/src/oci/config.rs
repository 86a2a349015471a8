use std::collections::BTreeMap;
use std::io::Read;

use attest_digest::{Algorithms, Digest, Measured};
use serde::Deserialize;

use super::DOCUMENT_LIMIT;
use crate::Gap;
use crate::tree::{EntryKind, Tree};

/// What is read of the configuration of an image. Source: OCI image-spec 1.1, `config.md`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) os: String,
    #[serde(default)]
    pub(super) architecture: String,
    #[serde(default)]
    pub(super) variant: Option<String>,
    #[serde(default)]
    config: Option<Settings>,
    #[serde(default)]
    rootfs: RootFs,
}

#[derive(Debug, Default, Deserialize)]
struct Settings {
    #[serde(rename = "Labels", default)]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

impl Config {
    pub(super) fn parse(bytes: &[u8], path: &str) -> Result<Self, Gap> {
        serde_json::from_slice(bytes).map_err(|error| Gap::new("damaged", path, error.to_string()))
    }

    pub(super) fn labels(&mut self) -> BTreeMap<String, String> {
        let settings = self.config.take().unwrap_or_default();
        settings.labels.unwrap_or_default()
    }

    /// The digest of each layer as it is when it is not compressed.
    pub(super) fn layers(&self) -> impl Iterator<Item = Option<Digest>> {
        self.rootfs.diff_ids.iter().map(|text| text.parse().ok())
    }
}

/// A document of a tree, whole.
pub(super) fn document(tree: &dyn Tree, path: &str) -> Result<Vec<u8>, Gap> {
    let entry = tree.listing().resolve(path).ok_or_else(|| no_file(tree, path))?;
    let mut bytes = Vec::new();
    tree.open(&entry.path)
        .and_then(|content| content.take(DOCUMENT_LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|error| Gap::new("unreadable", path, error.to_string()))?;
    match bytes.len() as u64 > DOCUMENT_LIMIT {
        true => Err(Gap::new(
            "too-large",
            path,
            format!("expected at most {DOCUMENT_LIMIT} bytes"),
        )),
        false => Ok(bytes),
    }
}

/// Why there is no file to be read.
fn no_file(tree: &dyn Tree, path: &str) -> Gap {
    let listing = tree.listing();
    match listing.at(path).map(|entry| &entry.kind) {
        Some(EntryKind::Link { .. }) => {
            let detail = "expected a regular file, found a link that leads to none of the image";
            Gap::new("unreadable", path, detail)
        }
        None if !listing.is_special(path) => Gap::new("missing", path, "the image names it, and it is not there"),
        _ => Gap::new("unreadable", path, "it is not a regular file"),
    }
}

/// The same, held to a digest.
pub(super) fn blob(tree: &dyn Tree, root: &str, digest: &Digest) -> Result<Vec<u8>, Gap> {
    let path = blob_path(root, digest);
    let bytes = document(tree, &path)?;
    let measured = Measured::of_bytes(&bytes, &Algorithms::one(digest.algorithm()));
    match measured.digest(digest.algorithm()) == Some(digest) {
        true => Ok(bytes),
        false => Err(Gap::new(
            "damaged",
            &path,
            "its bytes are not those that its digest names",
        )),
    }
}

pub(super) fn blob_path(root: &str, digest: &Digest) -> String {
    format!("{root}blobs/{}/{}", digest.algorithm(), digest.to_hex())
}
