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

impl Evidence {
    /// Finds, reads and verifies every bundle that matters, each once, in the order of their paths.
    ///
    /// Only results are kept: no more files are in memory at once than there are threads.
    pub(super) fn gather(inputs: &Input, judge: &Judge<'_>) -> Vec<Self> {
        let sources: Vec<_> = sources(inputs).into_iter().collect();
        // Of one file the bundles are spread over the threads, of several the files.
        let (across, within) = match sources.len() {
            1 => (Threads::ONE, judge.threads),
            _ => (judge.threads, Threads::ONE),
        };
        let read = |(path, source): (PathBuf, Result<Origin, Problem>)| match source {
            Ok(origin) => Self::of_file(&path, origin, judge, within),
            Err(problem) => vec![Self {
                path,
                place: None,
                origin: Origin::Given,
                result: Err(problem),
            }],
        };
        in_order(sources, across, read).into_iter().flatten().collect()
    }

    fn of_file(path: &Path, origin: Origin, judge: &Judge<'_>, threads: Threads) -> Vec<Self> {
        let bundles = match attest_store::read_bundle_file(path) {
            Ok(bytes) => parse_bundles(bytes.peek_unverified()),
            Err(error) => {
                return vec![Self {
                    path: path.to_owned(),
                    place: None,
                    origin,
                    result: Err(Problem::from(&error)),
                }];
            }
        };
        let several = bundles.len() > 1;
        let numbered = bundles.into_iter().enumerate().collect();
        in_order(numbered, threads, |(index, bundle)| Self {
            path: path.to_owned(),
            place: several.then_some(index + 1),
            origin,
            result: judge.verify(bundle),
        })
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

impl Judge<'_> {
    fn verify(&self, bundle: Result<Bundle, BundleError>) -> Result<VerifiedBundle, Problem> {
        let bundle = bundle.map_err(|error| Problem::from(&error))?;
        self.verifier
            .verify_bundle(&bundle, self.expectation)
            .map_err(|rejection| Problem::from(&rejection))
    }
}

/// Does the same to every item, with so many threads, and gives the results in the order of the items.
fn in_order<T: Send, R: Send>(items: Vec<T>, threads: Threads, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    // A pool costs more than a signature.
    if items.len() < 2 || threads == Threads::ONE {
        return items.into_iter().map(work).collect();
    }
    let threads = threads.count().get().min(items.len());
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(|| items.into_par_iter().map(work).collect()),
        Err(_) => items.into_iter().map(work).collect(),
    }
}
