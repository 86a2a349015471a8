use attest_digest::{Algorithm, Algorithms, Measured};
use attest_sandbox::{HashAlgorithm, HashedRekord, ProposalV1, RequestV2, Verifier};
use attest_sign::{PublicKey, TimestampAuthority};
use attestation::{Payload, pre_authentication_encoding};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::EncodePublicKey;
use ed25519_dalek::{Digest as _, Sha512, Signer};
use p384::ecdsa::DerSignature;
use p384::ecdsa::signature::hazmat::PrehashSigner;
use serde_json::{Value, json};

use super::ConformanceCase as Case;
use super::material::{ARTIFACT, Material, statement, with};
use crate::Error;

/// Keys that sign in more than one way: each way that is used, and its twins that are not.
pub(super) fn cases(material: &Material) -> Result<Vec<Case>, Error> {
    let mut all = p384(material)?;
    all.extend(ed25519(material)?);
    Ok(all)
}

fn p384(material: &Material) -> Result<Vec<Case>, Error> {
    let key = p384::ecdsa::SigningKey::from_slice(&[21; 48]).map_err(|_| Error::Key)?;
    let public = spki(key.verifying_key())?;
    let sign = |message: &[u8], algorithm| -> Result<Vec<u8>, Error> {
        let signature: DerSignature = key.sign_prehash(&digest(message, algorithm)).map_err(|_| Error::Key)?;
        Ok(signature.as_bytes().to_vec())
    };
    let narrow = sign(ARTIFACT, Algorithm::Sha256)?;
    let entry = material
        .world
        .sigstore()
        .log_v1(&ProposalV1::HashedRekord(HashedRekord {
            algorithm: HashAlgorithm::Sha256,
            digest: digest(ARTIFACT, Algorithm::Sha256),
            signature: narrow.clone(),
            verifier: Verifier::public_key(public.as_der())?,
        }))?;
    let mut artifact = bundle(material, &public, &narrow, Some(entry.entry))?;
    artifact["messageSignature"] =
        json!({ "messageDigest": message_digest(Algorithm::Sha256), "signature": STANDARD.encode(&narrow) });
    let other = with(
        &artifact,
        "/messageSignature/messageDigest",
        message_digest(Algorithm::Sha384),
    );
    let payload = statement("by P-384")?;
    let wide = sign(&encoded(&payload), Algorithm::Sha384)?;
    let entry = logged_v2(material, &public, &payload, HashAlgorithm::Sha384, &wide)?;
    let attestation = enveloped(bundle(material, &public, &wide, Some(entry))?, &payload, &wide);
    let case = |case: Case| case.with_key(public.to_pem());
    Ok(vec![
        case(Case::accepted(
            "key-p384-sha256",
            "A key on P-384 over SHA-256, as cosign 2 signs, in Rekor v1.",
            artifact,
        )),
        case(Case::rejected(
            "key-p384-sha256-said-to-be-sha384",
            "The same signature, said to be over the SHA-384 of the artifact.",
            other,
        )),
        case(Case::accepted(
            "key-p384-sha384",
            "A key on P-384 over SHA-384, in Rekor v2.",
            attestation,
        )),
    ])
}

fn ed25519(material: &Material) -> Result<Vec<Case>, Error> {
    let key = ed25519_dalek::SigningKey::from_bytes(&[22; 32]);
    let public = spki(&key.verifying_key())?;
    let payload = statement("by Ed25519")?;
    let message = encoded(&payload);
    let hashed = || Sha512::new_with_prefix(&message);
    let prehashed = |context| key.sign_prehashed(hashed(), context).map_err(|_| Error::Key);
    let (plain, good) = (key.sign(&message).to_vec(), prehashed(None)?.to_vec());
    let entry = logged_v2(material, &public, &payload, HashAlgorithm::Sha512, &good)?;
    let envelope = json!({
        "payload": STANDARD.encode(payload.as_bytes()),
        "payloadType": payload.payload_type(),
        "signatures": [{ "sig": STANDARD.encode(&plain) }],
    });
    let proposal = ProposalV1::dsse(&envelope.to_string(), &[Verifier::public_key(public.as_der())?])?;
    let first = material.world.sigstore().log_v1(&proposal)?.entry;
    let made = |signature: &[u8], entry: Option<&Value>| -> Result<Value, Error> {
        let bundle = bundle(material, &public, signature, entry.cloned())?;
        Ok(enveloped(bundle, &payload, signature))
    };
    let with_context = prehashed(Some(b"another protocol"))?.to_vec();
    let over_digest = key.sign(&hashed().finalize()).to_vec();
    let unlogged = with(&material.root()?, "/tlogs", json!([]));
    let case = |case: Case| case.with_key(public.to_pem());
    Ok(vec![
        case(Case::accepted(
            "key-ed25519ph",
            "Ed25519ph over an envelope, recorded by its digest in Rekor v2.",
            made(&good, Some(&entry))?,
        )),
        case(Case::accepted(
            "key-ed25519",
            "Plain Ed25519 over an envelope, in Rekor v1.",
            made(&plain, Some(&first))?,
        )),
        case(Case::rejected(
            "key-ed25519-with-an-entry-of-ed25519ph",
            "The entry is about another signature of the same key over the same envelope.",
            made(&plain, Some(&entry))?,
        )),
        case(Case::accepted(
            "key-ed25519ph-without-log",
            "Ed25519ph over an envelope, where no log is trusted.",
            made(&good, None)?,
        ))
        .with_root(unlogged.clone()),
        case(Case::rejected(
            "key-ed25519ph-with-a-context",
            "Ed25519ph with a context (RFC 8032, section 8.3): it was made for something else.",
            made(&with_context, None)?,
        ))
        .with_root(unlogged.clone()),
        case(Case::rejected(
            "key-ed25519-over-the-digest",
            "Plain Ed25519 over the digest that Ed25519ph is over.",
            made(&over_digest, None)?,
        ))
        .with_root(unlogged),
    ])
}

fn spki(key: &impl EncodePublicKey) -> Result<PublicKey, Error> {
    let der = key.to_public_key_der().map_err(|_| Error::Key)?;
    Ok(PublicKey::from_der(der.as_bytes())?)
}

fn encoded(payload: &Payload) -> Vec<u8> {
    pre_authentication_encoding(payload.payload_type(), payload.as_bytes())
}

fn digest(message: &[u8], algorithm: Algorithm) -> Vec<u8> {
    let measured = Measured::of_bytes(message, &Algorithms::one(algorithm));
    let digest = measured.digest(algorithm);
    digest.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default()
}

fn message_digest(algorithm: Algorithm) -> Value {
    let name = format!("SHA2_{}", 8 * algorithm.digest_len());
    json!({ "algorithm": name, "digest": STANDARD.encode(digest(ARTIFACT, algorithm)) })
}

fn logged_v2(
    material: &Material,
    key: &PublicKey,
    payload: &Payload,
    algorithm: HashAlgorithm,
    signature: &[u8],
) -> Result<Value, Error> {
    let by = match algorithm {
        HashAlgorithm::Sha256 => Algorithm::Sha256,
        HashAlgorithm::Sha384 => Algorithm::Sha384,
        HashAlgorithm::Sha512 => Algorithm::Sha512,
    };
    let request = RequestV2::new(HashedRekord {
        algorithm,
        digest: digest(&encoded(payload), by),
        signature: signature.to_vec(),
        verifier: Verifier::public_key(key.as_der())?,
    })?;
    Ok(material.world.sigstore().log_v2(&request)?)
}

/// A bundle without what it is about.
fn bundle(material: &Material, key: &PublicKey, signature: &[u8], entry: Option<Value>) -> Result<Value, Error> {
    let timestamp = material.world.timestamp(signature)?;
    let mut bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "publicKey": { "hint": key.hint() },
            "timestampVerificationData": {
                "rfc3161Timestamps": [{ "signedTimestamp": STANDARD.encode(timestamp.as_der()) }],
            },
        },
    });
    if let Some(entry) = entry {
        bundle["verificationMaterial"]["tlogEntries"] = json!([entry]);
    }
    Ok(bundle)
}

fn enveloped(mut bundle: Value, payload: &Payload, signature: &[u8]) -> Value {
    bundle["dsseEnvelope"] = json!({
        "payload": STANDARD.encode(payload.as_bytes()),
        "payloadType": payload.payload_type(),
        "signatures": [{ "sig": STANDARD.encode(signature) }],
    });
    bundle
}
