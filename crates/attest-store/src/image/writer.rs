use std::time::Duration;

use attest_digest::Digest;

use super::{Listed, Repository};

/// How long a registry may take from answering a reader to doing what that reader then asks for. Where it keeps no conditions, whoever
/// writes looks again after this time: what was read before has been written by then.
pub const SETTLING: Duration = Duration::from_secs(2);

/// Where manifests and blobs go. What is there stays: content is added, and tags move.
pub trait Writer: Repository {
    /// Puts a blob there, and says what it is.
    ///
    /// # Errors
    /// Whenever it is not certainly there.
    fn put_blob(&self, bytes: &[u8]) -> Result<(Digest, u64), Self::Error>;

    /// Puts a manifest there by its digest. True when the repository said that it lists it among the referrers of its subject.
    ///
    /// # Errors
    /// Whenever it is not certainly there.
    fn put_manifest(&self, media_type: &str, bytes: &[u8]) -> Result<(Digest, bool), Self::Error>;

    /// What a tag is at now, and the version that a condition can be made with, if the repository offers one.
    ///
    /// # Errors
    /// Whenever it is not certain.
    fn versioned(&self, tag: &str) -> Result<Option<Versioned>, Self::Error>;

    /// Moves a tag, in one attempt: an attempt that is made again later, and not seen to be one, undoes what others did meanwhile.
    ///
    /// # Errors
    /// When the answer would be the same the next time.
    fn put_tag(
        &self,
        tag: &str,
        media_type: &str,
        bytes: &[u8],
        condition: Option<&Condition>,
    ) -> Result<TagPut<Self::Error>, Self::Error>;

    /// As [`Repository::referrers`], as of now.
    ///
    /// # Errors
    /// As there.
    fn referrers_now(&self, subject: &Digest) -> Result<Listed, Self::Error> {
        self.referrers(subject)
    }

    /// Whether conditions are certainly kept. Of a registry nobody knows before it was tried.
    fn keeps_conditions(&self) -> bool {
        false
    }

    /// How long others may take from reading to writing.
    fn settling(&self) -> Duration {
        SETTLING
    }

    /// The time since some moment that stays the same.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn pause(&self, duration: Duration);
}

/// What a tag is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The manifest or index.
    pub bytes: Vec<u8>,
    /// How the repository calls this version, where it offers that.
    pub version: Option<String>,
}

/// When a tag is to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Only if it is still at this version.
    Unchanged(String),
    /// Only if there is no such tag.
    Absent,
    /// Never: a repository that moves the tag all the same keeps no conditions.
    Impossible,
}

/// What came of moving a tag.
#[derive(Debug)]
pub enum TagPut<E> {
    /// It moved.
    Moved,
    /// The condition did not hold.
    Changed,
    /// The repository does not take conditions; nothing was written.
    NoConditions,
    /// It may have moved, or may still: the repository was busy, or the answer was lost.
    Unsure(E),
}
