use std::fmt;

use attest_digest::Algorithm;
use jiff::Timestamp;

use crate::{KeyAlgorithm, SignatureAlgorithm};

/// Which port an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Port {
    /// The identity provider.
    Identity,
    /// The certificate authority.
    Authority,
    /// The transparency log.
    Log,
    /// The timestamp authority.
    Timestamps,
    /// The signing key.
    Key,
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity provider",
            Self::Authority => "certificate authority",
            Self::Log => "transparency log",
            Self::Timestamps => "timestamp authority",
            Self::Key => "signing key",
        })
    }
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A port failed; the source says how.
    #[error("the {port} did not do its part")]
    Port {
        /// Which one.
        port: Port,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A port answered with something that is not what was asked for.
    #[error("expected {expected} from the {port}, found {found}")]
    Answer {
        /// Which one.
        port: Port,
        /// What was asked for.
        expected: &'static str,
        /// What came back.
        found: String,
    },
    /// An identity token is malformed.
    #[error("expected {expected} in the identity token, found {found}")]
    Token {
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The certificate was issued for another moment.
    #[error("expected a certificate that is valid at {now}, found one from {not_before} to {not_after}")]
    NotValidNow {
        /// The moment.
        now: Timestamp,
        /// The first good moment of the certificate.
        not_before: Timestamp,
        /// The last good moment of the certificate.
        not_after: Timestamp,
    },
    /// The certificate ran out, and the new one names somebody else.
    #[error("expected the renewed certificate to name `{expected}`, found `{found}`")]
    IdentityChanged {
        /// The identity and issuer the session began with.
        expected: String,
        /// What the new certificate says.
        found: String,
    },
    /// The artifact was measured without the algorithm of the key.
    #[error("expected an artifact that was measured with {expected}, found only {found}")]
    NotMeasured {
        /// The algorithm that the key signs.
        expected: Algorithm,
        /// The algorithms that were used.
        found: String,
    },
    /// A key, or the file of one, is malformed. What it holds is never shown.
    #[error("expected {expected} in the key, found {found}")]
    KeyInvalid {
        /// What belongs there.
        expected: &'static str,
        /// What stands there, without anything secret.
        found: String,
    },
    /// A key of an algorithm or a size that is not spoken.
    #[error("expected a key of a kind that is spoken, found {found}")]
    UnsupportedKey {
        /// What it is.
        found: String,
    },
    /// The password does not open the key, or the file was changed.
    #[error("the password does not open the key")]
    WrongPassword,
    /// The key signs no digests of this algorithm.
    #[error("expected a digest that a key of kind {key} signs, found one of {found}")]
    OtherDigest {
        /// What the key is.
        key: KeyAlgorithm,
        /// What it was given.
        found: Algorithm,
    },
    /// The name of a signature algorithm that nobody knows.
    #[error("expected a signature algorithm of the registry of Sigstore, found `{found}`")]
    UnknownSignatureAlgorithm {
        /// What was given.
        found: String,
    },
    /// The key does not sign by this algorithm.
    #[error("expected a signature algorithm of a key of kind {key}, found {found}")]
    OtherSignatureAlgorithm {
        /// What the key is.
        key: KeyAlgorithm,
        /// What was asked for.
        found: SignatureAlgorithm,
    },
    /// The key signs whole messages, and a digest was all there is.
    #[error("expected something that is signed as a whole: a key of this kind does not sign digests")]
    WholeMessagesOnly,
    /// A log does not take such signatures.
    #[error("expected a signature that {log} takes for {content}, found one of {algorithm}")]
    NotLoggable {
        /// Which log.
        log: &'static str,
        /// What was signed.
        content: &'static str,
        /// How it was signed.
        algorithm: SignatureAlgorithm,
    },
    /// More than a log takes.
    #[error("expected at most {limit} bytes for {log}, found {found}")]
    TooLargeForLog {
        /// Which log.
        log: &'static str,
        /// The largest.
        limit: u64,
        /// What would be sent.
        found: u64,
    },
    /// A `pkcs11:` URI is malformed or asks for something that is not done.
    #[error("expected {expected} in the PKCS #11 URI, found {found}")]
    Uri {
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A signature that waits for its log entry is malformed.
    #[error("expected {expected} in the pending signature, found {found}")]
    Pending {
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The log has this very signature already: an earlier attempt went through and its answer was lost.
    #[error("the transparency log has this signature already")]
    AlreadyRecorded {
        /// What the log said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no log to publish to.
    #[error("expected at least one transparency log, found none")]
    NoLog,
    /// Nobody who signs the time was asked.
    #[error("expected a timestamp authority or a log that signs the time, found neither")]
    NoSignedTime,
    /// The bundle is larger than any reader accepts.
    #[error(transparent)]
    Bundle(#[from] attestation::BundleError),
}

impl Error {
    /// The failure of a port, with what it said.
    pub fn port(port: Port, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Port {
            port,
            source: source.into(),
        }
    }

    pub(crate) fn answer(port: Port, expected: &'static str, found: impl fmt::Display) -> Self {
        Self::Answer {
            port,
            expected,
            found: found.to_string(),
        }
    }
}
