//! Documents as Go's programs write them, so that theirs and ours are the same bytes.

use std::collections::BTreeMap;

use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use serde::Serialize;

/// Below which annotation cosign 2 keeps a signature.
pub(super) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// What points to a blob, in the order of Go's structure.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pointer<'a> {
    media_type: &'a str,
    size: u64,
    digest: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<&'a str>,
}

impl<'a> Pointer<'a> {
    pub(super) fn new(media_type: &'a str, digest: &Digest, size: u64) -> Self {
        Self {
            media_type,
            size,
            digest: digest.to_string(),
            annotations: BTreeMap::new(),
            artifact_type: None,
        }
    }
}

/// What cosign 2 signs for an image, byte for byte as it writes it: `reference` is the name of its repository, `optional` what is
/// annotated.
///
/// Source: cosign, `specs/SIGNATURE_SPEC.md`; containers/image, `docs/containers-signature.5.md`.
#[must_use]
pub fn simple_signing_payload(reference: &str, image: &Digest, optional: &BTreeMap<String, String>) -> Vec<u8> {
    #[derive(Serialize)]
    struct PayloadWire<'a> {
        critical: CriticalWire<'a>,
        optional: Option<&'a BTreeMap<String, String>>,
    }
    #[derive(Serialize)]
    struct CriticalWire<'a> {
        identity: IdentityWire<'a>,
        image: ImageWire,
        r#type: &'static str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct IdentityWire<'a> {
        docker_reference: &'a str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct ImageWire {
        docker_manifest_digest: String,
    }
    let payload = PayloadWire {
        critical: CriticalWire {
            identity: IdentityWire {
                docker_reference: reference,
            },
            image: ImageWire {
                docker_manifest_digest: image.to_string(),
            },
            r#type: "cosign container image signature",
        },
        optional: Some(optional).filter(|optional| !optional.is_empty()),
    };
    go_json(&payload).into_bytes()
}

/// JSON as Go's `encoding/json` writes it: what means something in HTML is escaped. These characters stand in strings alone.
pub(super) fn go_json(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("strings, numbers, lists and maps can be written");
    json.chars()
        .fold(String::with_capacity(json.len()), |mut text, letter| {
            match letter {
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text.push_str(&format!("\\u{:04x}", u32::from(letter))),
                other => text.push(other),
            }
            text
        })
}

pub(super) fn sha256(bytes: &[u8]) -> Digest {
    let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
    measured.digest(Algorithm::Sha256).expect("it was asked for").clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::SimpleSigning;

    #[test]
    fn a_payload_is_byte_for_byte_what_cosign_writes() {
        let image: Digest = format!("sha256:{}", "8a".repeat(32)).parse().unwrap();
        let critical = format!(
            r#"{{"critical":{{"identity":{{"docker-reference":"127.0.0.1:5977/team/app"}},"image":{{"docker-manifest-digest":"{image}"}},"type":"cosign container image signature"}},"optional":"#
        );
        let none = simple_signing_payload("127.0.0.1:5977/team/app", &image, &BTreeMap::new());
        assert_eq!(String::from_utf8(none).unwrap(), format!("{critical}null}}"));
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let optional = BTreeMap::from([pair("k", "v"), pair("a", "<&>é")]);
        let some = simple_signing_payload("127.0.0.1:5977/team/app", &image, &optional);
        let expected = format!(r#"{critical}{{"a":"\u003c\u0026\u003eé","k":"v"}}}}"#);
        assert_eq!(String::from_utf8(some.clone()).unwrap(), expected);
        let read = SimpleSigning::parse_about(&some, &image).unwrap();
        assert_eq!(read.reference(), "127.0.0.1:5977/team/app");
    }
}
