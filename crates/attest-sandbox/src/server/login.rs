use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Error;
use crate::oidc::{Consent, Decision};
use crate::server::identity::{Parameters, authorization, refused};
use crate::server::page::{self, Question};
use crate::server::reply::{Reply, typed};
use crate::sigstore::Sigstore;

/// Where a client that cannot listen has the code shown to the person, who copies it.
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// The longest address of a person (RFC 5321, section 4.5.3.1).
const MAX_ADDRESS_BYTES: usize = 254;

/// RFC 6749, section 4.1.1. A person in a browser is asked; a program, or a request that says `prompt=none`, is sent on at
/// once, as the address of `login_hint` or as the sandbox's own user.
pub(super) async fn authorize(
    State(sigstore): State<Arc<Sigstore>>,
    headers: HeaderMap,
    Query(query): Query<Parameters>,
) -> Reply<Response> {
    let destination = Destination::of(&query)?;
    let asks = is_browser(&headers) && query.get("prompt").map(String::as_str) != Some("none");
    if !asks {
        let address = address(query.get("login_hint"))?;
        return allow(&sigstore, &query, &destination, address);
    }
    authorization(&query)?;
    let suggested = address(query.get("login_hint"))?.or_else(|| sigstore.user_address());
    let question = Question {
        action: "/auth",
        asker: query.get("client_id").map_or("a program", String::as_str),
        place: destination.host(),
        address: suggested.as_deref(),
        fields: query.iter().filter(|(name, _)| *name != "login_hint").collect(),
    };
    Ok(page::html(StatusCode::OK, &question.to_html()))
}

/// What the person said on the page.
pub(super) async fn decide(State(sigstore): State<Arc<Sigstore>>, Form(form): Form<Parameters>) -> Reply<Response> {
    let destination = Destination::of(&form)?;
    match form.get("decision").map(String::as_str) {
        Some("allow") => allow(&sigstore, &form, &destination, address(form.get("login_hint"))?),
        Some("deny") => Ok(destination.answer(
            &sigstore,
            &[("error", "access_denied"), ("error_description", "the person said no")],
        )),
        _ => Err(refused("invalid_request", "expected a decision").into()),
    }
}

fn allow(
    sigstore: &Sigstore,
    parameters: &Parameters,
    destination: &Destination<'_>,
    address: Option<String>,
) -> Reply<Response> {
    let consent = Consent {
        authorization: authorization(parameters)?,
        address,
    };
    let code = sigstore.authorize(consent);
    Ok(match destination.url {
        OUT_OF_BAND => typed(StatusCode::OK, "text/plain; charset=utf-8", format!("{code}\n")),
        _ => destination.answer(sigstore, &[("code", &code)]),
    })
}

/// RFC 8628, section 3.3. A program that comes with the code consents to it at once; a person is asked.
pub(super) async fn device(
    State(sigstore): State<Arc<Sigstore>>,
    headers: HeaderMap,
    Query(query): Query<Parameters>,
) -> Reply<Response> {
    let user_code = query.get("user_code").map(String::as_str).unwrap_or_default();
    if is_browser(&headers) {
        let address = sigstore.user_address();
        return Ok(device_page(&sigstore, user_code, address.as_deref()));
    }
    let address = address(query.get("login_hint"))?;
    match sigstore.decide_device(user_code, Decision::Allowed(address)) {
        true => Ok(typed(
            StatusCode::OK,
            "text/plain; charset=utf-8",
            "the device is signed in\n",
        )),
        false => Err(refused("invalid_request", "no device waits for this code").into()),
    }
}

/// What the person said on the page for devices.
pub(super) async fn decide_device(
    State(sigstore): State<Arc<Sigstore>>,
    Form(form): Form<Parameters>,
) -> Reply<Response> {
    let user_code = form.get("user_code").map(String::as_str).unwrap_or_default();
    let (decision, told) = match form.get("decision").map(String::as_str) {
        Some("allow") => (Decision::Allowed(address(form.get("login_hint"))?), page::SIGNED_IN),
        Some("deny") => (Decision::Denied, page::NOT_SIGNED_IN),
        _ => return Ok(device_page(&sigstore, user_code, sigstore.user_address().as_deref())),
    };
    Ok(match sigstore.decide_device(user_code, decision) {
        true => page::html(StatusCode::OK, &told.to_html()),
        false => device_page(&sigstore, user_code, None),
    })
}

fn device_page(sigstore: &Sigstore, user_code: &str, address: Option<&str>) -> Response {
    if !sigstore.awaits_decision(user_code) {
        return page::html(StatusCode::OK, &page::enter_code(user_code));
    }
    let (name, code) = ("user_code".to_owned(), user_code.to_owned());
    let question = Question {
        action: "/device",
        asker: "a program",
        place: "the one that shows the code",
        address,
        fields: vec![(&name, &code)],
    };
    page::html(StatusCode::OK, &question.to_html())
}

/// Where the answer of the authorization endpoint goes.
struct Destination<'a> {
    url: &'a str,
    state: Option<&'a str>,
}

impl<'a> Destination<'a> {
    fn of(parameters: &'a Parameters) -> Result<Self, Error> {
        let parameter = |name: &str| parameters.get(name).map(String::as_str);
        if parameter("response_type").is_some_and(|kind| kind != "code") {
            return Err(refused("unsupported_response_type", "expected `code`"));
        }
        let url = parameter("redirect_uri").ok_or_else(|| refused("invalid_request", "no redirect_uri"))?;
        match is_local(url) {
            true => Ok(Self {
                url,
                state: parameter("state"),
            }),
            false => Err(refused("invalid_request", "the redirect_uri is not on this machine")),
        }
    }

    fn host(&self) -> &str {
        let rest = self.url.strip_prefix("http://").unwrap_or("this machine");
        rest.split('/').next().unwrap_or(rest)
    }

    /// RFC 6749, section 4.1.2, with the issuer of RFC 9207.
    fn answer(&self, sigstore: &Sigstore, fields: &[(&str, &str)]) -> Response {
        let state = self.state.map(|state| ("state", state));
        let all = fields.iter().copied().chain(state).chain([("iss", sigstore.url())]);
        let query: Vec<String> = all
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        let separator = if self.url.contains('?') { '&' } else { '?' };
        let location = format!("{}{separator}{}", self.url, query.join("&"));
        // After a form was posted, a browser has to come with GET.
        (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
    }
}

/// Who asks for HTML in so many words has somebody who reads it.
fn is_browser(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// The address to sign in as, which goes into certificates; none if the field is not there or empty.
fn address(hint: Option<&String>) -> Result<Option<String>, Error> {
    let Some(address) = hint.map(|hint| hint.trim()).filter(|hint| !hint.is_empty()) else {
        return Ok(None);
    };
    let is_address = address.len() <= MAX_ADDRESS_BYTES
        && address.contains('@')
        && !address.contains(|c: char| c.is_control() || c.is_whitespace());
    match is_address {
        true => Ok(Some(address.to_owned())),
        false => Err(refused("invalid_request", "expected an e-mail address")),
    }
}

/// A code is a secret of its client: it goes to no other machine.
fn is_local(redirect: &str) -> bool {
    let Some(rest) = redirect.strip_prefix("http://") else {
        return redirect == OUT_OF_BAND;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, ""),
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
        && port.bytes().all(|digit| digit.is_ascii_digit())
        && redirect.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sent_to_this_machine_only() {
        assert!(is_local("http://localhost:4242/auth/callback"));
        assert!(is_local("http://127.0.0.1/"));
        assert!(is_local("http://[::1]:80/"));
        assert!(is_local("http://[::1]"));
        assert!(is_local(OUT_OF_BAND));
        assert!(!is_local("http://localhost.example.com/"));
        assert!(!is_local("http://localhost@example.com/"));
        assert!(!is_local("http://localhost:1@example.com/"));
        assert!(!is_local("https://example.com/#http://localhost"));
        assert!(!is_local("http://localhost/\r\nset-cookie: a=b"));
    }
}
