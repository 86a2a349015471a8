use std::sync::Arc;

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_sandbox::{
    Claims, Config, HashAlgorithm, HashedRekord, KeyProof, Keys, ManualClock, ProposalV1, RequestV2, Sigstore,
    TimestampRequest, Verifier,
};
use attest_sign::{
    CertificateAuthority, CertificateRequest, Error as SignError, IdentityProvider, IdentityToken, LogEntry,
    LogRequest, Logging, Port, Ports, RekorVersion, Session, SigningCertificate, TimestampAuthority, TimestampToken,
    TransparencyLog, Witnesses,
};
use attestation::{Bundle, Payload};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{Error, SeededKey, sha256};

/// When everything is signed.
pub const SIGNED_AT: &str = "2025-03-01T12:00:00Z";

/// Who signs everything, unless a fixture says otherwise.
pub const WORKFLOW: &str = "https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0";

/// Who vouches for it.
pub const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// How long the keys of a world have been there when it signs.
const AGE: SignedDuration = SignedDuration::from_hours(24);

/// A Sigstore whose every byte follows from its seed.
pub struct World {
    sigstore: Sigstore,
    clock: Arc<ManualClock>,
    key: SeededKey,
    claims: Claims,
    /// How much later than the signature its timestamp is made.
    timestamp_delay: SignedDuration,
}

/// Which version of the log records a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogVersion {
    /// Rekor v1, which signs the time of an entry itself.
    V1,
    /// Rekor v2, with a timestamp authority.
    V2,
}

impl World {
    /// The world of this seed, at [`SIGNED_AT`].
    ///
    /// # Errors
    /// Never for a seed that worked once.
    pub fn new(seed: u8) -> Result<Self, Error> {
        let clock = Arc::new(ManualClock::new(signed_at()));
        Ok(Self {
            sigstore: Sigstore::new(Config {
                keys: Keys::from_seed([seed; 32], signed_at() - AGE),
                clock: Arc::clone(&clock) as _,
                user: Claims::email("somebody@example.com"),
                issuers: vec![ISSUER.to_owned()],
            })?,
            clock,
            key: SeededKey::from_seed(seed),
            claims: Claims::github("example/app", ".github/workflows/release.yml", "refs/tags/v1.0.0")
                .with("iss", ISSUER),
            timestamp_delay: SignedDuration::ZERO,
        })
    }

    /// The same, where the timestamp is made later than the signature, or earlier.
    #[must_use]
    pub fn with_timestamp_delay(mut self, delay: SignedDuration) -> Self {
        self.timestamp_delay = delay;
        self
    }

    /// What has to be trusted to verify what this world signs.
    ///
    /// # Errors
    /// Never for a world that was made.
    pub fn trusted_root(&self) -> Result<String, Error> {
        Ok(self.sigstore.trusted_root_json()?)
    }

    /// Signs the exact bytes of a statement.
    ///
    /// # Errors
    /// When the log has the same signature already.
    pub fn sign_statement(&self, statement: &Payload, log: LogVersion) -> Result<Bundle, Error> {
        self.with_session(log, |session| session.sign_statement(statement))
    }

    /// Signs an artifact itself.
    ///
    /// # Errors
    /// When the log has the same signature already.
    pub fn sign_artifact(&self, artifact: &[u8], log: LogVersion) -> Result<Bundle, Error> {
        let measured = Measured::of_bytes(artifact, &Algorithms::one(Algorithm::Sha256));
        self.with_session(log, |session| session.sign_artifact(&measured))
    }

    /// Signs many artifacts with one certificate.
    ///
    /// # Errors
    /// When the log has one of the signatures already.
    pub fn sign_artifacts(&self, artifacts: &[Vec<u8>], log: LogVersion) -> Result<Vec<Bundle>, Error> {
        self.with_session(log, |session| {
            let measured = |artifact: &Vec<u8>| Measured::of_bytes(artifact, &Algorithms::one(Algorithm::Sha256));
            artifacts
                .iter()
                .map(|artifact| session.sign_artifact(&measured(artifact)))
                .collect()
        })
    }

    /// Signs with another key from now on.
    pub fn change_key(&mut self, key: SeededKey) {
        self.key = key;
    }

    pub(crate) fn sigstore(&self) -> &Sigstore {
        &self.sigstore
    }

    fn with_session<T>(
        &self,
        log: LogVersion,
        sign: impl FnOnce(&Session<'_>) -> Result<T, SignError>,
    ) -> Result<T, Error> {
        let log_port = Log { world: self, log };
        let clock = signed_at;
        let ports = Ports {
            identity: self,
            authority: self,
            witnesses: Witnesses {
                logging: Logging::Recorded(vec![&log_port]),
                timestamps: match log {
                    LogVersion::V1 => Vec::new(),
                    LogVersion::V2 => vec![self],
                },
            },
            clock: &clock,
        };
        let session = Session::open(&ports, Box::new(self.key.clone()))?;
        Ok(sign(&session)?)
    }
}

struct Log<'a> {
    world: &'a World,
    log: LogVersion,
}

impl IdentityProvider for World {
    fn token(&self) -> Result<IdentityToken, SignError> {
        let token = self.sigstore.mint(&self.claims);
        IdentityToken::parse(&token.map_err(|error| SignError::port(Port::Identity, error))?)
    }
}

impl CertificateAuthority for World {
    fn issue(&self, request: &CertificateRequest<'_>) -> Result<SigningCertificate, SignError> {
        let proof = KeyProof::Signature {
            public_key: request.public_key.as_der(),
            signature: request.proof_of_possession,
        };
        let issued = self.sigstore.issue_certificate(request.token.expose_secret(), proof);
        let der = issued.and_then(|certificate| certificate.leaf_der());
        SigningCertificate::from_der(&der.map_err(|error| SignError::port(Port::Authority, error))?)
    }
}

impl TimestampAuthority for World {
    fn timestamp(&self, signature: &[u8]) -> Result<TimestampToken, SignError> {
        let query = json!({
            "artifactHash": STANDARD.encode(sha256(signature)),
            "hashAlgorithm": "sha256",
            "certificates": true,
        });
        self.clock.set(signed_at() + self.timestamp_delay);
        let response = TimestampRequest::from_json(query.to_string().as_bytes())
            .and_then(|request| self.sigstore.timestamp(&request));
        self.clock.set(signed_at());
        TimestampToken::from_der(response.map_err(|error| SignError::port(Port::Timestamps, error))?)
    }
}

impl TransparencyLog for Log<'_> {
    fn version(&self) -> RekorVersion {
        match self.log {
            LogVersion::V1 => RekorVersion::V1,
            LogVersion::V2 => RekorVersion::V2,
        }
    }

    fn record(&self, request: &LogRequest<'_>) -> Result<LogEntry, SignError> {
        let recorded = match self.log {
            LogVersion::V1 => self.record_v1(request),
            LogVersion::V2 => self.record_v2(request),
        };
        let entry = recorded.map_err(|error| SignError::port(Port::Log, error))?;
        LogEntry::from_json(entry.to_string().as_bytes())
    }
}

impl Log<'_> {
    fn record_v1(&self, request: &LogRequest<'_>) -> Result<serde_json::Value, attest_sandbox::Error> {
        let verifier = Verifier::certificate(request.verifier.as_der())?;
        let proposal = match request.envelope {
            None => ProposalV1::HashedRekord(hashed(request, verifier)),
            Some(envelope) => {
                let json = json!({
                    "payload": STANDARD.encode(envelope.payload().as_bytes()),
                    "payloadType": envelope.payload().payload_type(),
                    "signatures": [{ "sig": STANDARD.encode(envelope.signature()) }],
                });
                ProposalV1::dsse(&json.to_string(), &[verifier])?
            }
        };
        self.world.sigstore.log_v1(&proposal).map(|logged| logged.entry)
    }

    fn record_v2(&self, request: &LogRequest<'_>) -> Result<serde_json::Value, attest_sandbox::Error> {
        let verifier = Verifier::certificate(request.verifier.as_der())?;
        self.world.sigstore.log_v2(&RequestV2::new(hashed(request, verifier))?)
    }
}

fn hashed(request: &LogRequest<'_>, verifier: Verifier) -> HashedRekord {
    HashedRekord {
        algorithm: HashAlgorithm::Sha256,
        digest: request.digest.as_bytes().to_vec(),
        signature: request.signature.to_vec(),
        verifier,
    }
}

fn signed_at() -> Timestamp {
    SIGNED_AT.parse().expect("the constant is a time")
}
