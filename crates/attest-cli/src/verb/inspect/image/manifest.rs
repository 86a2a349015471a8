use std::collections::BTreeMap;

use attest_archive::image::{Manifest, Platform};
use attest_store::image::{NodeKind, Tree};
use serde::Serialize;

use super::attached::AttachedDocument;

/// By which BuildKit names the type of what a layer says. Source: BuildKit, `docs/attestations/attestation-storage.md`.
const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";

/// A manifest or an index of a tree.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ManifestDocument {
    pub(super) digest: String,
    pub(super) kind: Kind,
    pub(super) media_type: String,
    /// Of the manifest itself.
    pub(super) size: u64,
    /// The digests of the indexes that name it.
    pub(super) parents: Vec<String>,
    pub(super) platform: Option<String>,
    pub(super) artifact_type: Option<String>,
    /// The image that an attestation of BuildKit is about.
    pub(super) about: Option<String>,
    /// What BuildKit says of it, signed by nobody.
    pub(super) predicate_types: Vec<String>,
    /// What a manifest holds.
    pub(super) content: Option<ContentDocument>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) attached: Vec<AttachedDocument>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Index,
    Image,
    BuildAttestation,
    Artifact,
    Other,
    /// An index names it, and it is not there.
    Missing,
}

#[derive(Debug, Serialize)]
pub(super) struct ContentDocument {
    pub(super) layers: usize,
    /// Of the configuration and the layers, as they are stored.
    pub(super) bytes: u64,
}

impl ManifestDocument {
    pub(super) fn new(tree: &Tree, place: usize, platform: Option<&Platform>) -> Self {
        let node = &tree.nodes()[place];
        let parents = node
            .parents
            .iter()
            .map(|parent| tree.nodes()[*parent].digest().to_string());
        let document = Self {
            digest: node.digest().to_string(),
            kind: Kind::Other,
            media_type: node.descriptor.media_type().to_owned(),
            size: node.descriptor.size(),
            parents: parents.collect(),
            platform: platform.map(ToString::to_string),
            artifact_type: None,
            about: None,
            predicate_types: Vec::new(),
            content: None,
            annotations: BTreeMap::new(),
            attached: Vec::new(),
        };
        match &node.kind {
            NodeKind::Index(index) => Self {
                kind: Kind::Index,
                artifact_type: index.artifact_type().map(str::to_owned),
                annotations: index.annotations().clone(),
                ..document
            },
            NodeKind::Image(manifest) => document.holding(Kind::Image, manifest),
            NodeKind::BuildAttestation { manifest, about } => Self {
                about: about.as_ref().map(ToString::to_string),
                predicate_types: predicate_types(manifest),
                ..document.holding(Kind::BuildAttestation, manifest)
            },
            NodeKind::Artifact {
                manifest,
                artifact_type,
            } => Self {
                artifact_type: Some(artifact_type.clone()),
                ..document.holding(Kind::Artifact, manifest)
            },
            NodeKind::Missing => Self {
                kind: Kind::Missing,
                ..document
            },
            NodeKind::Other | NodeKind::LeftOut => Self {
                annotations: node.descriptor.annotations().clone(),
                ..document
            },
        }
    }

    fn holding(self, kind: Kind, manifest: &Manifest) -> Self {
        let blobs = manifest.layers().iter().chain([manifest.config()]);
        let content = ContentDocument {
            layers: manifest.layers().len(),
            bytes: blobs.fold(0, |sum, blob| sum.saturating_add(blob.size())),
        };
        Self {
            kind,
            content: Some(content),
            annotations: manifest.annotations().clone(),
            ..self
        }
    }
}

fn predicate_types(manifest: &Manifest) -> Vec<String> {
    let layers = manifest.layers().iter();
    layers
        .filter_map(|layer| layer.annotations().get(PREDICATE_TYPE).cloned())
        .collect()
}
