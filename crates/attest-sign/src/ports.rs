use attestation::Envelope;
use jiff::Timestamp;

use crate::{Error, IdentityToken, LogEntry, SigningCertificate, TimestampToken};

/// A private key that signs SHA-256 digests.
pub trait SigningKey: Send + Sync {
    /// The public key, as DER of a `SubjectPublicKeyInfo`.
    fn public_key_der(&self) -> Vec<u8>;

    /// Signs a digest; the signature is ECDSA in DER.
    ///
    /// # Errors
    /// When the key cannot be used.
    fn sign_sha256(&self, digest: [u8; 32]) -> Result<Vec<u8>, Error>;
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
    /// The key to be bound, as DER of a `SubjectPublicKeyInfo`.
    pub public_key_der: &'a [u8],
    /// The signature of that key over [`IdentityToken::challenge`]; ECDSA in DER.
    pub proof_of_possession: &'a [u8],
}

/// What a log needs.
#[derive(Debug, Clone, Copy)]
pub struct LogRequest<'a> {
    /// SHA-256 of what was signed: of the artifact, or of the pre-authentication encoding of the envelope.
    pub digest: [u8; 32],
    /// The signature, ECDSA in DER.
    pub signature: &'a [u8],
    /// The certificate of the key that signed.
    pub certificate: &'a SigningCertificate,
    /// The envelope, when a statement was signed.
    pub envelope: Option<&'a Envelope>,
}

/// Everything that a session asks the world for. Each log and each timestamp authority is asked for every signature.
#[derive(Clone)]
pub struct Ports<'a> {
    /// Who signs.
    pub identity: &'a dyn IdentityProvider,
    /// Who certifies it.
    pub authority: &'a dyn CertificateAuthority,
    /// Where it is published; at least one.
    pub logs: Vec<&'a dyn TransparencyLog>,
    /// Who says when. A log that does not sign the time itself (Rekor v2) needs at least one.
    pub timestamps: Vec<&'a dyn TimestampAuthority>,
    /// What time it is.
    pub clock: &'a dyn Clock,
}

impl std::fmt::Debug for Ports<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports")
            .field("logs", &self.logs.len())
            .field("timestamps", &self.timestamps.len())
            .finish_non_exhaustive()
    }
}
