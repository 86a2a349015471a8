use std::path::PathBuf;

/// Why the sandbox refused a request, or could not be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What a client sent cannot be read.
    #[error("invalid {what}: {reason}")]
    Malformed {
        /// The thing that was to be read.
        what: &'static str,
        /// What its parser said.
        reason: String,
    },
    /// What a client sent is legal, but the sandbox does not do it.
    #[error("unsupported {what} `{found}`")]
    Unsupported {
        /// The kind of thing.
        what: &'static str,
        /// What was found.
        found: String,
    },
    /// The identity token carries no signature of this issuer.
    #[error("the signature of the identity token is not of this issuer")]
    TokenSignature,
    /// A claim of the identity token is missing.
    #[error("the identity token has no claim `{claim}`")]
    TokenClaimMissing {
        /// The claim's name.
        claim: String,
    },
    /// A claim of the identity token is not what it has to be.
    #[error("expected claim `{claim}` of the identity token to be `{expected}`, found `{found}`")]
    TokenClaim {
        /// The claim's name.
        claim: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The identity token is used before or after its time.
    #[error("the identity token is valid from {from} to {until}, now is {now}")]
    TokenTime {
        /// Seconds since the epoch.
        from: i64,
        /// Seconds since the epoch.
        until: i64,
        /// Seconds since the epoch.
        now: i64,
    },
    /// The caller did not show that it holds the private key.
    #[error("the proof of possession does not match the public key")]
    ProofOfPossession,
    /// The signature of a log entry does not match its digest and key.
    #[error("the signature of the entry does not match its key and its digest")]
    EntrySignature,
    /// The log holds this entry already.
    #[error("an equivalent entry already exists in the transparency log with UUID {uuid}")]
    Duplicate {
        /// Where it is.
        index: u64,
        /// Its name in the version 1 interface.
        uuid: String,
    },
    /// There is no such thing here.
    #[error("no {what} `{name}`")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// An OIDC request is refused; `code` is the one of RFC 6749.
    #[error("{code}: {reason}")]
    OAuth {
        /// The error code of RFC 6749, section 5.2.
        code: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The kept keys cannot be used.
    #[error("invalid sandbox keys in `{}`: {reason}", path.display())]
    KeysInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or a socket could not be used.
    #[error("cannot {action} `{place}`: {reason}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        place: String,
        /// What the system said.
        reason: String,
    },
    /// A cryptographic library refused; nothing that a client sends leads here.
    #[error("cannot make {what}: {reason}")]
    Internal {
        /// The thing.
        what: &'static str,
        /// What the library said.
        reason: String,
    },
}

impl Error {
    pub(crate) fn malformed(what: &'static str, reason: impl ToString) -> Self {
        Self::Malformed {
            what,
            reason: reason.to_string(),
        }
    }

    pub(crate) fn internal(what: &'static str, reason: impl ToString) -> Self {
        Self::Internal {
            what,
            reason: reason.to_string(),
        }
    }
}
