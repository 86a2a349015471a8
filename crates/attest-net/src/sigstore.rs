use std::sync::Arc;

use attest_sign::{
    CertificateAuthority, CertificateRequest, Clock, IdentityProvider, Logging, Port, Ports, SigningCertificate,
    TimestampAuthority, TransparencyLog, Witnesses,
};

use crate::Services;
use crate::fulcio::Fulcio;
use crate::http::Http;
use crate::rekor::Rekor;
use crate::timestamp::Rfc3161;

/// The services of one Sigstore instance, as ports to sign through.
#[derive(Debug)]
pub struct Sigstore {
    authority: Option<Fulcio>,
    recorded: bool,
    logs: Vec<Rekor>,
    timestamps: Vec<Rfc3161>,
}

impl Sigstore {
    /// Gets ready to speak to `services`; the first connection is made when something is asked for.
    #[must_use]
    pub fn connect(services: &Services, http: &Arc<Http>) -> Self {
        let logs = services
            .logs
            .iter()
            .map(|(version, url)| Rekor::new(Arc::clone(http), *version, url));
        let timestamps = services
            .timestamp_authorities
            .iter()
            .map(|url| Rfc3161::new(Arc::clone(http), url));
        Self {
            authority: services
                .authority
                .as_ref()
                .map(|url| Fulcio::new(Arc::clone(http), url)),
            recorded: services.recorded(),
            logs: logs.collect(),
            timestamps: timestamps.collect(),
        }
    }

    /// Has the logs of these ids shown again what an earlier attempt has left in them. An id is that of a trust root; for a log of
    /// tiles the SHA-256 of its name and its key.
    #[must_use]
    pub fn knowing_logs(mut self, ids: &[Vec<u8>]) -> Self {
        self.logs = self.logs.into_iter().map(|log| log.knowing(ids)).collect();
        self
    }

    /// The ports of a keyless session.
    #[must_use]
    pub fn ports<'a>(&'a self, identity: &'a dyn IdentityProvider, clock: &'a dyn Clock) -> Ports<'a> {
        Ports {
            identity,
            authority: self.authority.as_ref().map_or(&NoAuthority, |authority| authority as _),
            witnesses: self.witnesses(),
            clock,
        }
    }

    /// The logs and timestamp authorities, for every kind of session.
    #[must_use]
    pub fn witnesses(&self) -> Witnesses<'_> {
        let timestamps = self
            .timestamps
            .iter()
            .map(|authority| authority as &dyn TimestampAuthority);
        Witnesses {
            logging: match self.recorded {
                true => Logging::Recorded(self.logs().collect()),
                false => Logging::Unrecorded,
            },
            timestamps: timestamps.collect(),
        }
    }

    /// The logs that were chosen.
    pub fn logs(&self) -> impl Iterator<Item = &dyn TransparencyLog> {
        self.logs.iter().map(|log| log as &dyn TransparencyLog)
    }
}

/// What stands for an authority when services were chosen without one.
struct NoAuthority;

impl CertificateAuthority for NoAuthority {
    fn issue(&self, _: &CertificateRequest<'_>) -> Result<SigningCertificate, attest_sign::Error> {
        Err(attest_sign::Error::port(Port::Authority, "none was chosen"))
    }
}
