use std::collections::BTreeMap;

use attest_digest::DigestSet;
use attestation::Predicate;
use jiff::Timestamp;
use serde::de::Deserializer;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{Error, Uri};

/// How some artifacts were made: SLSA provenance, version 1.
///
/// Source: <https://slsa.dev/spec/v1.2/build-provenance>. Fields that are not set, null or empty mean the same, and are
/// left out; fields that are not known are passed over when reading, as the specification asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// What was asked for.
    pub build_definition: BuildDefinition,
    /// What happened.
    pub run_details: RunDetails,
}

/// What was asked for, and from what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildDefinition {
    /// How to read the parameters.
    pub build_type: Uri,
    /// What was under control of whoever asked. A verifier looks at each of them, and rejects what it does not know.
    pub external_parameters: Map<String, Value>,
    /// What the builder chose.
    #[serde(default, skip_serializing_if = "Map::is_empty", deserialize_with = "null_is_empty")]
    pub internal_parameters: Map<String, Value>,
    /// What went in.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    pub resolved_dependencies: Vec<ResourceDescriptor>,
}

/// Who did it, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDetails {
    /// Who did it.
    pub builder: Builder,
    /// When, and in which run.
    #[serde(
        default,
        skip_serializing_if = "RunMetadata::is_empty",
        deserialize_with = "null_is_empty"
    )]
    pub metadata: RunMetadata,
    /// What came out beside the subjects.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    pub byproducts: Vec<ResourceDescriptor>,
}

/// The platform that is trusted to have done what it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Builder {
    /// Its name.
    pub id: Uri,
    /// What it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_empty")]
    pub builder_dependencies: Vec<ResourceDescriptor>,
    /// The versions of its parts.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "null_is_empty"
    )]
    pub version: BTreeMap<String, String>,
}

/// When, and in which run; what is not known is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunMetadata {
    /// The run, usually the URL of its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation_id: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp")]
    pub started_on: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp")]
    pub finished_on: Option<Timestamp>,
}

/// A thing that went in or came out: where it is, or what it is, or both.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "ResourceDescriptorWire")]
pub struct ResourceDescriptor {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<Uri>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    digest: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    annotations: Map<String, Value>,
    /// Base64, kept as it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    download_location: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceDescriptorWire {
    name: Option<String>,
    uri: Option<Uri>,
    #[serde(default, deserialize_with = "null_is_empty")]
    digest: BTreeMap<String, String>,
    media_type: Option<String>,
    #[serde(default, deserialize_with = "null_is_empty")]
    annotations: Map<String, Value>,
    content: Option<String>,
    download_location: Option<String>,
}

impl Predicate for Provenance {
    const TYPE: &'static str = "https://slsa.dev/provenance/v1";
}

impl Provenance {
    /// Reads the predicate of a statement.
    ///
    /// # Errors
    /// [`Error::Malformed`] names the field.
    pub fn from_predicate(predicate: &Map<String, Value>) -> Result<Self, Error> {
        Self::deserialize(predicate).map_err(|error| Error::Malformed {
            detail: error.to_string(),
        })
    }
}

impl RunMetadata {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ResourceDescriptor {
    /// A file that was measured, by the name it has where it belongs.
    #[must_use]
    pub fn file(name: impl Into<String>, digests: &DigestSet) -> Self {
        let digests = digests.iter();
        Self {
            name: Some(name.into()),
            digest: digests
                .map(|digest| (digest.algorithm().name().to_owned(), digest.to_hex()))
                .collect(),
            ..Self::default()
        }
    }

    /// A commit of a repository, at a ref where one is known: `git+https://example.com/app@refs/tags/v1`.
    ///
    /// # Errors
    /// [`Error::NotAUri`] when the ref has characters that no ref has.
    pub fn git(repository: &Uri, reference: Option<&str>, commit: &str) -> Result<Self, Error> {
        let at = reference.map(|reference| format!("@{reference}")).unwrap_or_default();
        Ok(Self {
            uri: Some(Uri::new("a git dependency", format!("git+{repository}{at}"))?),
            ..Self::commit(commit)
        })
    }

    /// A commit of a repository that has no public name.
    #[must_use]
    pub fn commit(commit: &str) -> Self {
        Self {
            digest: BTreeMap::from([("gitCommit".to_owned(), commit.to_owned())]),
            ..Self::default()
        }
    }

    /// Names the resource.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Says what kind of bytes it has.
    #[must_use]
    pub fn with_media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Says something more about it.
    #[must_use]
    pub fn annotated(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where it is.
    #[must_use]
    pub fn uri(&self) -> Option<&Uri> {
        self.uri.as_ref()
    }

    /// What it is, by algorithm; `gitCommit` is one.
    #[must_use]
    pub fn digest(&self) -> &BTreeMap<String, String> {
        &self.digest
    }

    /// What else is said about it.
    #[must_use]
    pub fn annotations(&self) -> &Map<String, Value> {
        &self.annotations
    }
}

impl TryFrom<ResourceDescriptorWire> for ResourceDescriptor {
    type Error = Error;

    fn try_from(wire: ResourceDescriptorWire) -> Result<Self, Error> {
        if wire.uri.is_none() && wire.digest.is_empty() && wire.content.is_none() {
            return Err(Error::EmptyResource {
                name: wire.name.unwrap_or_default(),
            });
        }
        Ok(Self {
            name: wire.name,
            uri: wire.uri,
            digest: wire.digest,
            media_type: wire.media_type,
            annotations: wire.annotations,
            content: wire.content,
            download_location: wire.download_location,
        })
    }
}

fn null_is_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// RFC 3339, as in `2026-11-20T10:00:00Z`.
mod timestamp {
    use super::{Deserialize, Deserializer, Serializer, Timestamp};
    use serde::de::Error as _;

    #[expect(clippy::ref_option, reason = "serde's `with` asks for this signature")]
    pub(super) fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(time),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let text: Option<String> = Option::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}
