use std::fmt;
use std::path::PathBuf;

use attest_digest::Digest;

use super::InvalidReference;

/// What is not in a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// An index or a manifest.
    Manifest,
    /// A blob.
    Blob,
    /// A repository.
    Repository,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manifest => "manifest",
            Self::Blob => "blob",
            Self::Repository => "repository",
        })
    }
}

/// Why a registry gave or took nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A reference is malformed.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// A file of credentials cannot be used.
    #[error("cannot use credentials of `{}`: {problem}", path.display())]
    AuthFile {
        /// The file.
        path: PathBuf,
        /// What is wrong; never what stands in it.
        problem: String,
    },
    /// A credential helper gave no answer.
    #[error("`{}` gave no credentials for `{server}`: {detail}", program.display())]
    Helper {
        /// Which program.
        program: PathBuf,
        /// What it was asked about.
        server: String,
        /// What happened; never what it printed as a secret.
        detail: String,
    },
    /// Certificates or a key cannot be used.
    #[error("cannot use `{}` for TLS: {problem}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A registry would be spoken to in the clear, and is not on this machine.
    #[error("expected a registry on this machine for plain http, found `{registry}`")]
    PlainHttp {
        /// The registry.
        registry: String,
    },
    /// A registry leads to a place that nothing may be sent to.
    #[error("`{from}` leads to `{to}`: {problem}")]
    Elsewhere {
        /// What was asked.
        from: String,
        /// Where it leads.
        to: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A registry could not be reached, or stopped in the middle.
    #[error("`{url}` cannot be reached ({}): {detail}", tried(*attempts))]
    Unreachable {
        /// What was asked.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// What happened the last time.
        detail: String,
    },
    /// A registry wants to know who asks, or takes this one for nobody that it knows.
    #[error("`{url}` wants other credentials; it was asked {who}: {message}")]
    Unauthorized {
        /// What was asked.
        url: String,
        /// As whom.
        who: String,
        /// What the registry says.
        message: String,
    },
    /// A registry knows who asks, and says no.
    #[error("`{url}` is denied; it was asked {who}: {message}")]
    Denied {
        /// What was asked.
        url: String,
        /// As whom.
        who: String,
        /// What the registry says.
        message: String,
    },
    /// Something is not in the registry.
    #[error("expected {missing} `{name}` in the registry, found none: {message}")]
    NotFound {
        /// What.
        missing: Missing,
        /// Its name.
        name: String,
        /// What the registry says.
        message: String,
    },
    /// A registry answered with another error.
    #[error("`{url}` answered {status} ({}): {message}", tried(*attempts))]
    Status {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// How often it was tried.
        attempts: u32,
        /// What the registry says.
        message: String,
    },
    /// A registry answered with something else than was asked for.
    #[error("expected {expected} from `{url}`, found {found}")]
    Answer {
        /// What was asked.
        url: String,
        /// What should come.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// A registry answered with more than is read.
    #[error("expected at most {limit} {what} from `{url}`, found more")]
    TooLarge {
        /// What was asked.
        url: String,
        /// What there is too much of.
        what: &'static str,
        /// The most that is read.
        limit: u64,
    },
    /// What a registry sent is not what it was asked for.
    #[error("expected `{expected}` from `{url}`, found `{found}` in its place")]
    OtherDigest {
        /// What was asked.
        url: String,
        /// The digest that was asked for.
        expected: Digest,
        /// The digest of what came, or of what was stored.
        found: Digest,
    },
    /// What a registry sent is longer or shorter than what points to it says.
    #[error("expected {expected} bytes from `{url}`, found {found}")]
    OtherSize {
        /// What was asked.
        url: String,
        /// The size that was expected.
        expected: u64,
        /// The size that was found, or where reading stopped.
        found: u64,
    },
    /// What is to be uploaded is not what its digest says.
    #[error("expected `{digest}` to upload, found something else: {problem}")]
    OtherSource {
        /// The blob.
        digest: Digest,
        /// What is wrong with it.
        problem: String,
    },
    /// What is to be uploaded cannot be read.
    #[error("cannot upload `{digest}`: {problem}")]
    Source {
        /// The blob.
        digest: Digest,
        /// Why.
        problem: String,
    },
    /// What comes from a registry cannot be written down.
    #[error("cannot write `{digest}`: {problem}")]
    Sink {
        /// The blob.
        digest: Digest,
        /// Why.
        problem: String,
    },
    /// The HTTP client cannot be set up.
    #[error("no HTTP client: {detail}")]
    Client {
        /// What happened.
        detail: String,
    },
}

fn tried(attempts: u32) -> String {
    match attempts {
        1 => "tried once".to_owned(),
        attempts => format!("tried {attempts} times"),
    }
}
