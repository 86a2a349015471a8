use std::sync::Arc;

use attest_sign::{LogEntry, LogRequest, Port, TransparencyLog};
use attestation::Envelope;
use serde::Serialize;
use serde_json::Value;
use sigstore_rekor::{DsseEntry, HashedRekord, HashedRekordV2, RekorV2KeyDetails};
use sigstore_types::{
    DerCertificate, DsseEnvelope, DsseSignature, KeyId, KindVersion, PayloadBytes, Sha256Hash, SignatureBytes,
};

use crate::http::{Answer, Exchange, Http, Request};
use crate::{Endpoint, Error, Service};

/// The largest answer that is read, in bytes. An entry is a few KiB; Rekor v1 may send the attestation back with it.
const MAX_ANSWER_BYTES: usize = 128 << 20;

/// What a log answers to an entry that it has already.
const CONFLICT: u16 = 409;

/// A version of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RekorVersion {
    /// Signs a promise and the time itself.
    V1,
    /// A log of tiles. Signs no time: a timestamp authority has to.
    V2,
}

impl RekorVersion {
    /// The number, as signing configurations have it.
    #[must_use]
    pub fn major(self) -> u32 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }
}

/// One log.
#[derive(Debug)]
pub(crate) struct Rekor {
    http: Arc<Http>,
    version: RekorVersion,
    endpoint: Endpoint,
}

impl Rekor {
    pub(crate) fn new(http: Arc<Http>, version: RekorVersion, base: &Endpoint) -> Self {
        let path = format!("api/v{}/log/entries", version.major());
        let endpoint = base.join(&path);
        Self {
            http,
            version,
            endpoint,
        }
    }

    fn record_v1(&self, request: &LogRequest<'_>) -> Result<Vec<u8>, Error> {
        let (proposal, kind) = match request.envelope {
            None => (json(&hashedrekord(request)), KindVersion::HashedRekordV001),
            Some(envelope) => (json(&self.dsse(request, envelope)?), KindVersion::DsseV001),
        };
        let answer = self.exchange(&self.endpoint, Request::PostJson(&proposal), &[CONFLICT])?;
        let body = match answer {
            Answer {
                status: CONFLICT,
                location,
                ..
            } => self.existing(location.as_deref())?,
            Answer { body, .. } => body,
        };
        self.to_bundle_entry(&body, kind)
    }

    /// An entry that an earlier attempt has left behind is as good as a new one.
    fn existing(&self, location: Option<&str>) -> Result<Vec<u8>, Error> {
        let place = location.and_then(|location| self.endpoint.relocated(location));
        let place = place.ok_or_else(|| self.wrong("the place of the existing entry", "none on the same host"))?;
        Ok(self.exchange(&place, Request::Get { bearer: None }, &[])?.body)
    }

    /// Rekor v1 answers in a form of its own: hexadecimal, and keyed by the name of the entry.
    fn to_bundle_entry(&self, body: &[u8], kind: KindVersion) -> Result<Vec<u8>, Error> {
        let body: Value = serde_json::from_slice(body).map_err(|error| self.wrong("JSON", error))?;
        let mut entries = body.as_object().into_iter().flatten().map(|(_, entry)| entry);
        let (Some(entry), None) = (entries.next(), entries.next()) else {
            return Err(self.wrong("exactly one log entry", "another number"));
        };
        let entry: sigstore_rekor::LogEntry =
            serde_json::from_value(entry.clone()).map_err(|error| self.wrong("a log entry", error))?;
        let entry = entry
            .to_bundle_entry(kind)
            .map_err(|error| self.wrong("a log entry with a proof", error))?;
        serde_json::to_vec(&entry).map_err(|error| self.wrong("a log entry", error))
    }

    fn dsse(&self, request: &LogRequest<'_>, envelope: &Envelope) -> Result<DsseEntry, Error> {
        DsseEntry::new(&dsse_envelope(envelope), &certificate(request))
            .map_err(|error| self.wrong("an envelope that can be sent", error))
    }

    fn record_v2(&self, request: &LogRequest<'_>) -> Result<Vec<u8>, Error> {
        let proposal = HashedRekordV2::new_with_certificate(
            &Sha256Hash::new(request.digest),
            &SignatureBytes::from_bytes(request.signature),
            &certificate(request),
            RekorV2KeyDetails::PkixEcdsaP256Sha256,
        );
        Ok(self
            .exchange(&self.endpoint, Request::PostJson(&json(&proposal)), &[])?
            .body)
    }

    fn exchange(&self, endpoint: &Endpoint, request: Request<'_>, expected: &[u16]) -> Result<Answer, Error> {
        let exchange = Exchange {
            service: Service::Rekor,
            endpoint,
            limit: MAX_ANSWER_BYTES,
            request,
        };
        self.http.exchange(&exchange, expected)
    }

    fn wrong(&self, expected: &'static str, found: impl std::fmt::Display) -> Error {
        Error::Answer {
            service: Service::Rekor,
            url: self.endpoint.to_string(),
            expected,
            found: found.to_string(),
        }
    }
}

impl TransparencyLog for Rekor {
    fn record(&self, request: &LogRequest<'_>) -> Result<LogEntry, attest_sign::Error> {
        let entry = match self.version {
            RekorVersion::V1 => self.record_v1(request),
            RekorVersion::V2 => self.record_v2(request),
        };
        LogEntry::from_json(&entry.map_err(failed)?)
    }
}

/// A signature that was recorded by an attempt whose answer was lost: signing again makes another one.
fn failed(error: Error) -> attest_sign::Error {
    match error {
        Error::Status { status: CONFLICT, .. } => attest_sign::Error::AlreadyRecorded {
            source: Box::new(error),
        },
        error => attest_sign::Error::port(Port::Log, error),
    }
}

fn hashedrekord(request: &LogRequest<'_>) -> HashedRekord {
    let signature = SignatureBytes::from_bytes(request.signature);
    HashedRekord::new(&Sha256Hash::new(request.digest), &signature, &certificate(request))
}

fn certificate(request: &LogRequest<'_>) -> DerCertificate {
    DerCertificate::new(request.certificate.as_der().to_vec())
}

fn dsse_envelope(envelope: &Envelope) -> DsseEnvelope {
    DsseEnvelope::new(
        envelope.payload().payload_type().to_owned(),
        PayloadBytes::new(envelope.payload().as_bytes().to_vec()),
        DsseSignature::new(SignatureBytes::from_bytes(envelope.signature()), KeyId::default()),
    )
}

fn json(proposal: &impl Serialize) -> Value {
    serde_json::to_value(proposal).expect("a proposal is plain data with text keys")
}
