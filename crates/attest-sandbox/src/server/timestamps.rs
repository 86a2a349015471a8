use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use crate::server::reply::{Reply, typed};
use crate::sigstore::Sigstore;
use crate::timestamp::TimestampRequest;
use crate::x509::certificate_pem;

/// sigstore-js asks in JSON, everyone else in DER.
pub(super) async fn stamp(State(sigstore): State<Arc<Sigstore>>, headers: HeaderMap, body: Bytes) -> Reply<Response> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let request = match media_type.is_some_and(|media_type| media_type.starts_with("application/json")) {
        true => TimestampRequest::from_json(&body)?,
        false => TimestampRequest::from_der(&body)?,
    };
    let response = sigstore.timestamp(&request)?;
    Ok(typed(StatusCode::CREATED, "application/timestamp-reply", response))
}

pub(super) async fn chain(State(sigstore): State<Arc<Sigstore>>) -> Reply<Response> {
    let authority = sigstore.timestamp_authority();
    let chain = [certificate_pem(&authority.leaf)?, certificate_pem(&authority.root)?].concat();
    Ok(typed(StatusCode::OK, "application/pem-certificate-chain", chain))
}
