use attest_digest::Digest;
use attestation::Envelope;
use jiff::Timestamp;

use crate::{
    Error, IdentityToken, LogEntry, PublicKey, RekorVersion, SignatureAlgorithm, SigningCertificate, TimestampToken,
};

/// A private key, wherever it is kept.
pub trait SigningKey: Send + Sync {
    /// The public key, which says what is signed and how.
    fn public_key(&self) -> &PublicKey;

    /// Signs a digest, by the one [`SignatureAlgorithm`] of the key that signs such digests; ECDSA signatures are in DER.
    ///
    /// # Errors
    /// When the key cannot be used, or signs other digests or whole messages only.
    fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>, Error>;

    /// Signs a whole message by the algorithm that the key is meant for ([`KeyAlgorithm::own`](crate::KeyAlgorithm::own)).
    ///
    /// # Errors
    /// When the key cannot be used.
    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.sign_digest(&self.public_key().algorithm().own().recorded_digest(message))
    }
}

/// Says who signs.
pub trait IdentityProvider: Send + Sync {
    /// A token that is good now.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    fn token(&self) -> Result<IdentityToken, Error>;
}

/// Binds a key to an identity for a few minutes.
pub trait CertificateAuthority: Send + Sync {
    /// Asks for a certificate.
    ///
    /// # Errors
    /// When the authority refuses or cannot be reached.
    fn issue(&self, request: &CertificateRequest<'_>) -> Result<SigningCertificate, Error>;
}

/// Publishes signatures.
pub trait TransparencyLog: Send + Sync {
    /// What it speaks, and with it which signatures it verifies before it records them.
    fn version(&self) -> RekorVersion;

    /// Records a signature and returns the proof of it.
    ///
    /// # Errors
    /// When the log refuses or cannot be reached.
    fn record(&self, request: &LogRequest<'_>) -> Result<LogEntry, Error>;
}

/// Says when a signature existed.
pub trait TimestampAuthority: Send + Sync {
    /// Asks for a timestamp over the raw bytes of a signature.
    ///
    /// # Errors
    /// When the authority refuses or cannot be reached.
    fn timestamp(&self, signature: &[u8]) -> Result<TimestampToken, Error>;
}

/// The time, as a parameter.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// What a certificate authority needs.
#[derive(Debug, Clone, Copy)]
pub struct CertificateRequest<'a> {
    /// Who asks.
    pub token: &'a IdentityToken,
    /// The key to be bound.
    pub public_key: &'a PublicKey,
    /// The signature of that key over [`IdentityToken::challenge`]; ECDSA in DER.
    pub proof_of_possession: &'a [u8],
}

/// What a log needs.
#[derive(Debug, Clone, Copy)]
pub struct LogRequest<'a> {
    /// How it was signed.
    pub algorithm: SignatureAlgorithm,
    /// The digest of what was signed: of the artifact, or of the pre-authentication encoding of the envelope. The one that was
    /// signed, and SHA-256 where whole messages are.
    pub digest: &'a Digest,
    /// The signature in the form of the key: DER for ECDSA.
    pub signature: &'a [u8],
    /// What verifies the signature.
    pub verifier: Verifier<'a>,
    /// The envelope, when a statement was signed.
    pub envelope: Option<&'a Envelope>,
}

impl LogRequest<'_> {
    /// What was signed.
    #[must_use]
    pub fn content(&self) -> ContentKind {
        match self.envelope {
            None => ContentKind::Artifact,
            Some(_) => ContentKind::Statement,
        }
    }
}

/// What is signed: logs take different signatures for one and the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentKind {
    /// The bytes of an artifact.
    Artifact,
    /// A statement, in an envelope.
    Statement,
}

/// What verifies a signature.
#[derive(Debug, Clone, Copy)]
pub enum Verifier<'a> {
    /// The certificate of the key that signed.
    Certificate(&'a SigningCertificate),
    /// The key itself.
    PublicKey(&'a PublicKey),
}

impl Verifier<'_> {
    /// The key that signed.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        match self {
            Self::Certificate(certificate) => certificate.public_key(),
            Self::PublicKey(key) => key,
        }
    }

    /// Certificate or key, PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        match self {
            Self::Certificate(certificate) => certificate.to_pem(),
            Self::PublicKey(key) => key.to_pem(),
        }
    }

    /// Certificate or key, DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        match self {
            Self::Certificate(certificate) => certificate.as_der(),
            Self::PublicKey(key) => key.as_der(),
        }
    }
}

/// Who else says something about a signature. Each log and each timestamp authority is asked for every signature.
#[derive(Clone)]
pub struct Witnesses<'a> {
    /// Where signatures are published.
    pub logging: Logging<'a>,
    /// Who says when. A log that does not sign the time itself (Rekor v2) needs at least one, unless the key is known.
    pub timestamps: Vec<&'a dyn TimestampAuthority>,
}

/// Whether signatures are published.
#[derive(Clone)]
pub enum Logging<'a> {
    /// In each of these logs; at least one.
    Recorded(Vec<&'a dyn TransparencyLog>),
    /// Nowhere. Nobody can find out from a log that the signer signed something else, and verifiers have to be told to do
    /// without an entry.
    Unrecorded,
}

/// Everything that a keyless session asks the world for.
#[derive(Clone)]
pub struct Ports<'a> {
    /// Who signs.
    pub identity: &'a dyn IdentityProvider,
    /// Who certifies it.
    pub authority: &'a dyn CertificateAuthority,
    /// Who else says something about the signatures.
    pub witnesses: Witnesses<'a>,
    /// What time it is.
    pub clock: &'a dyn Clock,
}

impl std::fmt::Debug for Ports<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports")
            .field("witnesses", &self.witnesses)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Witnesses<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let logs = match &self.logging {
            Logging::Recorded(logs) => logs.len(),
            Logging::Unrecorded => 0,
        };
        f.debug_struct("Witnesses")
            .field("logs", &logs)
            .field("timestamps", &self.timestamps.len())
            .finish()
    }
}
