use axum::Json;
use axum::extract::Request;
use axum::http::{StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::error::Error;
use crate::server::MAX_REQUEST_BYTES;

/// What a handler answers: an error becomes the document that the real services send.
pub(super) type Reply<T> = Result<T, Refusal>;

/// An error on its way to a client.
pub(super) struct Refusal(Error);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Error::OAuth { code, reason } = &self.0 {
            let document = json!({"error": code, "error_description": reason});
            return (StatusCode::BAD_REQUEST, Json(document)).into_response();
        }
        let (status, code) = codes(&self.0);
        let document = json!({"code": code, "message": self.0.to_string(), "details": []});
        let mut response = (status, Json(document)).into_response();
        if let Error::Duplicate { index, uuid } = &self.0 {
            set(&mut response, "location", &format!("/api/v1/log/entries/{uuid}"));
            set(&mut response, "x-log-index", &index.to_string());
        }
        response
    }
}

/// The HTTP status, and the gRPC code that a gateway puts into the document.
fn codes(error: &Error) -> (StatusCode, u8) {
    match error {
        Error::TokenSignature
        | Error::TokenClaimMissing { .. }
        | Error::TokenClaim { .. }
        | Error::TokenTime { .. } => (StatusCode::UNAUTHORIZED, 16),
        Error::NotFound { .. } => (StatusCode::NOT_FOUND, 5),
        Error::Duplicate { .. } => (StatusCode::CONFLICT, 6),
        Error::Internal { .. } | Error::Io { .. } | Error::KeysInvalid { .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, 13)
        }
        Error::Malformed { .. }
        | Error::Unsupported { .. }
        | Error::ProofOfPossession
        | Error::EntrySignature
        | Error::OAuth { .. } => (StatusCode::BAD_REQUEST, 3),
    }
}

pub(super) async fn nothing_here(uri: Uri) -> Refusal {
    Refusal(Error::NotFound {
        what: "page",
        name: uri.path().to_owned(),
    })
}

/// Refuses a request that announces too large a body before any of it is read.
pub(super) async fn announced_within_limit(request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    match length.is_some_and(|length| length > MAX_REQUEST_BYTES) {
        true => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        false => next.run(request).await,
    }
}

/// Text or bytes of a type that axum has no wrapper for.
pub(super) fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Vec<u8>>) -> Response {
    (status, [(header::CONTENT_TYPE, media_type)], body.into()).into_response()
}

/// Sets a header whose value is made of digits and letters.
pub(super) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(name, value);
    }
}
