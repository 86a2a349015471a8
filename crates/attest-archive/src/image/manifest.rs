use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::descriptor::{is_empty, or_empty};
use super::{Annotations, Descriptor, Error, keys, media_type};

/// The largest index, manifest or configuration that is read: what registries accept, and far above any real one.
pub const MAX_DOCUMENT_BYTES: u64 = 4 * 1024 * 1024;

/// The only version there ever was.
const SCHEMA_VERSION: u64 = 2;

/// What points to an index or a manifest says which of these it is.
const KINDS: [&str; 4] = [
    media_type::INDEX,
    media_type::DOCKER_LIST,
    media_type::MANIFEST,
    media_type::DOCKER_MANIFEST,
];

const INDEX_KEYS: [&str; 6] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "manifests",
    "subject",
    "annotations",
];
const MANIFEST_KEYS: [&str; 7] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "subject",
    "annotations",
];

/// Several images, usually one for each platform.
///
/// Source: OCI image-spec 1.1, `image-index.md`; also what Docker calls a manifest list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index(IndexWire);

/// One image: its configuration and its layers.
///
/// Source: OCI image-spec 1.1, `manifest.md`; also Docker's image manifest, version 2, schema 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest(ManifestWire);

/// In the order of Go's structure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct IndexWire {
    schema_version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    #[serde(deserialize_with = "list")]
    manifests: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Descriptor>,
    #[serde(default, skip_serializing_if = "is_empty", deserialize_with = "or_empty")]
    annotations: Annotations,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// In the order of Go's structure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct ManifestWire {
    schema_version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    config: Descriptor,
    #[serde(deserialize_with = "list")]
    layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Descriptor>,
    #[serde(default, skip_serializing_if = "is_empty", deserialize_with = "or_empty")]
    annotations: Annotations,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Go writes `null` for an empty list.
fn list<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Descriptor>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Index {
    /// An index of these.
    #[must_use]
    pub fn new(manifests: Vec<Descriptor>, annotations: Annotations) -> Self {
        Self(IndexWire {
            schema_version: SCHEMA_VERSION,
            media_type: Some(media_type::INDEX.to_owned()),
            artifact_type: None,
            manifests,
            subject: None,
            annotations,
            rest: Map::new(),
        })
    }

    /// Reads an index.
    ///
    /// # Errors
    /// [`Error::Json`] when it is none, [`Error::SchemaVersion`], [`Error::MediaType`]; [`Error::Ambiguous`] when it could also
    /// be read as a manifest (CVE-2021-41190), [`Error::KeyTwin`] when it could be read as another index.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let wire: IndexWire = read("an image index", json)?;
        require_version(wire.schema_version)?;
        require_type(wire.media_type.as_deref(), [media_type::INDEX, media_type::DOCKER_LIST])?;
        refuse_keys(&wire.rest, ["config", "layers", "fsLayers"])?;
        keys::refuse_twins(wire.rest.keys(), &INDEX_KEYS)?;
        Ok(Self(wire))
    }

    /// Reads the index that a descriptor points to. Where both say what it is, they say the same: whoever looks at only one of them must
    /// not see something else.
    ///
    /// # Errors
    /// As for [`Index::from_json`]; [`Error::MediaType`] also when it says that it is something else than the descriptor does.
    ///
    /// Source: OCI image-spec 1.1, `descriptor.md`, "Properties", and `image-index.md`, `mediaType`.
    pub fn pointed_to(descriptor: &Descriptor, json: &[u8]) -> Result<Self, Error> {
        let index = Self::from_json(json)?;
        require_said(descriptor, index.0.media_type.as_deref())?;
        Ok(index)
    }

    /// The index as it is written: compact JSON, its keys in the order of the specification, annotations sorted.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        written(&self.0)
    }

    /// What it names, in its order.
    #[must_use]
    pub fn manifests(&self) -> &[Descriptor] {
        &self.0.manifests
    }

    /// Its annotations.
    #[must_use]
    pub fn annotations(&self) -> &Annotations {
        &self.0.annotations
    }

    /// What it is about, if it refers to another image.
    #[must_use]
    pub fn subject(&self) -> Option<&Descriptor> {
        self.0.subject.as_ref()
    }

    /// What an artifact is that is no image.
    #[must_use]
    pub fn artifact_type(&self) -> Option<&str> {
        self.0.artifact_type.as_deref()
    }
}

impl Manifest {
    /// A manifest of an image.
    #[must_use]
    pub fn new(config: Descriptor, layers: Vec<Descriptor>, annotations: Annotations) -> Self {
        Self(ManifestWire {
            schema_version: SCHEMA_VERSION,
            media_type: Some(media_type::MANIFEST.to_owned()),
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations,
            rest: Map::new(),
        })
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// As for [`Index::from_json`].
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let wire: ManifestWire = read("an image manifest", json)?;
        require_version(wire.schema_version)?;
        require_type(
            wire.media_type.as_deref(),
            [media_type::MANIFEST, media_type::DOCKER_MANIFEST],
        )?;
        refuse_keys(&wire.rest, ["manifests", "fsLayers", "history"])?;
        keys::refuse_twins(wire.rest.keys(), &MANIFEST_KEYS)?;
        Ok(Self(wire))
    }

    /// Reads the manifest that a descriptor points to, as [`Index::pointed_to`] does.
    ///
    /// # Errors
    /// As for [`Index::pointed_to`].
    pub fn pointed_to(descriptor: &Descriptor, json: &[u8]) -> Result<Self, Error> {
        let manifest = Self::from_json(json)?;
        require_said(descriptor, manifest.0.media_type.as_deref())?;
        Ok(manifest)
    }

    /// The manifest as it is written, as for [`Index::to_json`].
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        written(&self.0)
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Descriptor {
        &self.0.config
    }

    /// The layers, the lowest first.
    #[must_use]
    pub fn layers(&self) -> &[Descriptor] {
        &self.0.layers
    }

    /// Its annotations.
    #[must_use]
    pub fn annotations(&self) -> &Annotations {
        &self.0.annotations
    }

    /// What it is about, if it refers to another image.
    #[must_use]
    pub fn subject(&self) -> Option<&Descriptor> {
        self.0.subject.as_ref()
    }

    /// What an artifact is that is no image.
    #[must_use]
    pub fn artifact_type(&self) -> Option<&str> {
        self.0.artifact_type.as_deref()
    }

    /// Whether its configuration is that of an image, by OCI's or by Docker's name.
    #[must_use]
    pub fn is_image(&self) -> bool {
        matches!(
            self.config().media_type(),
            media_type::CONFIG | media_type::DOCKER_CONFIG
        )
    }
}

fn read<'de, T: Deserialize<'de>>(expected: &'static str, json: &'de [u8]) -> Result<T, Error> {
    serde_json::from_slice(json).map_err(|error| Error::Json {
        expected,
        reason: error.to_string(),
    })
}

pub(super) fn written(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("names are text and numbers are whole")
}

fn require_version(found: u64) -> Result<(), Error> {
    match found {
        SCHEMA_VERSION => Ok(()),
        found => Err(Error::SchemaVersion { found }),
    }
}

fn require_type(found: Option<&str>, expected: [&'static str; 2]) -> Result<(), Error> {
    match found {
        Some(found) if !expected.contains(&found) => Err(Error::MediaType {
            expected: expected[0],
            found: found.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// A descriptor of no known kind, and a document that does not say what it is, contradict nothing.
fn require_said(descriptor: &Descriptor, found: Option<&str>) -> Result<(), Error> {
    let expected = KINDS.into_iter().find(|kind| *kind == descriptor.media_type());
    match (expected, found) {
        (Some(expected), Some(found)) if expected != found => Err(Error::MediaType {
            expected,
            found: found.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn refuse_keys(rest: &Map<String, Value>, others: [&'static str; 3]) -> Result<(), Error> {
    let is_there = |key: &str| rest.keys().any(|found| keys::is_same(found, key));
    match others.into_iter().find(|key| is_there(key)) {
        Some(key) => Err(Error::Ambiguous { key }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn descriptor(media_type: &str) -> String {
        format!(r#"{{"mediaType":"{media_type}","digest":"{DIGEST}","size":0}}"#)
    }

    fn manifest(more: &str) -> String {
        let (config, layer) = (descriptor(media_type::CONFIG), descriptor(media_type::LAYER_GZIP));
        format!(r#"{{"schemaVersion":2,{more}"config":{config},"layers":[{layer}]}}"#)
    }

    #[test]
    fn a_manifest_is_written_as_it_was_read() {
        for json in [
            manifest(""),
            manifest(&format!(r#""mediaType":"{}","#, media_type::MANIFEST)),
        ] {
            let read = Manifest::from_json(json.as_bytes()).unwrap();
            assert!(read.is_image());
            assert_eq!(read.layers().len(), 1);
            assert_eq!(String::from_utf8(read.to_json()).unwrap(), json);
        }
    }

    #[test]
    fn an_index_is_written_as_it_was_read() {
        let json = format!(
            r#"{{"schemaVersion":2,"manifests":[{}],"annotations":{{"a":"b"}},"new":true}}"#,
            descriptor(media_type::MANIFEST)
        );
        let read = Index::from_json(json.as_bytes()).unwrap();
        assert!(read.manifests()[0].is_manifest());
        assert_eq!(String::from_utf8(read.to_json()).unwrap(), json);
    }

    #[test]
    fn an_empty_list_may_be_null() {
        let read = Index::from_json(br#"{"schemaVersion":2,"manifests":null}"#).unwrap();
        assert_eq!(read.manifests(), []);
    }

    fn refusal_of_index(json: &[u8]) -> String {
        Index::from_json(json).unwrap_err().to_string()
    }

    fn refusal_of_manifest(more: &str) -> String {
        Manifest::from_json(manifest(more).as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_can_be_read_as_both_is_rejected() {
        let error = refusal_of_index(br#"{"schemaVersion":2,"manifests":[],"layers":[]}"#);
        assert_eq!(
            error,
            "expected an index or a manifest, found one that also has `layers`"
        );
        for key in ["manifests", "Manifests"] {
            let error = refusal_of_manifest(&format!(r#""{key}":[],"#));
            assert_eq!(
                error,
                "expected an index or a manifest, found one that also has `manifests`"
            );
        }
    }

    #[test]
    fn a_key_that_go_takes_for_another_is_rejected_at_every_level() {
        for key in ["Layers", "CONFIG", "MediaType", "\\u017fubject"] {
            let error = refusal_of_manifest(&format!(r#""{key}":[],"#));
            assert!(error.starts_with("expected key `"), "{error}");
        }
        let error = refusal_of_index(br#"{"schemaVersion":2,"manifests":[],"Manifests":[]}"#);
        assert_eq!(
            error,
            "expected key `manifests`, found `Manifests`: many readers take one for the other"
        );
        let inner = descriptor(media_type::MANIFEST).replace(r#""size""#, r#""Digest":"","size""#);
        let error = refusal_of_index(format!(r#"{{"schemaVersion":2,"manifests":[{inner}]}}"#).as_bytes());
        assert!(
            error.starts_with("expected an image index: expected key `digest`, found `Digest`"),
            "{error}"
        );
        let error = refusal_of_index(br#"{"schemaVersion":2,"manifests":[],"New":1,"new":2}"#);
        assert!(error.starts_with("expected key `New`, found `new`"), "{error}");
    }

    #[test]
    fn a_key_that_is_near_another_and_annotations_that_differ_by_case_are_kept() {
        let more = r#""annotations":{"Layers":"a","layers":"b"},"layer":[],"#;
        let read = Manifest::from_json(manifest(more).as_bytes()).unwrap();
        assert_eq!(read.annotations().len(), 2);
        assert_eq!(read.layers().len(), 1);
    }

    #[test]
    fn another_version_and_another_type_are_rejected() {
        let error = refusal_of_index(br#"{"schemaVersion":1,"manifests":[]}"#);
        assert_eq!(error, "expected schemaVersion 2, found 1");
        let error = refusal_of_manifest(&format!(r#""mediaType":"{}","#, media_type::INDEX));
        let (expected, found) = (media_type::MANIFEST, media_type::INDEX);
        assert_eq!(error, format!("expected media type `{expected}`, found `{found}`"));
    }

    #[test]
    fn what_points_to_a_document_and_the_document_say_the_same() {
        let pointing = |kind: &str| Descriptor::new(kind, DIGEST.parse().unwrap(), 0);
        let said = |kind: &str| manifest(&format!(r#""mediaType":"{kind}","#));
        for (pointer, document, is_same) in [
            (media_type::MANIFEST, said(media_type::MANIFEST), true),
            (media_type::MANIFEST, manifest(""), true),
            ("", said(media_type::DOCKER_MANIFEST), true),
            (media_type::MANIFEST, said(media_type::DOCKER_MANIFEST), false),
            (media_type::DOCKER_MANIFEST, said(media_type::MANIFEST), false),
        ] {
            let read = Manifest::pointed_to(&pointing(pointer), document.as_bytes());
            assert_eq!(read.is_ok(), is_same, "{pointer} {document}");
        }
        let list = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#,
            media_type::DOCKER_LIST
        );
        Index::pointed_to(&pointing(media_type::DOCKER_LIST), list.as_bytes()).unwrap();
        let error = Index::pointed_to(&pointing(media_type::INDEX), list.as_bytes()).unwrap_err();
        let (expected, found) = (media_type::INDEX, media_type::DOCKER_LIST);
        assert_eq!(
            error.to_string(),
            format!("expected media type `{expected}`, found `{found}`")
        );
    }

    #[test]
    fn a_key_that_is_there_twice_is_rejected() {
        let error = refusal_of_index(br#"{"schemaVersion":2,"manifests":[],"manifests":[]}"#);
        assert!(
            error.starts_with("expected an image index: duplicate field `manifests`"),
            "{error}"
        );
    }
}
