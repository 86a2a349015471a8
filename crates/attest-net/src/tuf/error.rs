use jiff::Timestamp;

use crate::Error;

/// Why trust was not fetched, or what was fetched before is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TufError {
    /// The address is no good, or the repository did not answer.
    #[error(transparent)]
    Net(#[from] Error),
    /// A file is not in the repository.
    #[error("expected `{file}` in the trust repository, found none")]
    Missing {
        /// Its name.
        file: String,
    },
    /// A file is larger than anything that belongs there.
    #[error("expected at most {limit} bytes in `{file}`, found more")]
    TooLarge {
        /// Its name.
        file: String,
        /// The bound, in bytes.
        limit: usize,
    },
    /// A file is not what the specification describes.
    #[error("expected metadata of The Update Framework in `{file}`: {detail}")]
    Malformed {
        /// Its name.
        file: String,
        /// What is wrong.
        detail: String,
    },
    /// Too few of the keys that may sign a role have signed.
    #[error("expected {expected} signatures for the role `{role}` in `{file}`, found {found} that are good")]
    Threshold {
        /// The name of the file.
        file: String,
        /// The role.
        role: String,
        /// How many keys have to have signed.
        expected: usize,
        /// How many did.
        found: usize,
    },
    /// A root is not the one that follows the last one.
    #[error("expected version {expected} of the root, found version {found}")]
    RootVersion {
        /// What follows.
        expected: u64,
        /// What was found.
        found: u64,
    },
    /// More roots follow each other than are read.
    #[error("expected at most {limit} new roots, found more")]
    TooManyRoots {
        /// The bound.
        limit: u64,
    },
    /// The repository went back to an older version.
    #[error("expected version {expected} of {role} or a later one, found version {found}")]
    Rollback {
        /// The role, and by which file it was told.
        role: String,
        /// What was seen before.
        expected: u64,
        /// What is offered.
        found: u64,
    },
    /// The repository shows what should have been replaced by now.
    #[error("expected metadata of the role `{role}` that is good at {now}, found some that expired at {expires}")]
    Expired {
        /// The role.
        role: String,
        /// When it ran out.
        expires: Timestamp,
        /// The moment.
        now: Timestamp,
    },
    /// A file is not the one that the metadata above it describes.
    #[error("expected `{file}` to be as the metadata above it says: {detail}")]
    Mismatch {
        /// Its name.
        file: String,
        /// What differs.
        detail: String,
    },
    /// Everything is signed, but the content is of no use.
    #[error("expected trust material that can be used: {detail}")]
    Unusable {
        /// What is wrong.
        detail: String,
    },
    /// The keys of the repository were replaced, and nothing that the new ones sign has been fetched yet.
    #[error("expected metadata that the present keys of {mirror} have signed, found only older")]
    Superseded {
        /// The repository.
        mirror: String,
    },
    /// The cache cannot be read or written.
    #[error("cannot {action} the trust cache: {detail}")]
    Cache {
        /// What was tried.
        action: &'static str,
        /// What happened.
        detail: String,
    },
    /// The cache holds something that no update has put there.
    #[error("expected a trust cache that can be verified: {detail}")]
    CacheInvalid {
        /// What is wrong.
        detail: String,
    },
}

/// Tells what is wrong with a file in our words.
pub(super) fn fault(file: &str, error: sigstore_tuf::Error) -> TufError {
    let file = file.to_owned();
    match error {
        sigstore_tuf::Error::ThresholdNotMet { role, found, threshold } => TufError::Threshold {
            file,
            role,
            expected: threshold,
            found,
        },
        sigstore_tuf::Error::BadRootVersion { trusted, new } => TufError::RootVersion {
            expected: trusted.saturating_add(1),
            found: new,
        },
        sigstore_tuf::Error::Rollback { role, trusted, new } => TufError::Rollback {
            role,
            expected: trusted,
            found: new,
        },
        sigstore_tuf::Error::IntegrityMismatch(detail) => TufError::Mismatch { file, detail },
        other => TufError::Malformed {
            file,
            detail: causes(&other),
        },
    }
}

/// The same, where the moment decides too.
pub(super) fn fault_at(file: &str, error: sigstore_tuf::Error, now: Timestamp) -> TufError {
    match error {
        sigstore_tuf::Error::Expired { role, expires } => TufError::Expired { role, expires, now },
        other => fault(file, other),
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
