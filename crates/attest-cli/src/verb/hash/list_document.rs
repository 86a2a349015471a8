use std::collections::BTreeMap;

use attest_digest::checksums::Name;
use attest_digest::{FileKind, Measured};
use serde::Serialize;

use super::counts::Counts;
use super::pieces::{Elements, WaitingArray, json_line};
use super::place::JsonName;
use super::statistics::Statistics;
use crate::failure::Failure;

const SCHEMA: &str = "https://attest.dev/schema/hash/v1";

/// The document of `--format json`, written while the files are hashed. What was skipped and what failed comes after the
/// files, and waits for them where it costs no memory.
pub(super) struct Document {
    files: Elements,
    skipped: WaitingArray,
    errors: WaitingArray,
}

#[derive(Serialize)]
struct FileDocument {
    #[serde(flatten)]
    name: JsonName,
    size: u64,
    digests: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct SkippedDocument {
    #[serde(flatten)]
    name: JsonName,
    reason: String,
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    #[serde(flatten)]
    name: JsonName,
    code: &'static str,
    message: &'a str,
}

impl Document {
    /// The document and how it begins.
    pub(super) fn begin() -> (Self, Vec<u8>) {
        let document = Self {
            files: Elements::new(2),
            skipped: WaitingArray::new(2),
            errors: WaitingArray::new(2),
        };
        let beginning = format!("{{\n  \"schema\": \"{SCHEMA}\",\n  \"files\": [");
        (document, beginning.into_bytes())
    }

    /// The next file.
    pub(super) fn file(&mut self, name: &Name, measured: &Measured) -> Result<Vec<u8>, Failure> {
        let digests = measured.digests().iter();
        self.files.element(&FileDocument {
            name: JsonName::of(name),
            size: measured.size(),
            digests: digests
                .map(|digest| (digest.algorithm().name(), digest.to_hex()))
                .collect(),
        })
    }

    pub(super) fn link(&mut self, name: JsonName) -> Result<(), Failure> {
        self.skipped.push(&SkippedDocument {
            name,
            reason: FileKind::SymbolicLink.to_string(),
        })
    }

    pub(super) fn error(&mut self, name: JsonName, failure: &Failure) -> Result<(), Failure> {
        self.errors.push(&ErrorDocument {
            name,
            code: failure.code(),
            message: failure.message(),
        })
    }

    /// Writes the rest.
    pub(super) fn end(
        self,
        counts: Counts,
        statistics: Option<&Statistics>,
        mut write: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        write(&self.files.end())?;
        write(b",\n  \"skipped\": [")?;
        self.skipped.write(&mut write)?;
        write(b",\n  \"errors\": [")?;
        self.errors.write(&mut write)?;
        write(format!(",\n  \"summary\": {}", json_line(&counts)?).as_bytes())?;
        if let Some(statistics) = statistics {
            write(format!(",\n  \"statistics\": {}", json_line(statistics)?).as_bytes())?;
        }
        write(b"\n}\n")
    }
}
