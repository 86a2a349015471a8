use std::collections::{BTreeMap, BTreeSet};

use attest_archive::image::{Descriptor, Error};
use attest_digest::Digest;
use attestation::Bundle;
use attestation::foreign::NotForCosign;
use serde_json::value::RawValue;

use super::asking::{Answer, Question};
use super::contest::Contest;
use super::document::Document;
use super::shared::{Entry, Kind, NotShared, Shared};
use super::written::{Pointer, go_json};
use super::{CosignTag, MAX_ATTACHMENTS, Place, Writer, fallback_tag, legacy, referrer};

/// Evidence that is to hang on a manifest.
#[derive(Debug, Clone, Copy)]
pub enum NewEvidence<'a> {
    /// A bundle, as a referrer, as cosign 3 stores it.
    Bundle(&'a Bundle),
    /// A signature over a simple signing payload, below the tag `.sig`, as cosign 2 stores it.
    LegacySignature {
        /// The signature, with everything that belongs to it.
        bundle: &'a Bundle,
        /// The signed bytes.
        payload: &'a [u8],
    },
    /// A statement in an envelope, below the tag `.att`, as cosign 2 stores it.
    LegacyAttestation(&'a Bundle),
}

/// Hangs evidence on a manifest of a repository.
///
/// What is there stays: a list of others only grows, and their entries stay as they were written. How many write at once makes no
/// difference; see `docs/adr/0029-evidence-beside-images-without-lost-updates.md` for what holds on registries without conditions.
#[derive(Debug)]
pub struct Attaching<'a, W> {
    /// Where the manifest is.
    pub repository: &'a W,
    /// What points to the manifest.
    pub subject: &'a Descriptor,
    /// When the evidence was made, as RFC 3339 has it.
    pub created: Option<String>,
    /// The certificates above the signer's, DER, from its issuer's to the root: cosign 2 keeps them beside a signature, and bundles
    /// leave them to the trust root. Without any, only readers that have them verify what is below the tags.
    pub above: &'a [Vec<u8>],
}

/// Evidence that hangs on a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The manifest that holds it. Below a tag of cosign 2, others may have moved the tag on since.
    pub manifest: Digest,
    /// How it is found.
    pub place: Place,
    /// Whether it was there before, and nothing was written.
    pub was_there: bool,
}

/// Why evidence does not hang on a manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError<E> {
    /// The repository gave no answer, or would not take it.
    #[error("the repository does not take it")]
    Repository(E),
    /// Below the tag stands something else. It was not touched.
    #[error("tag `{tag}` is taken: expected {expected}, found `{}`", found.escape_debug())]
    Taken {
        /// The tag.
        tag: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// Below the tag stands something that cannot be read. It was not touched.
    #[error("tag `{tag}` cannot gain an entry")]
    Unreadable {
        /// The tag.
        tag: String,
        /// Why.
        source: Box<Error>,
    },
    /// The list below the tag would be larger than registries take.
    #[error("expected at most {limit} bytes below tag `{tag}`, found {found} with what is added")]
    Full {
        /// The tag.
        tag: String,
        /// The most that registries take.
        limit: usize,
        /// How many it would be.
        found: usize,
    },
    /// Others moved the tag again and again.
    #[error("tag `{tag}` was moved by others each time, {attempts} times")]
    Contended {
        /// The tag.
        tag: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// cosign 2 has no place for it.
    #[error("cosign 2 cannot read this: {0}")]
    NotForCosign(#[from] NotForCosign),
    /// A signature is to be stored as an attestation, or the other way.
    #[error("expected {expected} to be stored below tag `{tag}`")]
    WrongContent {
        /// The tag.
        tag: String,
        /// What belongs there.
        expected: &'static str,
    },
}

impl<E> AttachError<E> {
    pub(super) fn of_tag(tag: &str, reason: NotShared) -> Self {
        let tag = tag.to_owned();
        match reason {
            NotShared::Other { expected, found } => Self::Taken { tag, expected, found },
            NotShared::Invalid(source) => Self::Unreadable {
                tag,
                source: Box::new(source),
            },
        }
    }
}

impl<W: Writer> Attaching<'_, W> {
    /// Stores evidence. What is there already is not written again.
    ///
    /// # Errors
    /// [`AttachError`]. Then it may be that others find it all the same; whoever tries again writes nothing twice.
    pub fn attach(&self, evidence: &NewEvidence<'_>) -> Result<Stored, AttachError<W::Error>> {
        match *evidence {
            NewEvidence::Bundle(bundle) => self.as_referrer(bundle),
            NewEvidence::LegacySignature { bundle, payload } => {
                let layer = legacy::signature(bundle, payload, self.above)?;
                self.as_layer(CosignTag::Signatures, layer, "a signature over a payload")
            }
            NewEvidence::LegacyAttestation(bundle) => {
                let layer = legacy::attestation(bundle, self.above)?;
                self.as_layer(CosignTag::Attestations, layer, "a statement in an envelope")
            }
        }
    }

    /// Whether what stands below a tag of cosign 2 can gain an entry. Whoever asks before signing signs nothing in vain; it may still
    /// be otherwise when the entry is stored.
    ///
    /// # Errors
    /// [`AttachError::Repository`], [`AttachError::Taken`] and [`AttachError::Unreadable`].
    pub fn check(&self, tag: CosignTag) -> Result<(), AttachError<W::Error>> {
        let tag = tag.of(self.subject.digest());
        let found = self.repository.versioned(&tag).map_err(AttachError::Repository)?;
        Shared::read(Kind::Layers, found.as_ref().map(|found| &*found.bytes))
            .map(drop)
            .map_err(|reason| AttachError::of_tag(&tag, reason))
    }

    fn as_referrer(&self, bundle: &Bundle) -> Result<Stored, AttachError<W::Error>> {
        let (layer, size) = (super::written::sha256(bundle.as_json()), bundle.as_json().len() as u64);
        let stored = |manifest, was_there| Stored {
            manifest,
            place: Place::Referrer,
            was_there,
        };
        if let Some(manifest) = self.there(&layer, size)? {
            return Ok(stored(manifest, true));
        }
        self.put_blob(referrer::NO_CONFIGURATION)?;
        self.put_blob(bundle.as_json())?;
        let manifest = referrer::manifest(self.subject, bundle, self.created.as_deref());
        let put = self.repository.put_manifest(referrer::MEDIA_TYPE, manifest.as_bytes());
        let (digest, is_listed) = put.map_err(AttachError::Repository)?;
        if !is_listed && !self.lists(&digest)? {
            self.below_fallback(&digest, &manifest, bundle)?;
        }
        Ok(stored(digest, false))
    }

    /// The manifest that holds a bundle already. Without the blob there is none, and nobody else has to be looked at.
    fn there(&self, layer: &Digest, size: u64) -> Result<Option<Digest>, AttachError<W::Error>> {
        let blob = super::Blob {
            digest: layer.clone(),
            media_type: referrer::BUNDLE.to_owned(),
            size,
            annotations: BTreeMap::new(),
        };
        if self.ask(&Question::Blob(&blob))?.is_none() {
            return Ok(None);
        }
        let subject = self.subject.digest();
        let listed = self
            .repository
            .referrers_now(subject)
            .map_err(AttachError::Repository)?;
        let mut candidates: BTreeSet<Digest> = listed.digests.into_iter().collect();
        let below = self.repository.versioned(&fallback_tag(subject));
        let below = below.map_err(AttachError::Repository)?;
        let below = below.and_then(|index| Document::parse(&index.bytes).ok());
        candidates.extend(
            below
                .into_iter()
                .flat_map(|index| index.manifests)
                .map(|entry| entry.digest),
        );
        for candidate in candidates.into_iter().take(MAX_ATTACHMENTS) {
            let bytes = self.ask(&Question::Manifest(&candidate))?;
            let document = bytes.and_then(|bytes| Document::parse(&bytes).ok());
            let holds = |document: Document| {
                let is_it = |held: &super::Blob| held.digest == *layer && held.media_type == referrer::BUNDLE;
                document.subject.as_ref() == Some(subject) && document.layers.iter().any(is_it)
            };
            if document.is_some_and(holds) {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    /// What somebody else called by a wrong digest is not what is looked for.
    fn ask(&self, question: &Question<'_>) -> Result<Option<Vec<u8>>, AttachError<W::Error>> {
        match question.put(self.repository).map_err(AttachError::Repository)? {
            Answer::Found(bytes) => Ok(Some(bytes)),
            Answer::Referrers(_) | Answer::Nothing | Answer::Misnamed(_) | Answer::Missing(_) => Ok(None),
        }
    }

    /// Some registries list referrers and do not say so when one is written. Of a list that is longer than is read nobody knows: then
    /// it stands below the tag as well, where nothing is lost by it.
    pub(super) fn lists(&self, manifest: &Digest) -> Result<bool, AttachError<W::Error>> {
        let listed = self.repository.referrers_now(self.subject.digest());
        Ok(listed.map_err(AttachError::Repository)?.digests.contains(manifest))
    }

    /// Source: OCI distribution specification 1.1, "Pushing Manifests with Subject".
    fn below_fallback(&self, digest: &Digest, manifest: &str, bundle: &Bundle) -> Result<(), AttachError<W::Error>> {
        let mut pointer = Pointer::new(referrer::MEDIA_TYPE, digest, manifest.len() as u64);
        pointer.artifact_type = Some(referrer::BUNDLE);
        pointer.annotations = referrer::annotations(bundle, self.created.as_deref());
        let tag = fallback_tag(self.subject.digest());
        let entry = entry(&tag, go_json(&pointer))?;
        Contest::new(self.repository, &tag, Kind::Referrers, vec![entry])
            .run()
            .map(drop)
    }

    fn as_layer(
        &self,
        tag: CosignTag,
        layer: Option<legacy::Layer>,
        expected: &'static str,
    ) -> Result<Stored, AttachError<W::Error>> {
        let tag = tag.of(self.subject.digest());
        let Some(layer) = layer else {
            return Err(AttachError::WrongContent { tag, expected });
        };
        self.put_blob(&layer.bytes)?;
        let entry = entry(&tag, layer.descriptor)?;
        let settled = Contest::new(self.repository, &tag, Kind::Layers, vec![entry]).run()?;
        Ok(Stored {
            manifest: settled.document,
            place: Place::Tag(tag),
            was_there: settled.was_there,
        })
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<(), AttachError<W::Error>> {
        self.repository
            .put_blob(bytes)
            .map(drop)
            .map_err(AttachError::Repository)
    }
}

pub(super) fn entry<E>(tag: &str, json: String) -> Result<Entry, AttachError<E>> {
    let raw = RawValue::from_string(json).map_err(|error| Error::Json {
        expected: "an entry",
        reason: error.to_string(),
    });
    raw.and_then(Entry::new)
        .map_err(|reason| AttachError::of_tag(tag, reason.into()))
}

/// Annotations as they are written.
pub(super) type Written = BTreeMap<&'static str, String>;
