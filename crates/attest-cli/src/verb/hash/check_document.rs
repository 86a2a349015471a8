use std::path::Path;

use attest_digest::checksums::{Entry, LineProblem, Name};
use attest_digest::{MeasureError, Measured};
use serde::Serialize;

use super::place::{JsonName, reason};
use super::verdict::Verdict;
use crate::failure::Failure;

const SCHEMA: &str = "https://attest.dev/schema/hash-check/v1";

/// What became of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// The digest is the expected one.
    Ok,
    /// The digest is another.
    Failed,
    /// The file could not be read.
    Unreadable,
    /// The file is not there, and that was to be ignored.
    Missing,
}

/// The report of `--check --format json`.
#[derive(Serialize)]
pub(super) struct CheckDocument {
    schema: &'static str,
    verdict: &'static str,
    lists: Vec<ListDocument>,
}

impl CheckDocument {
    pub(super) fn new(verdict: Verdict, lists: Vec<ListDocument>) -> Self {
        Self {
            schema: SCHEMA,
            verdict: verdict.word(),
            lists,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ListDocument {
    #[serde(flatten)]
    name: JsonName,
    pub(super) entries: Vec<EntryDocument>,
    malformed: Vec<MalformedDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

#[derive(Serialize)]
struct MalformedDocument {
    line: u64,
    problem: String,
}

impl ListDocument {
    pub(super) fn new(list: &Path) -> Result<Self, Failure> {
        let name = Name::from_path(list).map_err(|error| Failure::usage("invalid-name", error).at(list.display()))?;
        Ok(Self {
            name: JsonName::of(&name),
            entries: Vec::new(),
            malformed: Vec::new(),
            error: None,
        })
    }

    pub(super) fn note_malformed(&mut self, line: u64, problem: &LineProblem) {
        self.malformed.push(MalformedDocument {
            line,
            problem: problem.to_string(),
        });
    }
}

#[derive(Serialize)]
pub(super) struct EntryDocument {
    #[serde(flatten)]
    name: JsonName,
    status: Status,
    algorithm: &'static str,
    expected: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl EntryDocument {
    pub(super) fn new(entry: &Entry, found: &Result<Measured, MeasureError>, status: Status) -> Self {
        let algorithm = entry.digest.algorithm();
        let measured = found.as_ref().ok().and_then(|measured| measured.digest(algorithm));
        Self {
            name: JsonName::of(&entry.name),
            status,
            algorithm: algorithm.name(),
            expected: entry.digest.to_hex(),
            found: measured.map(attest_digest::Digest::to_hex),
            reason: found.as_ref().err().map(reason),
        }
    }
}
