use std::path::Path;

use attest_archive::image::{self, Layout};
use attest_digest::Digest;
use attest_net::registry::{self, BlobAddress, Client, Pointer, Tag};
use attest_store::image::{LayoutRepository, Listed, Repository};

use crate::failure::Failure;
use crate::registry::failure;
use crate::verb::pack::image_refusal;

/// Where an image is.
pub(crate) enum Place {
    /// In a registry.
    Registry {
        client: Client,
        repository: registry::Repository,
    },
    /// On disk; opening no connection.
    Layout(LayoutRepository<Layout>),
}

/// Why a place gives no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error(transparent)]
    Registry(#[from] registry::Error),
    #[error(transparent)]
    Layout(#[from] image::Error),
}

impl Place {
    /// Where a layout is.
    pub(crate) fn layout_path(&self) -> Option<&Path> {
        match self {
            Self::Registry { .. } => None,
            Self::Layout(layout) => Some(layout.layout().path()),
        }
    }

    /// What a person is told.
    pub(crate) fn failure(&self, error: &PlaceError) -> Failure {
        match (error, self) {
            (PlaceError::Registry(error), Self::Registry { repository, .. }) => failure(error).at(repository),
            (PlaceError::Registry(error), Self::Layout(_)) => failure(error),
            (PlaceError::Layout(error), Self::Layout(layout)) => {
                let path = layout.layout().path();
                image_refusal(error, path, path)
            }
            (PlaceError::Layout(error), Self::Registry { .. }) => Failure::undecided("layout-not-read", error),
        }
    }
}

impl Repository for Place {
    type Error = PlaceError;

    fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, PlaceError> {
        match self {
            Self::Registry { client, repository } => {
                let found = client.find_manifest(repository, &Pointer::Digest(digest.clone()))?;
                Ok(found.map(|manifest| manifest.bytes))
            }
            Self::Layout(layout) => Ok(layout.manifest(digest)?),
        }
    }

    fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, PlaceError> {
        match self {
            Self::Registry { client, repository } => {
                let tag: Tag = tag.parse().map_err(registry::Error::Reference)?;
                let found = client.find_manifest(repository, &Pointer::Tag(tag))?;
                Ok(found.map(|manifest| manifest.bytes))
            }
            Self::Layout(layout) => Ok(layout.tagged(tag)?),
        }
    }

    fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Vec<u8>>, PlaceError> {
        match self {
            Self::Registry { client, repository } => {
                let mut bytes = Vec::new();
                let address = BlobAddress {
                    repository,
                    digest,
                    size,
                };
                match client.fetch_blob(address, &mut bytes) {
                    Ok(()) => Ok(Some(bytes)),
                    Err(registry::Error::NotFound { .. }) => Ok(None),
                    Err(error) => Err(error.into()),
                }
            }
            Self::Layout(layout) => Ok(layout.blob(digest, size)?),
        }
    }

    fn referrers(&self, subject: &Digest) -> Result<Listed, PlaceError> {
        match self {
            Self::Registry { client, repository } => {
                let listed = client.listed_referrers(repository, subject)?;
                Ok(Listed {
                    digests: listed.digests,
                    cut: listed.cut.map(|error| error.to_string()),
                })
            }
            Self::Layout(layout) => Ok(layout.referrers(subject)?),
        }
    }

    fn missing(error: &PlaceError) -> Option<Digest> {
        match error {
            PlaceError::Registry(_) => None,
            PlaceError::Layout(error) => LayoutRepository::<Layout>::missing(error),
        }
    }

    fn misnamed(error: &PlaceError) -> Option<String> {
        match error {
            PlaceError::Registry(
                registry::Error::OtherDigest { .. }
                | registry::Error::OtherSize { .. }
                | registry::Error::TooLarge { .. },
            ) => Some(error.to_string()),
            PlaceError::Registry(_) => None,
            PlaceError::Layout(error) => LayoutRepository::<Layout>::misnamed(error),
        }
    }
}
