use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::oidc::{Authorization, Claims, INTERVAL, LIFETIME, Shown};
use crate::server::reply::Reply;
use crate::sigstore::Sigstore;

pub(super) type Parameters = BTreeMap<String, String>;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

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
        "authorization_response_iss_parameter_supported": true,
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

/// RFC 6749 with RFC 7636 and RFC 8628. sigstore-python takes the access token for the identity token.
pub(super) async fn token(
    State(sigstore): State<Arc<Sigstore>>,
    headers: HeaderMap,
    Form(form): Form<Parameters>,
) -> Reply<Response> {
    let field = |name: &str| form.get(name).map(String::as_str);
    let client = client(&headers);
    let shown = Shown {
        client: client.as_deref().or(field("client_id")),
        verifier: field("code_verifier"),
        redirect_uri: field("redirect_uri"),
    };
    let code = |name: &str| field(name).ok_or_else(|| refused("invalid_request", "no code"));
    let token = match field("grant_type") {
        Some("authorization_code") => sigstore.redeem(code("code")?, shown)?,
        Some(DEVICE_GRANT) => sigstore.redeem_device(code("device_code")?, shown)?,
        _ => return Err(refused("unsupported_grant_type", "expected a code or a device code").into()),
    };
    let document = json!({
        "access_token": token,
        "id_token": token,
        "token_type": "Bearer",
        "expires_in": LIFETIME.as_secs(),
        "scope": "openid email",
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(document)).into_response())
}

/// RFC 8628, section 3.1.
pub(super) async fn device_code(
    State(sigstore): State<Arc<Sigstore>>,
    Form(form): Form<Parameters>,
) -> Reply<Json<Value>> {
    let page = format!("{}/device", sigstore.url());
    // Only a browser is sent anywhere.
    let authorization = Authorization {
        redirect_uri: None,
        ..authorization(&form)?
    };
    let codes = sigstore.take_in_device(authorization);
    Ok(Json(json!({
        "device_code": codes.device,
        "user_code": codes.user,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={}", codes.user),
        "expires_in": LIFETIME.as_secs(),
        "interval": INTERVAL.as_secs(),
    })))
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

/// What a request asks for, at either endpoint.
pub(super) fn authorization(parameters: &Parameters) -> Result<Authorization, Error> {
    let parameter = |name: &str| parameters.get(name).cloned();
    let challenge = parameter("code_challenge");
    if challenge.is_some() && parameter("code_challenge_method").as_deref() != Some("S256") {
        return Err(refused("invalid_request", "expected code_challenge_method S256"));
    }
    Ok(Authorization {
        client: parameter("client_id"),
        nonce: parameter("nonce"),
        challenge,
        redirect_uri: parameter("redirect_uri"),
    })
}

/// The name in the `Authorization: Basic` header of a client (RFC 6749, section 2.3.1).
fn client(headers: &HeaderMap) -> Option<String> {
    let (scheme, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let credentials = BASE64_STANDARD.decode(credentials.trim()).ok()?;
    let credentials = String::from_utf8(credentials).ok()?;
    let (name, _) = credentials.split_once(':')?;
    let name = percent_decode_str(name).decode_utf8().ok()?;
    scheme.eq_ignore_ascii_case("basic").then(|| name.into_owned())
}

pub(super) fn refused(code: &'static str, reason: &str) -> Error {
    Error::OAuth {
        code,
        reason: reason.to_owned(),
    }
}
