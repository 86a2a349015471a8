use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::oidc::{Authorization, Claims};
use crate::server::reply::{Reply, typed};
use crate::sigstore::Sigstore;

type Parameters = BTreeMap<String, String>;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Where a client that cannot listen has the code shown to the person, who copies it.
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// Seconds for which codes and tokens are said to be valid.
const EXPIRES_IN: u64 = 600;

pub(super) async fn discovery(State(sigstore): State<Arc<Sigstore>>) -> Json<Value> {
    let url = sigstore.url();
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/auth"),
        "token_endpoint": format!("{url}/token"),
        "device_authorization_endpoint": format!("{url}/device/code"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", DEVICE_GRANT],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "claims_supported": ["iss", "sub", "aud", "iat", "nbf", "exp", "email", "email_verified", "nonce"],
    }))
}

pub(super) async fn keys(State(sigstore): State<Arc<Sigstore>>) -> Reply<Json<Value>> {
    Ok(Json(sigstore.key_set()?))
}

/// The sandbox's user consents to everything at once.
pub(super) async fn authorize(
    State(sigstore): State<Arc<Sigstore>>,
    Query(query): Query<Parameters>,
) -> Reply<Response> {
    if query.get("response_type").is_some_and(|kind| kind != "code") {
        return Err(refused("unsupported_response_type", "expected `code`").into());
    }
    let redirect = query
        .get("redirect_uri")
        .ok_or_else(|| refused("invalid_request", "no redirect_uri"))?;
    if !is_local(redirect) {
        return Err(refused("invalid_request", "the redirect_uri is not on this machine").into());
    }
    let code = sigstore.authorize(authorization(&query)?);
    if redirect == OUT_OF_BAND {
        return Ok(typed(StatusCode::OK, "text/plain; charset=utf-8", format!("{code}\n")));
    }
    let separator = if redirect.contains('?') { '&' } else { '?' };
    let state = query.get("state").map(String::as_str).unwrap_or_default();
    let state = utf8_percent_encode(state, NON_ALPHANUMERIC);
    let location = format!("{redirect}{separator}code={code}&state={state}");
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

/// RFC 6749 with RFC 7636 and RFC 8628. sigstore-python takes the access token for the identity token.
pub(super) async fn token(State(sigstore): State<Arc<Sigstore>>, Form(form): Form<Parameters>) -> Reply<Json<Value>> {
    let field = |name: &str| form.get(name).map(String::as_str);
    let code = match field("grant_type") {
        Some("authorization_code") => field("code"),
        Some(DEVICE_GRANT) => field("device_code"),
        _ => return Err(refused("unsupported_grant_type", "expected a code or a device code").into()),
    };
    let code = code.ok_or_else(|| refused("invalid_request", "no code"))?;
    let token = sigstore.redeem(code, field("code_verifier"), field("redirect_uri"))?;
    Ok(Json(json!({
        "access_token": token,
        "id_token": token,
        "token_type": "Bearer",
        "expires_in": EXPIRES_IN,
        "scope": "openid email",
    })))
}

pub(super) async fn device_code(
    State(sigstore): State<Arc<Sigstore>>,
    Form(form): Form<Parameters>,
) -> Reply<Json<Value>> {
    let page = format!("{}/device", sigstore.url());
    let code = sigstore.authorize(authorization(&form)?);
    Ok(Json(json!({
        "device_code": code,
        "user_code": "SAND-BOXX",
        "verification_uri": page,
        "verification_uri_complete": page,
        "expires_in": EXPIRES_IN,
        "interval": 1,
    })))
}

pub(super) async fn device() -> &'static str {
    "The sandbox consents by itself; nothing is to be done here.\n"
}

/// Hands out tokens as GitHub does inside a workflow.
pub(super) async fn ambient(
    State(sigstore): State<Arc<Sigstore>>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
) -> Reply<Response> {
    let expected = sigstore.ambient_request_token();
    if bearer(&headers) != Some(expected.as_str()) {
        let document = json!({"message": "the bearer token is missing or not the one of this sandbox"});
        return Ok((StatusCode::UNAUTHORIZED, Json(document)).into_response());
    }
    let claims = sigstore.workflow();
    let token = match query.get("audience") {
        Some(audience) => sigstore.mint(&claims.with("aud", audience.as_str()))?,
        None => sigstore.mint(&claims)?,
    };
    Ok(Json(json!({"count": token.len(), "value": token})).into_response())
}

/// A token with any claims, for tests.
pub(super) async fn mint(
    State(sigstore): State<Arc<Sigstore>>,
    Json(claims): Json<Map<String, Value>>,
) -> Reply<Json<Value>> {
    let token = sigstore.mint(&Claims::from_map(claims))?;
    Ok(Json(json!({"value": token})))
}

/// The token of an `Authorization: Bearer` header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn authorization(parameters: &Parameters) -> Result<Authorization, Error> {
    let parameter = |name: &str| parameters.get(name).cloned();
    let challenge = parameter("code_challenge");
    if challenge.is_some() && parameter("code_challenge_method").as_deref() != Some("S256") {
        return Err(refused("invalid_request", "expected code_challenge_method S256"));
    }
    Ok(Authorization {
        nonce: parameter("nonce"),
        challenge,
        redirect_uri: parameter("redirect_uri"),
    })
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

fn refused(code: &'static str, reason: &str) -> Error {
    Error::OAuth {
        code,
        reason: reason.to_owned(),
    }
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
