use std::num::NonZeroUsize;

use attest_digest::{Algorithm, Digest};

use super::Repository;
use super::document::Blob;
use super::evidence::{Referring, referrers};

/// What a repository is asked for.
pub(super) enum Question<'a> {
    /// What it lists as referrers of a manifest, with what is below the fallback tag.
    Referrers(&'a Digest),
    /// What a tag is at.
    Tag(&'a str),
    /// A manifest.
    Manifest(&'a Digest),
    /// A blob.
    Blob(&'a Blob),
}

/// What it says, where it is certain.
pub(super) enum Answer {
    /// The referrers.
    Referrers(Referring),
    /// The bytes.
    Found(Vec<u8>),
    /// There is nothing.
    Nothing,
    /// There is something else than what names it says.
    Misnamed(String),
    /// Something names this, and it is not there.
    Missing(Digest),
}

impl Question<'_> {
    pub(super) fn put<R: Repository>(&self, repository: &R) -> Result<Answer, R::Error> {
        if let Some(reason) = self.unsupported() {
            return Ok(Answer::Misnamed(reason));
        }
        let found = match self {
            Self::Referrers(subject) => return referrers(repository, subject).map(Answer::Referrers),
            Self::Tag(tag) => repository.tagged(tag),
            Self::Manifest(digest) => repository.manifest(digest),
            Self::Blob(blob) => repository.blob(&blob.digest, blob.size),
        };
        match found {
            Ok(Some(bytes)) => Ok(Answer::Found(bytes)),
            Ok(None) => Ok(Answer::Nothing),
            Err(error) => {
                let missing = R::missing(&error).map(Answer::Missing);
                let certain = missing.or_else(|| R::misnamed(&error).map(Answer::Misnamed));
                certain.ok_or(error)
            }
        }
    }

    /// Registries refuse what they know no algorithm for, which would pass for a refusal to show it.
    fn unsupported(&self) -> Option<String> {
        let digest = match self {
            Self::Manifest(digest) => digest,
            Self::Blob(blob) => &blob.digest,
            Self::Referrers(_) | Self::Tag(_) => return None,
        };
        let is_known = matches!(digest.algorithm(), Algorithm::Sha256 | Algorithm::Sha512);
        (!is_known).then(|| format!("expected a digest by sha256 or sha512, found `{digest}`"))
    }
}

/// An answer to each question, in their order.
type Answers<E> = Vec<Result<Answer, E>>;

/// A repository that is asked several things together, or one after the other.
pub(super) struct Asking<'a, E> {
    /// Asks.
    pub(super) ask: &'a dyn Fn(&[Question<'_>]) -> Answers<E>,
    /// How many are asked together.
    pub(super) at_once: NonZeroUsize,
}

impl<E> Asking<'_, E> {
    pub(super) fn each(&self, questions: &[Question<'_>]) -> Result<Vec<Answer>, E> {
        (self.ask)(questions).into_iter().collect()
    }
}
