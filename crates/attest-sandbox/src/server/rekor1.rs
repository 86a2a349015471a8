use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::log::{LoggedV1, ProposalV1, Rekor1};
use crate::server::reply::{Reply, set, typed};
use crate::sigstore::Sigstore;
use crate::x509::pem;

/// Most entries that are answered at once, as in the real service.
const MAX_RETRIEVED: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RetrieveWire {
    #[serde(default)]
    log_indexes: Vec<u64>,
    #[serde(default, rename = "entryUUIDs")]
    entry_uuids: Vec<String>,
    #[serde(default)]
    entries: Vec<Value>,
}

#[derive(Deserialize)]
pub(super) struct SearchWire {
    hash: Option<String>,
}

/// sigstore-go finds the entry in the document by the `ETag`.
pub(super) async fn record(State(sigstore): State<Arc<Sigstore>>, body: Bytes) -> Reply<Response> {
    let logged = sigstore.log_v1(&ProposalV1::from_json(&body)?)?;
    let mut response = (StatusCode::CREATED, Json(answer(&logged))).into_response();
    set(&mut response, "etag", &logged.uuid);
    set(
        &mut response,
        "location",
        &format!("/api/v1/log/entries/{}", logged.uuid),
    );
    Ok(response)
}

pub(super) async fn by_index(
    State(sigstore): State<Arc<Sigstore>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Reply<Json<Value>> {
    let index = number(&query, "logIndex")?;
    Ok(Json(answer(&sigstore.with_rekor1(|log| log.entry(index))?)))
}

pub(super) async fn by_uuid(State(sigstore): State<Arc<Sigstore>>, Path(uuid): Path<String>) -> Reply<Json<Value>> {
    Ok(Json(answer(&find(&sigstore, &uuid)?)))
}

pub(super) async fn retrieve(
    State(sigstore): State<Arc<Sigstore>>,
    Json(wire): Json<RetrieveWire>,
) -> Reply<Json<Value>> {
    if !wire.entries.is_empty() {
        return Err(Error::Unsupported {
            what: "kind of search",
            found: "entries".to_owned(),
        }
        .into());
    }
    if wire.log_indexes.len() + wire.entry_uuids.len() > MAX_RETRIEVED {
        return Err(Error::malformed("search", format!("more than {MAX_RETRIEVED} entries")).into());
    }
    let by_index = wire
        .log_indexes
        .iter()
        .map(|index| sigstore.with_rekor1(|log| log.entry(*index)));
    let by_uuid = wire.entry_uuids.iter().map(|uuid| find(&sigstore, uuid));
    let found = by_index.chain(by_uuid).filter_map(Result::ok);
    Ok(Json(found.map(|logged| answer(&logged)).collect()))
}

/// UUIDs of the entries about an artifact.
pub(super) async fn search(
    State(sigstore): State<Arc<Sigstore>>,
    Json(wire): Json<SearchWire>,
) -> Reply<Json<Vec<String>>> {
    let hash = wire.hash.ok_or_else(|| Error::Unsupported {
        what: "kind of search",
        found: "without hash".to_owned(),
    })?;
    Ok(Json(sigstore.with_rekor1(|log| log.about(&hash))))
}

pub(super) async fn state(State(sigstore): State<Arc<Sigstore>>) -> Json<Value> {
    Json(sigstore.with_rekor1(|log| {
        json!({
            "inactiveShards": [],
            "rootHash": hex::encode(log.tree().root()),
            "signedTreeHead": log.checkpoint(),
            "treeID": log.tree_id().to_string(),
            "treeSize": log.tree().size(),
        })
    }))
}

pub(super) async fn public_key(State(sigstore): State<Arc<Sigstore>>) -> Reply<Response> {
    let text = sigstore.with_rekor1(|log| pem("PUBLIC KEY", log.public_key()))?;
    Ok(typed(StatusCode::OK, "application/x-pem-file", text))
}

pub(super) async fn consistency(
    State(sigstore): State<Arc<Sigstore>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Reply<Json<Value>> {
    let first = match query.contains_key("firstSize") {
        true => number(&query, "firstSize")?,
        false => 1,
    };
    let last = number(&query, "lastSize")?;
    let proof = |log: &Rekor1| {
        let hashes = log.tree().consistency_proof(first, last)?;
        let hashes: Vec<String> = hashes.iter().map(hex::encode).collect();
        Some(json!({"rootHash": hex::encode(log.tree().root()), "hashes": hashes}))
    };
    let proof = sigstore.with_rekor1(proof);
    Ok(Json(proof.ok_or_else(|| {
        Error::malformed("sizes", format!("{first} to {last}"))
    })?))
}

fn find(sigstore: &Sigstore, uuid: &str) -> Result<LoggedV1, Error> {
    sigstore.with_rekor1(|log| log.find(uuid).and_then(|index| log.entry(index)))
}

fn answer(logged: &LoggedV1) -> Value {
    Value::Object(Map::from_iter([(logged.uuid.clone(), logged.answer.clone())]))
}

fn number(query: &BTreeMap<String, String>, name: &'static str) -> Result<u64, Error> {
    let text = query.get(name).map(String::as_str).unwrap_or_default();
    text.parse().map_err(|error| Error::malformed(name, error))
}
