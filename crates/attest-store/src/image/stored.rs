use attest_digest::{Algorithm, Algorithms, Digest, Measured};

use super::asking::{Answer, Question};
use super::document::Document;
use super::evidence::{Place, referrers};
use super::{CosignTag, MAX_ATTACHMENTS, Repository};

/// A manifest that hangs on another one, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredManifest {
    /// How it was found.
    pub place: Place,
    /// Its digest.
    pub digest: Digest,
    /// What it says that it is.
    pub document: Document,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Everything that hangs on a manifest, not looked into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredManifests {
    /// Referrers by digest, then what lies below tags.
    pub manifests: Vec<StoredManifest>,
    /// How many are not there, or are none that can be read.
    pub unreadable: usize,
    /// How many more there are than are opened; one, where there are more than are listed.
    pub not_opened: usize,
}

/// Every manifest that hangs on a manifest, whatever it holds, as [`evidence_of`](super::evidence_of) finds them.
///
/// # Errors
/// What the repository says when it is not certain.
pub fn manifests_of<R: Repository>(repository: &R, subject: &Digest) -> Result<StoredManifests, R::Error> {
    let mut stored = StoredManifests::default();
    let listed = referrers(repository, subject)?;
    stored.unreadable += usize::from(listed.unread.is_some());
    stored.not_opened = listed.digests.len().saturating_sub(MAX_ATTACHMENTS) + usize::from(listed.cut.is_some());
    for digest in listed.digests.into_iter().take(MAX_ATTACHMENTS) {
        let answer = Question::Manifest(&digest).put(repository)?;
        stored.take(Place::Referrer, digest, found(answer), subject);
    }
    for tag in [CosignTag::Signatures, CosignTag::Attestations, CosignTag::Sbom] {
        let name = tag.of(subject);
        let answer = Question::Tag(&name).put(repository)?;
        stored.unreadable += usize::from(matches!(answer, Answer::Misnamed(_) | Answer::Missing(_)));
        if let Some(bytes) = found(answer) {
            let measured = Measured::of_bytes(&bytes, &Algorithms::one(Algorithm::Sha256));
            if let Some(digest) = measured.digest(Algorithm::Sha256) {
                stored.take(Place::Tag(name), digest.clone(), Some(bytes), subject);
            }
        }
    }
    Ok(stored)
}

/// What is called by another digest than its own is not there.
fn found(answer: Answer) -> Option<Vec<u8>> {
    match answer {
        Answer::Found(bytes) => Some(bytes),
        Answer::Referrers(_) | Answer::Nothing | Answer::Misnamed(_) | Answer::Missing(_) => None,
    }
}

impl StoredManifests {
    fn take(&mut self, place: Place, digest: Digest, bytes: Option<Vec<u8>>, subject: &Digest) {
        let read = bytes.and_then(|bytes| Some((Document::parse(&bytes).ok()?, bytes)));
        let Some((document, bytes)) = read else {
            self.unreadable += 1;
            return;
        };
        // A list may name what is about something else.
        if place == Place::Referrer && document.subject.as_ref() != Some(subject) {
            return;
        }
        self.manifests.push(StoredManifest {
            place,
            digest,
            document,
            bytes,
        });
    }
}
