use std::sync::Arc;

use attest_sign::{Clock, IdentityProvider, Ports, TimestampAuthority, TransparencyLog};

use crate::Services;
use crate::fulcio::Fulcio;
use crate::http::Http;
use crate::rekor::Rekor;
use crate::timestamp::Rfc3161;

/// The services of one Sigstore instance, as ports to sign through.
#[derive(Debug)]
pub struct Sigstore {
    authority: Fulcio,
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
            .map(|url| Rekor::new(Arc::clone(http), services.rekor, url));
        let timestamps = services
            .timestamp_authorities
            .iter()
            .map(|url| Rfc3161::new(Arc::clone(http), url));
        Self {
            authority: Fulcio::new(Arc::clone(http), &services.authority),
            logs: logs.collect(),
            timestamps: timestamps.collect(),
        }
    }

    /// The ports of a signing session.
    #[must_use]
    pub fn ports<'a>(&'a self, identity: &'a dyn IdentityProvider, clock: &'a dyn Clock) -> Ports<'a> {
        Ports {
            identity,
            authority: &self.authority,
            logs: self.logs.iter().map(|log| log as &dyn TransparencyLog).collect(),
            timestamps: self
                .timestamps
                .iter()
                .map(|authority| authority as &dyn TimestampAuthority)
                .collect(),
            clock,
        }
    }
}
