use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Digest, MAX_MANIFEST_BYTES, RegistryError};

/// What a registry needs to know of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Layers and configuration.
    pub blobs: Vec<Digest>,
    /// The manifests of an index.
    pub manifests: Vec<Digest>,
    /// What it refers to.
    pub subject: Option<Digest>,
    media_type: String,
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
}

/// A manifest in a list of referrers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    media_type: String,
    digest: String,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    /// What kind of thing the manifest says that it is.
    #[must_use]
    pub fn artifact_type(&self) -> Option<&str> {
        self.artifact_type.as_deref()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Content>,
    #[serde(default)]
    layers: Vec<Content>,
    manifests: Option<Vec<Content>>,
    subject: Option<Content>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    media_type: Option<String>,
    digest: String,
    #[serde(default)]
    urls: Vec<String>,
}

impl Manifest {
    /// Reads a manifest or an index that came with a media type.
    ///
    /// # Errors
    /// [`RegistryError::ManifestInvalid`], or when a digest is none.
    pub fn parse(bytes: &[u8], media_type: &str) -> Result<Self, RegistryError> {
        let invalid = |reason: String| RegistryError::ManifestInvalid(reason);
        if bytes.len() > MAX_MANIFEST_BYTES {
            return Err(invalid(format!(
                "expected at most {MAX_MANIFEST_BYTES} bytes, found {}",
                bytes.len()
            )));
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(|error| invalid(error.to_string()))?;
        if let Some(said) = wire.media_type.as_deref().filter(|said| *said != media_type) {
            return Err(invalid(format!(
                "expected media type `{said}` as it says, found `{media_type}`"
            )));
        }
        if wire.config.is_none() && wire.manifests.is_none() {
            return Err(invalid("expected a configuration or a list of manifests".to_owned()));
        }
        let digest = |content: &Content| content.digest.parse::<Digest>();
        // What lies elsewhere by its addresses need not be here.
        let layers = wire.layers.iter().filter(|layer| layer.urls.is_empty());
        let artifact_type = wire.artifact_type.or_else(|| wire.config.as_ref()?.media_type.clone());
        Ok(Self {
            blobs: wire.config.iter().chain(layers).map(digest).collect::<Result<_, _>>()?,
            manifests: wire.manifests.iter().flatten().map(digest).collect::<Result<_, _>>()?,
            subject: wire.subject.as_ref().map(digest).transpose()?,
            media_type: media_type.to_owned(),
            artifact_type,
            annotations: wire.annotations,
        })
    }

    pub(super) fn descriptor(self, digest: Digest, size: usize) -> Descriptor {
        Descriptor {
            media_type: self.media_type,
            digest: digest.to_string(),
            size,
            artifact_type: self.artifact_type,
            annotations: self.annotations,
        }
    }
}
