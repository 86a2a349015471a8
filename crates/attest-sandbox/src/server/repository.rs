use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::Error;
use crate::server::reply::{Reply, typed};
use crate::sigstore::Sigstore;

/// A file of the TUF repository. It is made anew for each request: four signatures, always the same.
pub(super) async fn file(State(sigstore): State<Arc<Sigstore>>, Path(path): Path<String>) -> Reply<Response> {
    let content = sigstore.tuf_repository()?.remove(&path).ok_or(Error::NotFound {
        what: "TUF file",
        name: path,
    })?;
    Ok(typed(StatusCode::OK, "application/json", content))
}
