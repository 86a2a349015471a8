//! Bundles of OpenSSF Model Signing, where they are not what the bundle format has them be.
//!
//! With a certificate of one's own authority the bundle, version 0.3, has a whole chain, where that version has one certificate;
//! with a key, those before version 1.1 have the key itself. Only bundles of tree manifests are read so.
//!
//! Source: OMS specification 1.0, sections 4.1 and 11.1.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::shape::Shape;
use super::{EvidenceError, Format, base64, der};
use crate::manifest::TreeManifest;
use crate::{Bundle, parse_unambiguous};

const FORMAT: Format = Format::ModelSigningBundle;

/// The version before 0.3, in which a chain has its place, and an entry of a log its proof.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle+json;version=0.2";

/// Who signed a tree manifest, as its readers want to find it in the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelSigner<'a> {
    /// A key of one's own: the SHA-256 of its PEM, in hexadecimal.
    Key {
        /// The hint.
        hint: &'a str,
    },
    /// A certificate of one's own authority, with those above it, DER.
    Certificate {
        /// From its issuer upwards.
        above: &'a [Vec<u8>],
    },
}

/// Writes a bundle as the readers of OpenSSF Model Signing expect it. Nothing that is signed changes.
///
/// # Errors
/// When the bundle is not by such a signer.
pub fn to_model_signing(bundle: &Bundle, signer: ModelSigner<'_>) -> Result<Vec<u8>, EvidenceError> {
    let mut json = parse(bundle.as_json())?;
    let material = &mut json["verificationMaterial"];
    match signer {
        ModelSigner::Key { hint } if material["publicKey"].is_object() => {
            material["publicKey"] = json!({ "hint": hint });
        }
        ModelSigner::Certificate { above } => {
            let leaf = material
                .as_object_mut()
                .and_then(|material| material.shift_remove("certificate"));
            let leaf = leaf.ok_or_else(|| malformed("expected `certificate`"))?;
            let above = above.iter().map(|der| json!({ "rawBytes": base64::encode(der) }));
            let chain: Vec<Value> = std::iter::once(leaf).chain(above).collect();
            material["x509CertificateChain"] = json!({ "certificates": chain });
        }
        ModelSigner::Key { .. } => return Err(malformed("expected `publicKey`")),
    }
    Ok(json.to_string().into_bytes())
}

/// Whether a document that says that it is a bundle, version 0.3, is such a one.
pub(super) fn is_one(shape: &Shape<'_>) -> bool {
    let material = shape.get("verificationMaterial").and_then(Shape::of);
    let key = || material.as_ref()?.get("publicKey").and_then(Shape::of);
    let has_chain = material
        .as_ref()
        .is_some_and(|material| material.has(&["x509CertificateChain"]));
    let has_key = || key().is_some_and(|key| key.has(&["rawBytes"]));
    let is_v0_3 = shape
        .get("mediaType")
        .is_some_and(|type_| type_.get() == r#""application/vnd.dev.sigstore.bundle.v0.3+json""#);
    is_v0_3 && (has_chain || has_key()) && shape.get("dsseEnvelope").is_some_and(claims_manifest)
}

#[derive(Deserialize)]
struct PayloadWire {
    payload: String,
}

fn claims_manifest(envelope: &RawValue) -> bool {
    let payload = serde_json::from_str::<PayloadWire>(envelope.get()).ok();
    let payload = payload.and_then(|envelope| base64::decode(&envelope.payload));
    payload.is_some_and(|payload| TreeManifest::is_claimed_by(&payload))
}

pub(super) fn read(json: &str) -> Result<Bundle, EvidenceError> {
    let mut json = parse(json.as_bytes())?;
    if let Some(Value::Array(certificates)) =
        json.pointer_mut("/verificationMaterial/x509CertificateChain/certificates")
    {
        let all = std::mem::take(certificates).into_iter().enumerate();
        let all = all.filter(|(place, certificate)| *place == 0 || !is_root(certificate));
        *certificates = all.map(|(_, certificate)| certificate).collect();
        json["mediaType"] = MEDIA_TYPE.into();
    } else if let Some(Value::Object(key)) = json.pointer_mut("/verificationMaterial/publicKey") {
        // Whose key it is has to be known beforehand anyway.
        key.retain(|field, _| field == "hint");
    }
    Ok(Bundle::parse(json.to_string().as_bytes())?)
}

/// A root is what the verifier has to know itself, and has no place among what it is told.
fn is_root(certificate: &Value) -> bool {
    let der = certificate["rawBytes"].as_str().and_then(base64::decode);
    der.is_some_and(|der| der::is_self_issued(&der))
}

fn parse(json: &[u8]) -> Result<Value, EvidenceError> {
    let json = parse_unambiguous(json).map_err(malformed)?;
    match json["verificationMaterial"].is_object() {
        true => Ok(json),
        false => Err(malformed("expected `verificationMaterial`")),
    }
}

fn malformed(detail: impl std::fmt::Display) -> EvidenceError {
    EvidenceError::malformed(FORMAT, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foreign::{Limits, read_evidence};
    use crate::{BundleError, KeyMaterial};

    fn document(type_: &str, material: &Value) -> Value {
        let statement = json!({ "_type": "https://in-toto.io/Statement/v1", "subject": [], "predicateType": type_, "predicate": {} });
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": material,
            "dsseEnvelope": {
                "payload": base64::encode(statement.to_string()),
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{ "sig": base64::encode([1]), "keyid": "" }],
            },
        })
    }

    fn read(document: &Value) -> Result<(Format, Bundle), EvidenceError> {
        read_evidence(document.to_string().as_bytes(), &Limits::default()).remove(0)
    }

    const TYPE: &str = "https://model_signing/signature/v1.0";

    #[test]
    fn a_chain_in_version_0_3_is_read_for_tree_manifests_alone() {
        let raw = |byte: u8| json!({ "rawBytes": base64::encode([byte]) });
        let chain = json!({ "x509CertificateChain": { "certificates": [raw(1), raw(2)] }, "tlogEntries": [] });
        let (format, bundle) = read(&document(TYPE, &chain)).unwrap();
        assert_eq!(format, Format::ModelSigningBundle);
        assert_eq!(
            bundle.peek_unverified().key_material,
            KeyMaterial::Chain(vec![vec![1], vec![2]])
        );
        let other = read(&document("https://example.com/note/v1", &chain)).unwrap_err();
        assert!(
            matches!(other, EvidenceError::Bundle(BundleError::WrongKeyMaterial { .. })),
            "{other}"
        );
    }

    #[test]
    fn what_is_written_for_them_is_read_back() {
        let certificate = json!({ "certificate": { "rawBytes": base64::encode([1]) } });
        let (_, bundle) = read(&document(TYPE, &certificate)).unwrap();
        let above = [vec![2], vec![3]];
        let signer = ModelSigner::Certificate { above: &above };
        let written = to_model_signing(&bundle, signer).unwrap();
        let (format, again) = read_evidence(&written, &Limits::default()).remove(0).unwrap();
        assert_eq!(format, Format::ModelSigningBundle);
        let expected = KeyMaterial::Chain(vec![vec![1], vec![2], vec![3]]);
        assert_eq!(again.peek_unverified().key_material, expected);
        assert_eq!(again.peek_unverified().content, bundle.peek_unverified().content);
        assert!(to_model_signing(&bundle, ModelSigner::Key { hint: "00" }).is_err());
    }

    #[test]
    fn the_key_itself_is_passed_over_and_its_hint_is_kept() {
        let old = json!({ "publicKey": { "rawBytes": "AQ==", "keyDetails": "PKIX_ECDSA_P256_SHA_256" } });
        let (_, bundle) = read(&document(TYPE, &old)).unwrap();
        let hint = String::new();
        assert_eq!(bundle.peek_unverified().key_material, KeyMaterial::PublicKey { hint });
        let new = json!({ "publicKey": { "hint": "x" } });
        let (format, bundle) = read(&document(TYPE, &new)).unwrap();
        assert_eq!(format, Format::SigstoreBundle);
        let written = to_model_signing(&bundle, ModelSigner::Key { hint: "00ff" }).unwrap();
        let (_, bundle) = read_evidence(&written, &Limits::default()).remove(0).unwrap();
        let hint = "00ff".to_owned();
        assert_eq!(bundle.peek_unverified().key_material, KeyMaterial::PublicKey { hint });
    }
}
