use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::HttpOptions;

/// How registries are spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// How patient the client is.
    pub patience: HttpOptions,
    /// Which registries are spoken to without TLS.
    pub plain_http: PlainHttp,
    /// Whom the client believes, and who it is to TLS.
    pub certificates: Certificates,
}

/// Which registries are spoken to without TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlainHttp {
    /// Those of this machine also when there are certificates for them. Without this, a registry of this machine is spoken to without
    /// TLS unless there are certificates for it, and every other one with TLS.
    pub wanted: bool,
    /// Others, by `host[:port]`: whoever is on the way reads passwords and tokens. What comes is still held to its digest.
    pub others_unsafe: BTreeSet<String>,
}

/// Files for TLS. What they hold counts beside the certificates of the system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificates {
    /// Authorities to believe, as PEM.
    pub authorities: Vec<PathBuf>,
    /// A certificate and its key, as PEM, for registries that ask for one.
    pub client: Option<(PathBuf, PathBuf)>,
    /// Directories of directories by `host[:port]`, with `*.crt`, and `*.cert` beside `*.key`, as in `/etc/docker/certs.d`.
    pub directories: Vec<PathBuf>,
}

/// How long a stream may stand still before it is taken for dead.
pub(super) const STALL: Duration = Duration::from_secs(60);

/// How long a registry may take for a blob that it has whole: it hashes and moves it, perhaps to another store.
pub(super) const COMMIT: Duration = Duration::from_secs(300);
