use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::header::{DATE, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::retry::Retry;
use crate::{Endpoint, Error, Service};

/// How much of the body of an error is read, in bytes, and how much of it is shown, in characters.
const MAX_ERROR_BYTES: usize = 64 << 10;
const MAX_ERROR_CHARACTERS: usize = 500;

/// How patient the clients are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpOptions {
    /// For one attempt. Rekor v2 answers when its next batch is in the tree, so not below 20 seconds.
    pub timeout: Duration,
    /// How often a request is tried in all.
    pub attempts: u32,
    /// For all attempts of a request and the pauses between them: no new attempt begins after it.
    pub budget: Duration,
    /// The pause after the first attempt; each further one is twice as long.
    pub first_pause: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            attempts: 5,
            budget: Duration::from_secs(90),
            first_pause: Duration::from_millis(500),
        }
    }
}

/// The one HTTP client: a runtime of its own, with connections that are kept open between requests.
#[derive(Debug)]
pub struct Http {
    runtime: Runtime,
    options: HttpOptions,
    outward: OnceLock<Client>,
    loopback: OnceLock<Client>,
}

/// One request, to be tried as often as it takes.
pub(crate) struct Exchange<'a> {
    pub(crate) service: Service,
    pub(crate) endpoint: &'a Endpoint,
    /// The largest answer that is read, in bytes.
    pub(crate) limit: usize,
    pub(crate) request: Request<'a>,
}

pub(crate) enum Request<'a> {
    Get {
        bearer: Option<&'a str>,
    },
    GetWith {
        header: (&'static str, &'static str),
    },
    PostJson(&'a Value),
    /// With an `Authorization` header that is not of the bearer kind.
    PostJsonAs {
        authorization: &'a str,
        body: &'a Value,
    },
    /// `application/x-www-form-urlencoded`; a confidential client authenticates with its name and secret.
    PostForm {
        fields: &'a [(&'a str, &'a str)],
        client: Option<(&'a str, &'a str)>,
    },
    PostBytes {
        media_type: &'static str,
        body: &'a [u8],
    },
}

/// An answer that was a success, or one of the statuses that the caller asked to see.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    /// Where a log of tiles has an entry that was sent to it again.
    pub(crate) log_index: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// How one attempt ended without an answer.
struct Attempt {
    error: Error,
    again: bool,
    named_pause: Option<Duration>,
}

impl Http {
    /// Sets up the client; nothing is connected yet.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn new(options: HttpOptions) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| no_client(&error))?;
        Ok(Self {
            runtime,
            options,
            outward: OnceLock::new(),
            loopback: OnceLock::new(),
        })
    }

    /// Sends a request until it is answered, refused for good, or the budget is spent. `expected` are the statuses beside
    /// 2xx that are answers and not errors.
    pub(crate) fn exchange(&self, exchange: &Exchange<'_>, expected: &[u16]) -> Result<Answer, Error> {
        let client = self.client(exchange.endpoint)?;
        self.runtime.block_on(self.repeat(client, exchange, expected))
    }

    /// Runs something else that waits, on the same runtime.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    async fn repeat(&self, client: &Client, exchange: &Exchange<'_>, expected: &[u16]) -> Result<Answer, Error> {
        let retry = Retry {
            attempts: self.options.attempts,
            budget: self.options.budget,
            first_pause: self.options.first_pause,
        };
        let begin = Instant::now();
        let mut attempt = 1;
        loop {
            let failed = match attempt_once(client, exchange, expected, attempt).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            match retry.pause(attempt, begin.elapsed(), failed.named_pause) {
                Some(pause) if failed.again => tokio::time::sleep(pause).await,
                _ => return Err(failed.error),
            }
            attempt += 1;
        }
    }

    /// A proxy of the environment is for other machines, not for this one.
    fn client(&self, endpoint: &Endpoint) -> Result<&Client, Error> {
        let slot = if endpoint.is_direct() {
            &self.loopback
        } else {
            &self.outward
        };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let builder = Client::builder()
            .timeout(self.options.timeout)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("attest/", env!("CARGO_PKG_VERSION")));
        let builder = if endpoint.is_direct() {
            builder.no_proxy()
        } else {
            builder
        };
        let client = builder.build().map_err(|error| no_client(&error))?;
        Ok(slot.get_or_init(|| client))
    }
}

async fn attempt_once(
    client: &Client,
    exchange: &Exchange<'_>,
    expected: &[u16],
    attempt: u32,
) -> Result<Answer, Attempt> {
    let response = build(client, exchange)
        .send()
        .await
        .map_err(|error| unreachable(exchange, attempt, &error))?;
    let status = response.status().as_u16();
    let location = header(&response, "location");
    let log_index = header(&response, "x-log-index");
    if response.status().is_success() || expected.contains(&status) {
        let body = read(response, exchange, exchange.limit, attempt).await?;
        return Ok(Answer {
            status,
            location,
            log_index,
            body,
        });
    }
    let named_pause = header(&response, RETRY_AFTER.as_str())
        .and_then(|value| Retry::named_pause(&value, header(&response, DATE.as_str()).as_deref()));
    let body = read(response, exchange, MAX_ERROR_BYTES, attempt)
        .await
        .unwrap_or_default();
    Err(Attempt {
        again: Retry::is_transient(status),
        named_pause,
        error: Error::Status {
            service: exchange.service,
            url: exchange.endpoint.to_string(),
            status,
            attempts: attempt,
            message: message(&body),
        },
    })
}

fn build(client: &Client, exchange: &Exchange<'_>) -> RequestBuilder {
    let url = exchange.endpoint.url().clone();
    match &exchange.request {
        Request::Get { bearer: None } => client.get(url),
        Request::Get { bearer: Some(token) } => client.get(url).bearer_auth(token),
        Request::GetWith { header: (name, value) } => client.get(url).header(*name, *value),
        Request::PostJson(body) => client.post(url).json(body),
        Request::PostJsonAs { authorization, body } => {
            client.post(url).header("authorization", *authorization).json(body)
        }
        Request::PostForm { fields, client: None } => client.post(url).form(fields),
        Request::PostForm {
            fields,
            client: Some((name, secret)),
        } => client.post(url).form(fields).basic_auth(name, Some(secret)),
        Request::PostBytes { media_type, body } => {
            client.post(url).header("content-type", *media_type).body(body.to_vec())
        }
    }
}

async fn read(mut response: Response, exchange: &Exchange<'_>, limit: usize, attempt: u32) -> Result<Vec<u8>, Attempt> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= limit => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(too_large(exchange, limit)),
            Ok(None) => return Ok(body),
            Err(error) => return Err(unreachable(exchange, attempt, &error)),
        }
    }
}

fn too_large(exchange: &Exchange<'_>, limit: usize) -> Attempt {
    Attempt {
        again: false,
        named_pause: None,
        error: Error::TooLarge {
            service: exchange.service,
            url: exchange.endpoint.to_string(),
            limit,
        },
    }
}

fn unreachable(exchange: &Exchange<'_>, attempt: u32, error: &reqwest::Error) -> Attempt {
    Attempt {
        again: !error.is_builder(),
        named_pause: None,
        error: Error::Unreachable {
            service: exchange.service,
            url: exchange.endpoint.to_string(),
            attempts: attempt,
            detail: innermost(error),
        },
    }
}

/// The last cause is the one that says something: "connection refused", "operation timed out".
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

pub(crate) fn header(response: &Response, name: &str) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}

/// Fulcio and both Rekors answer `{"code": …, "message": …}`; a proxy in front of them answers with a page.
fn message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let message = parsed
        .as_ref()
        .and_then(|value| value["message"].as_str())
        .unwrap_or(text.trim());
    match message {
        "" => "no message".to_owned(),
        message => message.chars().take(MAX_ERROR_CHARACTERS).collect(),
    }
}

fn no_client(error: &dyn std::error::Error) -> Error {
    Error::Client {
        detail: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_an_error_is_found() {
        assert_eq!(message(br#"{"code":3,"message":"bad token"}"#), "bad token");
        assert_eq!(message(b" upstream is down\n"), "upstream is down");
        assert_eq!(message(b""), "no message");
        assert_eq!(message(&[b'x'; 600]).len(), MAX_ERROR_CHARACTERS);
    }
}
