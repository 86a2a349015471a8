use std::path::{Path, PathBuf};

use attest_digest::Threads;
use attest_verify::{Expectation, Verifier};
use attestation::{Bundle, BundleError, parse_bundles};
use rayon::prelude::*;

use super::super::problem::Problem;
use super::{Evidence, Origin, Proof};

/// How evidence is verified. Made once for the whole call.
pub(in super::super) struct Judge<'a> {
    pub(in super::super) verifier: Verifier<'a>,
    pub(in super::super) expectation: &'a Expectation,
    pub(in super::super) threads: Threads,
}

/// Reads and verifies every file, in the order of `sources`.
///
/// Only results are kept: no more files are in memory at once than there are threads.
pub(in super::super) fn gather(sources: Vec<(PathBuf, Result<Origin, Problem>)>, judge: &Judge<'_>) -> Vec<Evidence> {
    // Of one file the pieces are spread over the threads, of several the files.
    let (across, within) = match sources.len() {
        1 => (Threads::ONE, judge.threads),
        _ => (judge.threads, Threads::ONE),
    };
    let read = |(path, source): (PathBuf, Result<Origin, Problem>)| match source {
        Ok(origin) => of_file(&path, origin, judge, within),
        Err(problem) => vec![unread(&path, Origin::Given, problem)],
    };
    in_order(sources, across, read).into_iter().flatten().collect()
}

fn of_file(path: &Path, origin: Origin, judge: &Judge<'_>, threads: Threads) -> Vec<Evidence> {
    let bundles = match attest_store::read_bundle_file(path) {
        Ok(bytes) => parse_bundles(bytes.peek_unverified()),
        Err(error) => return vec![unread(path, origin, Problem::from(&error))],
    };
    let several = bundles.len() > 1;
    let numbered = bundles.into_iter().enumerate().collect();
    in_order(numbered, threads, |(index, bundle)| Evidence {
        path: path.to_owned(),
        place: several.then_some(index + 1),
        origin,
        result: judge.verify(bundle),
    })
}

fn unread(path: &Path, origin: Origin, problem: Problem) -> Evidence {
    Evidence {
        path: path.to_owned(),
        place: None,
        origin,
        result: Err(problem),
    }
}

impl Judge<'_> {
    fn verify(&self, bundle: Result<Bundle, BundleError>) -> Result<Proof, Problem> {
        let bundle = bundle.map_err(|error| Problem::from(&error))?;
        let bundle = self
            .verifier
            .verify_bundle(&bundle, self.expectation)
            .map_err(|rejection| Problem::from(&rejection))?;
        Ok(Proof::Sigstore { bundle, aside: None })
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
