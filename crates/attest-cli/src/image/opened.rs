use attest_digest::Digest;
use attest_net::registry::{Client, Reference};
use attest_store::image::{LayoutRepository, Listed, Repository, Tree};

use super::{ImageArguments, ImageName, Place, PlaceError, tree_failure};
use crate::context::Environment;
use crate::failure::Failure;
use crate::registry::failure;
use crate::verb::pack::{self, image_refusal};

/// An image whose digest is known: its tag was asked for once, and is not asked for again.
pub(crate) struct Opened {
    /// Where it is.
    pub(crate) place: Place,
    /// What was named.
    pub(crate) digest: Digest,
    /// Its name with its digest, for people.
    pub(crate) name: String,
    /// The name as it was given, and what it means in a registry.
    pub(crate) reference: Option<Reference>,
    /// What a tag was answered with.
    manifest: Option<Vec<u8>>,
}

impl Opened {
    /// Opens what was named.
    pub(crate) fn open(
        name: &ImageName,
        arguments: &ImageArguments,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        match name {
            ImageName::Registry(reference) => Self::of_registry(reference, arguments.registry.client(environment)?),
            ImageName::Layout(reference, text) => {
                let (layout, descriptor) = pack::Opened::open(reference)?.into_parts();
                let digest = descriptor.digest().clone();
                let name = match text.contains(&digest.to_string()) {
                    true => text.clone(),
                    false => format!("{text}@{digest}"),
                };
                let path = layout.path().to_owned();
                let layout = LayoutRepository::new(layout).and_then(LayoutRepository::with_unnamed);
                let layout = layout.map_err(|error| image_refusal(&error, &path, &path))?;
                Ok(Self {
                    place: Place::Layout(layout),
                    digest,
                    name,
                    reference: None,
                    manifest: None,
                })
            }
        }
    }

    fn of_registry(reference: &Reference, client: Client) -> Result<Self, Failure> {
        let (digest, manifest) = match reference.digest() {
            Some(digest) => (digest.clone(), None),
            None => {
                let found = client.manifest(reference.repository(), &reference.pointer());
                let found = found.map_err(|error| failure(&error).at(reference))?;
                (found.digest, Some(found.bytes))
            }
        };
        Ok(Self {
            name: reference.at(digest.clone()).to_string(),
            place: Place::Registry {
                client,
                repository: reference.repository().clone(),
            },
            reference: Some(reference.clone()),
            digest,
            manifest,
        })
    }

    /// Everything below it.
    pub(crate) fn tree(&self) -> Result<Tree, Failure> {
        Tree::read(self, &self.digest).map_err(|error| tree_failure(&error, &self.place).at(&self.name))
    }
}

/// The repository that it is in. What its tag was answered with is not asked for again.
impl Repository for Opened {
    type Error = PlaceError;

    fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, PlaceError> {
        match &self.manifest {
            Some(bytes) if *digest == self.digest => Ok(Some(bytes.clone())),
            _ => self.place.manifest(digest),
        }
    }

    fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, PlaceError> {
        self.place.tagged(tag)
    }

    fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Vec<u8>>, PlaceError> {
        self.place.blob(digest, size)
    }

    fn referrers(&self, subject: &Digest) -> Result<Listed, PlaceError> {
        self.place.referrers(subject)
    }

    fn missing(error: &PlaceError) -> Option<Digest> {
        Place::missing(error)
    }

    fn misnamed(error: &PlaceError) -> Option<String> {
        Place::misnamed(error)
    }
}
