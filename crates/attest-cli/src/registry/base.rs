use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use attest_archive::image::{self, Descriptor, Index, Layout, Manifest, Platform, Store, media_type};
use attest_digest::Digest;
use attest_net::registry::{BlobAddress, Client, Error, Pointer, Reference, concurrently};
use serde_json::Value;

use super::{RegistryArguments, Transfer, cache, failure};
use crate::context::Context;
use crate::failure::Failure;
use crate::verb::pack::image_refusal;

/// How many blobs come in at once: more connections do not make a line faster, and fewer leave it idle between blobs.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");

/// Images of registries to build upon. What was fetched once is kept, and held to its digest whenever it is read.
pub(crate) struct Bases {
    directory: PathBuf,
    store: Store,
    /// None when nothing may be connected.
    client: Option<Client>,
}

/// An image, or an index of images, whose blobs for some platforms are here.
#[derive(Debug)]
pub(crate) struct FetchedBase {
    /// Where the blobs are.
    pub(crate) layout: Layout,
    /// What the reference names.
    pub(crate) descriptor: Descriptor,
}

/// Whether a text that is no path names something in a registry: it says so, has a digest, or begins with a host.
pub(crate) fn is_registry_reference(text: &str) -> bool {
    let begins_with_host = text.split_once('/').is_some_and(|(host, _)| {
        let is_host = host.contains('.') || host.contains(':') || host == "localhost";
        is_host && !host.starts_with('.')
    });
    let has_digest = text.contains("@sha256:") || text.contains("@sha512:");
    text.starts_with("oci://") || ((begins_with_host || has_digest) && text.parse::<Reference>().is_ok())
}

/// Reads a reference that a person wrote.
pub(crate) fn parse_reference(text: &str) -> Result<Reference, Failure> {
    text.parse::<Reference>()
        .map_err(|error| failure(&Error::Reference(error)))
}

impl Bases {
    /// Opens the cache; with `is_offline`, nothing is connected.
    pub(crate) fn open(
        arguments: &RegistryArguments,
        is_offline: bool,
        context: &Context<'_>,
    ) -> Result<Self, Failure> {
        let (directory, store) = cache::open(&context.environment)?;
        let client = match is_offline {
            true => None,
            false => Some(arguments.client(&context.environment)?),
        };
        Ok(Self {
            directory,
            store,
            client,
        })
    }

    /// A reference held to the digest that it has now, unless it names one.
    pub(crate) fn resolve(&self, reference: &Reference) -> Result<Reference, Failure> {
        if reference.digest().is_some() {
            return Ok(reference.clone());
        }
        let Some(client) = &self.client else {
            let message = format_args!("expected a digest in `{reference}`, found none, and nothing may be connected");
            return Err(
                Failure::usage("digest-expected", message).hint(format_args!("say `{reference}@sha256:DIGEST`"))
            );
        };
        let found = client.manifest(reference.repository(), &reference.pointer());
        found
            .map(|manifest| reference.at(manifest.digest))
            .map_err(|error| failure(&error).at(reference))
    }

    /// What a pinned reference names, and its bytes: an index or a manifest, and nothing of what that names.
    pub(crate) fn top(&self, reference: &Reference) -> Result<(Descriptor, Vec<u8>), Failure> {
        let digest = reference.digest().ok_or_else(|| self.not_pinned(reference))?;
        let fetching = Fetching {
            bases: self,
            reference,
            platforms: &BTreeSet::new(),
        };
        fetching.top(digest).map_err(|problem| self.told(problem, reference))
    }

    /// Makes sure that everything is here that an image for these platforms needs of a base; everything at all without any.
    pub(crate) fn fetch(
        &self,
        reference: &Reference,
        platforms: &BTreeSet<Platform>,
        context: &mut Context<'_>,
    ) -> Result<FetchedBase, Failure> {
        let digest = reference.digest().ok_or_else(|| self.not_pinned(reference))?;
        let fetching = Fetching {
            bases: self,
            reference,
            platforms,
        };
        fetching
            .run(digest, context)
            .map_err(|problem| self.told(problem, reference))
    }

    /// Makes sure that a manifest, whose bytes were read already, is here with everything that it names. False when the registry
    /// has not all of it, or something else in its place, or it is none: whoever may write there may put anything beside an image.
    pub(crate) fn keep(&self, reference: &Reference, descriptor: &Descriptor, bytes: &[u8]) -> Result<bool, Failure> {
        let fetching = Fetching {
            bases: self,
            reference,
            platforms: &BTreeSet::new(),
        };
        match fetching.keep(descriptor, bytes) {
            Ok(()) => Ok(true),
            Err(problem) if problem.is_of_content() => Ok(false),
            Err(problem) => Err(self.told(problem, reference)),
        }
    }

    fn told(&self, problem: Problem, reference: &Reference) -> Failure {
        match problem {
            Problem::Registry(error) => failure(&error).at(reference),
            Problem::Image(error) => image_refusal(&error, &self.directory, &self.directory),
            Problem::NotHere(digest) => self.not_here(reference, &digest),
        }
    }

    /// A tag may be another image tomorrow, and then the same words would make another image.
    fn not_pinned(&self, reference: &Reference) -> Failure {
        let message =
            format_args!("expected a digest in `{reference}`, found none: its tag may be another image tomorrow");
        let refused = Failure::usage("base-not-pinned", message);
        let found = self
            .client
            .as_ref()
            .map(|client| client.manifest(reference.repository(), &reference.pointer()));
        match found {
            Some(Ok(manifest)) => refused.hint(format_args!("it is `{}` now", reference.at(manifest.digest))),
            Some(Err(error)) => refused.hint(format_args!(
                "say `{reference}@sha256:DIGEST`; which one it is now cannot be told: {error}"
            )),
            None => refused.hint(format_args!("say `{reference}@sha256:DIGEST`")),
        }
    }

    fn not_here(&self, reference: &Reference, digest: &Digest) -> Failure {
        let message = format_args!("expected `{digest}` among what is kept of images, found none that is whole");
        Failure::undecided("image-not-cached", message)
            .at(reference)
            .hint(format_args!(
                "without `--offline` it is fetched, and kept in `{}`",
                self.directory.display()
            ))
    }
}

enum Problem {
    Registry(Error),
    Image(image::Error),
    NotHere(Digest),
}

impl Problem {
    /// Whether it is certain, and of what a manifest names: who wrote the manifest brought it about. That one may not look, or that
    /// nobody answers, is none of that.
    fn is_of_content(&self) -> bool {
        match self {
            Self::Registry(error) => matches!(
                error,
                Error::NotFound { .. } | Error::OtherDigest { .. } | Error::OtherSize { .. } | Error::TooLarge { .. }
            ),
            Self::Image(error) => matches!(
                error,
                image::Error::Document { .. }
                    | image::Error::BlobSize { .. }
                    | image::Error::BlobDigest { .. }
                    | image::Error::TooLarge { .. }
                    | image::Error::TooMany { .. }
            ),
            Self::NotHere(_) => false,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Registry(error)
    }
}

impl From<image::Error> for Problem {
    fn from(error: image::Error) -> Self {
        Self::Image(error)
    }
}

struct Fetching<'a> {
    bases: &'a Bases,
    reference: &'a Reference,
    platforms: &'a BTreeSet<Platform>,
}

type Blobs = BTreeMap<Digest, Descriptor>;

impl Fetching<'_> {
    fn run(&self, digest: &Digest, context: &mut Context<'_>) -> Result<FetchedBase, Problem> {
        let (descriptor, bytes) = self.top(digest)?;
        let missing = self.missing(&descriptor, &bytes)?;
        self.announce(&missing, context);
        let transfer = Transfer::new(context.interactive, missing.iter().map(Descriptor::size).sum());
        transfer.watch(|| concurrently(&missing, AT_ONCE, |blob| self.blob(blob, &transfer)))?;
        Ok(FetchedBase {
            layout: self.bases.store.layout()?,
            descriptor,
        })
    }

    fn top(&self, digest: &Digest) -> Result<(Descriptor, Vec<u8>), Problem> {
        let bytes = self.document(digest, None)?;
        let descriptor = Descriptor::new(&kind(&bytes), digest.clone(), bytes.len() as u64);
        Ok((descriptor, bytes))
    }

    fn keep(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<(), Problem> {
        self.insert(descriptor.digest(), descriptor.size(), bytes)?;
        let missing = self.missing(descriptor, bytes)?;
        let unseen = Transfer::new(false, 0);
        missing.iter().try_for_each(|blob| self.blob(blob, &unseen))
    }

    /// The blobs that are not here yet.
    fn missing(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<Vec<Descriptor>, Problem> {
        let mut blobs = Blobs::new();
        self.collect(descriptor, bytes, image::MAX_DEPTH, &mut blobs)?;
        let mut missing = Vec::new();
        for blob in blobs.into_values() {
            if !self.bases.store.holds(&blob)? {
                missing.push(blob);
            }
        }
        Ok(missing)
    }

    fn announce(&self, missing: &[Descriptor], context: &mut Context<'_>) {
        if context.interactive && !missing.is_empty() {
            let bytes: u64 = missing.iter().map(Descriptor::size).sum();
            let (count, reference) = (missing.len(), self.reference);
            context.say(format_args!("fetching {count} blobs of `{reference}`, {bytes} bytes"));
        }
    }

    /// The configuration and the layers of every image that may be for one of the platforms.
    fn collect(&self, descriptor: &Descriptor, bytes: &[u8], depth: usize, blobs: &mut Blobs) -> Result<(), Problem> {
        let of_document = |problem| image::Error::Document {
            document: format!("`{}`", descriptor.digest()),
            problem: Box::new(problem),
        };
        if descriptor.is_manifest() {
            let manifest = Manifest::pointed_to(descriptor, bytes).map_err(of_document)?;
            let all = manifest.layers().iter().chain([manifest.config()]);
            blobs.extend(all.map(|blob| (blob.digest().clone(), blob.clone())));
        } else if descriptor.is_index() && depth > 0 {
            let index = Index::pointed_to(descriptor, bytes).map_err(of_document)?;
            let others = index
                .manifests()
                .iter()
                .filter(|child| !child.is_index() && !child.is_manifest());
            let others = others.filter(|_| self.platforms.is_empty());
            blobs.extend(others.map(|blob| (blob.digest().clone(), blob.clone())));
            for child in index.manifests().iter().filter(|child| self.is_wanted(child)) {
                let bytes = self.document(child.digest(), Some(child.size()))?;
                self.collect(child, &bytes, depth - 1, blobs)?;
            }
        }
        Ok(())
    }

    /// What does not say what it is for may be for anything.
    fn is_wanted(&self, child: &Descriptor) -> bool {
        let is_ours = |platform: &Platform| self.platforms.iter().any(|wanted| platform.is_same_as(wanted));
        let is_wanted = self.platforms.is_empty() || child.platform().is_none_or(is_ours);
        child.is_index() || (child.is_manifest() && is_wanted)
    }

    fn document(&self, digest: &Digest, size: Option<u64>) -> Result<Vec<u8>, Problem> {
        if let Some(bytes) = self.bases.store.document(digest)? {
            return Ok(bytes);
        }
        let pointer = Pointer::Digest(digest.clone());
        let manifest = self.client(digest)?.manifest(self.reference.repository(), &pointer)?;
        let bytes = manifest.bytes;
        let size = size.unwrap_or(bytes.len() as u64);
        self.insert(digest, size, &bytes)?;
        Ok(bytes)
    }

    fn insert(&self, digest: &Digest, size: u64, bytes: &[u8]) -> Result<(), Problem> {
        self.bases.store.insert(digest, size, |file| {
            file.write_all(bytes)
                .map_err(|source| Problem::Image(image::Error::Write { source }))
        })
    }

    /// A layer that may not be passed on is not in every registry that has its image; then it stays at its URLs.
    fn blob(&self, blob: &Descriptor, transfer: &Transfer) -> Result<(), Problem> {
        let client = self.client(blob.digest())?;
        let address = BlobAddress {
            repository: self.reference.repository(),
            digest: blob.digest(),
            size: blob.size(),
        };
        let part = transfer.part();
        let kept = self.bases.store.insert(blob.digest(), blob.size(), |file| {
            client
                .fetch_blob(address, &mut part.counted(file))
                .map_err(Problem::Registry)
        });
        match kept {
            Err(Problem::Registry(Error::NotFound { .. })) if !blob.urls().is_empty() => Ok(()),
            kept => kept,
        }
    }

    fn client(&self, digest: &Digest) -> Result<&Client, Problem> {
        let client = self.bases.client.as_ref();
        client.ok_or_else(|| Problem::NotHere(digest.clone()))
    }
}

/// What a document says that it is, else what its keys make of it: an index that names nothing by its type is one all the same.
fn kind(bytes: &[u8]) -> String {
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    match value["mediaType"].as_str() {
        Some(said) if !said.is_empty() => said.to_owned(),
        _ if value["manifests"].is_array() => media_type::INDEX.to_owned(),
        _ => media_type::MANIFEST.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_something_in_a_registry_is_told_from_a_path() {
        let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for text in [
            "oci://debian",
            "oci://",
            "docker.io/library/debian:12",
            "localhost/app",
            "127.0.0.1:5000/app:v1",
            &format!("debian@{digest}"),
            &format!("team/app:v1@{digest}"),
        ] {
            assert!(is_registry_reference(text), "{text}");
        }
        for text in [
            "debian",
            "debian:12",
            "base.oci",
            "base.tar:v1",
            "bases/debian",
            "./base",
            "../base",
            "/srv/base",
            "C:/base",
            &format!("./base@{digest}"),
        ] {
            assert!(!is_registry_reference(text), "{text}");
        }
    }

    #[test]
    fn what_a_document_is_shows_by_its_type_or_by_its_keys() {
        for (json, expected) in [
            (r#"{"mediaType":"a/b","manifests":[]}"#, "a/b"),
            (r#"{"manifests":[]}"#, media_type::INDEX),
            (r#"{"layers":[]}"#, media_type::MANIFEST),
            ("nothing", media_type::MANIFEST),
        ] {
            assert_eq!(kind(json.as_bytes()), expected);
        }
    }
}
