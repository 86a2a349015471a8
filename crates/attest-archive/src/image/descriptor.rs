use std::collections::BTreeMap;

use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Error, Platform, keys, media_type, platform};

/// Key and value, sorted by key.
pub type Annotations = BTreeMap<String, String>;

/// What points to a blob: what it is, its digest and its size.
///
/// Fields that are not known here are kept as they came.
///
/// Source: OCI image-spec 1.1, `descriptor.md`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "DescriptorWire", into = "DescriptorWire")]
pub struct Descriptor {
    wire: DescriptorWire,
    digest: Digest,
}

/// In the order of Go's structure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct DescriptorWire {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    urls: Vec<String>,
    #[serde(default, skip_serializing_if = "is_empty", deserialize_with = "or_empty")]
    annotations: Annotations,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "unless_empty")]
    platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

const KEYS: [&str; 8] = [
    "mediaType",
    "digest",
    "size",
    "urls",
    "annotations",
    "data",
    "platform",
    "artifactType",
];

pub(super) fn is_empty(annotations: &Annotations) -> bool {
    annotations.is_empty()
}

/// Go writes `null` for what has no entries.
pub(super) fn or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Annotations, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Go also writes a platform of two empty names where there is none.
fn unless_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Platform>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if let Value::Object(map) = &value {
        keys::refuse_twins(map.keys(), &platform::KEYS).map_err(serde::de::Error::custom)?;
    }
    let is_named = |key: &str| value.get(key).is_some_and(|name| *name != "");
    match value.is_null() || !(is_named("os") || is_named("architecture")) {
        true => Ok(None),
        false => serde_json::from_value(value)
            .map(Some)
            .map_err(serde::de::Error::custom),
    }
}

impl Descriptor {
    /// Points to a blob.
    #[must_use]
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        let wire = DescriptorWire {
            media_type: media_type.to_owned(),
            digest: digest.to_string(),
            size,
            urls: Vec::new(),
            annotations: Annotations::new(),
            data: None,
            platform: None,
            artifact_type: None,
            rest: Map::new(),
        };
        Self { wire, digest }
    }

    /// Points to these bytes, by their SHA-256.
    #[must_use]
    pub fn of_bytes(media_type: &str, bytes: &[u8]) -> Self {
        let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
        let digest = measured.digest(Algorithm::Sha256).expect("this is what was asked for");
        Self::new(media_type, digest.clone(), measured.size())
    }

    /// The same with the bytes themselves.
    #[must_use]
    pub(super) fn with_data(mut self, bytes: &[u8]) -> Self {
        self.wire.data = Some(STANDARD.encode(bytes));
        self
    }

    /// The same with a platform.
    #[must_use]
    pub fn with_platform(mut self, platform: Platform) -> Self {
        self.wire.platform = Some(platform);
        self
    }

    /// The same with other annotations.
    #[must_use]
    pub fn with_annotations(mut self, annotations: Annotations) -> Self {
        self.wire.annotations = annotations;
        self
    }

    /// The same as another kind of blob.
    #[must_use]
    pub fn with_media_type(mut self, media_type: &str) -> Self {
        media_type.clone_into(&mut self.wire.media_type);
        self
    }

    /// The same, said to be an artifact that is no image.
    #[must_use]
    pub fn with_artifact_type(mut self, artifact_type: &str) -> Self {
        self.wire.artifact_type = Some(artifact_type.to_owned());
        self
    }

    /// What the blob is.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.wire.media_type
    }

    /// The digest that the blob must have: SHA-256 or SHA-512.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The size that the blob must have, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.wire.size
    }

    /// What the blob runs on, if it says so.
    #[must_use]
    pub fn platform(&self) -> Option<&Platform> {
        self.wire.platform.as_ref()
    }

    /// The annotations.
    #[must_use]
    pub fn annotations(&self) -> &Annotations {
        &self.wire.annotations
    }

    /// What an artifact is that is no image.
    #[must_use]
    pub fn artifact_type(&self) -> Option<&str> {
        self.wire.artifact_type.as_deref()
    }

    /// Where the blob is if it may not be passed on.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.wire.urls
    }

    /// The tag under which an index names the blob (`org.opencontainers.image.ref.name`).
    #[must_use]
    pub fn reference_name(&self) -> Option<&str> {
        self.annotations().get(super::annotation::REF_NAME).map(String::as_str)
    }

    /// Whether it points to an index, by OCI's or by Docker's name.
    #[must_use]
    pub fn is_index(&self) -> bool {
        matches!(self.media_type(), media_type::INDEX | media_type::DOCKER_LIST)
    }

    /// Whether it points to a manifest, by OCI's or by Docker's name.
    #[must_use]
    pub fn is_manifest(&self) -> bool {
        matches!(self.media_type(), media_type::MANIFEST | media_type::DOCKER_MANIFEST)
    }
}

impl TryFrom<DescriptorWire> for Descriptor {
    type Error = Error;

    fn try_from(wire: DescriptorWire) -> Result<Self, Error> {
        keys::refuse_twins(wire.rest.keys(), &KEYS)?;
        let digest: Digest = wire.digest.parse()?;
        match digest.algorithm() {
            Algorithm::Sha256 | Algorithm::Sha512 => Ok(Self { wire, digest }),
            _ => Err(Error::UnsupportedDigest { found: digest }),
        }
    }
}

impl From<Descriptor> for DescriptorWire {
    fn from(descriptor: Descriptor) -> Self {
        descriptor.wire
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn read(json: &str) -> Result<Descriptor, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn fields_that_are_not_known_are_kept() {
        let json = format!(
            r#"{{"mediaType":"a/b","digest":"{DIGEST}","size":0,"annotations":{{"a":"1","b":"2"}},"data":"","platform":{{"architecture":"arm64","os":"linux"}},"artifactType":"c/d","x-new":[1,{{"y":null}}]}}"#
        );
        let descriptor = read(&json).unwrap();
        assert_eq!(descriptor.platform().unwrap().to_string(), "linux/arm64");
        assert_eq!(serde_json::to_string(&descriptor).unwrap(), json);
    }

    #[test]
    fn what_go_writes_for_nothing_is_nothing() {
        let json = format!(
            r#"{{"mediaType":"a/b","digest":"{DIGEST}","size":0,"annotations":null,"platform":{{"architecture":"","os":""}}}}"#
        );
        let descriptor = read(&json).unwrap();
        assert_eq!(descriptor, Descriptor::new("a/b", DIGEST.parse().unwrap(), 0));
    }

    #[test]
    fn a_key_that_go_takes_for_another_is_rejected_and_another_one_is_kept() {
        for (more, expected) in [
            (r#""Size":1"#, "expected key `size`, found `Size`"),
            (r#""URLs":["https://example.org"]"#, "expected key `urls`, found `URLs`"),
            (
                r#""platform":{"architecture":"amd64","os":"linux","OS":"windows"}"#,
                "expected key `os`, found `OS`",
            ),
            (
                r#""platform":{"Architecture":"amd64"}"#,
                "expected key `architecture`, found `Architecture`",
            ),
        ] {
            let json = format!(r#"{{"mediaType":"a/b","digest":"{DIGEST}","size":0,{more}}}"#);
            let error = read(&json).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        let more = r#""sizes":1,"platform":{"architecture":"amd64","os":"linux","features":[]}"#;
        assert!(read(&format!(r#"{{"mediaType":"a/b","digest":"{DIGEST}","size":0,{more}}}"#)).is_ok());
    }

    #[test]
    fn a_digest_that_oci_does_not_know_and_a_negative_size_are_rejected() {
        let blake = DIGEST.replace("sha256", "blake3");
        let error = read(&format!(r#"{{"mediaType":"a/b","digest":"{blake}","size":0}}"#)).unwrap_err();
        assert_eq!(error, format!("expected a digest by sha256 or sha512, found `{blake}`"));
        let error = read(&format!(r#"{{"mediaType":"a/b","digest":"{DIGEST}","size":-1}}"#)).unwrap_err();
        assert!(error.starts_with("invalid value: integer `-1`"), "{error}");
        let error = read(r#"{"mediaType":"a/b","digest":"sha256:../../../etc/passwd","size":0}"#).unwrap_err();
        assert!(error.starts_with("expected lower-case hexadecimal digits"), "{error}");
    }
}
