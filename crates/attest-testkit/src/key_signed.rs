use attest_sandbox::{HashAlgorithm, HashedRekord, RequestV2, Verifier};
use attest_sign::{SigningKey, TimestampAuthority};
use attestation::{Payload, pre_authentication_encoding};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::{Error, SeededKey, World, sha256};

/// Bundles by a key that is known beforehand, recorded in Rekor v2.
pub struct KeySigner<'a> {
    world: &'a World,
    key: SeededKey,
}

impl<'a> KeySigner<'a> {
    /// The key of this seed, in a world.
    #[must_use]
    pub fn new(world: &'a World, seed: u8) -> Self {
        let key = SeededKey::from_seed(seed);
        Self { world, key }
    }

    /// The public key in PEM.
    #[must_use]
    pub fn public_key_pem(&self) -> String {
        self.key.public_key().to_pem()
    }

    /// Signs an artifact itself.
    ///
    /// # Errors
    /// When the log has the same signature already.
    pub fn sign_artifact(&self, artifact: &[u8]) -> Result<Value, Error> {
        let signature = self.sign(artifact)?;
        let digest = json!({ "algorithm": "SHA2_256", "digest": STANDARD.encode(sha256(artifact)) });
        let mut bundle = self.evidence(artifact, &signature)?;
        bundle["messageSignature"] = json!({ "messageDigest": digest, "signature": STANDARD.encode(&signature) });
        Ok(bundle)
    }

    /// Signs the exact bytes of a statement.
    ///
    /// # Errors
    /// When the log has the same signature already.
    pub fn sign_statement(&self, statement: &Payload) -> Result<Value, Error> {
        let signed = pre_authentication_encoding(statement.payload_type(), statement.as_bytes());
        let signature = self.sign(&signed)?;
        let mut bundle = self.evidence(&signed, &signature)?;
        bundle["dsseEnvelope"] = json!({
            "payload": STANDARD.encode(statement.as_bytes()),
            "payloadType": statement.payload_type(),
            "signatures": [{ "sig": STANDARD.encode(&signature) }],
        });
        Ok(bundle)
    }

    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.key.sign_message(bytes)?)
    }

    /// A bundle without what it is about.
    fn evidence(&self, signed: &[u8], signature: &[u8]) -> Result<Value, Error> {
        let public_key = self.key.public_key();
        let request = RequestV2::new(HashedRekord {
            algorithm: HashAlgorithm::Sha256,
            digest: sha256(signed).to_vec(),
            signature: signature.to_vec(),
            verifier: Verifier::public_key(public_key.as_der())?,
        })?;
        let timestamp = self.world.timestamp(signature)?;
        Ok(json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "publicKey": { "hint": public_key.hint() },
                "tlogEntries": [self.world.sigstore().log_v2(&request)?],
                "timestampVerificationData": {
                    "rfc3161Timestamps": [{ "signedTimestamp": STANDARD.encode(timestamp.as_der()) }],
                },
            },
        }))
    }
}
