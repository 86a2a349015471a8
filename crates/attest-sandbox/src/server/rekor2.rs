use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use crate::error::Error;
use crate::log::RequestV2;
use crate::server::reply::{Reply, typed};
use crate::sigstore::Sigstore;

pub(super) async fn record(State(sigstore): State<Arc<Sigstore>>, body: Bytes) -> Reply<(StatusCode, Json<Value>)> {
    let entry = sigstore.log_v2(&RequestV2::from_json(&body)?)?;
    Ok((StatusCode::CREATED, Json(entry)))
}

pub(super) async fn checkpoint(State(sigstore): State<Arc<Sigstore>>) -> String {
    sigstore.with_rekor2(|log| log.checkpoint())
}

/// `LEVEL/N[.p/W]` and `entries/N[.p/W]` (C2SP tlog-tiles).
pub(super) async fn tile(State(sigstore): State<Arc<Sigstore>>, Path(place): Path<String>) -> Reply<Response> {
    let tile = Tile::parse(&place).ok_or_else(|| no_tile(&place))?;
    let bytes = sigstore.with_rekor2(|log| match tile.level {
        Some(level) => log.tree().tile(level, tile.number, tile.width),
        None => log.entry_bundle(tile.number, tile.width),
    });
    let bytes = bytes.ok_or_else(|| no_tile(&place))?;
    Ok(typed(StatusCode::OK, "application/octet-stream", bytes))
}

#[derive(Debug, PartialEq, Eq)]
struct Tile {
    /// None for a bundle of entries.
    level: Option<u8>,
    number: u64,
    width: u64,
}

impl Tile {
    fn parse(place: &str) -> Option<Self> {
        let (level, place) = place.split_once('/')?;
        let level = match level {
            "entries" => None,
            level => Some(level.parse().ok().filter(|level| *level < 64)?),
        };
        let (number, width) = match place.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok().filter(|width| (1..256).contains(width))?),
            None => (place, 256),
        };
        Some(Self {
            level,
            number: tile_number(number)?,
            width,
        })
    }
}

/// Groups of three digits, each but the last behind an `x`.
fn tile_number(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split('/').collect();
    let (last, leading) = groups.split_last()?;
    let mut number = 0u64;
    for group in leading.iter().map(|group| group.strip_prefix('x')).chain([Some(*last)]) {
        let digits = group.filter(|digits| digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit()))?;
        number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(number)
}

fn no_tile(place: &str) -> Error {
    Error::NotFound {
        what: "tile",
        name: place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_tiles_are_read() {
        let tile = |level, number, width| Some(Tile { level, number, width });
        assert_eq!(Tile::parse("0/x001/x234/067"), tile(Some(0), 1_234_067, 256));
        assert_eq!(Tile::parse("1/000.p/5"), tile(Some(1), 0, 5));
        assert_eq!(Tile::parse("entries/001.p/255"), tile(None, 1, 255));
    }

    #[test]
    fn other_paths_are_not() {
        for path in [
            "",
            "0",
            "0/",
            "0/1",
            "0/x001",
            "64/000",
            "0/000.p/0",
            "0/000.p/256",
            "0/001/002",
            "0/-01",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
    }
}
