//! A session against the services of a sandbox, called in the same process, with a clock that stands still.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use attest_sandbox::{Claims, Config, KeyProof, Keys, ManualClock, ProposalV1, RequestV2, Sigstore, TimestampRequest};
use attest_sign::{
    CertificateAuthority, CertificateRequest, EphemeralKey, Error, IdentityProvider, IdentityToken, LogEntry,
    LogRequest, Logging, Port, Ports, PublicKey, RekorVersion, Session, SigningCertificate, SigningKey,
    TimestampAuthority, TimestampToken, TransparencyLog, Verifier, Witnesses,
};
use attestation::{Bundle, Payload, Statement, Subject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const BEGIN: &str = "2026-01-02T03:04:05Z";

/// Every port at once, and what was asked of it.
pub(crate) struct World {
    sigstore: Sigstore,
    pub(crate) clock: Arc<ManualClock>,
    user: Mutex<&'static str>,
    rekor: u32,
    tokens: AtomicUsize,
    certificates: AtomicUsize,
    records: AtomicUsize,
    stamps: AtomicUsize,
    /// Records that answer "already recorded" although they went through.
    pub(crate) lost: AtomicUsize,
    stale: Mutex<Option<LogEntry>>,
}

impl World {
    pub(crate) fn new(rekor: u32) -> Self {
        let clock = Arc::new(ManualClock::new(begin()));
        let sigstore = Sigstore::new(Config {
            keys: Keys::from_seed([1; 32], begin()),
            clock: Arc::<ManualClock>::clone(&clock),
            user: Claims::email("a@example.com"),
            issuers: Vec::new(),
        });
        Self {
            sigstore: sigstore.unwrap(),
            clock,
            user: Mutex::new("a@example.com"),
            rekor,
            tokens: AtomicUsize::new(0),
            certificates: AtomicUsize::new(0),
            records: AtomicUsize::new(0),
            stamps: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            stale: Mutex::new(None),
        }
    }

    pub(crate) fn ports<'a>(&'a self, clock: &'a dyn attest_sign::Clock) -> Ports<'a> {
        Ports {
            identity: self,
            authority: self,
            witnesses: Witnesses {
                logging: Logging::Recorded(vec![self]),
                timestamps: vec![self],
            },
            clock,
        }
    }

    pub(crate) fn clock(&self) -> impl Fn() -> Timestamp + Send + Sync {
        let clock = Arc::clone(&self.clock);
        move || attest_sandbox::Clock::now(clock.as_ref())
    }

    pub(crate) fn asked(&self) -> [usize; 3] {
        [&self.tokens, &self.certificates, &self.records].map(|counter| counter.load(Ordering::Relaxed))
    }
}

impl IdentityProvider for World {
    fn token(&self) -> Result<IdentityToken, Error> {
        self.tokens.fetch_add(1, Ordering::Relaxed);
        let claims = Claims::email(*self.user.lock().unwrap());
        IdentityToken::parse(&self.sigstore.mint(&claims).unwrap())
    }
}

impl CertificateAuthority for World {
    fn issue(&self, request: &CertificateRequest<'_>) -> Result<SigningCertificate, Error> {
        self.certificates.fetch_add(1, Ordering::Relaxed);
        let proof = KeyProof::Signature {
            public_key: request.public_key.as_der(),
            signature: request.proof_of_possession,
        };
        let issued = self.sigstore.issue_certificate(request.token.expose_secret(), proof);
        let issued = issued.map_err(|error| Error::port(Port::Authority, error.to_string()))?;
        SigningCertificate::from_der(&issued.leaf_der().unwrap())
    }
}

impl TransparencyLog for World {
    fn version(&self) -> RekorVersion {
        match self.rekor {
            1 => RekorVersion::V1,
            _ => RekorVersion::V2,
        }
    }

    fn record(&self, request: &LogRequest<'_>) -> Result<LogEntry, Error> {
        self.records.fetch_add(1, Ordering::Relaxed);
        if self.lost.load(Ordering::Relaxed) > 0 {
            self.lost.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::AlreadyRecorded { source: "lost".into() });
        }
        if let Some(stale) = self.stale.lock().unwrap().clone() {
            return Ok(stale);
        }
        let entry = match self.rekor {
            1 => self.sigstore.log_v1(&proposal_v1(request)).unwrap().entry,
            _ => self.sigstore.log_v2(&request_v2(request)).unwrap(),
        };
        LogEntry::from_json(entry.to_string().as_bytes())
    }
}

impl TimestampAuthority for World {
    fn timestamp(&self, signature: &[u8]) -> Result<TimestampToken, Error> {
        self.stamps.fetch_add(1, Ordering::Relaxed);
        let request = TimestampRequest::sha256(sha256(signature)).unwrap();
        TimestampToken::from_der(self.sigstore.timestamp(&request).unwrap())
    }
}

fn proposal_v1(request: &LogRequest<'_>) -> ProposalV1 {
    let pem = STANDARD.encode(request.verifier.to_pem());
    let proposal = match request.envelope {
        None => json!({ "apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": { "hash": { "algorithm": request.digest.algorithm().name(), "value": request.digest.to_hex() } },
            "signature": { "content": STANDARD.encode(request.signature), "publicKey": { "content": pem } },
        } }),
        Some(envelope) => {
            let envelope = json!({
                "payload": STANDARD.encode(envelope.payload().as_bytes()),
                "payloadType": envelope.payload().payload_type(),
                "signatures": [{ "sig": STANDARD.encode(envelope.signature()) }],
            });
            let content = json!({ "envelope": envelope.to_string(), "verifiers": [pem] });
            json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": { "proposedContent": content } })
        }
    };
    ProposalV1::from_json(proposal.to_string().as_bytes()).unwrap()
}

fn request_v2(request: &LogRequest<'_>) -> RequestV2 {
    let material = match request.verifier {
        Verifier::Certificate(_) => "x509Certificate",
        Verifier::PublicKey(_) => "publicKey",
    };
    let request = json!({ "hashedRekordRequestV002": {
        "digest": STANDARD.encode(request.digest.as_bytes()),
        "signature": { "content": STANDARD.encode(request.signature), "verifier": {
            material: { "rawBytes": STANDARD.encode(request.verifier.as_der()) },
            "keyDetails": request.algorithm.key_details(),
        } },
    } });
    RequestV2::from_json(request.to_string().as_bytes()).unwrap()
}

pub(crate) fn begin() -> Timestamp {
    BEGIN.parse().unwrap()
}

pub(crate) fn after(minutes: i64) -> Timestamp {
    begin() + SignedDuration::from_mins(minutes)
}

pub(crate) fn measured(bytes: &[u8]) -> Measured {
    Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let measured = measured(bytes);
    measured
        .digest(Algorithm::Sha256)
        .unwrap()
        .as_bytes()
        .try_into()
        .unwrap()
}

pub(crate) fn key() -> Box<dyn SigningKey> {
    Box::new(EphemeralKey::generate().unwrap())
}

pub(crate) fn statement() -> Payload {
    Payload::in_toto(br#"{"_type":"https://in-toto.io/Statement/v1"}"#.to_vec())
}

#[test]
fn one_certificate_signs_many_times_in_both_logs() {
    for rekor in [1, 2] {
        let world = World::new(rekor);
        let clock = world.clock();
        let session = Session::open(&world.ports(&clock), key()).unwrap();
        assert_eq!(session.identity(), Some("a@example.com"));
        assert_eq!(session.issuer(), Some("http://localhost"));
        let bundles = [
            session.sign_artifact(&measured(b"a")).unwrap(),
            session.sign_artifact(&measured(b"b")).unwrap(),
            session.sign_statement(&statement()).unwrap(),
        ];
        assert_eq!(world.asked(), [1, 1, 3]);
        let certificate = |bundle: &Bundle| bundle.peek_unverified().certificate().unwrap().to_vec();
        assert!(
            bundles
                .iter()
                .all(|bundle| certificate(bundle) == certificate(&bundles[0]))
        );
        let envelope = bundles[2].peek_unverified().envelope().unwrap().clone();
        assert_eq!(envelope.payload(), &statement());
    }
}

/// What a release of 1,000 files costs, by the requests that reach each service.
#[test]
fn a_thousand_files_cost_one_certificate_and_as_one_statement_one_of_everything() {
    let world = World::new(2);
    let clock = world.clock();
    let session = Session::open(&world.ports(&clock), key()).unwrap();
    let files: Vec<Measured> = (0..1000_u32).map(|number| measured(&number.to_be_bytes())).collect();
    let subjects = files.iter().enumerate();
    let subjects = subjects
        .map(|(number, file)| Subject::measured(format!("file-{number}"), file))
        .collect();
    let statement = Statement::of_type(subjects, "https://sigstore.dev/cosign/sign/v1", serde_json::Map::new());
    session.sign_statement(&statement.unwrap().to_payload()).unwrap();
    assert_eq!((world.asked(), world.stamps.load(Ordering::Relaxed)), ([1, 1, 1], 1));
    for file in &files {
        session.sign_artifact(file).unwrap();
    }
    assert_eq!(
        (world.asked(), world.stamps.load(Ordering::Relaxed)),
        ([1, 1, 1001], 1001)
    );
}

#[test]
fn a_session_signs_from_several_threads() {
    let world = World::new(2);
    let clock = world.clock();
    let session = Session::open(&world.ports(&clock), key()).unwrap();
    std::thread::scope(|scope| {
        let sign = |byte: u8| session.sign_artifact(&measured(&[byte]));
        let threads: Vec<_> = (0..8).map(|byte| scope.spawn(move || sign(byte).map(drop))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    });
    assert_eq!(world.asked(), [1, 1, 8]);
}

#[test]
fn a_certificate_that_runs_out_is_renewed() {
    let world = World::new(2);
    let clock = world.clock();
    let session = Session::open(&world.ports(&clock), key()).unwrap();
    world.clock.set(after(8));
    session.sign_artifact(&measured(b"a")).unwrap();
    assert_eq!(world.asked(), [1, 1, 1]);
    world.clock.set(after(10));
    session.sign_artifact(&measured(b"a")).unwrap();
    assert_eq!(world.asked(), [2, 2, 2]);
}

#[test]
fn a_renewed_certificate_for_somebody_else_ends_the_session() {
    let world = World::new(2);
    let clock = world.clock();
    let session = Session::open(&world.ports(&clock), key()).unwrap();
    world.clock.set(after(30));
    *world.user.lock().unwrap() = "b@example.com";
    let error = session.sign_artifact(&measured(b"a")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected the renewed certificate to name `a@example.com by http://localhost`, found `b@example.com by \
         http://localhost`"
    );
    assert_eq!(world.asked(), [2, 2, 0]);
}

#[test]
fn a_certificate_for_another_time_is_not_used() {
    let world = World::new(2);
    let late = || after(60);
    let error = Session::open(&world.ports(&late), key()).unwrap_err();
    assert!(matches!(error, Error::NotValidNow { now, .. } if now == after(60)));
}

#[test]
fn a_clock_that_is_a_little_behind_the_authority_is_forgiven() {
    let world = World::new(2);
    let behind = |seconds| move || begin() - SignedDuration::from_secs(seconds);
    Session::open(&world.ports(&behind(60)), key()).unwrap();
    let error = Session::open(&world.ports(&behind(61)), key()).unwrap_err();
    assert!(matches!(error, Error::NotValidNow { not_before, .. } if not_before == begin()));
}

/// A key that shows one public key and signs with another.
struct TwoFaced(EphemeralKey, EphemeralKey);

impl SigningKey for TwoFaced {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        self.1.sign_digest(digest)
    }
}

#[test]
fn possession_of_the_key_is_proved_to_the_authority() {
    let world = World::new(2);
    let clock = world.clock();
    let key = TwoFaced(EphemeralKey::generate().unwrap(), EphemeralKey::generate().unwrap());
    let error = Session::open(&world.ports(&clock), Box::new(key)).unwrap_err();
    assert!(matches!(
        error,
        Error::Port {
            port: Port::Authority,
            ..
        }
    ));
}

/// An authority that certifies a key of its own.
struct Impostor<'a>(&'a World);

impl CertificateAuthority for Impostor<'_> {
    fn issue(&self, request: &CertificateRequest<'_>) -> Result<SigningCertificate, Error> {
        let own = EphemeralKey::generate()?;
        self.0.issue(&CertificateRequest {
            token: request.token,
            public_key: own.public_key(),
            proof_of_possession: &own.sign_message(request.token.challenge().as_bytes())?,
        })
    }
}

#[test]
fn a_certificate_for_another_key_is_not_used() {
    let world = World::new(2);
    let clock = world.clock();
    let impostor = Impostor(&world);
    let ports = Ports {
        authority: &impostor,
        ..world.ports(&clock)
    };
    assert_eq!(
        Session::open(&ports, key()).unwrap_err().to_string(),
        "expected a certificate for the key that was sent from the certificate authority, found one for another key"
    );
}

#[test]
fn an_entry_about_something_else_is_not_used() {
    for rekor in [1, 2] {
        let world = World::new(rekor);
        let clock = world.clock();
        let session = Session::open(&world.ports(&clock), key()).unwrap();
        let statement_first = [
            session.sign_statement(&statement()),
            session.sign_artifact(&measured(b"a")),
        ];
        for bundle in statement_first {
            let json: serde_json::Value = serde_json::from_slice(bundle.unwrap().as_json()).unwrap();
            let entry = json["verificationMaterial"]["tlogEntries"][0].to_string();
            *world.stale.lock().unwrap() = Some(LogEntry::from_json(entry.as_bytes()).unwrap());
            let error = session.sign_artifact(&measured(b"a")).unwrap_err();
            assert!(matches!(error, Error::Answer { port: Port::Log, found, .. } if found == "another one"));
            *world.stale.lock().unwrap() = None;
        }
    }
}

#[test]
fn a_signature_that_is_recorded_but_cannot_be_shown_is_made_once_more() {
    let world = World::new(2);
    let clock = world.clock();
    let session = Session::open(&world.ports(&clock), key()).unwrap();
    world.lost.store(1, Ordering::Relaxed);
    session.sign_artifact(&measured(b"a")).unwrap();
    assert_eq!(world.asked(), [1, 1, 2]);
    world.lost.store(2, Ordering::Relaxed);
    let error = session.sign_artifact(&measured(b"a")).unwrap_err();
    assert!(matches!(error, Error::AlreadyRecorded { .. }));
}

#[test]
fn without_a_log_or_a_signed_time_there_is_no_bundle() {
    let world = World::new(2);
    let clock = world.clock();
    let mut ports = world.ports(&clock);
    ports.witnesses.timestamps.clear();
    let session = Session::open(&ports, key()).unwrap();
    assert!(matches!(
        session.sign_artifact(&measured(b"a")),
        Err(Error::NoSignedTime)
    ));
    ports.witnesses.logging = Logging::Recorded(Vec::new());
    assert!(matches!(Session::open(&ports, key()), Err(Error::NoLog)));
    let promised = World::new(1);
    let mut ports = promised.ports(&clock);
    ports.witnesses.timestamps.clear();
    Session::open(&ports, key())
        .unwrap()
        .sign_artifact(&measured(b"a"))
        .unwrap();
}

#[test]
fn an_artifact_without_sha256_is_not_signed() {
    let world = World::new(2);
    let clock = world.clock();
    let session = Session::open(&world.ports(&clock), key()).unwrap();
    let artifact = Measured::of_bytes(b"a", &Algorithms::one(Algorithm::Sha512));
    let error = session.sign_artifact(&artifact).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected an artifact that was measured with sha256, found only sha512"
    );
}

#[test]
fn entries_without_a_proof_are_rejected() {
    let world = World::new(2);
    let clock = world.clock();
    let session = Session::open(&world.ports(&clock), key()).unwrap();
    let bundle = session.sign_artifact(&measured(b"a")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(bundle.as_json()).unwrap();
    let mut entry = json["verificationMaterial"]["tlogEntries"][0].clone();
    entry["inclusionProof"].as_object_mut().unwrap().remove("checkpoint");
    let error = LogEntry::from_json(entry.to_string().as_bytes()).unwrap_err();
    let expected = "expected an inclusion proof with its checkpoint from the transparency log, found no checkpoint";
    assert_eq!(error.to_string(), expected);
    entry.as_object_mut().unwrap().remove("inclusionProof");
    let error = LogEntry::from_json(entry.to_string().as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected an inclusion proof from the transparency log, found none"
    );
}
