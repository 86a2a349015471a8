use std::sync::Arc;

use attest_digest::Digest;
use attestation::{Bundle, Envelope, KeyMaterial, SignedContent, pre_authentication_encoding};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::bundle::{Content, Parts};
use crate::{
    Error, LogEntry, LogRequest, PublicKey, SignatureAlgorithm, SigningCertificate, TimestampToken, TransparencyLog,
    Verifier,
};

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
    Artifact {
        algorithm: SignatureAlgorithm,
        digest: Digest,
        signature: Vec<u8>,
    },
    Statement {
        algorithm: SignatureAlgorithm,
        digest: Digest,
        envelope: Envelope,
    },
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
        for log in logs {
            log.version().check(request.algorithm, request.content())?;
        }
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

    /// How it was signed.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        match &self.signed {
            Signed::Artifact { algorithm, .. } | Signed::Statement { algorithm, .. } => *algorithm,
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
        let algorithm = self.algorithm().name();
        let mut document =
            json!({ "schema": SCHEMA, "lacks": ["log"], "signingAlgorithm": algorithm, "bundle": bundle });
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
            signed: signed(&contents.content, &signer, wire.signing_algorithm.as_deref())?,
            signer,
            timestamps: timestamps.collect::<Result<_, _>>()?,
        })
    }

    fn log_request(&self) -> LogRequest<'_> {
        let (algorithm, digest, signature) = match &self.signed {
            Signed::Artifact {
                algorithm,
                digest,
                signature,
            } => (*algorithm, digest, signature.as_slice()),
            Signed::Statement {
                algorithm,
                digest,
                envelope,
            } => (*algorithm, digest, envelope.signature()),
        };
        LogRequest {
            algorithm,
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
            Signed::Artifact { digest, signature, .. } => Content::Message { digest, signature },
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
    /// Not in documents of the first release, which knew one algorithm for each key.
    signing_algorithm: Option<String>,
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

fn signed(content: &SignedContent, signer: &Signer, algorithm: Option<&str>) -> Result<Signed, Error> {
    let key = match signer {
        Signer::Certificate(certificate) => certificate.public_key().algorithm(),
        Signer::Key(key) => key.algorithm(),
    };
    let algorithm = match algorithm {
        Some(name) => name.parse()?,
        None => key.own(),
    };
    if algorithm.key() != key {
        return Err(Error::OtherSignatureAlgorithm { key, found: algorithm });
    }
    match content {
        SignedContent::Message(message) => {
            let digest = message.digest.clone();
            let digest = digest.ok_or_else(|| wrong("the digest of the artifact", "none"))?;
            if algorithm.digest() != Some(digest.algorithm()) {
                let found = digest.algorithm();
                return Err(wrong("the digest that the signature is over", found));
            }
            Ok(Signed::Artifact {
                algorithm,
                digest,
                signature: message.signature.clone(),
            })
        }
        SignedContent::Envelope(envelope) => Ok(Signed::Statement {
            algorithm,
            digest: algorithm.recorded_digest(&encoded(envelope)),
            envelope: envelope.clone(),
        }),
        _ => Err(wrong("an artifact or a statement", "something else")),
    }
}

fn encoded(envelope: &Envelope) -> Vec<u8> {
    pre_authentication_encoding(envelope.payload().payload_type(), envelope.payload().as_bytes())
}

fn wrong(expected: &'static str, found: impl ToString) -> Error {
    Error::Pending {
        expected,
        found: found.to_string(),
    }
}
