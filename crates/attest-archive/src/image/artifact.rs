use serde::Serialize;

use super::manifest::written;
use super::{Annotations, Descriptor, annotation, media_type};
use crate::SourceDate;

/// Files of any kind as an artifact: a manifest with an empty configuration, and each file a layer that has its name.
///
/// Source: OCI image-spec 1.1, `manifest.md`, "Guidelines for Artifact Usage"; names as `oras` writes them.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// What the artifact is, as a media type.
    pub artifact_type: String,
    /// The files.
    pub layers: Vec<Descriptor>,
    /// When it came to be, if that is to be said.
    pub created: Option<SourceDate>,
}

/// In the order of Go's structure.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactWire<'a> {
    schema_version: u64,
    media_type: &'static str,
    artifact_type: &'a str,
    config: Descriptor,
    layers: &'a [Descriptor],
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    annotations: Annotations,
}

impl Artifact {
    /// What stands for a configuration where there is none.
    pub const EMPTY: &[u8] = b"{}";

    /// Points to the configuration.
    #[must_use]
    pub fn config() -> Descriptor {
        Descriptor::of_bytes(media_type::EMPTY, Self::EMPTY).with_data(Self::EMPTY)
    }

    /// The manifest.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let created = self
            .created
            .map(|created| (annotation::CREATED.to_owned(), created.to_rfc3339()));
        written(&ArtifactWire {
            schema_version: 2,
            media_type: media_type::MANIFEST,
            artifact_type: &self.artifact_type,
            config: Self::config(),
            layers: &self.layers,
            annotations: created.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Manifest;
    use super::*;

    #[test]
    fn the_manifest_is_the_one_of_an_artifact() {
        let title = Annotations::from([(annotation::TITLE.to_owned(), "a.txt".to_owned())]);
        let artifact = Artifact {
            artifact_type: "application/x".to_owned(),
            layers: vec![Descriptor::of_bytes("text/plain", b"a").with_annotations(title)],
            created: None,
        };
        let json = artifact.to_json();
        let expected = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/x","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="},"layers":[{"mediaType":"text/plain","digest":"sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb","size":1,"annotations":{"org.opencontainers.image.title":"a.txt"}}]}"#;
        assert_eq!(std::str::from_utf8(&json).unwrap(), expected);
        let read = Manifest::from_json(&json).unwrap();
        assert_eq!(read.artifact_type(), Some("application/x"));
        assert_eq!(read.to_json(), json);
        let created = SourceDate::from_seconds(1_700_000_000).unwrap();
        let dated = Artifact {
            created: Some(created),
            ..artifact
        };
        let dated = Manifest::from_json(&dated.to_json()).unwrap();
        assert_eq!(dated.annotations()[annotation::CREATED], "2023-11-14T22:13:20Z");
    }
}
