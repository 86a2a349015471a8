//! The bodies of entries as logs write them. Sources: Rekor, `pkg/types`; rekor-tiles, `rekor/v2`.

use std::borrow::Cow;

use attest_digest::{Algorithm, Digest};
use attestation::LogEntry;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Body, Ed25519Form, Logged, LoggedVerifier, mismatch, unsupported};
use crate::{Rejection, pem};

/// What kind of entry a body says that it is of.
pub(super) fn kind(body: &[u8]) -> Result<KindWire<'_>, Rejection> {
    read(body)
}

/// Reads a body as one of the kind that its entry says.
pub(super) fn body(entry: &LogEntry) -> Result<Body, Rejection> {
    match (entry.kind.as_str(), entry.version.as_str()) {
        ("hashedrekord", "0.0.1") => spec::<HashedRekord1Wire>(entry)?.try_into(),
        ("hashedrekord", "0.0.2") => spec::<HashedRekord2Wire>(entry)?.hashed_rekord_v002.try_into(),
        ("dsse", "0.0.1") => spec::<Dsse1Wire>(entry)?.try_into(),
        ("dsse", "0.0.2") => spec::<Dsse2Wire>(entry)?.dsse_v002.try_into(),
        ("intoto", "0.0.2") => spec::<IntotoWire>(entry)?.content.try_into(),
        ("intoto", "0.0.1") => spec::<Intoto1Wire>(entry)?.try_into(),
        (kind, version) => Err(unsupported(&format!("a log entry of kind {kind}/{version}"))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KindWire<'a> {
    #[serde(borrow)]
    pub(super) api_version: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct SpecWire<S> {
    spec: S,
}

#[derive(Deserialize)]
struct HashedRekord1Wire {
    data: Data1Wire,
    signature: Signature1Wire,
}

#[derive(Deserialize)]
struct Data1Wire {
    hash: HexDigestWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature1Wire {
    content: String,
    public_key: ContentWire,
}

#[derive(Deserialize)]
struct ContentWire {
    content: String,
}

#[derive(Deserialize)]
struct HexDigestWire {
    algorithm: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HashedRekord2Wire {
    hashed_rekord_v002: Entry2Wire,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry2Wire {
    data: DigestWire,
    signature: Signature2Wire,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DigestWire {
    algorithm: String,
    digest: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature2Wire {
    content: String,
    verifier: Verifier2Wire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Verifier2Wire {
    #[serde(rename = "keyDetails")]
    _key_details: String,
    x509_certificate: Option<RawWire>,
    public_key: Option<RawWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawWire {
    raw_bytes: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dsse1Wire {
    payload_hash: HexDigestWire,
    signatures: Vec<DsseSignature1Wire>,
}

#[derive(Deserialize)]
struct DsseSignature1Wire {
    signature: String,
    verifier: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dsse2Wire {
    dsse_v002: DsseEntry2Wire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DsseEntry2Wire {
    payload_hash: DigestWire,
    signatures: Vec<Signature2Wire>,
}

#[derive(Deserialize)]
struct IntotoWire {
    content: IntotoContentWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IntotoContentWire {
    envelope: IntotoEnvelopeWire,
    payload_hash: HexDigestWire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IntotoEnvelopeWire {
    payload_type: String,
    signatures: Vec<IntotoSignatureWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IntotoSignatureWire {
    sig: String,
    public_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Intoto1Wire {
    content: Intoto1ContentWire,
    public_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Intoto1ContentWire {
    hash: HexDigestWire,
    /// Old entries have none.
    payload_hash: Option<HexDigestWire>,
}

impl TryFrom<HashedRekord1Wire> for Body {
    type Error = Rejection;

    fn try_from(wire: HashedRekord1Wire) -> Result<Self, Rejection> {
        Ok(Self {
            logged: Logged::Hashed(wire.data.hash.try_into()?),
            signature: Some(base64(&wire.signature.content)?),
            verifier: in_pem(&wire.signature.public_key.content)?,
            ed25519: Ed25519Form::Prehashed,
        })
    }
}

impl TryFrom<Entry2Wire> for Body {
    type Error = Rejection;

    fn try_from(wire: Entry2Wire) -> Result<Self, Rejection> {
        Ok(Self {
            logged: Logged::Hashed(wire.data.try_into()?),
            signature: Some(base64(&wire.signature.content)?),
            verifier: wire.signature.verifier.try_into()?,
            ed25519: Ed25519Form::Prehashed,
        })
    }
}

impl TryFrom<Dsse1Wire> for Body {
    type Error = Rejection;

    fn try_from(wire: Dsse1Wire) -> Result<Self, Rejection> {
        let signature = only(wire.signatures)?;
        Ok(Self {
            logged: Logged::Payload(wire.payload_hash.try_into()?, None),
            signature: Some(base64(&signature.signature)?),
            verifier: in_pem(&signature.verifier)?,
            ed25519: Ed25519Form::Plain,
        })
    }
}

impl TryFrom<DsseEntry2Wire> for Body {
    type Error = Rejection;

    fn try_from(wire: DsseEntry2Wire) -> Result<Self, Rejection> {
        let signature = only(wire.signatures)?;
        Ok(Self {
            logged: Logged::Payload(wire.payload_hash.try_into()?, None),
            signature: Some(base64(&signature.content)?),
            verifier: signature.verifier.try_into()?,
            ed25519: Ed25519Form::Either,
        })
    }
}

impl TryFrom<IntotoContentWire> for Body {
    type Error = Rejection;

    fn try_from(wire: IntotoContentWire) -> Result<Self, Rejection> {
        let signature = only(wire.envelope.signatures)?;
        Ok(Self {
            logged: Logged::Payload(wire.payload_hash.try_into()?, Some(wire.envelope.payload_type)),
            // Encoded twice: once by whoever wrote the envelope, and once more by the log.
            signature: Some(base64(&text(base64(&signature.sig)?)?)?),
            verifier: in_pem(&signature.public_key)?,
            ed25519: Ed25519Form::Plain,
        })
    }
}

impl TryFrom<Intoto1Wire> for Body {
    type Error = Rejection;

    fn try_from(wire: Intoto1Wire) -> Result<Self, Rejection> {
        let payload = wire.content.payload_hash.map(Digest::try_from).transpose()?;
        Ok(Self {
            logged: Logged::Envelope(wire.content.hash.try_into()?, payload),
            signature: None,
            verifier: in_pem(&wire.public_key)?,
            ed25519: Ed25519Form::Plain,
        })
    }
}

impl TryFrom<HexDigestWire> for Digest {
    type Error = Rejection;

    fn try_from(wire: HexDigestWire) -> Result<Self, Rejection> {
        let algorithm = match wire.algorithm.as_str() {
            "sha256" => Algorithm::Sha256,
            "sha384" => Algorithm::Sha384,
            "sha512" => Algorithm::Sha512,
            other => return Err(unsupported(&format!("a log entry with a {other} digest"))),
        };
        Self::from_hex(algorithm, &wire.value).map_err(|error| malformed(&error))
    }
}

impl TryFrom<DigestWire> for Digest {
    type Error = Rejection;

    fn try_from(wire: DigestWire) -> Result<Self, Rejection> {
        let algorithm = match wire.algorithm.as_str() {
            "SHA2_256" => Algorithm::Sha256,
            "SHA2_384" => Algorithm::Sha384,
            "SHA2_512" => Algorithm::Sha512,
            other => return Err(unsupported(&format!("a log entry with a {other} digest"))),
        };
        Self::from_bytes(algorithm, &base64(&wire.digest)?).map_err(|error| malformed(&error))
    }
}

impl TryFrom<Verifier2Wire> for LoggedVerifier {
    type Error = Rejection;

    fn try_from(wire: Verifier2Wire) -> Result<Self, Rejection> {
        match (wire.x509_certificate, wire.public_key) {
            (Some(certificate), None) => base64(&certificate.raw_bytes).map(Self::Certificate),
            (None, Some(key)) => base64(&key.raw_bytes).map(Self::Key),
            _ => Err(malformed(&"expected a certificate or a key")),
        }
    }
}

fn spec<S: DeserializeOwned>(entry: &LogEntry) -> Result<S, Rejection> {
    read::<SpecWire<S>>(&entry.body).map(|wire| wire.spec)
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Rejection> {
    serde_json::from_slice(body).map_err(|error| malformed(&error))
}

/// An envelope in a bundle has one signature, and so has what is logged of it.
fn only<T>(signatures: Vec<T>) -> Result<T, Rejection> {
    let found = signatures.len();
    let [signature] = <[T; 1]>::try_from(signatures).map_err(|_| mismatch(&format!("it has {found} signatures")))?;
    Ok(signature)
}

/// Rekor v1 writes certificates and keys as PEM, and that as base64.
fn in_pem(content: &str) -> Result<LoggedVerifier, Rejection> {
    let text = text(base64(content)?)?;
    match pem::only_block(&text) {
        Some(("CERTIFICATE", der)) => Ok(LoggedVerifier::Certificate(der)),
        Some(("PUBLIC KEY", der)) => Ok(LoggedVerifier::Key(der)),
        _ => Err(malformed(&"expected a certificate or a key in PEM")),
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Rejection> {
    String::from_utf8(bytes).map_err(|error| malformed(&error))
}

fn base64(content: &str) -> Result<Vec<u8>, Rejection> {
    STANDARD.decode(content).map_err(|error| malformed(&error))
}

fn malformed(error: &dyn std::fmt::Display) -> Rejection {
    Rejection::LogEntryInvalid {
        detail: error.to_string(),
    }
}
