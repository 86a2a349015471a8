use std::sync::{Arc, Mutex, PoisonError};

use attest_digest::{Algorithm, Digest, Measured};
use attestation::{Bundle, Envelope, Payload, pre_authentication_encoding};
use jiff::{SignedDuration, Timestamp};

use crate::pending::{Signed, Signer};
use crate::{
    CertificateRequest, ContentKind, Error, Logging, Pending, Port, Ports, PublicKey, SignatureAlgorithm,
    SigningCertificate, SigningKey, Witnesses, rekor,
};

/// A certificate that runs out within this time is renewed first: log and timestamp authority have to answer before it does.
const RENEWAL_MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// By how much this clock may be behind the authority's: the certificate counts from now on by the one and from soon on by the
/// other. A verifier goes by the times that log and timestamp authority sign.
pub const CLOCK_ALLOWANCE: SignedDuration = SignedDuration::from_secs(60);

/// One signer, one key, any number of bundles.
///
/// A keyless session has one certificate for all of them. When it is about to run out, the next signature renews it: the
/// identity provider is asked for a token again and the authority for a certificate for the same key. A certificate that names
/// somebody else ends the session.
pub struct Session<'a> {
    witnesses: Witnesses<'a>,
    key: Box<dyn SigningKey>,
    credential: Credential<'a>,
    /// Unless the logs are to decide.
    algorithm: Option<SignatureAlgorithm>,
}

/// What is shown with a signature.
enum Credential<'a> {
    /// A certificate that lives for minutes.
    Issued(Box<Issued<'a>>),
    /// A certificate that was there before, by an authority of one's own.
    Own(Arc<SigningCertificate>),
    /// The key itself, which verifiers know.
    Key,
}

struct Issued<'a> {
    ports: Ports<'a>,
    identity: String,
    issuer: Option<String>,
    certificate: Mutex<Arc<SigningCertificate>>,
}

impl<'a> Session<'a> {
    /// Begins to sign without a key that is kept: asks for one token and one certificate.
    ///
    /// # Errors
    /// When there is no log, a port fails, or the certificate is for another key or another time.
    pub fn open(ports: &Ports<'a>, key: Box<dyn SigningKey>) -> Result<Self, Error> {
        check_witnesses(&ports.witnesses, true)?;
        let certificate = certify(ports, key.as_ref())?;
        let issued = Issued {
            ports: ports.clone(),
            identity: certificate.identity().to_owned(),
            issuer: certificate.issuer().map(str::to_owned),
            certificate: Mutex::new(Arc::new(certificate)),
        };
        Ok(Self {
            witnesses: ports.witnesses.clone(),
            key,
            credential: Credential::Issued(Box::new(issued)),
            algorithm: None,
        })
    }

    /// Begins to sign with a key that verifiers know.
    ///
    /// # Errors
    /// When signatures are to be recorded and there is no log.
    pub fn with_key(witnesses: Witnesses<'a>, key: Box<dyn SigningKey>) -> Result<Self, Error> {
        check_witnesses(&witnesses, false)?;
        Ok(Self {
            witnesses,
            key,
            credential: Credential::Key,
            algorithm: None,
        })
    }

    /// Begins to sign with a key and its certificate, by an authority of one's own.
    ///
    /// # Errors
    /// When the certificate is for another key, signatures are to be recorded and there is no log, or nobody would sign the time.
    pub fn with_certificate(
        witnesses: Witnesses<'a>,
        key: Box<dyn SigningKey>,
        certificate: SigningCertificate,
    ) -> Result<Self, Error> {
        check_witnesses(&witnesses, true)?;
        check_key(&certificate, key.as_ref())?;
        Ok(Self {
            witnesses,
            key,
            credential: Credential::Own(Arc::new(certificate)),
            algorithm: None,
        })
    }

    /// Signs by this algorithm. Without it, by the first algorithm of the key that every log takes.
    ///
    /// # Errors
    /// When the key does not sign so.
    pub fn signing_by(mut self, algorithm: SignatureAlgorithm) -> Result<Self, Error> {
        let key = self.public_key().algorithm();
        if algorithm.key() != key {
            return Err(Error::OtherSignatureAlgorithm { key, found: algorithm });
        }
        self.algorithm = Some(algorithm);
        Ok(self)
    }

    /// Who signs, as the certificate says; nobody when verifiers know the key.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        match &self.credential {
            Credential::Issued(issued) => Some(&issued.identity),
            Credential::Own(certificate) => Some(certificate.identity()),
            Credential::Key => None,
        }
    }

    /// Who vouched for it to the authority, as the certificate says.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        match &self.credential {
            Credential::Issued(issued) => issued.issuer.as_deref(),
            Credential::Own(certificate) => certificate.issuer(),
            Credential::Key => None,
        }
    }

    /// The public key that verifies what is signed.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// Signs the exact bytes of a statement.
    ///
    /// # Errors
    /// When a port fails or answers something else.
    pub fn sign_statement(&self, statement: &Payload) -> Result<Bundle, Error> {
        self.complete(|| self.begin_statement(statement))
    }

    /// Signs the bytes of an artifact, by the digest that was measured.
    ///
    /// # Errors
    /// When it was not measured with the digest that is signed, or a port fails or answers something else.
    pub fn sign_artifact(&self, artifact: &Measured) -> Result<Bundle, Error> {
        self.complete(|| self.begin_artifact(artifact))
    }

    /// Signs and timestamps a statement, and leaves the log for later.
    ///
    /// # Errors
    /// When a port fails, or nobody signs the time and a certificate is used.
    pub fn begin_statement(&self, statement: &Payload) -> Result<Pending, Error> {
        let encoded = pre_authentication_encoding(statement.payload_type(), statement.as_bytes());
        let algorithm = self.algorithm(ContentKind::Statement)?;
        let digest = algorithm.recorded_digest(&encoded);
        let signer = self.signer()?;
        let signature = match algorithm.digest() {
            Some(_) => self.key.sign_digest(&digest)?,
            None => self.key.sign_message(&encoded)?,
        };
        let signed = Signed::Statement {
            algorithm,
            digest,
            envelope: Envelope::new(statement.clone(), signature.clone()),
        };
        self.timestamped(signed, signer, &signature)
    }

    /// Signs and timestamps an artifact, and leaves the log for later.
    ///
    /// # Errors
    /// When it was not measured with the digest that is signed, a port fails, or nobody signs the time and a certificate is used.
    pub fn begin_artifact(&self, artifact: &Measured) -> Result<Pending, Error> {
        let algorithm = self.algorithm(ContentKind::Artifact)?;
        let digest = measured_with(artifact, algorithm.digest().ok_or(Error::WholeMessagesOnly)?)?;
        let signer = self.signer()?;
        let signature = self.key.sign_digest(digest)?;
        let signed = Signed::Artifact {
            algorithm,
            digest: digest.clone(),
            signature: signature.clone(),
        };
        self.timestamped(signed, signer, &signature)
    }

    /// Said before anybody is asked for anything: a log that takes no such signature gets none.
    fn algorithm(&self, content: ContentKind) -> Result<SignatureAlgorithm, Error> {
        let logs = match &self.witnesses.logging {
            Logging::Recorded(logs) => logs.as_slice(),
            Logging::Unrecorded => &[],
        };
        let Some(algorithm) = self.algorithm else {
            return rekor::algorithm_for(self.public_key().algorithm(), content, logs);
        };
        logs.iter()
            .try_for_each(|log| log.version().check(algorithm, content))?;
        Ok(algorithm)
    }

    /// A log that has the signature but whose answer was lost cannot always show its proof again. ECDSA makes another
    /// signature each time, so signing once more gets a new entry.
    fn complete(&self, begin: impl Fn() -> Result<Pending, Error>) -> Result<Bundle, Error> {
        let Logging::Recorded(logs) = &self.witnesses.logging else {
            return begin()?.unrecorded();
        };
        match begin()?.record(logs) {
            Err(Error::AlreadyRecorded { .. }) => begin()?.record(logs),
            result => result,
        }
    }

    /// Timestamps come before the log: what cannot be timestamped does not get into a public log.
    fn timestamped(&self, signed: Signed, signer: Signer, signature: &[u8]) -> Result<Pending, Error> {
        let authorities = self.witnesses.timestamps.iter();
        let timestamps = authorities.map(|authority| authority.timestamp(signature));
        Ok(Pending {
            signed,
            signer,
            timestamps: timestamps.collect::<Result<_, _>>()?,
        })
    }

    fn signer(&self) -> Result<Signer, Error> {
        match &self.credential {
            Credential::Issued(issued) => issued.certificate(self.key.as_ref()).map(Signer::Certificate),
            Credential::Own(certificate) => Ok(Signer::Certificate(Arc::clone(certificate))),
            Credential::Key => Ok(Signer::Key(self.public_key().clone())),
        }
    }
}

impl Issued<'_> {
    fn certificate(&self, key: &dyn SigningKey) -> Result<Arc<SigningCertificate>, Error> {
        let mut current = self.certificate.lock().unwrap_or_else(PoisonError::into_inner);
        if runs_out(&current, self.ports.clock.now()) {
            let renewed = certify(&self.ports, key)?;
            if renewed.identity() != self.identity || renewed.issuer() != self.issuer.as_deref() {
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
            .field("identity", &self.identity())
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
    }
}

fn check_witnesses(witnesses: &Witnesses<'_>, certified: bool) -> Result<(), Error> {
    match &witnesses.logging {
        Logging::Recorded(logs) if logs.is_empty() => Err(Error::NoLog),
        Logging::Unrecorded if certified && witnesses.timestamps.is_empty() => Err(Error::NoSignedTime),
        _ => Ok(()),
    }
}

fn check_key(certificate: &SigningCertificate, key: &dyn SigningKey) -> Result<(), Error> {
    match certificate.public_key() == key.public_key() {
        true => Ok(()),
        false => Err(Error::answer(
            Port::Authority,
            "a certificate for the key that was sent",
            "one for another key",
        )),
    }
}

fn certify(ports: &Ports<'_>, key: &dyn SigningKey) -> Result<SigningCertificate, Error> {
    let token = ports.identity.token()?;
    let certificate = ports.authority.issue(&CertificateRequest {
        token: &token,
        public_key: key.public_key(),
        proof_of_possession: &key.sign_message(token.challenge().as_bytes())?,
    })?;
    check_key(&certificate, key)?;
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

fn measured_with(artifact: &Measured, algorithm: Algorithm) -> Result<&Digest, Error> {
    artifact.digest(algorithm).ok_or_else(|| Error::NotMeasured {
        expected: algorithm,
        found: artifact
            .digests()
            .iter()
            .map(|digest| digest.algorithm().name())
            .collect::<Vec<_>>()
            .join(", "),
    })
}
