//! A bundle as cosign 3 stores it beside an image.

use attest_archive::image::{Descriptor, annotation, media_type};
use attestation::Bundle;
use serde::Serialize;

use super::attach::Written;
use super::written::{Pointer, go_json, sha256};

/// The type of the manifest.
pub(super) const MEDIA_TYPE: &str = media_type::MANIFEST;

/// What the artifact is, and its one layer.
pub(super) const BUNDLE: &str = attestation::media_type::BUNDLE_V0_3;

/// The configuration of what has none (OCI image-spec 1.1, "Guidance for an Empty Descriptor").
pub(super) const NO_CONFIGURATION: &[u8] = b"{}";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

const CONTENT: &str = "dev.sigstore.bundle.content";
const PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";

/// In the order in which go-containerregistry writes it for cosign 3.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ManifestWire<'a> {
    schema_version: u64,
    media_type: &'static str,
    config: Pointer<'a>,
    layers: [Pointer<'a>; 1],
    annotations: Written,
    subject: Pointer<'a>,
    artifact_type: &'static str,
}

/// The manifest.
pub(super) fn manifest(subject: &Descriptor, bundle: &Bundle, created: Option<&str>) -> String {
    let json = bundle.as_json();
    let mut config = Pointer::new(EMPTY, &sha256(NO_CONFIGURATION), NO_CONFIGURATION.len() as u64);
    config.artifact_type = Some(BUNDLE);
    go_json(&ManifestWire {
        schema_version: 2,
        media_type: MEDIA_TYPE,
        config,
        layers: [Pointer::new(BUNDLE, &sha256(json), json.len() as u64)],
        annotations: annotations(bundle, created),
        subject: Pointer::new(subject.media_type(), subject.digest(), subject.size()),
        artifact_type: BUNDLE,
    })
}

/// What the manifest says of the bundle, and whoever lists it repeats.
pub(super) fn annotations(bundle: &Bundle, created: Option<&str>) -> Written {
    let content = match bundle.peek_unverified().envelope() {
        None => "message-signature",
        Some(_) => "dsse-envelope",
    };
    let mut annotations = Written::from([(CONTENT, content.to_owned())]);
    annotations.extend(predicate_type(bundle).map(|found| (PREDICATE_TYPE, found)));
    annotations.extend(created.map(|created| (annotation::CREATED, created.to_owned())));
    annotations
}

/// What the statement of an envelope says that it is.
pub(super) fn predicate_type(bundle: &Bundle) -> Option<String> {
    let payload = bundle.peek_unverified().envelope()?.payload();
    let statement: serde_json::Value = serde_json::from_slice(payload.as_bytes()).ok()?;
    Some(statement["predicateType"].as_str()?.to_owned())
}
