use std::sync::Arc;

use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use attestation::{Bundle, Envelope, KeyMaterial, SignedContent, pre_authentication_encoding};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::bundle::{Content, Parts};
use crate::{Error, LogEntry, LogRequest, PublicKey, SigningCertificate, TimestampToken, TransparencyLog, Verifier};

/// What a pending signature says it is.
const SCHEMA: &str = "https://attest.dev/schema/pending/v1";

/// Something that was signed, and timestamped if that was asked for, and is not in a log yet. It holds no private key: whoever
/// has it can publish the signature, and nothing else.
#[derive(Debug, Clone)]
pub struct Pending {
    pub(crate) signed: Signed,
    pub(crate) signer: Signer,
    pub(crate) timestamps: Vec<TimestampToken>,
}

/// What was signed, with its signature.
#[derive(Debug, Clone)]
pub(crate) enum Signed {
    Artifact { digest: Digest, signature: Vec<u8> },
    Statement { digest: Digest, envelope: Envelope },
}

/// What verifies it.
#[derive(Debug, Clone)]
pub(crate) enum Signer {
    Certificate(Arc<SigningCertificate>),
    Key(PublicKey),
}

impl Pending {
    /// Publishes the signature in every one of `logs` and makes a bundle of it. A log that has it already answers with the
    /// entry that it has, so that this may be tried as often as it takes.
    ///
    /// A log that signs the time may say one at which the certificate had run out, long after the timestamp that counts. Such
    /// a time is left out, and the entry stands by its inclusion proof.
    ///
    /// # Errors
    /// When there is no log, a log fails or answers something else, or nobody has signed the time.
    pub fn record(&self, logs: &[&dyn TransparencyLog]) -> Result<Bundle, Error> {
        if logs.is_empty() {
            return Err(Error::NoLog);
        }
        let request = self.log_request();
        let mut entries = Vec::with_capacity(logs.len());
        for log in logs {
            let entry = log.record(&request)?;
            entry.check(&request)?;
            entries.push(self.timely(entry)?);
        }
        self.check_time(&entries)?;
        self.bundle(&entries)
    }

    /// Makes a bundle without a log entry.
    ///
    /// # Errors
    /// When a certificate was used and nobody has signed the time.
    pub fn unrecorded(&self) -> Result<Bundle, Error> {
        self.check_time(&[])?;
        self.bundle(&[])
    }

    /// What verifies the signature.
    #[must_use]
    pub fn verifier(&self) -> Verifier<'_> {
        match &self.signer {
            Signer::Certificate(certificate) => Verifier::Certificate(certificate),
            Signer::Key(key) => Verifier::PublicKey(key),
        }
    }

    /// The digest of the artifact that was signed, unless it was a statement.
    #[must_use]
    pub fn artifact(&self) -> Option<&Digest> {
        match &self.signed {
            Signed::Artifact { digest, .. } => Some(digest),
            Signed::Statement { .. } => None,
        }
    }

    /// The envelope of the statement that was signed, unless it was an artifact.
    #[must_use]
    pub fn envelope(&self) -> Option<&Envelope> {
        match &self.signed {
            Signed::Artifact { .. } => None,
            Signed::Statement { envelope, .. } => Some(envelope),
        }
    }

    /// The signature as a document that [`Pending::parse`] reads: a bundle that lacks its log entries, and the key when the
    /// bundle has only a hint of it. It is no bundle itself, so that nothing takes it for a finished one.
    ///
    /// # Errors
    /// When a certificate was used and nobody has signed the time, or it is larger than any reader accepts.
    pub fn to_json(&self) -> Result<Value, Error> {
        let bundle = self.unrecorded()?;
        let bundle: Value = serde_json::from_slice(bundle.as_json()).expect("a bundle is JSON");
        let mut document = json!({ "schema": SCHEMA, "lacks": ["log"], "bundle": bundle });
        if let Signer::Key(key) = &self.signer {
            document["publicKey"] = key.to_pem().into();
        }
        Ok(document)
    }

    /// Reads a signature that waits for its log entry. Nothing in it is checked but its form; a log checks the signature.
    ///
    /// # Errors
    /// When it is of another schema, or lacks more or less than its log entries.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        let wire: PendingWire<'_> = serde_json::from_slice(json).map_err(|error| wrong("a JSON document", error))?;
        if wire.schema != SCHEMA || wire.lacks != ["log"] {
            return Err(wrong(
                "schema `https://attest.dev/schema/pending/v1` that lacks the log",
                wire.schema,
            ));
        }
        let bundle = Bundle::parse(wire.bundle.get().as_bytes())?;
        let contents = bundle.peek_unverified();
        if !contents.log_entries.is_empty() {
            return Err(wrong("no log entry", "one"));
        }
        let signer = signer(&contents.key_material, wire.public_key.as_deref())?;
        let timestamps = contents.timestamps.iter().cloned().map(TimestampToken::from_der);
        Ok(Self {
            signed: signed(&contents.content, &signer)?,
            signer,
            timestamps: timestamps.collect::<Result<_, _>>()?,
        })
    }

    fn log_request(&self) -> LogRequest<'_> {
        let (digest, signature) = match &self.signed {
            Signed::Artifact { digest, signature } => (digest, signature.as_slice()),
            Signed::Statement { digest, envelope } => (digest, envelope.signature()),
        };
        LogRequest {
            digest,
            signature,
            verifier: self.verifier(),
            envelope: self.envelope(),
        }
    }

    fn timely(&self, entry: LogEntry) -> Result<LogEntry, Error> {
        let Signer::Certificate(certificate) = &self.signer else {
            return Ok(entry);
        };
        let late = |time: Timestamp| time > certificate.not_after() && !self.timestamps.is_empty();
        match entry.signed_time() {
            Some(time) if late(time) => Ok(entry.without_time()),
            _ => Ok(entry),
        }
    }

    fn check_time(&self, entries: &[LogEntry]) -> Result<(), Error> {
        let timed = !self.timestamps.is_empty() || entries.iter().any(LogEntry::has_signed_time);
        match &self.signer {
            Signer::Certificate(_) if !timed => Err(Error::NoSignedTime),
            _ => Ok(()),
        }
    }

    fn bundle(&self, entries: &[LogEntry]) -> Result<Bundle, Error> {
        let content = match &self.signed {
            Signed::Artifact { digest, signature } => Content::Message { digest, signature },
            Signed::Statement { envelope, .. } => Content::Envelope(envelope),
        };
        Parts {
            content,
            verifier: self.verifier(),
            entries,
            timestamps: &self.timestamps,
        }
        .to_bundle()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PendingWire<'a> {
    schema: String,
    lacks: Vec<String>,
    #[serde(borrow)]
    bundle: &'a RawValue,
    public_key: Option<String>,
}

fn signer(material: &KeyMaterial, key: Option<&str>) -> Result<Signer, Error> {
    match (material, key) {
        (KeyMaterial::Certificate(der), None) => Ok(Signer::Certificate(Arc::new(SigningCertificate::from_der(der)?))),
        (KeyMaterial::PublicKey { hint }, Some(pem)) => {
            let key = PublicKey::from_pem(pem.as_bytes())?;
            match *hint == key.hint() {
                true => Ok(Signer::Key(key)),
                false => Err(wrong("the key that the hint is of", "another one")),
            }
        }
        _ => Err(wrong("either a certificate or a key with its hint", "neither or both")),
    }
}

fn signed(content: &SignedContent, signer: &Signer) -> Result<Signed, Error> {
    match content {
        SignedContent::Message(message) => Ok(Signed::Artifact {
            digest: message
                .digest
                .clone()
                .ok_or_else(|| wrong("the digest of the artifact", "none"))?,
            signature: message.signature.clone(),
        }),
        SignedContent::Envelope(envelope) => {
            let key = match signer {
                Signer::Certificate(certificate) => certificate.public_key(),
                Signer::Key(key) => key,
            };
            Ok(Signed::Statement {
                digest: statement_digest(key, &encoded(envelope)),
                envelope: envelope.clone(),
            })
        }
        _ => Err(wrong("an artifact or a statement", "something else")),
    }
}

fn encoded(envelope: &Envelope) -> Vec<u8> {
    pre_authentication_encoding(envelope.payload().payload_type(), envelope.payload().as_bytes())
}

/// The digest that logs record for a statement: by the algorithm of the key, and SHA-256 where keys sign whole messages.
pub(crate) fn statement_digest(key: &PublicKey, encoded: &[u8]) -> Digest {
    let algorithm = key.algorithm().digest().unwrap_or(Algorithm::Sha256);
    let measured = Measured::of_bytes(encoded, &Algorithms::one(algorithm));
    measured.digest(algorithm).expect("it was asked for").clone()
}

fn wrong(expected: &'static str, found: impl ToString) -> Error {
    Error::Pending {
        expected,
        found: found.to_string(),
    }
}
