use std::collections::BTreeSet;

use attest_digest::{Algorithm, Digest};

use super::contents::{Contents, HeldFile};
use super::distribution::MAX_PROBLEMS;
use super::problem::Problem;
use super::record::{MAX_RECORD_BYTES, RecordLine, RecordedDigest, parse_record};
use crate::read::ReadError;

/// The signatures over `RECORD` that stand beside it and are not in it.
pub(super) const SIGNATURES: [&str; 2] = [".jws", ".p7s"];

/// Holds `RECORD` and the files to each other: every file is in it, once, with its digest, and nothing else is.
///
/// Source: PyPA binary distribution format, "The .dist-info directory" and "Signed wheel files".
pub(super) fn check_record(contents: &Contents, path: &str) -> Result<Vec<Problem>, ReadError> {
    let Some(file) = contents.file(path) else {
        return Ok(vec![Problem::FileMissing { path: path.to_owned() }]);
    };
    // Each line that is no file's is a problem, and no more of these are kept.
    let limit = contents.files().count() + MAX_PROBLEMS;
    let lines = match parse_record(&file.read_at_most(MAX_RECORD_BYTES)?, limit) {
        Ok(lines) => lines,
        Err(source) => {
            return Ok(vec![Problem::Record {
                path: path.to_owned(),
                source,
            }]);
        }
    };
    let mut recorded = BTreeSet::new();
    let mut problems = Vec::new();
    for line in &lines {
        if !recorded.insert(line.path.as_str()) {
            problems.push(Problem::RecordedTwice {
                path: line.path.clone(),
            });
            continue;
        }
        problems.extend(line_problem(contents, path, line)?);
    }
    let signatures = SIGNATURES.map(|ending| format!("{path}{ending}"));
    for (found, _) in contents.files() {
        let is_listed = recorded.contains(found.as_str());
        if !is_listed && !signatures.iter().any(|signature| signature == found.as_str()) {
            problems.push(Problem::NotRecorded {
                path: found.to_string(),
            });
        }
    }
    Ok(problems)
}

fn line_problem(contents: &Contents, record: &str, line: &RecordLine) -> Result<Option<Problem>, ReadError> {
    let path = line.path.clone();
    let Some(file) = contents.file(&path) else {
        return Ok(Some(Problem::RecordedMissing { path }));
    };
    if is_after_record(record, &path) {
        let is_bare = line.digest.is_none() && line.size.is_none();
        return Ok((!is_bare).then_some(Problem::DigestImpossible { path }));
    }
    if let Some(expected) = line.size.filter(|size| *size != file.measured.size()) {
        let found = file.measured.size();
        return Ok(Some(Problem::SizeMismatch { path, expected, found }));
    }
    match &line.digest {
        None => Ok(Some(Problem::DigestMissing { path })),
        Some(expected) => digest_problem(file, path, expected),
    }
}

/// `RECORD` itself and the signatures over it are made after it was written.
fn is_after_record(record: &str, path: &str) -> bool {
    let rest = path.strip_prefix(record);
    rest.is_some_and(|rest| rest.is_empty() || SIGNATURES.contains(&rest))
}

fn digest_problem(file: &HeldFile, path: String, expected: &RecordedDigest) -> Result<Option<Problem>, ReadError> {
    let algorithm = match expected.algorithm.as_str() {
        "sha256" => Algorithm::Sha256,
        "sha384" => Algorithm::Sha384,
        "sha512" => Algorithm::Sha512,
        other => {
            return Ok(Some(Problem::DigestAlgorithm {
                path,
                found: other.to_owned(),
            }));
        }
    };
    let found = file
        .digest(algorithm)?
        .map(|digest| written(&digest, &expected.algorithm));
    let expected = expected.to_string();
    Ok(match found {
        Some(found) if found == expected => None,
        found => Some(Problem::DigestMismatch {
            path,
            expected,
            found: found.unwrap_or_default(),
        }),
    })
}

/// A digest as `RECORD` writes it.
fn written(digest: &Digest, algorithm: &str) -> String {
    let (algorithm, bytes) = (algorithm.to_owned(), digest.as_bytes().to_vec());
    RecordedDigest { algorithm, bytes }.to_string()
}
