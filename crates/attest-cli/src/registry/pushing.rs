use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use attest_archive::image::Error as ImageError;
use attest_digest::Digest;
use attest_net::registry::{
    BlobAddress, Client, Error, Pointer, Put, Reference, Repository, Tag, Upload, concurrently,
};

use super::content::{Blob, Content, Document};
use super::transfer::Transfer;
use super::{failure, parse_reference};
use crate::failure::Failure;
use crate::verb::pack::image_refusal;

/// How many blobs go out at once.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");

/// Content on its way into a repository.
pub(crate) struct Pushing<'a> {
    pub(crate) client: &'a Client,
    pub(crate) repository: &'a Repository,
    pub(crate) content: &'a Content<'a>,
    /// Other repositories of the registry that may have blobs of it, beside those that the content names.
    pub(crate) mount_from: &'a [Repository],
    /// Whether to look only.
    pub(crate) is_dry: bool,
    pub(crate) transfer: &'a Transfer,
}

/// What became of content.
pub(crate) struct Pushed {
    /// Of each blob, in their order. With a dry run, what would be sent or mounted counts as that.
    pub(crate) blobs: Vec<Upload>,
    /// Of each manifest and index but the top one, in their order: whether it was sent.
    pub(crate) documents: Vec<bool>,
    /// Of each tag, in their order.
    pub(crate) tags: Vec<Tagged>,
}

/// What became of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tagged {
    /// It named the top already.
    Present,
    /// The top was sent under it; there was no such tag.
    New,
    /// The same; it named something else.
    Moved(Digest),
}

/// Why content did not go.
pub(crate) enum PushProblem {
    Registry(Error),
    Content(ImageError),
}

impl From<Error> for PushProblem {
    fn from(error: Error) -> Self {
        Self::Registry(error)
    }
}

impl PushProblem {
    /// What a person is told, of content that lies at `path`.
    pub(crate) fn told(&self, destination: &Reference, path: &Path) -> Failure {
        match self {
            Self::Registry(error) => failure(error).at(destination),
            Self::Content(error) => image_refusal(error, path, path),
        }
    }
}

impl Pushing<'_> {
    /// Blobs first, a few at a time, then manifests, then the indexes that name them, and at the end the top under its tags, or by
    /// its digest if it has none: whatever has a name is whole. What is there is not sent.
    pub(crate) fn run(&self, tags: &[Tag]) -> Result<Pushed, PushProblem> {
        let origins = self.origins();
        let blobs = self.transfer.watch(|| self.blobs(&origins))?;
        let (documents, tags) = match self.content.documents.split_last() {
            Some((top, below)) => (self.below(below)?, self.top(top, tags)?),
            None => Default::default(),
        };
        Ok(Pushed { blobs, documents, tags })
    }

    /// The repositories that blobs may be mounted from. What an annotation says may be any text.
    fn origins(&self) -> Vec<Repository> {
        let named = self.content.origins.iter().filter(|name| name.contains('/'));
        let named = named.filter_map(|name| Some(parse_reference(name).ok()?.repository().clone()));
        let mut origins: Vec<Repository> = Vec::new();
        for origin in self.mount_from.iter().cloned().chain(named) {
            let is_near = origin.registry() == self.repository.registry() && origin != *self.repository;
            if is_near && !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        origins
    }

    fn blobs(&self, origins: &[Repository]) -> Result<Vec<Upload>, PushProblem> {
        let numbered: Vec<(usize, &Blob<'_>)> = self.content.blobs.iter().enumerate().collect();
        let became = Mutex::new(vec![Upload::Present; numbered.len()]);
        concurrently(&numbered, AT_ONCE, |(at, blob)| {
            let upload = self.blob(blob, origins)?;
            if upload != Upload::Sent {
                self.transfer.leave_out(blob.descriptor.size());
            }
            became.lock().unwrap_or_else(PoisonError::into_inner)[*at] = upload;
            Ok::<(), PushProblem>(())
        })?;
        Ok(became.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn blob(&self, blob: &Blob<'_>, origins: &[Repository]) -> Result<Upload, PushProblem> {
        let address = BlobAddress {
            repository: self.repository,
            digest: blob.descriptor.digest(),
            size: blob.descriptor.size(),
        };
        if self.is_dry {
            return Ok(match self.client.has_blob(address)? {
                true => Upload::Present,
                false if self.holder(address, origins).is_some() => Upload::Mounted,
                false => Upload::Sent,
            });
        }
        let (spoiled, part) = (Mutex::new(None), self.transfer.part());
        let source = || -> io::Result<Box<dyn Read>> {
            match blob.open() {
                Ok(reader) if self.transfer.is_watched() => Ok(Box::new(part.counted(reader))),
                Ok(reader) => Ok(reader),
                Err(error) => {
                    let told = io::Error::other(error.to_string());
                    *spoiled.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Err(told)
                }
            }
        };
        let origin = self.origin(address, origins)?;
        let sent = self.client.upload(address, origin, &source);
        let spoiled = spoiled.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (sent, spoiled) {
            (Err(Error::Source { .. }), Some(error)) => Err(PushProblem::Content(error)),
            (sent, _) => Ok(sent?),
        }
    }

    /// The one to ask to mount from: asking is as cheap as beginning to send, so that the only one is not looked into before.
    fn origin<'b>(&self, address: BlobAddress<'_>, origins: &'b [Repository]) -> Result<Option<&'b Repository>, Error> {
        Ok(match origins {
            [] => None,
            [only] => Some(only),
            // What is there already is mounted from nowhere.
            several if self.client.has_blob(address)? => several.first(),
            several => self.holder(address, several),
        })
    }

    /// The first that has a blob. Who may not look there may not mount from there either.
    fn holder<'b>(&self, address: BlobAddress<'_>, origins: &'b [Repository]) -> Option<&'b Repository> {
        origins.iter().find(|origin| {
            let there = BlobAddress {
                repository: origin,
                ..address
            };
            self.client.has_blob(there).unwrap_or(false)
        })
    }

    fn below(&self, documents: &[Document]) -> Result<Vec<bool>, PushProblem> {
        let sent = documents.iter().map(|document| {
            let digest = document.descriptor.digest();
            self.put_unless(
                self.client.has_manifest(self.repository, digest)?,
                digest_of(document),
                document,
            )
        });
        sent.collect()
    }

    /// A tag that names the top already stays as it is: some registries take no tag twice.
    fn top(&self, top: &Document, tags: &[Tag]) -> Result<Vec<Tagged>, PushProblem> {
        let digest = top.descriptor.digest();
        if tags.is_empty() {
            let is_there = self.client.has_manifest(self.repository, digest)?;
            self.put_unless(is_there, digest_of(top), top)?;
        }
        let sent = tags.iter().map(|tag| {
            let pointer = Pointer::Tag(tag.clone());
            let found = self.client.find_manifest(self.repository, &pointer)?;
            let before = match found {
                Some(found) if found.bytes == top.bytes => Tagged::Present,
                Some(found) => Tagged::Moved(found.digest),
                None => Tagged::New,
            };
            self.put_unless(before == Tagged::Present, pointer, top)?;
            Ok(before)
        });
        sent.collect()
    }

    fn put_unless(&self, is_there: bool, pointer: Pointer, document: &Document) -> Result<bool, PushProblem> {
        if is_there || self.is_dry {
            return Ok(!is_there);
        }
        let media_type = document.descriptor.media_type();
        match self
            .client
            .put_manifest(self.repository, &pointer, media_type, &document.bytes, None)?
        {
            Put::Stored(_) => Ok(true),
            // Nothing was asked for on a condition.
            Put::Changed => Err(PushProblem::Registry(Error::Answer {
                url: self.repository.to_string(),
                expected: "a manifest to be stored",
                found: "a condition that nobody made".to_owned(),
            })),
        }
    }
}

fn digest_of(document: &Document) -> Pointer {
    Pointer::Digest(document.descriptor.digest().clone())
}
