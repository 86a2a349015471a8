use std::fmt;
use std::io;

use jiff::Timestamp;

use crate::Format;

/// Why a signature, or a key, is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DetachedError {
    /// The bytes are no signature that is known here.
    #[error("expected a signature of minisign, signify, OpenPGP or SSH, found something else")]
    NoSignature,
    /// The bytes are no public key that is known here.
    #[error("expected public keys of minisign, signify, OpenPGP or SSH, found something else")]
    NoKeys,
    /// There is a private key where a public one belongs.
    #[error("expected a public key, found a private one")]
    PrivateKey,
    /// There is more of something than is read.
    #[error("expected {what} of at most {limit} bytes, found more")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// How much is read.
        limit: u64,
    },
    /// There are more of something than are looked at.
    #[error("expected at most {limit} {what}, found more")]
    TooMany {
        /// What they are.
        what: &'static str,
        /// How many are looked at.
        limit: usize,
    },
    /// The bytes begin like something that is known, and go on otherwise.
    #[error("expected {what}: {problem}")]
    Malformed {
        /// What it should be.
        what: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A line of a list of keys is wrong.
    #[error("expected an allowed signer in line {line}: {problem}")]
    MalformedLine {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The format is known, and this kind of it is not supported.
    #[error("{what} is not supported")]
    Unsupported {
        /// What it is.
        what: String,
    },
    /// It is too weak to prove anything.
    #[error("expected {expected}, found {found}")]
    Weak {
        /// What would be strong enough.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The keys are of one world, the signature is of another.
    #[error("expected a signature by {expected}, found one by {found}")]
    FormatMismatch {
        /// The world of the keys.
        expected: Format,
        /// The world of the signature.
        found: Format,
    },
    /// None of the keys made the signature.
    #[error("expected a signature by one of the given keys, found one by `{found}`")]
    SignerUnknown {
        /// Whom the signature names, which nothing proves.
        found: String,
    },
    /// The signature is not over these bytes, or not by this key.
    #[error("expected a signature over these bytes by `{key}`, found one that does not match")]
    SignatureInvalid {
        /// The key.
        key: String,
    },
    /// The signature is for another purpose.
    #[error("expected a signature for the namespace `{expected}`, found one for `{found}`")]
    NamespaceMismatch {
        /// What was asked for.
        expected: String,
        /// What was signed.
        found: String,
    },
    /// The list of keys does not let this key sign for this purpose.
    #[error("expected a key that may sign for the namespace `{expected}`, found one for `{found}`")]
    NamespaceForbidden {
        /// What was asked for.
        expected: String,
        /// What the list allows.
        found: String,
    },
    /// The list of keys names who may sign with which key, and nobody said who is expected.
    #[error("expected the name of the signer: the keys are a list of several signers")]
    PrincipalMissing,
    /// A signer was named, and keys of this world do not vouch for names.
    #[error("expected no name of a signer: keys of {format} do not vouch for one")]
    PrincipalUnsupported {
        /// The world of the keys.
        format: Format,
    },
    /// The key is that of another signer.
    #[error("expected a signature by `{expected}`, found one by `{found}`")]
    PrincipalMismatch {
        /// Who was expected.
        expected: String,
        /// Whose key the list says it is.
        found: String,
    },
    /// The key, or what the list of keys says of it, has run out.
    #[error("expected a key that is valid now, found `{key}`, which expired at {at}")]
    KeyExpired {
        /// The key.
        key: String,
        /// When.
        at: Timestamp,
    },
    /// The key, or what the list of keys says of it, does not count yet.
    #[error("expected a key that is valid now, found `{key}`, which is valid from {from}")]
    KeyNotYetValid {
        /// The key.
        key: String,
        /// From when.
        from: Timestamp,
    },
    /// Its owner has taken the key back.
    #[error("expected a key that is valid, found `{key}`, which is revoked")]
    KeyRevoked {
        /// The key.
        key: String,
    },
    /// Nothing says that the key belongs to the certificate, or that its owner wants it to sign.
    #[error("expected a key that may sign, found `{key}`: {problem}")]
    KeyUnfit {
        /// The key.
        key: String,
        /// What is missing.
        problem: &'static str,
    },
    /// The signer said for how long the signature counts, and that is over.
    #[error("expected a signature that is valid now, found one that expired at {at}")]
    SignatureExpired {
        /// When.
        at: Timestamp,
    },
    /// The signature claims to be made later than now.
    #[error("expected a signature made before {moment}, found one made at {made}")]
    SignatureFromFuture {
        /// Now.
        moment: Timestamp,
        /// When it claims to be made.
        made: Timestamp,
    },
    /// The signature claims to be older than its key.
    #[error("expected a signature made after its key at {created}, found one made at {made}")]
    SignatureBeforeKey {
        /// When the key was made.
        created: Timestamp,
        /// When the signature claims to be made.
        made: Timestamp,
    },
    /// The signer says that whoever does not understand this must not accept the signature.
    #[error("expected only critical subpackets that are understood, found type {number}")]
    CriticalSubpacket {
        /// Its number in RFC 9580, section 5.2.3.7.
        number: u8,
    },
    /// The bytes could not be read.
    #[error("the bytes cannot be read: {reason}")]
    Unreadable {
        /// What kind of failure it was.
        reason: io::ErrorKind,
    },
}

impl DetachedError {
    /// The unique kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSignature => "signature-unknown",
            Self::NoKeys => "key-unknown",
            Self::PrivateKey => "key-private",
            Self::TooLarge { .. } => "signature-too-large",
            Self::TooMany { .. } => "signature-too-many",
            Self::Malformed { .. } => "signature-malformed",
            Self::MalformedLine { .. } => "allowed-signers-malformed",
            Self::Unsupported { .. } => "signature-unsupported",
            Self::Weak { .. } => "signature-weak",
            Self::FormatMismatch { .. } => "signature-format-mismatch",
            Self::SignerUnknown { .. } => "signer-unknown",
            Self::SignatureInvalid { .. } => "detached-signature-invalid",
            Self::NamespaceMismatch { .. } => "namespace-mismatch",
            Self::NamespaceForbidden { .. } => "namespace-forbidden",
            Self::PrincipalMissing => "principal-missing",
            Self::PrincipalUnsupported { .. } => "principal-unsupported",
            Self::PrincipalMismatch { .. } => "principal-mismatch",
            Self::KeyExpired { .. } => "key-expired",
            Self::KeyNotYetValid { .. } => "key-not-yet-valid",
            Self::KeyRevoked { .. } => "key-revoked",
            Self::KeyUnfit { .. } => "key-unfit",
            Self::SignatureExpired { .. } => "signature-expired",
            Self::SignatureFromFuture { .. } => "signature-from-future",
            Self::SignatureBeforeKey { .. } => "signature-before-key",
            Self::CriticalSubpacket { .. } => "critical-subpacket",
            Self::Unreadable { .. } => "message-unreadable",
        }
    }

    /// Whether nothing was decided, because the bytes could not be read.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }

    pub(crate) fn malformed(what: &'static str, problem: &'static str) -> Self {
        Self::Malformed { what, problem }
    }

    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self::Unsupported { what: what.to_string() }
    }
}

impl From<io::Error> for DetachedError {
    fn from(error: io::Error) -> Self {
        Self::Unreadable { reason: error.kind() }
    }
}
