use std::collections::BTreeMap;

use attest_digest::Digest;
use serde::Deserialize;

use super::MAX_DOCUMENT_BYTES;

/// The most characters of a text in a manifest that are told to anybody: a media type has two names of at most 127 (RFC 6838, section
/// 4.2), and what somebody hangs on an image must not fill the memory or the terminal of others.
const MAX_TEXT: usize = 255;

/// A manifest or an index, as far as evidence is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What kind of thing it says that it is; for older ones the type of its configuration.
    pub artifact_type: Option<String>,
    /// What it is about.
    pub subject: Option<Digest>,
    /// What it holds.
    pub layers: Vec<Blob>,
    /// The manifests of an index.
    pub manifests: Vec<Blob>,
}

/// A piece of content that a document names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its media type.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size, in bytes.
    pub size: u64,
    /// What is said of it. Nothing of it is signed.
    pub annotations: BTreeMap<String, String>,
}

/// Why bytes are no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDocument {
    /// More bytes than are read.
    #[error("expected at most {MAX_DOCUMENT_BYTES} bytes of a manifest, found {found}")]
    TooLarge {
        /// How many there are.
        found: usize,
    },
    /// No JSON, or not the one that the specification asks for.
    #[error("invalid manifest: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// Something else is there than what names it says.
    #[error("{reason}")]
    Misnamed {
        /// What should be there, and what is.
        reason: String,
    },
    /// A digest that is none.
    #[error("expected a digest in the manifest, found `{found}`")]
    Digest {
        /// What was found.
        found: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DocumentWire {
    artifact_type: Option<String>,
    config: Option<BlobWire>,
    subject: Option<BlobWire>,
    #[serde(default)]
    layers: Vec<BlobWire>,
    // The artifact manifest that OCI 1.1 had for a while.
    #[serde(default)]
    blobs: Vec<BlobWire>,
    #[serde(default)]
    manifests: Vec<BlobWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlobWire {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

impl Document {
    /// Reads a manifest or an index.
    ///
    /// # Errors
    /// [`InvalidDocument`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidDocument> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(InvalidDocument::TooLarge { found: bytes.len() });
        }
        let wire: DocumentWire = serde_json::from_slice(bytes).map_err(|error| InvalidDocument::Malformed {
            reason: shortened(error.to_string()),
        })?;
        let of_configuration = wire
            .config
            .map(|config| config.media_type)
            .filter(|kind| !kind.is_empty());
        let artifact_type = wire.artifact_type.filter(|kind| !kind.is_empty());
        let layers = wire.layers.into_iter().chain(wire.blobs);
        Ok(Self {
            artifact_type: artifact_type.or(of_configuration).map(shortened),
            subject: wire.subject.map(|subject| digest(&subject.digest)).transpose()?,
            layers: layers.map(Blob::try_from).collect::<Result<_, _>>()?,
            manifests: wire
                .manifests
                .into_iter()
                .map(Blob::try_from)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<BlobWire> for Blob {
    type Error = InvalidDocument;

    fn try_from(wire: BlobWire) -> Result<Self, InvalidDocument> {
        Ok(Self {
            digest: digest(&wire.digest)?,
            size: wire.size,
            media_type: shortened(wire.media_type),
            annotations: wire.annotations.unwrap_or_default(),
        })
    }
}

fn digest(text: &str) -> Result<Digest, InvalidDocument> {
    text.parse().map_err(|_| InvalidDocument::Digest {
        found: shortened(text.to_owned()),
    })
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}
