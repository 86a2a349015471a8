//! What is logged: which signature, by whom, over what.

use std::borrow::Cow;

use attest_digest::{Algorithm, Digest};
use attestation::LogEntry;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Rejection;
use crate::pem;

/// The body of an entry, whatever its kind.
#[derive(Debug)]
pub(crate) struct Body {
    logged: Logged,
    signature: Vec<u8>,
    verifier: LoggedVerifier,
}

/// Over what the logged signature is.
#[derive(Debug)]
enum Logged {
    /// Anything of this digest: an artifact, or the pre-authentication encoding of an envelope.
    Hashed(Digest),
    /// An envelope whose payload has this digest, and this type if the log says so.
    Payload(Digest, Option<String>),
}

/// By whom the logged signature is.
#[derive(Debug, PartialEq, Eq)]
enum LoggedVerifier {
    Certificate(Vec<u8>),
    Key(Vec<u8>),
}

/// What an entry has to be about.
pub(crate) struct About<'a> {
    pub(crate) signature: &'a [u8],
    pub(crate) verifier: Verifier<'a>,
    pub(crate) signed: SignedAs<'a>,
}

/// By whom.
#[derive(Clone, Copy)]
pub(crate) enum Verifier<'a> {
    /// A certificate, DER.
    Certificate(&'a [u8]),
    /// A `SubjectPublicKeyInfo`, DER.
    Key(&'a [u8]),
}

/// Over what.
#[derive(Clone, Copy)]
pub(crate) enum SignedAs<'a> {
    Artifact(&'a Digest),
    Envelope {
        encoding: &'a [u8],
        payload: &'a [u8],
        payload_type: &'a str,
    },
}

impl Body {
    /// Reads the body of an entry, whose kind has to be the one that the entry says.
    pub(crate) fn read(entry: &LogEntry) -> Result<Self, Rejection> {
        let kind: KindWire<'_> = read(&entry.body)?;
        if kind.kind != entry.kind || kind.api_version != entry.version {
            return Err(mismatch(&format!(
                "expected kind {}/{}, found {}/{}",
                entry.kind, entry.version, kind.kind, kind.api_version
            )));
        }
        match (entry.kind.as_str(), entry.version.as_str()) {
            ("hashedrekord", "0.0.1") => spec::<HashedRekord1Wire>(entry)?.try_into(),
            ("hashedrekord", "0.0.2") => spec::<HashedRekord2Wire>(entry)?.hashed_rekord_v002.try_into(),
            ("dsse", "0.0.1") => spec::<Dsse1Wire>(entry)?.try_into(),
            ("dsse", "0.0.2") => spec::<Dsse2Wire>(entry)?.dsse_v002.try_into(),
            ("intoto", "0.0.2") => spec::<IntotoWire>(entry)?.content.try_into(),
            ("intoto", "0.0.1") => Err(unsupported(
                "a log entry of kind intoto/0.0.1, which does not name a signature",
            )),
            (kind, version) => Err(unsupported(&format!("a log entry of kind {kind}/{version}"))),
        }
    }

    /// The digest that was signed, when it is that of an artifact.
    pub(crate) fn artifact_digest(&self) -> Option<&Digest> {
        match &self.logged {
            Logged::Hashed(digest) => Some(digest),
            Logged::Payload(..) => None,
        }
    }

    /// That the entry is about this signature, by the same key, over the same thing.
    pub(crate) fn check(&self, about: &About<'_>) -> Result<(), Rejection> {
        if self.signature != about.signature {
            return Err(mismatch("it has another signature"));
        }
        let same = match (about.verifier, &self.verifier) {
            (Verifier::Certificate(expected), LoggedVerifier::Certificate(found)) => expected == found,
            (Verifier::Key(expected), LoggedVerifier::Key(found)) => expected == found,
            _ => false,
        };
        if !same {
            return Err(mismatch("it has another certificate or key"));
        }
        match (&self.logged, about.signed) {
            (Logged::Hashed(found), SignedAs::Artifact(expected)) if found.algorithm() == expected.algorithm() => {
                check_digest(found, expected.as_bytes())
            }
            (Logged::Hashed(found), SignedAs::Artifact(expected)) => Err(unsupported(&format!(
                "a log entry with a {} digest for a signature with a {} digest",
                found.algorithm(),
                expected.algorithm()
            ))),
            (Logged::Hashed(found), SignedAs::Envelope { encoding, .. }) => check_digest_of(found, encoding),
            (
                Logged::Payload(found, logged_type),
                SignedAs::Envelope {
                    payload, payload_type, ..
                },
            ) => {
                if logged_type.as_deref().is_some_and(|logged| logged != payload_type) {
                    return Err(mismatch("it has another type of payload"));
                }
                check_digest_of(found, payload)
            }
            (Logged::Payload(..), SignedAs::Artifact(_)) => Err(mismatch("it is about an envelope")),
        }
    }
}

fn check_digest_of(found: &Digest, bytes: &[u8]) -> Result<(), Rejection> {
    let hash = crate::crypto::Hash::of_algorithm(found.algorithm());
    let hash = hash.ok_or_else(|| unsupported(&format!("a log entry with a {} digest", found.algorithm())))?;
    check_digest(found, hash.of(bytes).as_ref())
}

fn check_digest(found: &Digest, expected: &[u8]) -> Result<(), Rejection> {
    match found.as_bytes() == expected {
        true => Ok(()),
        false => Err(mismatch("it has another digest")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KindWire<'a> {
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
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

impl TryFrom<HashedRekord1Wire> for Body {
    type Error = Rejection;

    fn try_from(wire: HashedRekord1Wire) -> Result<Self, Rejection> {
        Ok(Self {
            logged: Logged::Hashed(wire.data.hash.try_into()?),
            signature: base64(&wire.signature.content)?,
            verifier: in_pem(&wire.signature.public_key.content)?,
        })
    }
}

impl TryFrom<Entry2Wire> for Body {
    type Error = Rejection;

    fn try_from(wire: Entry2Wire) -> Result<Self, Rejection> {
        Ok(Self {
            logged: Logged::Hashed(wire.data.try_into()?),
            signature: base64(&wire.signature.content)?,
            verifier: wire.signature.verifier.try_into()?,
        })
    }
}

impl TryFrom<Dsse1Wire> for Body {
    type Error = Rejection;

    fn try_from(wire: Dsse1Wire) -> Result<Self, Rejection> {
        let signature = only(wire.signatures)?;
        Ok(Self {
            logged: Logged::Payload(wire.payload_hash.try_into()?, None),
            signature: base64(&signature.signature)?,
            verifier: in_pem(&signature.verifier)?,
        })
    }
}

impl TryFrom<DsseEntry2Wire> for Body {
    type Error = Rejection;

    fn try_from(wire: DsseEntry2Wire) -> Result<Self, Rejection> {
        let signature = only(wire.signatures)?;
        Ok(Self {
            logged: Logged::Payload(wire.payload_hash.try_into()?, None),
            signature: base64(&signature.content)?,
            verifier: signature.verifier.try_into()?,
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
            signature: base64(&text(base64(&signature.sig)?)?)?,
            verifier: in_pem(&signature.public_key)?,
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

fn mismatch(detail: &str) -> Rejection {
    Rejection::LogEntryMismatch {
        detail: detail.to_owned(),
    }
}

fn unsupported(detail: &str) -> Rejection {
    Rejection::Unsupported {
        detail: detail.to_owned(),
    }
}
