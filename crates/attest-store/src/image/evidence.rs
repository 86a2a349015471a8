use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use attest_digest::Digest;
use attestation::Bundle;
use attestation::foreign::EvidenceError;

use super::asking::{Answer, Asking, Question};
use super::at_once::in_order;
use super::document::{Document, InvalidDocument};
use super::opening::{Item, Opening, Origin};
use super::{CosignTag, MAX_ATTACHMENTS, Repository, fallback_tag};

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
        /// The media types of its first layers.
        media_types: Vec<String>,
    },
    /// There are more of them than are opened.
    NotOpened {
        /// How many were left.
        count: usize,
    },
    /// There are more of them than are listed, and nobody knows how many.
    NotListed {
        /// How many are read, and of what.
        reason: String,
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
    let one_by_one = |questions: &[Question<'_>]| questions.iter().map(|question| question.put(repository)).collect();
    let asking = Asking {
        ask: &one_by_one,
        at_once: NonZeroUsize::MIN,
    };
    read(&asking, subject)
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
    let together = |questions: &[Question<'_>]| in_order(questions, at_once, |question| question.put(repository));
    let asking = Asking {
        ask: &together,
        at_once,
    };
    read(&asking, subject)
}

fn read<E>(asking: &Asking<'_, E>, subject: &Digest) -> Result<Vec<StoredEvidence>, E> {
    let (listed, tagged) = find(asking, subject)?;
    let mut opening = Opening::new(asking, subject);
    let mut waiting = listed
        .digests
        .iter()
        .take(MAX_ATTACHMENTS)
        .cloned()
        .map(Item::referrer)
        .peekable();
    while waiting.peek().is_some() {
        opening.open(waiting.by_ref().take(asking.at_once.get()).collect())?;
    }
    for told in listed.not_opened(subject) {
        opening.tell(told);
    }
    opening.open(tagged)?;
    Ok(opening.into_stored())
}

/// What hangs on a manifest, before it is opened: referrers, and what is below tags.
fn find<E>(asking: &Asking<'_, E>, subject: &Digest) -> Result<(Referring, Vec<Item>), E> {
    let tags = [CosignTag::Signatures, CosignTag::Attestations, CosignTag::Sbom].map(|tag| tag.of(subject));
    let mut questions = vec![Question::Referrers(subject)];
    questions.extend(tags.iter().map(|tag| Question::Tag(tag)));
    let mut listed = Referring::default();
    let mut tagged = Vec::new();
    for (question, answer) in questions.iter().zip(asking.each(&questions)?) {
        match (question, answer) {
            (_, Answer::Nothing) => {}
            (_, Answer::Referrers(found)) => listed = found,
            (Question::Tag(tag), answer) => tagged.push(Item::tagged((*tag).to_owned(), answer)),
            // Nothing but a tag is answered like that.
            (_, Answer::Found(_) | Answer::Misnamed(_) | Answer::Missing(_)) => {}
        }
    }
    Ok((listed, tagged))
}

/// What is said to refer to a manifest.
#[derive(Default)]
pub(super) struct Referring {
    pub(super) digests: BTreeSet<Digest>,
    /// Why the registry's list is not whole.
    pub(super) cut: Option<String>,
    /// Why what is below the fallback tag cannot be read.
    pub(super) unread: Option<Attachment>,
}

impl Referring {
    /// What is said to be there, and is not opened.
    fn not_opened(self, subject: &Digest) -> impl Iterator<Item = StoredEvidence> {
        let left = self.digests.len().saturating_sub(MAX_ATTACHMENTS);
        let left = (left > 0).then_some(Attachment::NotOpened { count: left });
        let cut = self.cut.map(|reason| Attachment::NotListed { reason });
        let listed = left.into_iter().chain(cut);
        let listed = listed.map(|told| Origin::new(Place::Referrer, None).stored(told));
        let tag = Origin::new(Place::Tag(fallback_tag(subject)), None);
        listed.chain(self.unread.map(|told| tag.stored(told)))
    }
}

/// What the registry lists, and what is below the fallback tag: a registry that learned to list has both.
pub(super) fn referrers<R: Repository>(repository: &R, subject: &Digest) -> Result<Referring, R::Error> {
    let listed = repository.referrers(subject)?;
    let mut found = Referring {
        digests: listed.digests.into_iter().collect(),
        cut: listed.cut,
        unread: None,
    };
    let misnamed = |reason| Some(Attachment::Invalid(InvalidDocument::Misnamed { reason }));
    match Question::Tag(&fallback_tag(subject)).put(repository)? {
        Answer::Found(bytes) => match Document::parse(&bytes) {
            Ok(index) => found
                .digests
                .extend(index.manifests.into_iter().map(|manifest| manifest.digest)),
            Err(error @ InvalidDocument::TooLarge { .. }) => found.unread = misnamed(error.to_string()),
            // A tag of that name that holds no index is somebody else's.
            Err(_) => {}
        },
        Answer::Misnamed(reason) => found.unread = misnamed(reason),
        Answer::Missing(index) => found.unread = Some(Attachment::Missing(index)),
        Answer::Nothing | Answer::Referrers(_) => {}
    }
    Ok(found)
}
