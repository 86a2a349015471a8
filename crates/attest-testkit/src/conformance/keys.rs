use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::ConformanceCase as Case;
use super::material::{ARTIFACT, Material, with};
use crate::{Error, KeySigner};

/// SubjectPublicKeyInfo of an Ed448 key, which nobody signs with here (RFC 8410).
const ED448_PREFIX: [u8; 12] = [0x30, 0x43, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71, 0x03, 0x3a, 0x00];

/// Bundles of a key that is known beforehand.
pub(super) fn cases(material: &Material) -> Result<Vec<Case>, Error> {
    let signer = KeySigner::new(&material.world, 11);
    let bundle = signer.sign_artifact(ARTIFACT)?;
    let key = signer.public_key_pem();
    let hint = |hint: &str| with(&bundle, "/verificationMaterial/publicKey/hint", json!(hint));
    let certificate = material.artifact_v2["verificationMaterial"]["certificate"].clone();
    let both = with(&bundle, "/verificationMaterial/certificate", certificate);
    let trailing = [der(&key), vec![0]].concat();
    let ed448 = [&ED448_PREFIX[..], &[7; 57]].concat();
    let case = |name, readme, bundle, key| Case::rejected(name, readme, bundle).with_key(key);
    Ok(vec![
        Case::accepted("key", "Signed with a key, logged and timestamped.", bundle.clone()).with_key(key.clone()),
        case(
            "key-other-hint",
            "The hint is that of another key (Trail of Bits on sigstore-rust).",
            hint(&STANDARD.encode(crate::sha256(b"another key"))),
            key.clone(),
        ),
        case("key-and-certificate", "The bundle has both.", both, key.clone()),
        case(
            "key-of-somebody-else",
            "Another key is expected.",
            bundle.clone(),
            KeySigner::new(&material.world, 12).public_key_pem(),
        ),
        case(
            "key-expected-certificate-found",
            "A key is expected, and a certificate has signed.",
            material.artifact_v2.clone(),
            key.clone(),
        ),
        case(
            "key-with-trailing-bytes",
            "The expected key has a byte behind its DER (TOB-6).",
            bundle.clone(),
            pem(&trailing),
        ),
        case(
            "key-of-unknown-type",
            "The expected key is an Ed448 one.",
            bundle,
            pem(&ed448),
        ),
    ])
}

fn der(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(base64).unwrap_or_default()
}

fn pem(der: &[u8]) -> String {
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(der)
    )
}
