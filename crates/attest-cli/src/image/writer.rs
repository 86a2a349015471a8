use std::sync::OnceLock;
use std::time::{Duration, Instant};

use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use attest_net::registry::{self, BlobAddress, ETag, Moved, Pointer, Precondition, Put, Tag};
use attest_store::image::{Condition, Listed, Repository as _, TagPut, Versioned, Writer};

use super::{Place, PlaceError};

/// A version that nothing ever has.
const NO_VERSION: &str = "\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"";

/// Since when time is counted.
static BEGIN: OnceLock<Instant> = OnceLock::new();

impl Writer for Place {
    fn put_blob(&self, bytes: &[u8]) -> Result<(Digest, u64), PlaceError> {
        match self {
            Self::Registry { client, repository } => {
                let (digest, size) = (sha256(bytes), bytes.len() as u64);
                let address = BlobAddress {
                    repository,
                    digest: &digest,
                    size,
                };
                client.upload(address, None, &|| Ok(Box::new(bytes)))?;
                Ok((digest, size))
            }
            Self::Layout(layout) => Ok(layout.put_blob(bytes)?),
        }
    }

    fn put_manifest(&self, media_type: &str, bytes: &[u8]) -> Result<(Digest, bool), PlaceError> {
        match self {
            Self::Registry { client, repository } => {
                let digest = sha256(bytes);
                let put = client.put_manifest(repository, &Pointer::Digest(digest.clone()), media_type, bytes, None)?;
                let is_listed = matches!(put, Put::Stored(stored) if stored.lists_referrers);
                Ok((digest, is_listed))
            }
            Self::Layout(layout) => Ok(layout.put_manifest(media_type, bytes)?),
        }
    }

    fn versioned(&self, tag: &str) -> Result<Option<Versioned>, PlaceError> {
        match self {
            Self::Registry { client, repository } => {
                let found = client.find_manifest(repository, &Pointer::Tag(self::tag(tag)?))?;
                Ok(found.map(|manifest| Versioned {
                    bytes: manifest.bytes,
                    version: manifest.etag.map(|etag| etag.as_str().to_owned()),
                }))
            }
            Self::Layout(layout) => Ok(layout.versioned(tag)?),
        }
    }

    fn put_tag(
        &self,
        tag: &str,
        media_type: &str,
        bytes: &[u8],
        condition: Option<&Condition>,
    ) -> Result<TagPut<PlaceError>, PlaceError> {
        match self {
            Self::Registry { client, repository } => {
                let condition = condition.map(precondition);
                let moved = client.move_tag(repository, &self::tag(tag)?, media_type, bytes, condition.as_ref())?;
                Ok(match moved {
                    Moved::Stored(_) => TagPut::Moved,
                    Moved::Changed => TagPut::Changed,
                    Moved::NoConditions => TagPut::NoConditions,
                    Moved::Unsure(error) => TagPut::Unsure(error.into()),
                })
            }
            Self::Layout(layout) => Ok(match layout.put_tag(tag, media_type, bytes, condition)? {
                TagPut::Moved => TagPut::Moved,
                TagPut::Changed => TagPut::Changed,
                TagPut::NoConditions => TagPut::NoConditions,
                TagPut::Unsure(error) => TagPut::Unsure(error.into()),
            }),
        }
    }

    fn referrers_now(&self, subject: &Digest) -> Result<Listed, PlaceError> {
        match self {
            Self::Registry { .. } => self.referrers(subject),
            Self::Layout(layout) => Ok(layout.referrers_now(subject)?),
        }
    }

    fn keeps_conditions(&self) -> bool {
        matches!(self, Self::Layout(_))
    }

    fn elapsed(&self) -> Duration {
        BEGIN.get_or_init(Instant::now).elapsed()
    }

    fn pause(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

fn tag(text: &str) -> Result<Tag, PlaceError> {
    Ok(text.parse().map_err(registry::Error::Reference)?)
}

fn precondition(condition: &Condition) -> Precondition {
    match condition {
        Condition::Unchanged(version) => Precondition::Unchanged(ETag::new(version)),
        Condition::Absent => Precondition::Absent,
        Condition::Impossible => Precondition::Unchanged(ETag::new(NO_VERSION)),
    }
}

fn sha256(bytes: &[u8]) -> Digest {
    let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
    measured.digest(Algorithm::Sha256).expect("it was asked for").clone()
}
