use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use attest_digest::Threads;
use attest_verify::{Expectation, VerifiedBundle, Verifier};
use attestation::{Bundle, BundleError, parse_bundles};
use rayon::prelude::*;

use super::input::Input;
use super::problem::Problem;

/// A bundle, and what came of it.
pub(super) struct Evidence {
    pub(super) path: PathBuf,
    /// Its place in a file of several, from 1.
    pub(super) place: Option<usize>,
    pub(super) origin: Origin,
    pub(super) result: Result<VerifiedBundle, Problem>,
}

/// Why a bundle was looked at. The order is that of importance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// It lies in the directory of an artifact that has no bundle of its own. It counts when it covers something.
    Neighbour,
    /// It lies beside an artifact, under its name.
    Beside,
    /// It was named in the call.
    Given,
}

/// How bundles are verified.
pub(super) struct Judge<'a> {
    pub(super) verifier: Verifier<'a>,
    pub(super) expectation: &'a Expectation,
    pub(super) threads: Threads,
}

/// A bundle as it lies in a file, before it is verified.
struct Candidate {
    path: PathBuf,
    place: Option<usize>,
    origin: Origin,
    bundle: Result<Bundle, Problem>,
}

impl Evidence {
    /// Finds, reads and verifies every bundle that matters, each once, in the order of their paths.
    pub(super) fn gather(inputs: &Input, judge: &Judge<'_>) -> Vec<Self> {
        let candidates: Vec<Candidate> = sources(inputs)
            .into_iter()
            .flat_map(|(path, source)| match source {
                Ok(origin) => candidates(path, origin),
                Err(problem) => vec![Candidate {
                    path,
                    place: None,
                    origin: Origin::Given,
                    bundle: Err(problem),
                }],
            })
            .collect();
        let verify = |candidate: Candidate| candidate.verify(judge);
        // A pool costs more than a signature.
        if candidates.len() < 2 || judge.threads == Threads::ONE {
            return candidates.into_iter().map(verify).collect();
        }
        match rayon::ThreadPoolBuilder::new()
            .num_threads(judge.threads.count().get().min(candidates.len()))
            .build()
        {
            Ok(pool) => pool.install(|| candidates.into_par_iter().map(verify).collect()),
            Err(_) => candidates.into_iter().map(verify).collect(),
        }
    }

    /// What makes the whole call fail: a neighbour that does not verify is only no help.
    pub(super) fn counting_problem(&self) -> Option<&Problem> {
        match self.origin {
            Origin::Neighbour => None,
            Origin::Beside | Origin::Given => self.result.as_ref().err(),
        }
    }

    /// The file, with the place in it where there are several.
    pub(super) fn shown(&self) -> String {
        match self.place {
            Some(place) => format!("{}:{place}", self.path.display()),
            None => self.path.display().to_string(),
        }
    }

    /// Whether an artifact is held against it.
    pub(super) fn concerns(&self, artifact: Option<&Path>) -> bool {
        match (self.origin, artifact) {
            (Origin::Given, _) => true,
            (_, None) => false,
            (Origin::Beside, Some(artifact)) => attest_store::own_sidecars(artifact).contains(&self.path),
            (Origin::Neighbour, Some(artifact)) => self.path.parent() == artifact.parent(),
        }
    }
}

/// Every file to read, with the most important reason why.
fn sources(inputs: &Input) -> BTreeMap<PathBuf, Result<Origin, Problem>> {
    let mut sources: BTreeMap<PathBuf, Result<Origin, Problem>> = BTreeMap::new();
    let mut add = |path: PathBuf, origin: Origin| {
        let slot = sources.entry(path).or_insert(Ok(origin));
        if slot.as_ref().is_ok_and(|found| *found < origin) {
            *slot = Ok(origin);
        }
    };
    for path in &inputs.given {
        add(path.clone(), Origin::Given);
    }
    let files = inputs.artifacts.iter().filter_map(|artifact| artifact.file());
    let mut failed = Vec::new();
    for artifact in files.filter(|_| inputs.look_beside) {
        let own = attest_store::own_sidecars(artifact);
        if own.is_empty() && inputs.given.is_empty() {
            match attest_store::neighbours(artifact) {
                Ok(paths) => paths.into_iter().for_each(|path| add(path, Origin::Neighbour)),
                Err(error) => failed.push((directory(artifact), Problem::from(&error))),
            }
        }
        own.into_iter().for_each(|path| add(path, Origin::Beside));
    }
    sources.extend(failed.into_iter().map(|(path, problem)| (path, Err(problem))));
    sources
}

fn directory(artifact: &Path) -> PathBuf {
    match artifact.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn candidates(path: PathBuf, origin: Origin) -> Vec<Candidate> {
    let bundles: Vec<Result<Bundle, Problem>> = match attest_store::read_bundle_file(&path) {
        Ok(bytes) => parse_bundles(bytes.peek_unverified())
            .into_iter()
            .map(|bundle: Result<Bundle, BundleError>| bundle.map_err(|error| Problem::from(&error)))
            .collect(),
        Err(error) => vec![Err(Problem::from(&error))],
    };
    let several = bundles.len() > 1;
    let numbered = bundles.into_iter().enumerate();
    numbered
        .map(|(index, bundle)| Candidate {
            path: path.clone(),
            place: several.then_some(index + 1),
            origin,
            bundle,
        })
        .collect()
}

impl Candidate {
    fn verify(self, judge: &Judge<'_>) -> Evidence {
        Evidence {
            path: self.path,
            place: self.place,
            origin: self.origin,
            result: self.bundle.and_then(|bundle| {
                judge
                    .verifier
                    .verify_bundle(&bundle, judge.expectation)
                    .map_err(|rejection| Problem::from(&rejection))
            }),
        }
    }
}
