use std::sync::{Arc, Mutex, PoisonError};

use attest_digest::{Algorithm, Algorithms, Measured};
use attestation::{Bundle, Envelope, Payload, pre_authentication_encoding};
use jiff::{SignedDuration, Timestamp};

use crate::bundle::{Content, Parts};
use crate::{
    CertificateRequest, Error, LogEntry, LogRequest, Port, Ports, SigningCertificate, SigningKey, TimestampToken,
};

/// A certificate that runs out within this time is renewed first: log and timestamp authority have to answer before it does.
const RENEWAL_MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// By how much this clock may be behind the authority's: the certificate counts from now on by the one and from soon on by the
/// other. A verifier goes by the times that log and timestamp authority sign.
pub const CLOCK_ALLOWANCE: SignedDuration = SignedDuration::from_secs(60);

/// One signer, one key, one certificate, any number of bundles.
///
/// When the certificate is about to run out, the next signature renews it: the identity provider is asked for a token again
/// and the authority for a certificate for the same key. A certificate that names somebody else ends the session.
pub struct Session<'a> {
    ports: Ports<'a>,
    key: Box<dyn SigningKey>,
    identity: String,
    issuer: Option<String>,
    certificate: Mutex<Arc<SigningCertificate>>,
}

impl<'a> Session<'a> {
    /// Asks for one token and one certificate.
    ///
    /// # Errors
    /// When there is no log, a port fails, or the certificate is for another key or another time.
    pub fn open(ports: &Ports<'a>, key: Box<dyn SigningKey>) -> Result<Self, Error> {
        if ports.logs.is_empty() {
            return Err(Error::NoLog);
        }
        let certificate = certify(ports, key.as_ref())?;
        Ok(Self {
            ports: ports.clone(),
            key,
            identity: certificate.identity().to_owned(),
            issuer: certificate.issuer().map(str::to_owned),
            certificate: Mutex::new(Arc::new(certificate)),
        })
    }

    /// Who signs, as the certificate says.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Who vouched for it to the authority, as the certificate says.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Signs the exact bytes of a statement.
    ///
    /// # Errors
    /// When a port fails or answers something else.
    pub fn sign_statement(&self, statement: &Payload) -> Result<Bundle, Error> {
        let encoded = pre_authentication_encoding(statement.payload_type(), statement.as_bytes());
        let digest = sha256(&Measured::of_bytes(&encoded, &Algorithms::one(Algorithm::Sha256)))?;
        self.sign(digest, Some(statement))
    }

    /// Signs the bytes of an artifact, by the SHA-256 that was measured.
    ///
    /// # Errors
    /// When it was not measured with SHA-256, or a port fails or answers something else.
    pub fn sign_artifact(&self, artifact: &Measured) -> Result<Bundle, Error> {
        self.sign(sha256(artifact)?, None)
    }

    /// A log that has the signature but whose answer was lost cannot always show its proof again. ECDSA makes another
    /// signature each time, so signing once more gets a new entry.
    fn sign(&self, digest: [u8; 32], statement: Option<&Payload>) -> Result<Bundle, Error> {
        match self.sign_once(digest, statement) {
            Err(Error::AlreadyRecorded { .. }) => self.sign_once(digest, statement),
            result => result,
        }
    }

    fn sign_once(&self, digest: [u8; 32], statement: Option<&Payload>) -> Result<Bundle, Error> {
        let certificate = self.certificate()?;
        let signature = self.key.sign_sha256(digest)?;
        let envelope = statement.map(|statement| Envelope::new(statement.clone(), signature.clone()));
        self.publish(LogRequest {
            digest,
            signature: &signature,
            certificate: &certificate,
            envelope: envelope.as_ref(),
        })
    }

    /// Timestamps come first: what cannot be timestamped does not get into a public log.
    fn publish(&self, request: LogRequest<'_>) -> Result<Bundle, Error> {
        let authorities = self.ports.timestamps.iter();
        let timestamps: Vec<TimestampToken> = authorities
            .map(|authority| authority.timestamp(request.signature))
            .collect::<Result<_, _>>()?;
        let entries: Vec<LogEntry> = self
            .ports
            .logs
            .iter()
            .map(|log| log.record(&request))
            .collect::<Result<_, _>>()?;
        for entry in &entries {
            entry.check(&request)?;
        }
        if timestamps.is_empty() && !entries.iter().any(LogEntry::has_signed_time) {
            return Err(Error::NoSignedTime);
        }
        let content = match request.envelope {
            Some(envelope) => Content::Envelope(envelope),
            None => Content::Message {
                digest: request.digest,
                signature: request.signature,
            },
        };
        Parts {
            content,
            certificate: request.certificate,
            entries: &entries,
            timestamps: &timestamps,
        }
        .to_bundle()
    }

    fn certificate(&self) -> Result<Arc<SigningCertificate>, Error> {
        let mut current = self.certificate.lock().unwrap_or_else(PoisonError::into_inner);
        if runs_out(&current, self.ports.clock.now()) {
            let renewed = certify(&self.ports, self.key.as_ref())?;
            if renewed.identity() != self.identity || renewed.issuer() != self.issuer() {
                return Err(Error::IdentityChanged {
                    expected: describe(&current),
                    found: describe(&renewed),
                });
            }
            *current = Arc::new(renewed);
        }
        Ok(Arc::clone(&current))
    }
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("identity", &self.identity)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

fn certify(ports: &Ports<'_>, key: &dyn SigningKey) -> Result<SigningCertificate, Error> {
    let token = ports.identity.token()?;
    let challenge = Measured::of_bytes(token.challenge().as_bytes(), &Algorithms::one(Algorithm::Sha256));
    let public_key_der = key.public_key_der();
    let certificate = ports.authority.issue(&CertificateRequest {
        token: &token,
        public_key_der: &public_key_der,
        proof_of_possession: &key.sign_sha256(sha256(&challenge)?)?,
    })?;
    if certificate.public_key_der() != public_key_der {
        let expected = "a certificate for the key that was sent";
        return Err(Error::answer(Port::Authority, expected, "one for another key"));
    }
    let now = ports.clock.now();
    let ahead = certificate.not_before().duration_since(now);
    if ahead > CLOCK_ALLOWANCE || certificate.not_after() < now {
        return Err(Error::NotValidNow {
            now,
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
        });
    }
    Ok(certificate)
}

/// A certificate that was short-lived from the start is used while it lasts.
fn runs_out(certificate: &SigningCertificate, now: Timestamp) -> bool {
    let whole = certificate.not_after().duration_since(certificate.not_before());
    let margin = RENEWAL_MARGIN.min(whole / 4);
    certificate.not_after().duration_since(now) < margin
}

fn describe(certificate: &SigningCertificate) -> String {
    match certificate.issuer() {
        Some(issuer) => format!("{} by {issuer}", certificate.identity()),
        None => certificate.identity().to_owned(),
    }
}

fn sha256(measured: &Measured) -> Result<[u8; 32], Error> {
    measured
        .digest(Algorithm::Sha256)
        .and_then(|digest| digest.as_bytes().try_into().ok())
        .ok_or_else(|| Error::NotMeasured {
            found: measured
                .digests()
                .iter()
                .map(|digest| digest.algorithm().name())
                .collect::<Vec<_>>()
                .join(", "),
        })
}
