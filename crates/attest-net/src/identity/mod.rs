mod agent;
mod platform;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use attest_sign::{Clock, IdentityProvider, IdentityToken, Port};
use jiff::Timestamp;

use crate::http::Http;
use crate::{Endpoint, Error, Secret};
pub use agent::AgentCommand;
use platform::Platform;

/// For whom a token of a platform has to be.
const AUDIENCE: &str = "sigstore";

/// The largest token that is read, in bytes; what carries one in JSON is hardly larger.
pub(crate) const MAX_TOKEN_BYTES: usize = 128 << 10;

/// Where an identity token comes from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum IdentitySource {
    /// The token itself.
    Given(IdentityToken),
    /// A file that holds it, read again whenever a token is needed: platforms renew such files.
    File(PathBuf),
    /// The token service of a GitHub Actions job, or anything that answers like it (the sandbox does).
    GithubActions {
        /// `ACTIONS_ID_TOKEN_REQUEST_URL`.
        request_url: Endpoint,
        /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
        request_token: Secret,
    },
    /// The agent interface of Buildkite, for jobs that have no agent program at hand.
    Buildkite {
        /// `BUILDKITE_AGENT_ENDPOINT`.
        endpoint: Endpoint,
        /// `BUILDKITE_AGENT_ACCESS_TOKEN`.
        access_token: Secret,
        /// `BUILDKITE_JOB_ID`.
        job: String,
    },
    /// The metadata server of a Google Cloud machine; see [`Endpoint::metadata_server`].
    GoogleMetadata(Endpoint),
    /// A program of the platform that prints the token.
    Agent(AgentCommand),
}

/// Hands out tokens that are meant for Sigstore and good now.
pub struct Identity {
    source: IdentitySource,
    audience: String,
    http: Arc<Http>,
    clock: Arc<dyn Clock>,
    fetched: Mutex<Option<IdentityToken>>,
}

impl Identity {
    /// Takes tokens from `source`.
    #[must_use]
    pub fn new(source: IdentitySource, http: &Arc<Http>, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            audience: AUDIENCE.to_owned(),
            http: Arc::clone(http),
            clock,
            fetched: Mutex::new(None),
        }
    }

    /// The same for tokens that a person got by logging in as this client: a login names the client as the audience.
    #[must_use]
    pub fn for_client(mut self, client_id: &str) -> Self {
        client_id.clone_into(&mut self.audience);
        self
    }

    /// The token that [`IdentityProvider::token`] will hand out next, so that a person can be told whose it is first.
    ///
    /// # Errors
    /// As [`IdentityProvider::token`].
    pub fn look_ahead(&self) -> Result<IdentityToken, attest_sign::Error> {
        let token = self.token()?;
        *self.fetched.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    fn fetch(&self) -> Result<IdentityToken, attest_sign::Error> {
        let platform = Platform { http: &self.http };
        let text = match &self.source {
            IdentitySource::Given(token) => return Ok(token.clone()),
            IdentitySource::File(path) => read(path),
            IdentitySource::GithubActions {
                request_url,
                request_token,
            } => platform.github(request_url, request_token),
            IdentitySource::Buildkite {
                endpoint,
                access_token,
                job,
            } => platform.buildkite(endpoint, access_token, job),
            IdentitySource::GoogleMetadata(endpoint) => platform.google(endpoint),
            IdentitySource::Agent(command) => command.run(),
        };
        IdentityToken::parse(text.map_err(failed)?.expose())
    }

    /// Better said here than by an authority that only says "invalid token".
    fn check(&self, token: &IdentityToken, now: Timestamp) -> Result<(), Error> {
        let audiences = token.audiences_unverified();
        if !audiences.contains(&self.audience) {
            return Err(Error::TokenAudience {
                expected: self.audience.clone(),
                found: audiences.join(", "),
            });
        }
        let expiry = token.expiry_unverified();
        if expiry <= now {
            return Err(Error::TokenExpired { now, expiry });
        }
        Ok(())
    }
}

impl IdentityProvider for Identity {
    fn token(&self) -> Result<IdentityToken, attest_sign::Error> {
        let fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner).take();
        let token = fetched.map_or_else(|| self.fetch(), Ok)?;
        self.check(&token, self.clock.now()).map_err(failed)?;
        Ok(token)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("source", &self.source)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<Secret, Error> {
    let unreadable = |detail: String| Error::TokenFile { detail };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut text = String::new();
    let limit = MAX_TOKEN_BYTES as u64;
    file.take(limit)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(error.to_string()))?;
    Ok(Secret::new(text))
}

pub(crate) fn failed(error: Error) -> attest_sign::Error {
    attest_sign::Error::port(Port::Identity, error)
}
