use std::path::{Path, PathBuf};

use attest_sign::{KeyAlgorithm, Session, SignatureAlgorithm, SigningCertificate, SigningKey};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::evidence::Evidence;
use crate::context::Context;
use crate::failure::Failure;
use crate::keyless::{self, Connection, KeylessArguments, Reach, failure};
use crate::signing_key::{KeyArgument, KeyReference};

/// A key of one's own, and perhaps a certificate of one's own authority.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct KeyArguments {
    /// Sign with this key instead of a certificate for minutes: a file, `env://NAME`, or `pkcs11:…`
    #[arg(long, value_name = "KEY", value_parser = KeyArgument, conflicts_with_all = ["identity_token", "resume"])]
    pub(super) key: Option<KeyReference>,
    /// The certificate of that key, by an authority of your own; PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(super) certificate: Option<PathBuf>,
    /// The certificates above it, PEM, held against it; what verifies them is the trust root, and bundles do not carry them
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub(super) certificate_chain: Option<PathBuf>,
    /// How to sign, beside the kind of key also the hash [default: of what the key can do and the log takes, what most
    /// programs verify]
    #[arg(long, value_name = "ALGORITHM", value_parser = algorithms(), conflicts_with = "resume")]
    pub(super) signing_algorithm: Option<SignatureAlgorithm>,
}

fn algorithms() -> impl TypedValueParser<Value = SignatureAlgorithm> {
    PossibleValuesParser::new(SignatureAlgorithm::ALL.map(SignatureAlgorithm::name))
        .try_map(|name| name.parse::<SignatureAlgorithm>())
}

/// What is signed with.
pub(super) enum Credential {
    Keyless,
    Key(Box<dyn SigningKey>),
    Certified(Box<dyn SigningKey>, SigningCertificate),
}

impl KeyArguments {
    pub(super) fn load(&self, context: &mut Context<'_>) -> Result<Credential, Failure> {
        let Some(reference) = &self.key else {
            return Ok(Credential::Keyless);
        };
        let key = reference.load(context)?;
        let kind = key.public_key().algorithm();
        if let Some(found) = self.signing_algorithm.filter(|algorithm| algorithm.key() != kind) {
            return Err(failure(&attest_sign::Error::OtherSignatureAlgorithm {
                key: kind,
                found,
            }));
        }
        let Some(path) = &self.certificate else {
            return Ok(Credential::Key(key));
        };
        let certificate = certificate(path, self.certificate_chain.as_deref())?;
        if certificate.public_key() != key.public_key() {
            let message = "expected the certificate of the key, found one of another key";
            return Err(Failure::usage("certificate-invalid", message).at(path.display()));
        }
        Ok(Credential::Certified(key, certificate))
    }

    /// Files that are read, and must not be written over.
    pub(super) fn inputs(&self) -> impl Iterator<Item = PathBuf> {
        let key = self.key.as_ref().and_then(KeyReference::path).map(Path::to_owned);
        key.into_iter()
            .chain(self.certificate.clone())
            .chain(self.certificate_chain.clone())
    }
}

impl Credential {
    pub(super) fn is_certified(&self) -> bool {
        !matches!(self, Self::Key(_))
    }

    /// The kind of key that is signed with.
    pub(super) fn kind(&self, algorithm: Option<SignatureAlgorithm>) -> KeyAlgorithm {
        match self {
            Self::Keyless => algorithm.map_or(KeyAlgorithm::EcdsaP256, SignatureAlgorithm::key),
            Self::Key(key) | Self::Certified(key, _) => key.public_key().algorithm(),
        }
    }
}

/// What a session borrows.
pub(super) enum Ground {
    Keyless(Box<Connection>),
    Own(Reach),
}

impl Ground {
    pub(super) fn new(
        keyless: &KeylessArguments,
        credential: &Credential,
        evidence: Evidence,
        context: &mut Context<'_>,
    ) -> Result<Self, Failure> {
        match credential {
            Credential::Keyless => Ok(Self::Keyless(Box::new(
                keyless.connect_for(evidence.wanted(true), context)?,
            ))),
            _ => Ok(Self::Own(keyless.reach(evidence.wanted(false), context)?)),
        }
    }

    /// Has logs shown again what an earlier attempt has left in them.
    pub(super) fn knowing_logs(self, ids: &[Vec<u8>]) -> Self {
        match self {
            Self::Keyless(connection) => Self::Keyless(Box::new(connection.knowing_logs(ids))),
            Self::Own(reach) => Self::Own(reach.knowing_logs(ids)),
        }
    }

    pub(super) fn session(
        &self,
        credential: Credential,
        algorithm: Option<SignatureAlgorithm>,
    ) -> Result<Session<'_>, Failure> {
        let kind = credential.kind(algorithm);
        let session = match (self, credential) {
            (Self::Keyless(connection), _) => Ok(connection.open_with(kind)?),
            (Self::Own(reach), Credential::Certified(key, certificate)) => {
                Session::with_certificate(reach.witnesses(), key, certificate)
            }
            (Self::Own(reach), Credential::Key(key)) => Session::with_key(reach.witnesses(), key),
            (Self::Own(_), Credential::Keyless) => unreachable!("a keyless session stands on a connection"),
        };
        let session = session.and_then(|session| match algorithm {
            Some(algorithm) => session.signing_by(algorithm),
            None => Ok(session),
        });
        session.map_err(|error| failure(&error))
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        match self {
            Self::Keyless(connection) => connection.now(),
            Self::Own(reach) => reach.now(),
        }
    }
}

fn certificate(path: &Path, chain: Option<&Path>) -> Result<SigningCertificate, Failure> {
    let invalid = |error: attest_sign::Error| Failure::usage("certificate-invalid", error).at(path.display());
    let pem = keyless::read(path, "certificate-unreadable")?;
    let certificate = SigningCertificate::from_pem(&pem).map_err(invalid)?;
    if let Some(chain) = chain {
        let pem = keyless::read(chain, "certificate-unreadable")?;
        certificate
            .check_chain(&pem)
            .map_err(|error| Failure::usage("certificate-invalid", error).at(chain.display()))?;
    }
    Ok(certificate)
}
