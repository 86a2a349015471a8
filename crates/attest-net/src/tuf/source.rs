use super::TufError;
use super::anchor::TrustAnchor;
use crate::http::{Exchange, Http, Request};
use crate::{Error, Service};

/// The largest root, in bytes. That of the public-good instance has 6 KiB; python-tuf reads as much.
pub(super) const MAX_ROOT_BYTES: usize = 512_000;

/// The largest timestamp, in bytes: it names one file. As in python-tuf.
pub(super) const MAX_TIMESTAMP_BYTES: usize = 16 << 10;

/// The largest snapshot, in bytes: one entry a role that delegates. As in python-tuf.
pub(super) const MAX_SNAPSHOT_BYTES: usize = 2_000_000;

/// The largest list of targets, in bytes. As in python-tuf.
pub(super) const MAX_TARGETS_BYTES: usize = 5_000_000;

/// The largest target, in bytes: more is not read from a file with a trust root either.
pub(super) const MAX_TARGET_BYTES: usize = 4 << 20;

/// A place where the files of a repository are. Absent is not an error: that is how the newest root is found.
pub(super) trait Source {
    /// A file by its path below the repository, of at most so many bytes.
    fn fetch(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, TufError>;
}

/// A mirror.
pub(super) struct HttpSource<'a> {
    pub(super) http: &'a Http,
    pub(super) anchor: &'a TrustAnchor,
}

impl Source for HttpSource<'_> {
    /// Object stores answer 403 for what they do not have, unless one may list them.
    fn fetch(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, TufError> {
        let exchange = Exchange {
            service: Service::TrustRepository,
            endpoint: &self.anchor.mirror().join(path),
            limit,
            request: Request::Get { bearer: None },
        };
        match self.http.exchange(&exchange, &[403, 404]) {
            Ok(answer) if answer.status == 200 => Ok(Some(answer.body)),
            Ok(answer) if matches!(answer.status, 403 | 404) => Ok(None),
            Ok(answer) => Err(TufError::Net(Error::Answer {
                service: exchange.service,
                url: exchange.endpoint.to_string(),
                expected: "status 200",
                found: answer.status.to_string(),
            })),
            Err(error) => Err(error.into()),
        }
    }
}
