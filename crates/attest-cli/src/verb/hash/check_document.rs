use std::path::Path;

use attest_digest::checksums::{Entry, LineProblem};
use attest_digest::{MeasureError, Measured};
use serde::Serialize;

use super::pieces::{Elements, WaitingArray, json_line};
use super::place::{JsonName, reason};
use super::statistics::Statistics;
use super::tally::Tally;
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

/// The report of `--check --format json`, written while the files are hashed.
pub(super) struct CheckDocument {
    lists: Elements,
    list: Option<ListDocument>,
}

/// The list that is being checked.
struct ListDocument {
    entries: Elements,
    /// They wait for the entries where it costs no memory.
    malformed: WaitingArray,
    error: Option<String>,
}

#[derive(Serialize)]
struct MalformedDocument {
    line: u64,
    problem: String,
}

#[derive(Serialize)]
struct EntryDocument {
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

impl CheckDocument {
    /// The document and how it begins.
    pub(super) fn begin() -> (Self, Vec<u8>) {
        let document = Self {
            lists: Elements::new(2),
            list: None,
        };
        let beginning = format!("{{\n  \"schema\": \"{SCHEMA}\",\n  \"lists\": [");
        (document, beginning.into_bytes())
    }

    /// The beginning of the next list.
    pub(super) fn begin_list(&mut self, list: &Path) -> Result<Vec<u8>, Failure> {
        self.list = Some(ListDocument {
            entries: Elements::new(4),
            malformed: WaitingArray::new(4),
            error: None,
        });
        let mut piece = self.lists.separator();
        // The fields of the name, without the bracket that would close them.
        let name = json_line(&JsonName::of_path(list))?;
        piece.extend_from_slice(name.trim_end_matches('}').as_bytes());
        piece.extend_from_slice(b",\"entries\":[");
        Ok(piece)
    }

    pub(super) fn entry(
        &mut self,
        entry: &Entry,
        found: &Result<Measured, MeasureError>,
        status: Status,
    ) -> Result<Vec<u8>, Failure> {
        match &mut self.list {
            Some(list) => list.entries.element(&EntryDocument::new(entry, found, status)),
            None => Ok(Vec::new()),
        }
    }

    pub(super) fn malformed(&mut self, line: u64, problem: &LineProblem) -> Result<(), Failure> {
        match &mut self.list {
            Some(list) => list.malformed.push(&MalformedDocument {
                line,
                problem: problem.to_string(),
            }),
            None => Ok(()),
        }
    }

    pub(super) fn broken(&mut self, reason: &str) {
        if let Some(list) = &mut self.list {
            list.error = Some(reason.to_owned());
        }
    }

    /// Writes the end of the list.
    pub(super) fn end_list(&mut self, mut write: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        let Some(list) = self.list.take() else { return Ok(()) };
        write(&list.entries.end())?;
        write(b",\"malformed\":[")?;
        list.malformed.write(&mut write)?;
        if let Some(error) = list.error {
            write(format!(",\"error\":{}", json_line(&error)?).as_bytes())?;
        }
        write(b"}")
    }

    /// How the document ends.
    pub(super) fn end(
        &self,
        verdict: Verdict,
        tally: &Tally,
        statistics: Option<&Statistics>,
    ) -> Result<Vec<u8>, Failure> {
        let mut piece = self.lists.end();
        let (verdict, tally) = (verdict.word(), json_line(tally)?);
        piece.extend_from_slice(format!(",\n  \"verdict\": \"{verdict}\",\n  \"summary\": {tally}").as_bytes());
        if let Some(statistics) = statistics {
            piece.extend_from_slice(format!(",\n  \"statistics\": {}", json_line(statistics)?).as_bytes());
        }
        piece.extend_from_slice(b"\n}\n");
        Ok(piece)
    }
}

impl EntryDocument {
    fn new(entry: &Entry, found: &Result<Measured, MeasureError>, status: Status) -> Self {
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
