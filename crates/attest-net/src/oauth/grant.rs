use serde_json::Value;

use super::discovery::{Authentication, Provider};
use super::{LoginClient, refused};
use crate::endpoint::form_encoded;
use crate::http::{Answer, Exchange, Http, Request};
use crate::identity::MAX_TOKEN_BYTES;
use crate::{Endpoint, Error, Secret, Service};

/// The statuses with which providers wrap an error of RFC 6749: 400 by the book, 401 and 403 elsewhere, 428 by Google for a
/// code that nobody has entered yet.
const REFUSALS: [u16; 4] = [400, 401, 403, 428];

/// Requests of one client to one provider.
pub(super) struct Grant<'a> {
    pub(super) http: &'a Http,
    pub(super) provider: &'a Provider,
    pub(super) client: &'a LoginClient,
}

/// What an endpoint of RFC 6749 answers.
pub(super) enum Reply {
    Given(Value),
    Refused { code: String, description: String },
}

impl Grant<'_> {
    /// Turns what was granted into an identity token.
    pub(super) fn redeem(&self, fields: &[(&str, &str)]) -> Result<Secret, Error> {
        match self.ask(&self.provider.token, fields)? {
            Reply::Given(answer) => self.identity_token(&answer),
            Reply::Refused { code, description } => Err(refused(&self.provider.issuer, &code, &description)),
        }
    }

    /// Posts a form as this client (RFC 6749, section 2.3.1).
    pub(super) fn ask(&self, endpoint: &Endpoint, fields: &[(&str, &str)]) -> Result<Reply, Error> {
        let secret = self.client.secret.as_ref();
        let method = self.provider.authentication(secret.is_some())?;
        let (id, secret) = (self.client.id.as_str(), secret.map_or("", Secret::expose));
        let mut fields = fields.to_vec();
        // In the header, it was said already; a provider of devices wants to read the name all the same (RFC 8628, 3.1).
        fields.push(("client_id", id));
        if method == Authentication::Post {
            fields.push(("client_secret", secret));
        }
        let (encoded_id, encoded_secret) = (form_encoded(id), Secret::new(form_encoded(secret)));
        let client = (encoded_id.as_str(), encoded_secret.expose());
        let exchange = Exchange {
            service: Service::IdentityProvider,
            endpoint,
            limit: MAX_TOKEN_BYTES,
            request: Request::PostForm {
                fields: &fields,
                client: (method == Authentication::Basic).then_some(client),
            },
        };
        let answer = self.http.exchange(&exchange, &REFUSALS)?;
        read(&answer, endpoint)
    }

    pub(super) fn identity_token(&self, answer: &Value) -> Result<Secret, Error> {
        let token = answer["id_token"].as_str().map(Secret::new);
        token.ok_or_else(|| unexpected(&self.provider.token, "an identity token in a field `id_token`", "none"))
    }
}

fn read(answer: &Answer, endpoint: &Endpoint) -> Result<Reply, Error> {
    let parsed: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let is_refusal = REFUSALS.contains(&answer.status);
    match parsed {
        Some(value) if !is_refusal && value.is_object() => Ok(Reply::Given(value)),
        Some(value) if value["error"].is_string() => Ok(Reply::Refused {
            code: text(&value["error"]),
            description: text(&value["error_description"]),
        }),
        _ if is_refusal => Err(Error::Status {
            service: Service::IdentityProvider,
            url: endpoint.to_string(),
            status: answer.status,
            attempts: 1,
            message: "no reason that a program can read".to_owned(),
        }),
        _ => Err(unexpected(endpoint, "a JSON object", "something else")),
    }
}

pub(super) fn unexpected(endpoint: &Endpoint, expected: &'static str, found: &str) -> Error {
    Error::Answer {
        service: Service::IdentityProvider,
        url: endpoint.to_string(),
        expected,
        found: found.to_owned(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
