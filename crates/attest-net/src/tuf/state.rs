use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::TufError;

/// The largest state, in bytes: four kinds of metadata at their usual size, hundreds of times over.
pub(super) const MAX_STATE_BYTES: usize = 16 << 20;

const SCHEMA: &str = "https://attest.dev/schema/trust-state/v1";

/// What is remembered of a repository: its files, byte for byte as they were signed. Nothing in it is believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct State {
    schema: String,
    /// Where it is from.
    pub(super) mirror: String,
    /// When the repository was last seen to vouch for it.
    pub(super) fetched: Timestamp,
    /// The root that trust begins with, unless that is embedded in the program.
    pub(super) anchor: Option<String>,
    /// The version of the newest root when it was written.
    pub(super) root_version: u64,
    /// The roots after the first one, in order.
    pub(super) roots: Vec<String>,
    /// What the newest root vouches for; none if its keys were replaced and nothing new was fetched.
    pub(super) edition: Option<Edition>,
}

/// Metadata and targets that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Edition {
    pub(super) timestamp: String,
    pub(super) snapshot: String,
    pub(super) targets: String,
    pub(super) files: BTreeMap<String, String>,
}

/// Everything of a state but its name for itself.
pub(super) struct Remembered {
    pub(super) mirror: String,
    pub(super) fetched: Timestamp,
    pub(super) anchor: Option<String>,
    pub(super) root_version: u64,
    pub(super) roots: Vec<String>,
    pub(super) edition: Option<Edition>,
}

impl From<Remembered> for State {
    fn from(remembered: Remembered) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            mirror: remembered.mirror,
            fetched: remembered.fetched,
            anchor: remembered.anchor,
            root_version: remembered.root_version,
            roots: remembered.roots,
            edition: remembered.edition,
        }
    }
}

impl State {
    pub(super) fn parse(json: &[u8]) -> Result<Self, TufError> {
        let invalid = |detail: String| TufError::CacheInvalid { detail };
        let state: Self = serde_json::from_slice(json).map_err(|error| invalid(error.to_string()))?;
        match state.schema == SCHEMA {
            true => Ok(state),
            false => Err(invalid(format!(
                "expected the schema `{SCHEMA}`, found `{}`",
                state.schema
            ))),
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, numbers and maps of strings have a JSON form")
    }
}
