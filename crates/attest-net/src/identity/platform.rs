use serde_json::{Value, json};

use super::{AUDIENCE, MAX_TOKEN_BYTES};
use crate::http::{Exchange, Http, Request};
use crate::{Endpoint, Error, Secret, Service};

/// The platforms that hand out tokens over HTTP.
pub(super) struct Platform<'a> {
    pub(super) http: &'a Http,
}

impl Platform<'_> {
    /// Source: GitHub documentation, "OpenID Connect reference", methods for requesting the OIDC token.
    pub(super) fn github(&self, url: &Endpoint, token: &Secret) -> Result<Secret, Error> {
        let endpoint = url.with_query("audience", AUDIENCE);
        let bearer = Some(token.expose());
        let answer = self.ask(&endpoint, Request::Get { bearer })?;
        field(&endpoint, &answer, "value", "a token in a field `value`")
    }

    /// Source: the client of the agent itself, which `buildkite-agent oidc request-token` calls.
    pub(super) fn buildkite(&self, endpoint: &Endpoint, token: &Secret, job: &str) -> Result<Secret, Error> {
        let endpoint = endpoint.join(&format!("jobs/{job}/oidc/tokens"));
        let authorization = Secret::new(format!("Token {}", token.expose()));
        let body = json!({ "audience": AUDIENCE });
        let request = Request::PostJsonAs {
            authorization: authorization.expose(),
            body: &body,
        };
        let answer = self.ask(&endpoint, request)?;
        field(&endpoint, &answer, "token", "a token in a field `token`")
    }

    /// Source: Google Cloud documentation, "Verify the identity of instances": the token itself is the answer.
    pub(super) fn google(&self, endpoint: &Endpoint) -> Result<Secret, Error> {
        let endpoint = endpoint.with_query("audience", AUDIENCE).with_query("format", "full");
        let request = Request::GetWith {
            header: ("metadata-flavor", "Google"),
        };
        let answer = self.ask(&endpoint, request)?;
        let text = String::from_utf8(answer).map_err(|_| unexpected(&endpoint, "a token"))?;
        Ok(Secret::new(text))
    }

    fn ask(&self, endpoint: &Endpoint, request: Request<'_>) -> Result<Vec<u8>, Error> {
        let exchange = Exchange {
            service: Service::IdentityProvider,
            endpoint,
            limit: MAX_TOKEN_BYTES,
            request,
        };
        Ok(self.http.exchange(&exchange, &[])?.body)
    }
}

fn field(endpoint: &Endpoint, answer: &[u8], name: &str, expected: &'static str) -> Result<Secret, Error> {
    let answer: Option<Value> = serde_json::from_slice(answer).ok();
    let value = answer.as_ref().and_then(|answer| answer[name].as_str());
    value.map(Secret::new).ok_or_else(|| unexpected(endpoint, expected))
}

fn unexpected(endpoint: &Endpoint, expected: &'static str) -> Error {
    Error::Answer {
        service: Service::IdentityProvider,
        url: endpoint.to_string(),
        expected,
        found: "none".to_owned(),
    }
}
