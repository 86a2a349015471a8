use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::log::entry::{HashedRekord, pre_authentication_encoding};
use crate::public_key::{Material, Verifier};

/// Most signatures of one envelope, as in version 1.
const MAX_SIGNATURES: usize = 16;

/// What a client wants version 2 of the log to record.
///
/// Source: sigstore/rekor-tiles, `rekor/v2/entry.proto`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestV2(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// `hashedrekord` 0.0.2.
    HashedRekord(HashedRekord),
    /// `dsse` 0.0.2: each signature was verified.
    Dsse {
        payload_hash: [u8; 32],
        signatures: Vec<(Vec<u8>, Verifier)>,
    },
}

impl RequestV2 {
    /// A request to record this; the hash has to be the one that goes with the key.
    ///
    /// # Errors
    /// When it is not, or when version 2 takes no such keys.
    pub fn new(entry: HashedRekord) -> Result<Self, Error> {
        let (details, hash) = entry.verifier.key.key_details()?;
        match hash == entry.algorithm {
            true => Ok(Self(Kind::HashedRekord(entry))),
            false => Err(Error::Unsupported {
                what: "hash for this key",
                found: format!("{details} with {}", entry.algorithm.proto_name()),
            }),
        }
    }

    /// A request to record an envelope, in JSON, each signature of which one of these verifies.
    ///
    /// # Errors
    /// When it is no envelope, or a signature is nobody's.
    pub fn dsse(envelope: &str, verifiers: &[Verifier]) -> Result<Self, Error> {
        let envelope = serde_json::from_str(envelope).map_err(|error| Error::malformed("envelope", error))?;
        dsse(&envelope, verifiers)
    }

    /// Reads the body of `POST /api/v2/log/entries`.
    ///
    /// # Errors
    /// When it is of another kind, or anything in it is invalid.
    pub fn from_json(body: &[u8]) -> Result<Self, Error> {
        let wire: RequestWire = serde_json::from_slice(body).map_err(|error| Error::malformed("log entry", error))?;
        match (wire.hashed_rekord_request_v002, wire.dsse_request_v002) {
            (Some(wire), None) => {
                let verifier = wire.signature.verifier.read()?;
                let (_, algorithm) = verifier.key.key_details()?;
                Self::new(HashedRekord {
                    algorithm,
                    digest: base64("digest", &wire.digest)?,
                    signature: base64("signature", &wire.signature.content)?,
                    verifier,
                })
            }
            (None, Some(wire)) => {
                let verifiers: Result<Vec<_>, _> = wire.verifiers.iter().map(VerifierWire::read).collect();
                dsse(&wire.envelope, &verifiers?)
            }
            _ => Err(Error::malformed(
                "log entry",
                "expected one of `hashedRekordRequestV002` and `dsseRequestV002`",
            )),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self.0 {
            Kind::HashedRekord(_) => "hashedrekord",
            Kind::Dsse { .. } => "dsse",
        }
    }

    /// What is recorded; nothing is that does not verify.
    pub(super) fn body(&self) -> Result<Value, Error> {
        let spec = match &self.0 {
            Kind::HashedRekord(entry) => {
                entry.check()?;
                json!({"hashedRekordV002": {
                    "data": {"algorithm": entry.algorithm.proto_name(), "digest": BASE64_STANDARD.encode(&entry.digest)},
                    "signature": signature(&entry.signature, &entry.verifier)?,
                }})
            }
            Kind::Dsse {
                payload_hash,
                signatures,
            } => {
                let signatures = signatures.iter().map(|(bytes, verifier)| signature(bytes, verifier));
                json!({"dsseV002": {
                    "payloadHash": {"algorithm": "SHA2_256", "digest": BASE64_STANDARD.encode(payload_hash)},
                    "signatures": signatures.collect::<Result<Vec<_>, _>>()?,
                }})
            }
        };
        Ok(json!({"apiVersion": "0.0.2", "kind": self.kind(), "spec": spec}))
    }
}

fn dsse(envelope: &EnvelopeWire, verifiers: &[Verifier]) -> Result<RequestV2, Error> {
    let found = envelope.signatures.len();
    if found == 0 || found > MAX_SIGNATURES {
        return Err(Error::malformed("envelope", format!("{found} signatures")));
    }
    let payload = base64("payload", &envelope.payload)?;
    let message = pre_authentication_encoding(&envelope.payload_type, &payload);
    let mut signatures = Vec::new();
    for signature in &envelope.signatures {
        let bytes = base64("signature", &signature.sig)?;
        let mut by = None;
        for verifier in verifiers {
            let (_, hash) = verifier.key.key_details()?;
            if verifier.key.verifies_digest(hash, &hash.of(&message), &bytes)? {
                by = Some(verifier.clone());
            }
        }
        signatures.push((bytes, by.ok_or(Error::EntrySignature)?));
    }
    Ok(RequestV2(Kind::Dsse {
        payload_hash: Sha256::digest(&payload).into(),
        signatures,
    }))
}

fn signature(bytes: &[u8], verifier: &Verifier) -> Result<Value, Error> {
    let (details, _) = verifier.key.key_details()?;
    let raw = |der: &[u8]| json!({"rawBytes": BASE64_STANDARD.encode(der)});
    let verifier = match &verifier.material {
        Material::Certificate(der) => json!({"keyDetails": details, "x509Certificate": raw(der)}),
        Material::PublicKey(der) => json!({"keyDetails": details, "publicKey": raw(der)}),
    };
    Ok(json!({"content": BASE64_STANDARD.encode(bytes), "verifier": verifier}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestWire {
    #[serde(alias = "hashed_rekord_request_v002", alias = "hashedRekordRequestV0_0_2")]
    hashed_rekord_request_v002: Option<HashedRekordWire>,
    #[serde(alias = "dsse_request_v002", alias = "dsseRequestV0_0_2")]
    dsse_request_v002: Option<DsseWire>,
}

#[derive(Deserialize)]
struct HashedRekordWire {
    digest: String,
    signature: SignatureWire,
}

#[derive(Deserialize)]
struct SignatureWire {
    content: String,
    verifier: VerifierWire,
}

#[derive(Deserialize)]
struct DsseWire {
    envelope: EnvelopeWire,
    verifiers: Vec<VerifierWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeWire {
    #[serde(alias = "payload_type")]
    payload_type: String,
    payload: String,
    signatures: Vec<EnvelopeSignatureWire>,
}

#[derive(Deserialize)]
struct EnvelopeSignatureWire {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerifierWire {
    #[serde(alias = "x509_certificate")]
    x509_certificate: Option<RawBytesWire>,
    #[serde(alias = "public_key")]
    public_key: Option<RawBytesWire>,
    #[serde(alias = "key_details")]
    key_details: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBytesWire {
    #[serde(alias = "raw_bytes")]
    raw_bytes: String,
}

impl VerifierWire {
    fn read(&self) -> Result<Verifier, Error> {
        let verifier = match (&self.x509_certificate, &self.public_key) {
            (Some(certificate), None) => Verifier::certificate(&base64("certificate", &certificate.raw_bytes)?)?,
            (None, Some(key)) => Verifier::public_key(&base64("public key", &key.raw_bytes)?)?,
            _ => {
                return Err(Error::malformed(
                    "verifier",
                    "expected one of `x509Certificate` and `publicKey`",
                ));
            }
        };
        let (details, _) = verifier.key.key_details()?;
        match details == self.key_details {
            true => Ok(verifier),
            false => Err(Error::malformed(
                "verifier",
                format!("expected keyDetails {details}, found {}", self.key_details),
            )),
        }
    }
}

fn base64(what: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    BASE64_STANDARD
        .decode(text)
        .map_err(|error| Error::malformed(what, error))
}
