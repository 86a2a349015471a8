use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use attest_digest::Digest;
use attestation::foreign::{Detached, EvidenceError, Limits, read_evidence};
use attestation::{Bundle, limits};

use super::at_once::in_order;
use super::document::{Blob, Document, InvalidDocument};
use super::{CosignTag, MAX_ATTACHMENTS, Repository, fallback_tag};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

/// The largest payload that is signed beside an image.
const MAX_PAYLOAD_BYTES: u64 = 1 << 20;

/// How something was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// As a referrer.
    Referrer,
    /// Below a tag.
    Tag(String),
}

/// Something that hangs on a manifest.
#[derive(Debug)]
pub struct StoredEvidence {
    /// How it was found.
    pub place: Place,
    /// The manifest that holds it; of what is below a tag, nothing says which.
    pub manifest: Option<Digest>,
    /// What kind of thing the manifest says that it is.
    pub artifact_type: Option<String>,
    /// What it holds.
    pub attachment: Attachment,
}

/// What a manifest holds.
#[derive(Debug)]
pub enum Attachment {
    /// Evidence, or why it is none that can be read.
    Evidence(Result<Attached, EvidenceError>),
    /// The manifest cannot be read.
    Invalid(InvalidDocument),
    /// A layer that it names is too large to be evidence.
    TooLarge {
        /// How many bytes are read at most.
        limit: u64,
        /// How many it has.
        found: u64,
    },
    /// A manifest that is listed, or a layer of one, is certainly not there.
    Missing(Digest),
    /// Something else: an SBOM that nobody signed, a signature of another kind.
    Other {
        /// The media types of its layers.
        media_types: Vec<String>,
    },
    /// There are more of them than are opened.
    NotOpened {
        /// How many were left.
        count: usize,
    },
}

/// Evidence about an image. Nothing of it is verified.
#[derive(Debug)]
pub enum Attached {
    /// A bundle over a statement: a signature of cosign 3, or an attestation.
    Bundle(Box<Bundle>),
    /// A bundle over a simple signing payload, and the payload: its signer must have meant this image.
    SimpleSigning {
        /// The signature with everything that belongs to it.
        bundle: Box<Bundle>,
        /// The signed bytes.
        payload: Vec<u8>,
    },
}

/// Everything that hangs on a manifest, in a fixed order: referrers by digest, then tags.
///
/// # Errors
/// What the repository says when it is not certain. What is there and cannot be understood is no error: it is in the list.
pub fn evidence_of<R: Repository>(repository: &R, subject: &Digest) -> Result<Vec<StoredEvidence>, R::Error> {
    let hanging = Hanging::find(repository, subject)?;
    let opened = hanging.items.iter().map(|item| item.open(repository, subject));
    let opened = opened.collect::<Result<Vec<_>, _>>()?;
    Ok(hanging.with(opened))
}

/// The same, a few at a time: the same list in the same order. Whoever is far away is waited for once for many.
///
/// # Errors
/// As for [`evidence_of`].
pub fn evidence_of_at_once<R>(
    repository: &R,
    subject: &Digest,
    at_once: NonZeroUsize,
) -> Result<Vec<StoredEvidence>, R::Error>
where
    R: Repository + Sync,
    R::Error: Send,
{
    let hanging = Hanging::find(repository, subject)?;
    let opened = in_order(&hanging.items, at_once, |item| item.open(repository, subject));
    let opened = opened.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(hanging.with(opened))
}

/// What hangs on a manifest, before it is opened.
struct Hanging {
    items: Vec<Item>,
    not_opened: usize,
}

enum Item {
    Referrer(Digest),
    Tagged { name: String, manifest: Vec<u8> },
}

impl Hanging {
    fn find<R: Repository>(repository: &R, subject: &Digest) -> Result<Self, R::Error> {
        let listed = referrers(repository, subject)?;
        let not_opened = listed.len().saturating_sub(MAX_ATTACHMENTS);
        let referrers = listed.into_iter().take(MAX_ATTACHMENTS).map(Item::Referrer);
        let mut items: Vec<Item> = referrers.collect();
        for tag in [CosignTag::Signatures, CosignTag::Attestations, CosignTag::Sbom] {
            let name = tag.of(subject);
            if let Some(manifest) = repository.tagged(&name)? {
                items.push(Item::Tagged { name, manifest });
            }
        }
        Ok(Self { items, not_opened })
    }

    /// What was found in each, and that there is more.
    fn with(&self, opened: Vec<Vec<StoredEvidence>>) -> Vec<StoredEvidence> {
        let is_referrer = |item: &&Item| matches!(item, Item::Referrer(_));
        let referrers = self.items.iter().filter(is_referrer).count();
        let mut stored = Vec::new();
        for (place, found) in opened.into_iter().enumerate() {
            if place == referrers {
                stored.extend(self.left());
            }
            stored.extend(found);
        }
        if referrers == self.items.len() {
            stored.extend(self.left());
        }
        stored
    }

    fn left(&self) -> Option<StoredEvidence> {
        let origin = Origin {
            place: Place::Referrer,
            manifest: None,
        };
        let count = self.not_opened;
        (count > 0).then(|| origin.stored(None, Attachment::NotOpened { count }))
    }
}

impl Item {
    fn open<R: Repository>(&self, repository: &R, subject: &Digest) -> Result<Vec<StoredEvidence>, R::Error> {
        let mut stored = Vec::new();
        match self {
            Self::Referrer(manifest) => {
                let origin = Origin {
                    place: Place::Referrer,
                    manifest: Some(manifest.clone()),
                };
                match repository.manifest(manifest)? {
                    Some(bytes) => open(repository, subject, &origin, &bytes, &mut stored)?,
                    None => stored.push(origin.stored(None, Attachment::Missing(manifest.clone()))),
                }
            }
            Self::Tagged { name, manifest } => {
                let origin = Origin {
                    place: Place::Tag(name.clone()),
                    manifest: None,
                };
                open(repository, subject, &origin, manifest, &mut stored)?;
            }
        }
        Ok(stored)
    }
}

/// What the registry lists, and what is below the fallback tag: a registry that learned to list has both.
fn referrers<R: Repository>(repository: &R, subject: &Digest) -> Result<BTreeSet<Digest>, R::Error> {
    let mut digests: BTreeSet<Digest> = repository.referrers(subject)?.into_iter().collect();
    if let Some(bytes) = repository.tagged(&fallback_tag(subject))? {
        // A tag of that name that holds no index is somebody else's.
        let index = Document::parse(&bytes)
            .map(|document| document.manifests)
            .unwrap_or_default();
        digests.extend(index.into_iter().map(|manifest| manifest.digest));
    }
    Ok(digests)
}

struct Origin {
    place: Place,
    manifest: Option<Digest>,
}

impl Origin {
    fn stored(&self, artifact_type: Option<String>, attachment: Attachment) -> StoredEvidence {
        StoredEvidence {
            place: self.place.clone(),
            manifest: self.manifest.clone(),
            artifact_type,
            attachment,
        }
    }
}

fn open<R: Repository>(
    repository: &R,
    subject: &Digest,
    origin: &Origin,
    bytes: &[u8],
    stored: &mut Vec<StoredEvidence>,
) -> Result<(), R::Error> {
    let document = match Document::parse(bytes) {
        Ok(document) => document,
        Err(error) => {
            stored.push(origin.stored(None, Attachment::Invalid(error)));
            return Ok(());
        }
    };
    // A list may name what is about something else.
    if origin.place == Place::Referrer && document.subject.as_ref() != Some(subject) {
        return Ok(());
    }
    let is_evidence = |layer: &&Blob| is_evidence(&layer.media_type);
    if !document.layers.iter().any(|layer| is_evidence(&layer)) {
        let media_types = document.layers.into_iter().map(|layer| layer.media_type).collect();
        stored.push(origin.stored(document.artifact_type, Attachment::Other { media_types }));
        return Ok(());
    }
    let layers: Vec<&Blob> = document.layers.iter().filter(is_evidence).collect();
    for layer in layers.iter().take(MAX_ATTACHMENTS) {
        for attachment in read(repository, layer)? {
            stored.push(origin.stored(document.artifact_type.clone(), attachment));
        }
    }
    if layers.len() > MAX_ATTACHMENTS {
        let count = layers.len() - MAX_ATTACHMENTS;
        stored.push(origin.stored(document.artifact_type, Attachment::NotOpened { count }));
    }
    Ok(())
}

fn is_evidence(media_type: &str) -> bool {
    media_type.starts_with(BUNDLE) || media_type == SIMPLE_SIGNING || media_type == ENVELOPE
}

fn read<R: Repository>(repository: &R, layer: &Blob) -> Result<Vec<Attachment>, R::Error> {
    let limit = match layer.media_type == SIMPLE_SIGNING {
        true => MAX_PAYLOAD_BYTES,
        false => limits::MAX_BUNDLE_BYTES,
    };
    if layer.size > limit {
        let found = layer.size;
        return Ok(vec![Attachment::TooLarge { limit, found }]);
    }
    let Some(bytes) = repository.blob(&layer.digest, layer.size)? else {
        return Ok(vec![Attachment::Missing(layer.digest.clone())]);
    };
    Ok(attached(layer, bytes).into_iter().map(Attachment::Evidence).collect())
}

fn attached(layer: &Blob, bytes: Vec<u8>) -> Vec<Result<Attached, EvidenceError>> {
    if layer.media_type == SIMPLE_SIGNING {
        let bundle = signature(layer).and_then(|signature| bundle(signature, layer, Some(&layer.digest)));
        return vec![bundle.map(|bundle| Attached::SimpleSigning { bundle, payload: bytes })];
    }
    if layer.media_type == ENVELOPE {
        return vec![bundle(bytes, layer, None).map(Attached::Bundle)];
    }
    let read = read_evidence(&bytes, &Limits::default()).into_iter();
    read.map(|item| item.map(|(_, bundle)| Attached::Bundle(Box::new(bundle))))
        .collect()
}

fn signature(layer: &Blob) -> Result<Vec<u8>, EvidenceError> {
    let signature = layer.annotations.get(SIGNATURE).filter(|text| !text.is_empty());
    signature
        .map(|text| text.clone().into_bytes())
        .ok_or(EvidenceError::Unrecognised)
}

/// Puts together what cosign 2 keeps in annotations.
fn bundle(signature: Vec<u8>, layer: &Blob, about: Option<&Digest>) -> Result<Box<Bundle>, EvidenceError> {
    let said = |name: &str| {
        layer
            .annotations
            .get(name)
            .filter(|text| !text.is_empty())
            .map(String::as_bytes)
    };
    let mut parts = Detached::new(&signature)?;
    if let Some(certificate) = said(CERTIFICATE) {
        parts = parts.with_signer(certificate)?;
    }
    if let Some(chain) = said(CHAIN) {
        parts = parts.with_chain(chain)?;
    }
    if let Some(entry) = said(LOG_ENTRY) {
        parts = parts.with_log_entry(entry)?;
    }
    if let Some(timestamp) = said(TIMESTAMP) {
        parts = parts.with_timestamp(timestamp)?;
    }
    if let Some(digest) = about {
        parts = parts.about(digest.clone());
    }
    parts.into_bundle().map(Box::new)
}
