use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroUsize;

use attest_archive::image::{self, Descriptor, Index, MAX_DEPTH, MAX_MANIFESTS, Manifest, Platform, media_type};
use attest_digest::Digest;

use super::Repository;
use super::at_once::in_order;
use super::document::Document;

/// By which an index tells an attestation of BuildKit from an image, and which image it is about. Source: BuildKit,
/// `docs/attestations/attestation-storage.md`.
const BUILDKIT_TYPE: &str = "vnd.docker.reference.type";
const BUILDKIT_SUBJECT: &str = "vnd.docker.reference.digest";
const BUILDKIT_ATTESTATION: &str = "attestation-manifest";

/// The most that all indexes of a tree name together: each is held, and the largest that is read alone has some thirty thousand.
const MAX_ENTRIES: usize = 100_000;

/// The most bytes of the indexes and manifests of a tree together, all of which are held: a thousand of those that are in use have
/// some two million.
const MAX_TREE_BYTES: usize = 64 << 20;

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
    /// An index or a manifest that nobody asked for, and that was not read.
    LeftOut,
    /// An index or a manifest that is not there, as in a copy of some platforms alone.
    Missing,
}

/// What of a tree is read, and how.
#[derive(Clone, Copy)]
pub struct Pruning<'a> {
    /// Which of the manifests and indexes that an index names are read; the others are [`NodeKind::LeftOut`].
    pub is_wanted: &'a dyn Fn(&Descriptor) -> bool,
    /// How many are asked for at the same time.
    pub at_once: NonZeroUsize,
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
        let one_by_one = |digests: &[Digest]| digests.iter().map(|digest| repository.manifest(digest)).collect();
        let reading = Reading {
            ask: &one_by_one,
            at_once: NonZeroUsize::MIN,
            is_wanted: &|_| true,
        };
        let tree = reading.run(top)?;
        let missing = tree.nodes.iter().find(|node| node.kind == NodeKind::Missing);
        match missing.map(|node| node.digest().clone()) {
            Some(digest) => Err(TreeError::Missing { digest }),
            None => Ok(tree),
        }
    }

    /// The same, a few at a time and only as far as somebody wants it. What an index names and is not there is
    /// [`NodeKind::Missing`].
    ///
    /// # Errors
    /// [`TreeError`]; [`TreeError::Missing`] for the top alone.
    pub fn read_pruned<R>(repository: &R, top: &Digest, pruning: Pruning<'_>) -> Result<Self, TreeError<R::Error>>
    where
        R: Repository + Sync,
        R::Error: Send,
    {
        let together = |digests: &[Digest]| in_order(digests, pruning.at_once, |digest| repository.manifest(digest));
        let reading = Reading {
            ask: &together,
            at_once: pruning.at_once,
            is_wanted: pruning.is_wanted,
        };
        reading.run(top)
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

type Answers<E> = Vec<Result<Option<Vec<u8>>, E>>;

struct Reading<'a, E> {
    ask: &'a dyn Fn(&[Digest]) -> Answers<E>,
    at_once: NonZeroUsize,
    is_wanted: &'a dyn Fn(&Descriptor) -> bool,
}

impl<E> Reading<'_, E> {
    fn run(&self, top: &Digest) -> Result<Tree, TreeError<E>> {
        let mut growing = Growing {
            nodes: Vec::new(),
            places: BTreeMap::new(),
            open: VecDeque::new(),
            entries: 0,
            bytes: 0,
        };
        let asked = (self.ask)(std::slice::from_ref(top));
        let found = asked.into_iter().next().transpose().map_err(TreeError::Repository)?;
        let bytes = found
            .flatten()
            .ok_or_else(|| TreeError::Missing { digest: top.clone() })?;
        let descriptor = Descriptor::new(&kind_of(&bytes), top.clone(), bytes.len() as u64);
        growing.take(descriptor, &bytes, None)?;
        while !growing.open.is_empty() {
            self.grow(&mut growing)?;
        }
        Ok(Tree { nodes: growing.nodes })
    }

    /// Takes the next few of those that wait, in their order.
    fn grow(&self, growing: &mut Growing) -> Result<(), TreeError<E>> {
        let count = self.at_once.get().min(growing.open.len());
        let batch: Vec<(usize, Descriptor)> = growing.open.drain(..count).collect();
        let asked: BTreeSet<Digest> = batch
            .iter()
            .filter(|(_, child)| self.is_read(child) && !growing.is_settled(child))
            .map(|(_, child)| child.digest().clone())
            .collect();
        let asked: Vec<Digest> = asked.into_iter().collect();
        let answers = asked.iter().cloned().zip((self.ask)(&asked));
        let answers = answers.map(|(digest, answer)| Ok((digest, answer.map_err(TreeError::Repository)?)));
        let answers = answers.collect::<Result<BTreeMap<Digest, Option<Vec<u8>>>, TreeError<E>>>()?;
        for (parent, child) in batch {
            let answer = answers.get(child.digest()).filter(|_| self.is_read(&child));
            if growing.is_settled(&child) || (answer.is_none() && growing.places.contains_key(child.digest())) {
                growing.add_parent(&child, parent);
                continue;
            }
            match answer {
                Some(Some(bytes)) => growing.take(child, bytes, Some(parent))?,
                Some(None) => drop(growing.keep(child, Some(parent), NodeKind::Missing)?),
                None if is_document(&child) => drop(growing.keep(child, Some(parent), NodeKind::LeftOut)?),
                None => drop(growing.keep(child, Some(parent), NodeKind::Other)?),
            }
        }
        Ok(())
    }

    fn is_read(&self, child: &Descriptor) -> bool {
        is_document(child) && (self.is_wanted)(child)
    }
}

fn is_document(descriptor: &Descriptor) -> bool {
    descriptor.is_index() || descriptor.is_manifest()
}

struct Growing {
    nodes: Vec<Node>,
    places: BTreeMap<Digest, usize>,
    open: VecDeque<(usize, Descriptor)>,
    entries: usize,
    bytes: usize,
}

impl Growing {
    /// Whether a child is in the tree as all that it can be. What one index leaves out or calls an attestation, another may name
    /// as an image.
    fn is_settled(&self, child: &Descriptor) -> bool {
        let known = self.places.get(child.digest()).map(|place| &self.nodes[*place].kind);
        match known {
            None | Some(NodeKind::LeftOut | NodeKind::Other) => false,
            Some(NodeKind::BuildAttestation { .. }) => is_build_attestation(child),
            Some(_) => true,
        }
    }

    fn add_parent(&mut self, child: &Descriptor, parent: usize) {
        let place = self.places.get(child.digest()).copied();
        let parents = place.map(|place| &mut self.nodes[place].parents);
        if let Some(parents) = parents.filter(|parents| !parents.contains(&parent)) {
            parents.push(parent);
        }
    }

    fn take<E>(&mut self, descriptor: Descriptor, bytes: &[u8], parent: Option<usize>) -> Result<(), TreeError<E>> {
        let invalid = |source| TreeError::Invalid {
            digest: descriptor.digest().clone(),
            source: Box::new(source),
        };
        self.bytes += bytes.len();
        limited("bytes of manifests and indexes", self.bytes, MAX_TREE_BYTES)?;
        require_size(&descriptor, bytes).map_err(invalid)?;
        let kind = kind(&descriptor, bytes).map_err(invalid)?;
        let children: Vec<Descriptor> = match &kind {
            NodeKind::Index(index) => {
                self.entries += index.manifests().len();
                limited("entries of indexes", self.entries, MAX_ENTRIES)?;
                each_once(index.manifests())
            }
            _ => Vec::new(),
        };
        let place = self.keep(descriptor, parent, kind)?;
        if !children.is_empty() && self.nodes[place].depth >= MAX_DEPTH {
            let (what, limit) = ("indexes in each other", MAX_DEPTH);
            return Err(TreeError::TooMany { what, limit });
        }
        self.open.extend(children.into_iter().map(|child| (place, child)));
        Ok(())
    }

    fn keep<E>(
        &mut self,
        descriptor: Descriptor,
        parent: Option<usize>,
        kind: NodeKind,
    ) -> Result<usize, TreeError<E>> {
        if let (Some(&place), Some(parent)) = (self.places.get(descriptor.digest()), parent) {
            self.add_parent(&descriptor, parent);
            let node = &mut self.nodes[place];
            (node.descriptor, node.kind) = (descriptor, kind);
            return Ok(place);
        }
        let place = self.nodes.len();
        if place >= MAX_MANIFESTS {
            let (what, limit) = ("manifests and indexes", MAX_MANIFESTS);
            return Err(TreeError::TooMany { what, limit });
        }
        self.places.insert(descriptor.digest().clone(), place);
        self.nodes.push(Node {
            depth: parent.map_or(0, |parent| self.nodes[parent].depth + 1),
            parents: parent.into_iter().collect(),
            descriptor,
            kind,
        });
        Ok(place)
    }
}

fn limited<E>(what: &'static str, found: usize, limit: usize) -> Result<(), TreeError<E>> {
    match found > limit {
        true => Err(TreeError::TooMany { what, limit }),
        false => Ok(()),
    }
}

/// Without what says the same again. The same content under another name may be more than under the first.
fn each_once(entries: &[Descriptor]) -> Vec<Descriptor> {
    let mut known = BTreeSet::new();
    let mut found = Vec::new();
    for entry in entries {
        let platform = entry.platform().map(ToString::to_string);
        if known.insert((
            entry.digest(),
            entry.media_type(),
            platform,
            is_build_attestation(entry),
        )) {
            found.push(entry.clone());
        }
    }
    found
}

/// A reader that stops at the size that an index gives reads something else.
fn require_size(descriptor: &Descriptor, bytes: &[u8]) -> Result<(), image::Error> {
    let found = bytes.len() as u64;
    match found == descriptor.size() {
        true => Ok(()),
        false => Err(image::Error::BlobSize {
            digest: descriptor.digest().clone(),
            expected: descriptor.size(),
            found,
        }),
    }
}

fn kind(descriptor: &Descriptor, bytes: &[u8]) -> Result<NodeKind, image::Error> {
    if descriptor.is_index() {
        return Index::pointed_to(descriptor, bytes).map(NodeKind::Index);
    }
    let manifest = Manifest::pointed_to(descriptor, bytes)?;
    if is_build_attestation(descriptor) {
        let about = descriptor.annotations().get(BUILDKIT_SUBJECT);
        let about = about.and_then(|digest| digest.parse().ok());
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

/// Nobody runs what is for `unknown/unknown`. An annotation alone is no reason to take an image for something else.
fn is_build_attestation(descriptor: &Descriptor) -> bool {
    let kind = descriptor.annotations().get(BUILDKIT_TYPE);
    kind.is_some_and(|kind| kind == BUILDKIT_ATTESTATION) && descriptor.platform().is_some_and(Platform::is_unknown)
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
