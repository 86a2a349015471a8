use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use attest_sign::{Clock, IdentityProvider, IdentityToken, Port};
use jiff::Timestamp;
use serde_json::Value;

use crate::http::{Exchange, Http, Request};
use crate::{Endpoint, Error, Service};

/// For whom a token has to be.
const AUDIENCE: &str = "sigstore";

/// The largest token that is read, in bytes; what carries one in JSON is hardly larger.
const MAX_TOKEN_BYTES: usize = 128 << 10;

/// Where an identity token comes from.
#[derive(Clone)]
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
        request_token: String,
    },
}

/// Hands out tokens that are meant for Sigstore and good now.
pub struct Identity {
    source: IdentitySource,
    http: Arc<Http>,
    clock: Arc<dyn Clock>,
}

impl Identity {
    /// Takes tokens from `source`.
    #[must_use]
    pub fn new(source: IdentitySource, http: &Arc<Http>, clock: Arc<dyn Clock>) -> Self {
        let http = Arc::clone(http);
        Self { source, http, clock }
    }

    fn fetch(&self) -> Result<IdentityToken, attest_sign::Error> {
        match &self.source {
            IdentitySource::Given(token) => Ok(token.clone()),
            IdentitySource::File(path) => IdentityToken::parse(&read(path).map_err(failed)?),
            IdentitySource::GithubActions {
                request_url,
                request_token,
            } => IdentityToken::parse(&self.request(request_url, request_token).map_err(failed)?),
        }
    }

    /// Source: GitHub documentation, "OpenID Connect reference", methods for requesting the OIDC token.
    fn request(&self, url: &Endpoint, token: &str) -> Result<String, Error> {
        let endpoint = url.with_query("audience", AUDIENCE);
        let exchange = Exchange {
            service: Service::IdentityProvider,
            endpoint: &endpoint,
            limit: MAX_TOKEN_BYTES,
            request: Request::Get { bearer: Some(token) },
        };
        let answer = self.http.exchange(&exchange, &[])?;
        let answer: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let value = answer.as_ref().and_then(|answer| answer["value"].as_str());
        value.map(str::to_owned).ok_or_else(|| Error::Answer {
            service: Service::IdentityProvider,
            url: endpoint.to_string(),
            expected: "a token in a field `value`",
            found: "none".to_owned(),
        })
    }
}

impl IdentityProvider for Identity {
    fn token(&self) -> Result<IdentityToken, attest_sign::Error> {
        let token = self.fetch()?;
        check(&token, self.clock.now()).map_err(failed)?;
        Ok(token)
    }
}

impl std::fmt::Debug for IdentitySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Given(token) => f.debug_tuple("Given").field(token).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::GithubActions { request_url, .. } => f
                .debug_struct("GithubActions")
                .field("request_url", request_url)
                .finish_non_exhaustive(),
        }
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// Better said here than by an authority that only says "invalid token".
fn check(token: &IdentityToken, now: Timestamp) -> Result<(), Error> {
    let audiences = token.audiences_unverified();
    if !audiences.iter().any(|audience| audience == AUDIENCE) {
        let found = audiences.join(", ");
        return Err(Error::TokenAudience { found });
    }
    let expiry = token.expiry_unverified();
    if expiry <= now {
        return Err(Error::TokenExpired { now, expiry });
    }
    Ok(())
}

fn read(path: &PathBuf) -> Result<String, Error> {
    let unreadable = |detail: String| Error::TokenFile { detail };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut text = String::new();
    let limit = MAX_TOKEN_BYTES as u64;
    file.take(limit)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(error.to_string()))?;
    Ok(text)
}

fn failed(error: Error) -> attest_sign::Error {
    attest_sign::Error::port(Port::Identity, error)
}
