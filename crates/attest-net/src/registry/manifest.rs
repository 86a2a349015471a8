use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use reqwest::Method;

use super::client::Client;
use super::exchange::{Call, Reply};
use super::origin::shown;
use super::pages::{Listed, listed};
use super::patience::Failed;
use super::reference::{Pointer, Repository, Tag, oci_digest};
use super::session::Access;
use super::{Error, Missing};

/// The largest index or manifest, in bytes. Source: OCI distribution-spec 1.1, "Pushing Manifests": registries should take 4 MiB.
pub const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// What is asked for: a registry that is not told that an index would do may say that there is none.
pub const MANIFEST_TYPES: [&str; 5] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.artifact.manifest.v1+json",
];

/// Lists of referrers are indexes; lists of tags are plain JSON.
pub(super) const ACCEPT_INDEX: &str = "application/vnd.oci.image.index.v1+json, application/json";

/// With what a registry refuses a condition that it does not know.
const NO_CONDITIONS: [u16; 3] = [400, 405, 501];

/// The most tags of a repository that are read: the largest public ones have some ten thousand.
const MAX_TAGS: usize = 100_000;

/// How many tags a page should have.
const TAGS_A_PAGE: usize = 1000;

/// An index or a manifest as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// What the registry calls it.
    pub media_type: String,
    /// What its bytes are: by the algorithm that it was asked by, else SHA-256.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// With which version a condition can be made, where the registry offers that.
    pub etag: Option<ETag>,
}

/// A version of what a tag names, as a registry calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// A version by the name that a registry gave it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// How the registry calls it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// When a manifest is to be written. Source: RFC 9110, section 13.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Only if it is still this version.
    Unchanged(ETag),
    /// Only if there is none.
    Absent,
}

/// What came of writing a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is there.
    Stored(Stored),
    /// The condition did not hold: somebody else was first.
    Changed,
}

/// A manifest that is in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// Its digest.
    pub digest: Digest,
    /// Whether the registry said that it lists the manifest among the referrers of its subject.
    pub lists_referrers: bool,
}

/// What came of one attempt to move a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// It moved.
    Stored(Stored),
    /// The condition did not hold.
    Changed,
    /// The registry takes no conditions, and wrote nothing.
    NoConditions,
    /// The registry was busy, or broke off: it may have moved, or may still.
    Unsure(Error),
}

impl Client {
    /// An index or a manifest, if there is one.
    ///
    /// # Errors
    /// [`Error`]; also when one may not look.
    pub fn find_manifest(&self, repository: &Repository, pointer: &Pointer) -> Result<Option<Manifest>, Error> {
        Ok(self.manifest_or_message(repository, pointer)?.ok())
    }

    /// An index or a manifest.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; as for [`Client::find_manifest`].
    pub fn manifest(&self, repository: &Repository, pointer: &Pointer) -> Result<Manifest, Error> {
        let found = self.manifest_or_message(repository, pointer)?;
        found.map_err(|message| Error::NotFound {
            missing: Missing::Manifest,
            name: name(repository, pointer),
            message,
        })
    }

    fn manifest_or_message(
        &self,
        repository: &Repository,
        pointer: &Pointer,
    ) -> Result<Result<Manifest, String>, Error> {
        let url = self.url(repository, &format!("manifests/{pointer}"))?;
        let call = Call::new(Method::GET, url, Access::reading(repository)).with("accept", MANIFEST_TYPES.join(", "));
        self.ask_whole(&call, &[404], |reply| match reply.status() {
            404 => reply.absence().map(Err),
            _ => received(reply, pointer).map(Ok),
        })
    }

    /// Whether an index or a manifest is there, without fetching it.
    ///
    /// # Errors
    /// As for [`Client::find_manifest`].
    pub fn has_manifest(&self, repository: &Repository, digest: &Digest) -> Result<bool, Error> {
        let url = self.url(repository, &format!("manifests/{digest}"))?;
        let call = Call::new(Method::HEAD, url, Access::reading(repository)).with("accept", MANIFEST_TYPES.join(", "));
        Ok(self.ask(&call, &[404])?.status() != 404)
    }

    /// Writes an index or a manifest, by its digest or under a tag.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OtherDigest`] when the registry stored something else.
    pub fn put_manifest(
        &self,
        repository: &Repository,
        pointer: &Pointer,
        media_type: &str,
        bytes: &[u8],
        condition: Option<&Precondition>,
    ) -> Result<Put, Error> {
        let (call, digest) = self.put_call(repository, pointer, media_type, bytes, condition)?;
        let reply = self.ask(&call, &[412])?;
        if reply.status() == 412 {
            return Ok(Put::Changed);
        }
        stored(&reply, digest, bytes).map(Put::Stored)
    }

    /// Moves a tag, and tries it once. An attempt that is made again some time later undoes what others did meanwhile, unless the
    /// registry keeps the condition: who needs that tries again for himself, with what is there then.
    ///
    /// # Errors
    /// [`Error`], when the answer would be the same the next time.
    pub fn move_tag(
        &self,
        repository: &Repository,
        tag: &Tag,
        media_type: &str,
        bytes: &[u8],
        condition: Option<&Precondition>,
    ) -> Result<Moved, Error> {
        let pointer = Pointer::Tag(tag.clone());
        let (call, digest) = self.put_call(repository, &pointer, media_type, bytes, condition)?;
        match self.attempt(&call, &[412]) {
            Ok(reply) if reply.status() == 412 => Ok(Moved::Changed),
            Ok(reply) => stored(&reply, digest, bytes).map(Moved::Stored),
            Err(failed) if failed.again => Ok(Moved::Unsure(failed.error)),
            Err(failed) => match (failed.error, condition) {
                (Error::Status { status, .. }, Some(_)) if NO_CONDITIONS.contains(&status) => Ok(Moved::NoConditions),
                (error, _) => Err(error),
            },
        }
    }

    /// The request that writes a manifest, and the manifest's digest.
    fn put_call<'a>(
        &self,
        repository: &'a Repository,
        pointer: &Pointer,
        media_type: &str,
        bytes: &[u8],
        condition: Option<&Precondition>,
    ) -> Result<(Call<'a>, Digest), Error> {
        let url = self.url(repository, &format!("manifests/{pointer}"))?;
        if bytes.len() as u64 > MAX_MANIFEST_BYTES {
            return Err(Error::TooLarge {
                url: shown(&url),
                what: "bytes of a manifest",
                limit: MAX_MANIFEST_BYTES,
            });
        }
        let digest = held(bytes, pointer, &shown(&url))?;
        let call = Call::new(Method::PUT, url, Access::writing(repository))
            .with("content-type", media_type)
            .body(bytes.to_vec());
        let call = match condition {
            None => call,
            Some(Precondition::Unchanged(etag)) => call.with("if-match", &*etag.0),
            Some(Precondition::Absent) => call.with("if-none-match", "*"),
        };
        Ok((call, digest))
    }

    /// Every tag of a repository, sorted, each once.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such repository; [`Error`].
    pub fn tags(&self, repository: &Repository) -> Result<Vec<Tag>, Error> {
        let mut tags = std::collections::BTreeSet::new();
        let rest = format!("tags/list?n={TAGS_A_PAGE}");
        let pages = self.pages(Access::reading(repository), &rest, &[404], |_, body, url| {
            let wrong = |found: String| Error::Answer {
                url: url.to_owned(),
                expected: "a list of tags",
                found,
            };
            for tag in listed::<String>(body, "tags").map_err(wrong)? {
                tags.insert(tag.parse::<Tag>().map_err(|error| wrong(error.to_string()))?);
            }
            match tags.len() > MAX_TAGS {
                false => Ok(()),
                true => Err(Error::TooLarge {
                    url: url.to_owned(),
                    what: "tags",
                    limit: MAX_TAGS as u64,
                }),
            }
        })?;
        match pages {
            Listed::Pages => Ok(tags.into_iter().collect()),
            Listed::Not(message) => Err(Error::NotFound {
                missing: Missing::Repository,
                name: repository.to_string(),
                message,
            }),
        }
    }
}

/// A registry that says another subject, or says one of every manifest, has not understood this one's.
fn stored(reply: &Reply<'_>, digest: Digest, bytes: &[u8]) -> Result<Stored, Error> {
    require_digest(reply, &digest)?;
    let said = reply.header("oci-subject");
    let is_ours = |said: String| subject_of(bytes).as_deref() == Some(said.trim());
    Ok(Stored {
        lists_referrers: said.is_some_and(is_ours),
        digest,
    })
}

fn subject_of(manifest: &[u8]) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    Some(manifest["subject"]["digest"].as_str()?.to_owned())
}

fn received(reply: Reply<'_>, pointer: &Pointer) -> Result<Manifest, Failed> {
    let url = shown(reply.url());
    let media_type = reply.header("content-type").map(|value| bare(&value));
    let etag = reply.header("etag").filter(|etag| !etag.is_empty()).map(ETag);
    let claimed = reply.header("docker-content-digest");
    let bytes = reply.document(MAX_MANIFEST_BYTES)?;
    let digest = held(&bytes, pointer, &url)?;
    // What is asked for by a tag is held to what the registry itself says that it sends.
    if let (Pointer::Tag(_), Some(claimed)) = (pointer, claimed.and_then(|claimed| oci_digest(&claimed).ok())) {
        held(&bytes, &Pointer::Digest(claimed), &url)?;
    }
    Ok(Manifest {
        media_type: media_type.unwrap_or_default(),
        digest,
        bytes,
        etag,
    })
}

/// The digest of bytes, which must be the one that they are asked for by, if it is by one.
fn held(bytes: &[u8], pointer: &Pointer, url: &str) -> Result<Digest, Error> {
    let algorithm = match pointer {
        Pointer::Digest(digest) => digest.algorithm(),
        Pointer::Tag(_) => Algorithm::Sha256,
    };
    let measured = Measured::of_bytes(bytes, &Algorithms::one(algorithm));
    let found = measured
        .digest(algorithm)
        .expect("this algorithm was asked for")
        .clone();
    match pointer {
        Pointer::Digest(expected) if *expected != found => Err(Error::OtherDigest {
            url: url.to_owned(),
            expected: expected.clone(),
            found,
        }),
        _ => Ok(found),
    }
}

/// Some registries know only SHA-256, and store what they are given by another digest under one that nobody asked for.
pub(super) fn require_digest(reply: &Reply<'_>, expected: &Digest) -> Result<(), Error> {
    let found = reply
        .header("docker-content-digest")
        .and_then(|found| oci_digest(&found).ok());
    match found {
        Some(found) if found != *expected => Err(Error::OtherDigest {
            url: shown(reply.url()),
            expected: expected.clone(),
            found,
        }),
        _ => Ok(()),
    }
}

/// A media type without its parameters.
pub(super) fn bare(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_owned()
}

fn name(repository: &Repository, pointer: &Pointer) -> String {
    match pointer {
        Pointer::Tag(tag) => format!("{repository}:{tag}"),
        Pointer::Digest(digest) => format!("{repository}@{digest}"),
    }
}
