mod tiles;

use std::sync::Arc;

use attest_sign::{LogEntry, LogRequest, Port, RekorVersion, TransparencyLog, Verifier};
use attestation::Envelope;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore_types::KindVersion;

use crate::http::{Answer, Exchange, Http, Request};
use crate::{Endpoint, Error, Service};

/// The largest answer that is read, in bytes. An entry is a few KiB; Rekor v1 may send the attestation back with it.
const MAX_ANSWER_BYTES: usize = 128 << 20;

/// The largest statement that is sent to Rekor v1, in bytes. That version wants the whole envelope, of which it keeps nothing
/// but digests; front doors of public instances refuse larger requests without a reason that could be shown.
const MAX_ENVELOPE_BYTES: u64 = 16 << 20;

/// The largest part of a log that is read, in bytes: 256 entries of at most 65,535 bytes, each behind two bytes.
const MAX_TILE_BYTES: usize = 17 << 20;

/// What a log answers to an entry that it has already.
const CONFLICT: u16 = 409;

/// One log.
#[derive(Debug)]
pub(crate) struct Rekor {
    http: Arc<Http>,
    version: RekorVersion,
    base: Endpoint,
    endpoint: Endpoint,
    /// The logs that are trusted: an entry that is read back from tiles does not say itself which log it is in.
    known: Vec<Vec<u8>>,
}

impl Rekor {
    pub(crate) fn new(http: Arc<Http>, version: RekorVersion, base: &Endpoint) -> Self {
        let path = format!("api/v{}/log/entries", version.major());
        let endpoint = base.join(&path);
        Self {
            http,
            version,
            base: base.clone(),
            endpoint,
            known: Vec::new(),
        }
    }

    pub(crate) fn knowing(mut self, logs: &[Vec<u8>]) -> Self {
        self.known = logs.to_vec();
        self
    }

    fn record_v1(&self, request: &LogRequest<'_>) -> Result<Vec<u8>, Error> {
        let (proposal, kind) = match request.envelope {
            None => (hashedrekord_v1(request), KindVersion::HashedRekordV001),
            Some(envelope) => (dsse_v1(request, envelope), KindVersion::DsseV001),
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

    fn record_v2(&self, request: &LogRequest<'_>) -> Result<Vec<u8>, Error> {
        let proposal = hashedrekord_v2(request);
        // What an earlier attempt has left behind can be shown again only to whoever knows the log.
        let expected: &[u16] = if self.known.is_empty() { &[] } else { &[CONFLICT] };
        let answer = self.exchange(&self.endpoint, Request::PostJson(&proposal), expected)?;
        match answer.status {
            CONFLICT => {
                let index = answer.log_index.and_then(|index| index.parse().ok());
                let index = index.ok_or_else(|| self.wrong("the index of the existing entry", "none"))?;
                let entry = tiles::entry(self, index, &self.known)?;
                serde_json::to_vec(&entry).map_err(|error| self.wrong("a log entry", error))
            }
            _ => Ok(answer.body),
        }
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

impl tiles::Source for Rekor {
    type Error = Error;

    fn get(&self, path: &str) -> Result<Vec<u8>, Error> {
        let exchange = Exchange {
            service: Service::Rekor,
            endpoint: &self.base.join(&format!("api/v2/{path}")),
            limit: MAX_TILE_BYTES,
            request: Request::Get { bearer: None },
        };
        Ok(self.http.exchange(&exchange, &[])?.body)
    }

    fn wrong(&self, expected: &'static str, found: String) -> Error {
        Self::wrong(self, expected, found)
    }
}

impl TransparencyLog for Rekor {
    fn version(&self) -> RekorVersion {
        self.version
    }

    fn record(&self, request: &LogRequest<'_>) -> Result<LogEntry, attest_sign::Error> {
        check(self.version, request)?;
        let entry = match self.version {
            RekorVersion::V1 => self.record_v1(request),
            _ => self.record_v2(request),
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

/// Said before anything is sent.
fn check(version: RekorVersion, request: &LogRequest<'_>) -> Result<(), attest_sign::Error> {
    version.check(request.algorithm, request.content())?;
    let size = request
        .envelope
        .map_or(0, |envelope| envelope.payload().as_bytes().len() as u64);
    match version {
        RekorVersion::V1 if size > MAX_ENVELOPE_BYTES => Err(attest_sign::Error::TooLargeForLog {
            log: version.name(),
            limit: MAX_ENVELOPE_BYTES,
            found: size,
        }),
        _ => Ok(()),
    }
}

/// Source: Rekor, `pkg/types/hashedrekord/v0.0.1/hashedrekord_v0_0_1_schema.json`.
fn hashedrekord_v1(request: &LogRequest<'_>) -> Value {
    let hash = json!({ "algorithm": request.digest.algorithm().name(), "value": request.digest.to_hex() });
    let signature = json!({
        "content": STANDARD.encode(request.signature),
        "publicKey": { "content": STANDARD.encode(request.verifier.to_pem()) },
    });
    json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": { "data": { "hash": hash }, "signature": signature },
    })
}

/// Source: Rekor, `pkg/types/dsse/v0.0.1/dsse_v0_0_1_schema.json`.
fn dsse_v1(request: &LogRequest<'_>, envelope: &Envelope) -> Value {
    let content = json!({
        "envelope": envelope.to_json(),
        "verifiers": [STANDARD.encode(request.verifier.to_pem())],
    });
    json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": { "proposedContent": content } })
}

/// Source: Sigstore protobuf-specs, `rekor/v2/hashedrekord.proto`.
fn hashedrekord_v2(request: &LogRequest<'_>) -> Value {
    let material = match request.verifier {
        Verifier::Certificate(_) => "x509Certificate",
        Verifier::PublicKey(_) => "publicKey",
    };
    let verifier = json!({
        material: { "rawBytes": STANDARD.encode(request.verifier.as_der()) },
        "keyDetails": request.algorithm.key_details(),
    });
    json!({ "hashedRekordRequestV002": {
        "digest": STANDARD.encode(request.digest.as_bytes()),
        "signature": { "content": STANDARD.encode(request.signature), "verifier": verifier },
    } })
}
