//! An authority of one's own: a root, a leaf that names no OIDC issuer, a timestamp and no log.

mod certificate;

use attest_sign::TimestampAuthority as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

use crate::{Error, World, sha256};
pub use certificate::{
    ALTERNATIVE_NAME, AUTHORITY_USAGE, BASIC_CONSTRAINTS, Extension, KEY_USAGE, PURPOSES, Template, names, purposes,
    tlv,
};

/// Who signs, and with what.
#[derive(Debug, Clone)]
pub struct OwnAuthority {
    /// The root.
    pub root: Template,
    /// Each signed by the one before, the first by the root.
    pub between: Vec<Template>,
    /// Whoever signs the artifact.
    pub leaf: Template,
    /// Whether the trust root knows those between.
    pub are_known: bool,
    /// Whether the signature has a timestamp.
    pub has_timestamp: bool,
}

impl OwnAuthority {
    /// A root, and a leaf that it issued for an e-mail address.
    #[must_use]
    pub fn new(email: &str) -> Self {
        Self {
            root: Template::authority(1, "root", "root", None),
            between: Vec::new(),
            leaf: Template::leaf(2, "root", email),
            are_known: false,
            has_timestamp: true,
        }
    }

    /// The trust root, which has the timestamp authority of a world, and the bundle of an artifact.
    ///
    /// # Errors
    /// Never for a world that was made.
    pub fn sign(&self, world: &World, artifact: &[u8]) -> Result<(Value, Value), Error> {
        let root_key = self.root.key();
        let mut chain = vec![self.root.sign(&root_key)];
        let mut issuer = root_key;
        for template in &self.between {
            chain.insert(0, template.sign(&issuer));
            issuer = template.key();
        }
        let leaf = self.leaf.sign(&issuer);
        let known = chain.split_off(if self.are_known { 0 } else { chain.len() - 1 });
        let mut trust: Value = serde_json::from_str(&world.trusted_root()?)?;
        trust["tlogs"] = json!([]);
        trust["ctlogs"] = json!([]);
        trust["certificateAuthorities"][0]["certChain"]["certificates"] = raw(&known);
        let signature: Signature = SigningKey::sign(&self.leaf.key(), artifact);
        let mut bundle = bundle(artifact, signature.to_der().as_bytes(), &[vec![leaf], chain].concat());
        if self.has_timestamp {
            let timestamp = world.timestamp(signature.to_der().as_bytes())?;
            bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] =
                json!([{ "signedTimestamp": STANDARD.encode(timestamp.as_der()) }]);
        }
        Ok((trust, bundle))
    }
}

fn bundle(artifact: &[u8], signature: &[u8], chain: &[Vec<u8>]) -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "verificationMaterial": {
            "x509CertificateChain": { "certificates": raw(chain) },
            "timestampVerificationData": { "rfc3161Timestamps": [] },
        },
        "messageSignature": {
            "messageDigest": { "algorithm": "SHA2_256", "digest": STANDARD.encode(sha256(artifact)) },
            "signature": STANDARD.encode(signature),
        },
    })
}

fn raw(certificates: &[Vec<u8>]) -> Value {
    certificates
        .iter()
        .map(|der| json!({ "rawBytes": STANDARD.encode(der) }))
        .collect()
}
