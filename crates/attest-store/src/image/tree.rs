use std::collections::{BTreeMap, VecDeque};

use attest_archive::image::{self, Descriptor, Index, MAX_DEPTH, MAX_MANIFESTS, Manifest, Platform, media_type};
use attest_digest::Digest;

use super::Repository;
use super::document::Document;

/// By which an index tells an attestation of BuildKit from an image, and which image it is about. Source: BuildKit,
/// `docs/attestations/attestation-storage.md`.
const BUILDKIT_TYPE: &str = "vnd.docker.reference.type";
const BUILDKIT_SUBJECT: &str = "vnd.docker.reference.digest";
const BUILDKIT_ATTESTATION: &str = "attestation-manifest";

/// A manifest, or an index and everything that it names, at any depth; each digest once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    nodes: Vec<Node>,
}

/// An index, a manifest, or something else that an index names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// What points to it.
    pub descriptor: Descriptor,
    /// The indexes that name it, by their places in the tree; none for the top.
    pub parents: Vec<usize>,
    /// How far below the top it is.
    pub depth: usize,
    /// What it is.
    pub kind: NodeKind,
}

/// What stands in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// An index of others.
    Index(Index),
    /// An image.
    Image(Manifest),
    /// What BuildKit says of an image of the same index. It is named by nobody but its index, and runs nowhere.
    BuildAttestation {
        /// The manifest, whose layers are statements that nobody signed.
        manifest: Manifest,
        /// The image that it is about.
        about: Option<Digest>,
    },
    /// A manifest of something that is no image.
    Artifact {
        /// The manifest.
        manifest: Manifest,
        /// What it is.
        artifact_type: String,
    },
    /// Content that an index names and that is no manifest. It is not read.
    Other,
}

/// Why there is no tree.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError<E> {
    /// The repository cannot say.
    #[error("the repository gives no answer")]
    Repository(E),
    /// An index names what is not there.
    #[error("expected manifest `{digest}`, found none")]
    Missing {
        /// What is not there.
        digest: Digest,
    },
    /// A manifest that is none.
    #[error("invalid manifest `{digest}`: {source}")]
    Invalid {
        /// Its digest.
        digest: Digest,
        /// Why it is none.
        source: Box<image::Error>,
    },
    /// More than is looked at.
    #[error("expected at most {limit} {what}")]
    TooMany {
        /// Of what there are more.
        what: &'static str,
        /// How many are looked at.
        limit: usize,
    },
}

impl Tree {
    /// Reads everything below a manifest or an index.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn read<R: Repository>(repository: &R, top: &Digest) -> Result<Self, TreeError<R::Error>> {
        let mut growing = Growing {
            repository,
            nodes: Vec::new(),
            places: BTreeMap::new(),
            open: VecDeque::new(),
        };
        let bytes = growing.bytes(top)?;
        let descriptor = Descriptor::new(&kind_of(&bytes), top.clone(), bytes.len() as u64);
        growing.take(descriptor, &bytes, None)?;
        while let Some((parent, child)) = growing.open.pop_front() {
            growing.child(parent, child)?;
        }
        Ok(Self { nodes: growing.nodes })
    }

    /// The top: what was asked for.
    #[must_use]
    pub fn top(&self) -> &Node {
        &self.nodes[0]
    }

    /// Everything, the top first, and what names before what it names.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// What a node names, in the order of its index, by the places in the tree.
    pub fn children(&self, of: usize) -> impl Iterator<Item = usize> {
        let is_child = move |place: &usize| self.nodes[*place].parents.contains(&of);
        (0..self.nodes.len()).filter(is_child)
    }

    /// Whether a node stands in an index: by its digest, a signature of the index speaks of it too.
    #[must_use]
    pub fn ancestors(&self, of: usize) -> Vec<usize> {
        let mut found: Vec<usize> = self.nodes[of].parents.clone();
        let mut next = 0;
        while let Some(&place) = found.get(next) {
            next += 1;
            let unknown = self.nodes[place]
                .parents
                .iter()
                .filter(|parent| !found.contains(parent));
            found.extend(unknown.copied().collect::<Vec<_>>());
        }
        found
    }
}

impl Node {
    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        self.descriptor.digest()
    }

    /// What it runs on, if its index says so.
    #[must_use]
    pub fn platform(&self) -> Option<&Platform> {
        self.descriptor.platform()
    }
}

struct Growing<'a, R> {
    repository: &'a R,
    nodes: Vec<Node>,
    places: BTreeMap<Digest, usize>,
    open: VecDeque<(usize, Descriptor)>,
}

impl<R: Repository> Growing<'_, R> {
    fn bytes(&self, digest: &Digest) -> Result<Vec<u8>, TreeError<R::Error>> {
        let found = self.repository.manifest(digest).map_err(TreeError::Repository)?;
        found.ok_or_else(|| TreeError::Missing { digest: digest.clone() })
    }

    fn child(&mut self, parent: usize, child: Descriptor) -> Result<(), TreeError<R::Error>> {
        if let Some(&place) = self.places.get(child.digest()) {
            let parents = &mut self.nodes[place].parents;
            if !parents.contains(&parent) {
                parents.push(parent);
            }
            return Ok(());
        }
        if !(child.is_index() || child.is_manifest()) {
            return self.keep(child, Some(parent), NodeKind::Other);
        }
        let bytes = self.bytes(child.digest())?;
        self.take(child, &bytes, Some(parent))
    }

    fn take(&mut self, descriptor: Descriptor, bytes: &[u8], parent: Option<usize>) -> Result<(), TreeError<R::Error>> {
        let invalid = |source| TreeError::Invalid {
            digest: descriptor.digest().clone(),
            source: Box::new(source),
        };
        let kind = kind(&descriptor, bytes).map_err(invalid)?;
        let children: Vec<Descriptor> = match &kind {
            NodeKind::Index(index) => index.manifests().to_vec(),
            _ => Vec::new(),
        };
        let place = self.nodes.len();
        self.keep(descriptor, parent, kind)?;
        if !children.is_empty() && self.nodes[place].depth >= MAX_DEPTH {
            let (what, limit) = ("indexes in each other", MAX_DEPTH);
            return Err(TreeError::TooMany { what, limit });
        }
        self.open.extend(children.into_iter().map(|child| (place, child)));
        Ok(())
    }

    fn keep(
        &mut self,
        descriptor: Descriptor,
        parent: Option<usize>,
        kind: NodeKind,
    ) -> Result<(), TreeError<R::Error>> {
        if self.nodes.len() >= MAX_MANIFESTS {
            let (what, limit) = ("manifests and indexes", MAX_MANIFESTS);
            return Err(TreeError::TooMany { what, limit });
        }
        self.places.insert(descriptor.digest().clone(), self.nodes.len());
        self.nodes.push(Node {
            depth: parent.map_or(0, |parent| self.nodes[parent].depth + 1),
            parents: parent.into_iter().collect(),
            descriptor,
            kind,
        });
        Ok(())
    }
}

fn kind(descriptor: &Descriptor, bytes: &[u8]) -> Result<NodeKind, image::Error> {
    if descriptor.is_index() {
        return Index::from_json(bytes).map(NodeKind::Index);
    }
    let manifest = Manifest::from_json(bytes)?;
    let annotations = descriptor.annotations();
    if annotations
        .get(BUILDKIT_TYPE)
        .is_some_and(|kind| kind == BUILDKIT_ATTESTATION)
    {
        let about = annotations.get(BUILDKIT_SUBJECT).and_then(|digest| digest.parse().ok());
        return Ok(NodeKind::BuildAttestation { manifest, about });
    }
    let artifact_type = Document::parse(bytes).ok().and_then(|document| document.artifact_type);
    Ok(match artifact_type {
        Some(artifact_type) if !is_configuration(&artifact_type) => NodeKind::Artifact {
            manifest,
            artifact_type,
        },
        _ => NodeKind::Image(manifest),
    })
}

fn is_configuration(media_type: &str) -> bool {
    matches!(media_type, media_type::CONFIG | media_type::DOCKER_CONFIG)
}

/// What a document says that it is, else what its keys make of it: an index that names nothing by its type is one all the same.
#[must_use]
pub fn kind_of(document: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(document).unwrap_or_default();
    match value["mediaType"].as_str() {
        Some(said) if !said.is_empty() => said.to_owned(),
        _ if value["manifests"].is_array() => media_type::INDEX.to_owned(),
        _ => media_type::MANIFEST.to_owned(),
    }
}
