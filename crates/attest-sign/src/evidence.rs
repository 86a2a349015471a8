use attestation::Envelope;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;
use sigstore_types::TransparencyLogEntry;

use crate::{Error, LogRequest, Port, Verifier};

/// The largest log entry that is read, in bytes: a body of a certificate, a signature and digests, and a proof of at most
/// 64 hashes. A few KiB in practice; Rekor itself keeps entries below 100 KiB unless they carry the payload.
const MAX_ENTRY_BYTES: usize = 1 << 20;

/// The largest timestamp that is read, in bytes. With a whole chain inside they are about 6 KiB.
const MAX_TIMESTAMP_BYTES: usize = 64 << 10;

/// The proof that a signature was published: a `TransparencyLogEntry` of the Sigstore protobuf-specs.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    entry: TransparencyLogEntry,
}

/// The proof that a signature existed at some time: a `TimeStampResp` of RFC 3161.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampToken {
    der: Vec<u8>,
}

impl TimestampToken {
    /// Takes a response that was granted, as its authority sent it.
    ///
    /// # Errors
    /// When it is too large to be one.
    pub fn from_der(der: Vec<u8>) -> Result<Self, Error> {
        if der.is_empty() || der.len() > MAX_TIMESTAMP_BYTES {
            let found = format!("{} bytes", der.len());
            return Err(Error::answer(
                Port::Timestamps,
                "a timestamp of 1 to 65536 bytes",
                found,
            ));
        }
        Ok(Self { der })
    }

    /// The response, DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }
}

impl LogEntry {
    /// Reads an entry in its protobuf JSON form. Fields that nothing authenticates and nobody needs are dropped.
    ///
    /// # Errors
    /// When a field is missing or malformed.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MAX_ENTRY_BYTES {
            return Err(wrong("an entry of at most 1 MiB", format!("{} bytes", json.len())));
        }
        let entry: TransparencyLogEntry =
            serde_json::from_slice(json).map_err(|error| wrong("a log entry", error.to_string()))?;
        match &entry.inclusion_proof {
            Some(proof) if !proof.checkpoint.is_empty() => Ok(Self { entry }),
            Some(_) => Err(wrong("an inclusion proof with its checkpoint", "no checkpoint")),
            None => Err(wrong("an inclusion proof", "none")),
        }
    }

    /// The entry in its protobuf JSON form.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(&self.entry).expect("an entry that was read from JSON has a JSON form")
    }

    /// The place of the entry in its log.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.entry.log_index.get()
    }

    /// Whether the log itself signed the time (Rekor v1), so that no timestamp authority is needed.
    #[must_use]
    pub fn has_signed_time(&self) -> bool {
        self.entry.inclusion_promise.is_some() && self.entry.integrated_time.is_some()
    }

    /// The time that the log itself signed.
    pub(crate) fn signed_time(&self) -> Option<Timestamp> {
        self.entry.inclusion_promise.as_ref()?;
        self.entry.integrated_time
    }

    /// The entry as its inclusion proof alone shows it.
    pub(crate) fn without_time(mut self) -> Self {
        self.entry.inclusion_promise = None;
        self.entry.integrated_time = None;
        self
    }

    /// Checks that the entry is about what was asked for. That the log signed it is for a verifier to say.
    pub(crate) fn check(&self, request: &LogRequest<'_>) -> Result<(), Error> {
        let body: Value = serde_json::from_slice(self.entry.canonicalized_body.as_bytes())
            .map_err(|_| wrong("an entry with a JSON body", "something else"))?;
        let kind = self.entry.kind_version;
        let recorded = match (kind.kind(), kind.version()) {
            ("hashedrekord", "0.0.1") => Recorded::hashed(&body["spec"], request),
            ("hashedrekord", "0.0.2") => Recorded::hashed_v002(&body["spec"]["hashedRekordV002"], request),
            ("dsse", "0.0.1") => Recorded::envelope(&body["spec"], request),
            (kind, version) => return Err(wrong("a hashedrekord or dsse entry", format!("{kind} {version}"))),
        };
        recorded.check(request)
    }
}

/// What an entry says, each thing where its kind has it.
struct Recorded<'a> {
    digest: &'a Value,
    /// The digest that was sent, as this kind writes it.
    expected_digest: String,
    signature: &'a Value,
    verifier: Option<Vec<u8>>,
}

impl<'a> Recorded<'a> {
    fn hashed(entry: &'a Value, request: &LogRequest<'_>) -> Self {
        let signature = &entry["signature"];
        Self {
            digest: &entry["data"]["hash"]["value"],
            expected_digest: request.digest.to_hex(),
            signature: &signature["content"],
            verifier: from_pem(&signature["publicKey"]["content"]),
        }
    }

    fn hashed_v002(entry: &'a Value, request: &LogRequest<'_>) -> Self {
        let signature = &entry["signature"];
        let verifier = match request.verifier {
            Verifier::Certificate(_) => &signature["verifier"]["x509Certificate"]["rawBytes"],
            Verifier::PublicKey(_) => &signature["verifier"]["publicKey"]["rawBytes"],
        };
        Self {
            digest: &entry["data"]["digest"],
            expected_digest: STANDARD.encode(request.digest.as_bytes()),
            signature: &signature["content"],
            verifier: decoded(verifier),
        }
    }

    fn envelope(entry: &'a Value, request: &LogRequest<'_>) -> Self {
        let signature = &entry["signatures"][0];
        Self {
            digest: &entry["payloadHash"]["value"],
            expected_digest: payload_hash(request.envelope),
            signature: &signature["signature"],
            verifier: from_pem(&signature["verifier"]),
        }
    }

    fn check(&self, request: &LogRequest<'_>) -> Result<(), Error> {
        same(
            "the digest that was sent",
            self.digest.as_str(),
            self.expected_digest.as_str(),
        )?;
        let signature = decoded(self.signature);
        same("the signature that was sent", signature.as_deref(), request.signature)?;
        same(
            "the certificate or key that was sent",
            self.verifier.as_deref(),
            request.verifier.as_der(),
        )
    }
}

fn same<T: PartialEq + ?Sized>(what: &'static str, found: Option<&T>, expected: &T) -> Result<(), Error> {
    match found {
        Some(found) if found == expected => Ok(()),
        Some(_) => Err(wrong(what, "another one")),
        None => Err(wrong(what, "none")),
    }
}

fn decoded(field: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(field.as_str()?).ok()
}

/// The log writes PEM in its own way: what is inside counts.
fn from_pem(field: &Value) -> Option<Vec<u8>> {
    let pem = decoded(field)?;
    let (label, der) = der::pem::decode_vec(&pem).ok()?;
    ["CERTIFICATE", "PUBLIC KEY"].contains(&label).then_some(der)
}

fn payload_hash(envelope: Option<&Envelope>) -> String {
    let payload = envelope
        .map(|envelope| envelope.payload().as_bytes())
        .unwrap_or_default();
    sigstore_crypto::sha256(payload).to_hex()
}

fn wrong(expected: &'static str, found: impl Into<String>) -> Error {
    Error::answer(Port::Log, expected, found.into())
}
