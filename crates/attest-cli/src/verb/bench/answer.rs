//! What the programs found, held against each other and against what the generator made: a wrong answer has no speed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use attest_digest::checksums::ChecksumReader;
use attest_digest::{Algorithm, Algorithms, Digest, Measured};

use crate::failure::Failure;
use crate::visible::visible;

/// Digests by algorithm and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer(BTreeMap<(Algorithm, Vec<u8>), Digest>);

impl Answer {
    /// Adds what a program wrote, in any form of `sha256sum`. With `algorithm` every line is of that one.
    pub(super) fn add(&mut self, path: &Path, algorithm: Option<Algorithm>) -> Result<(), Failure> {
        let file = File::open(path).map_err(|error| unusable(&error.to_string()))?;
        for entry in ChecksumReader::new(BufReader::new(file), algorithm) {
            let entry = entry.map_err(|error| unusable(&error.to_string()))?;
            let name = entry.name.as_bytes();
            let name = name.strip_prefix(b"./").unwrap_or(name).to_vec();
            self.0.insert((entry.digest.algorithm(), name), entry.digest);
        }
        Ok(())
    }

    /// What the generator knows.
    pub(super) fn known(known: &BTreeMap<String, Measured>, algorithms: &Algorithms) -> Self {
        let digests = known.iter().flat_map(|(name, measured)| {
            let digest_of = |algorithm| {
                Some((
                    (algorithm, name.as_bytes().to_vec()),
                    measured.digest(algorithm)?.clone(),
                ))
            };
            algorithms.iter().filter_map(digest_of)
        });
        Self(digests.collect())
    }

    /// How many digests there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// That `found`, by `program`, is the same.
    pub(super) fn expect(&self, found: &Self, program: &str) -> Result<(), Failure> {
        let Some((key, why)) = self.difference(found) else {
            return Ok(());
        };
        let (algorithm, name) = key;
        let name = visible(&String::from_utf8_lossy(name));
        Err(Failure::rejected(
            "bench-answer-differs",
            format_args!("`{program}` {why} the {algorithm} digest of `{name}`: what it took is no figure"),
        ))
    }

    fn difference<'a>(&'a self, found: &'a Self) -> Option<(&'a (Algorithm, Vec<u8>), &'static str)> {
        for (key, digest) in &self.0 {
            match found.0.get(key) {
                Some(found) if found == digest => {}
                Some(_) => return Some((key, "is wrong about")),
                None => return Some((key, "does not say")),
            }
        }
        let more = found.0.keys().find(|key| !self.0.contains_key(*key));
        more.map(|key| (key, "was not asked for"))
    }
}

fn unusable(error: &str) -> Failure {
    Failure::undecided(
        "bench-answer-unusable",
        format_args!("cannot read what a program wrote: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7";
    const B: &str = "0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f";

    fn answer(lines: &str) -> Answer {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines).unwrap();
        let mut answer = Answer::default();
        answer.add(file.path(), Some(Algorithm::Sha256)).unwrap();
        answer
    }

    #[test]
    fn the_forms_of_openssl_and_sha256sum_say_the_same() {
        let expected = answer(&format!("{A}  x\n{B}  d/y\n"));
        expected
            .expect(&answer(&format!("{B} *d/y\n{A} *x\n")), "openssl")
            .unwrap();
        expected
            .expect(&answer(&format!("SHA256 (./x) = {A}\nSHA256 (d/y) = {B}\n")), "attest")
            .unwrap();
    }

    #[test]
    fn a_wrong_a_missing_and_a_further_digest_are_refused() {
        let expected = answer(&format!("{A}  x\n{B}  y\n"));
        let refused = |lines: &str| {
            let failure = expected.expect(&answer(lines), "peer").unwrap_err();
            assert_eq!(failure.code(), "bench-answer-differs");
            failure.message().to_owned()
        };
        assert_eq!(
            refused(&format!("{A}  x\n{A}  y\n")),
            "`peer` is wrong about the sha256 digest of `y`: what it took is no figure"
        );
        assert!(refused(&format!("{A}  x\n")).starts_with("`peer` does not say the sha256 digest of `y`"));
        assert!(refused(&format!("{A}  x\n{B}  y\n{B}  z\n")).starts_with("`peer` was not asked for"));
    }
}
