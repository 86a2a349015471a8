use std::sync::PoisonError;
use std::time::Duration;

use reqwest::header::{DATE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Method, RequestBuilder, Response, Url};
use tokio::time::timeout;

use super::Error;
use super::answer::{Refusal, is_unsupported, message, refusal};
use super::challenge::{Challenge, Shortcoming};
use super::client::Client;
use super::credential::Credential;
use super::options::STALL;
use super::origin::{is_same, led, shown};
use super::patience::{Failed, Patience};
use super::session::Access;
use crate::Secret;
use crate::http::{header, innermost};
use crate::retry::Retry;

/// How much of the body of an error is read, in bytes.
const MAX_ERROR_BYTES: u64 = 64 << 10;

/// How often a registry may lead elsewhere before it leads nowhere.
const MAX_HOPS: usize = 5;

/// The slowest line that a request with a body is waited for, in bytes a second.
const SLOWEST: u64 = 32 << 10;

/// One request of a registry.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) access: Access<'a>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: bytes::Bytes,
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, url: Url, access: Access<'a>) -> Self {
        Self {
            method,
            url,
            access,
            headers: Vec::new(),
            body: bytes::Bytes::new(),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, body: impl Into<bytes::Bytes>) -> Self {
        self.body = body.into();
        self
    }

    fn may_be_led_elsewhere(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

/// An answer whose headers are here.
pub(super) struct Reply<'a> {
    client: &'a Client,
    response: Response,
    url: Url,
    /// As whom it was asked.
    who: String,
}

impl Reply<'_> {
    pub(super) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        header(&self.response, name)
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// Where it came from in the end.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The next bytes, or none at the end.
    pub(super) fn chunk(&mut self) -> Result<Option<bytes::Bytes>, Failed> {
        let Self {
            client, response, url, ..
        } = self;
        let chunk = async { timeout(STALL, response.chunk()).await };
        match client.runtime().block_on(chunk) {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(unreachable(url, innermost(&error))),
            Err(_) => Err(unreachable(url, stalled(STALL))),
        }
    }

    /// Everything, of at most so many bytes.
    pub(super) fn document(mut self, limit: u64) -> Result<Vec<u8>, Failed> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk()? {
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(Failed::from(Error::TooLarge {
                    url: shown(&self.url),
                    what: "bytes",
                    limit,
                }));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// What a registry says why, when the answer was no success.
    pub(super) fn message(self) -> String {
        message(&self.document(MAX_ERROR_BYTES).unwrap_or_default())
    }

    /// The same for what is said not to be there. Some registries refuse like that, with the status of what is not there, and some say
    /// with the status of a bad question that they do not know it: then the code has to say so.
    pub(super) fn absence(self) -> Result<String, Failed> {
        let (url, who, status) = (shown(&self.url), self.who.clone(), self.status());
        let body = self.document(MAX_ERROR_BYTES).unwrap_or_default();
        let message = message(&body);
        Err(Failed::from(match refusal(&body) {
            Some(Refusal::Denied) => Error::Denied { url, who, message },
            Some(Refusal::Unauthorized) => Error::Unauthorized { url, who, message },
            None if matches!(status, 400 | 406) && !is_unsupported(&body) => Error::Status {
                url,
                status,
                attempts: 1,
                message,
            },
            None => return Ok(message),
        }))
    }
}

impl Client {
    /// Asks until there is an answer, or none is to be had. `expected` are the statuses beside 2xx that are answers.
    pub(super) fn ask(&self, call: &Call<'_>, expected: &[u16]) -> Result<Reply<'_>, Error> {
        let mut patience = Patience::new(&self.options().patience);
        loop {
            match self.attempt(call, expected) {
                Ok(reply) => return Ok(reply),
                Err(failed) => patience.wait(failed)?,
            }
        }
    }

    /// The same, and reads the answer: what breaks off is asked for again.
    pub(super) fn ask_whole<T>(
        &self,
        call: &Call<'_>,
        expected: &[u16],
        read: impl Fn(Reply<'_>) -> Result<T, Failed>,
    ) -> Result<T, Error> {
        let mut patience = Patience::new(&self.options().patience);
        loop {
            match self.attempt(call, expected).and_then(&read) {
                Ok(read) => return Ok(read),
                Err(failed) => patience.wait(failed)?,
            }
        }
    }

    /// Asks once; a challenge is answered, and whoever reads is led on.
    pub(super) fn attempt(&self, call: &Call<'_>, expected: &[u16]) -> Result<Reply<'_>, Failed> {
        let (mut url, mut hops, mut was_challenged) = (call.url.clone(), 0, false);
        loop {
            let is_home = is_same(&url, &call.url);
            let authorization = match is_home {
                true => self.authorization(call.access)?,
                false => None,
            };
            let built = self.build(call, &url, authorization.as_ref())?.body(call.body.clone());
            let response = self.send(built, &url, call.body.len())?;
            match response.status().as_u16() {
                401 if is_home
                    && !was_challenged
                    && self.challenged(call.access, &response, authorization.as_ref()) =>
                {
                    was_challenged = true;
                }
                301 | 302 | 303 | 307 | 308 if call.may_be_led_elsewhere() && hops < MAX_HOPS => {
                    url = self.next(&response, &url)?;
                    hops += 1;
                }
                _ => {
                    let who = self.who(call.access.repository, authorization.as_ref());
                    return self.judge(response, &url, expected, &who);
                }
            }
        }
    }

    /// What a request is, but for its body. Another host gets no credentials.
    pub(super) fn build(
        &self,
        call: &Call<'_>,
        url: &Url,
        authorization: Option<&Secret>,
    ) -> Result<RequestBuilder, Error> {
        let connection = self.connection(url, is_same(url, &call.url))?;
        let mut built = connection.request(call.method.clone(), url.clone());
        for (name, value) in &call.headers {
            built = built.header(*name, value);
        }
        Ok(match authorization {
            Some(secret) => built.header("authorization", secret.expose()),
            None => built,
        })
    }

    /// Waits for an answer as long as the client is patient, and longer for what has to go out first.
    pub(super) fn send(&self, built: RequestBuilder, url: &Url, length: usize) -> Result<Response, Failed> {
        let patience = self.options().patience.timeout + Duration::from_secs(length as u64 / SLOWEST);
        match self.runtime().block_on(async { timeout(patience, built.send()).await }) {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_builder() => Err(Failed::from(Error::Client {
                detail: innermost(&error),
            })),
            Ok(Err(error)) => Err(unreachable(url, innermost(&error))),
            Err(_) => Err(unreachable(url, stalled(patience))),
        }
    }

    /// Learns from a 401; false when it says nothing that could be answered.
    pub(super) fn challenged(&self, access: Access<'_>, response: &Response, sent: Option<&Secret>) -> bool {
        let Some(challenge) = challenge(response) else {
            return false;
        };
        let session = self.session(access.repository);
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        session.challenged(access, challenge, sent);
        true
    }

    fn next(&self, response: &Response, url: &Url) -> Result<Url, Error> {
        let location = header(response, LOCATION.as_str()).ok_or_else(|| Error::Answer {
            url: shown(url),
            expected: "a `Location`",
            found: format!("none with status {}", response.status().as_u16()),
        })?;
        led(url, &location)
    }

    /// A success or what was expected is a reply; everything else says why there is none.
    pub(super) fn judge(
        &self,
        response: Response,
        url: &Url,
        expected: &[u16],
        who: &Credential,
    ) -> Result<Reply<'_>, Failed> {
        let status = response.status();
        let named = header(&response, RETRY_AFTER.as_str());
        let date = header(&response, DATE.as_str());
        let shortcoming = challenge(&response).and_then(|challenge| challenge.shortcoming);
        let reply = Reply {
            client: self,
            response,
            url: url.clone(),
            who: who.to_string(),
        };
        if status.is_success() || expected.contains(&status.as_u16()) {
            return Ok(reply);
        }
        let refused = Refused {
            status: status.as_u16(),
            shortcoming,
            is_known: *who != Credential::Anonymous,
        };
        let message = reply.message();
        Err(Failed {
            again: Retry::is_transient(status.as_u16()) || is_ahead(status.as_u16(), &message),
            pause: named.and_then(|named| Retry::named_pause(&named, date.as_deref())),
            error: refused.told(shown(url), who.to_string(), message),
        })
    }
}

/// Whether a manifest came before the registry knows the blobs that it has just taken: some store them elsewhere first, and
/// docker-registry reads half of what it notes of a blob while another writer sends the same one.
/// Source: Distribution, error code `MANIFEST_BLOB_UNKNOWN`.
fn is_ahead(status: u16, message: &str) -> bool {
    matches!(status, 400 | 404) && message.contains("MANIFEST_BLOB_UNKNOWN")
}

/// What an answer that is no success says beside its body.
struct Refused {
    status: u16,
    shortcoming: Option<Shortcoming>,
    /// Whether the registry was told who asks.
    is_known: bool,
}

impl Refused {
    fn told(self, url: String, who: String, message: String) -> Error {
        let message = match self.shortcoming {
            Some(shortcoming) => format!("{message} ({shortcoming})"),
            None => message,
        };
        match self.status {
            401 if self.is_known && self.shortcoming == Some(Shortcoming::Insufficient) => {
                Error::Denied { url, who, message }
            }
            401 => Error::Unauthorized { url, who, message },
            403 => Error::Denied { url, who, message },
            status => Error::Status {
                url,
                status,
                attempts: 1,
                message,
            },
        }
    }
}

fn challenge(response: &Response) -> Option<Challenge> {
    let headers = response.headers().get_all(WWW_AUTHENTICATE);
    Challenge::read(headers.iter().filter_map(|value| value.to_str().ok()))
}

pub(super) fn unreachable(url: &Url, detail: String) -> Failed {
    Failed::transient(Error::Unreachable {
        url: shown(url),
        attempts: 1,
        detail,
    })
}

pub(super) fn stalled(after: Duration) -> String {
    format!("nothing came for {} seconds", after.as_secs_f32())
}
