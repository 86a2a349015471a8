use std::path::{Path, PathBuf};

use attest_digest::Threads;
use attest_verify::{AtHand, Expectation, Rejection, Verifier};
use attestation::Bundle;
use attestation::foreign::{EvidenceError, Format, Limits, read_evidence};
use rayon::prelude::*;

use super::super::build::{Admitted, Inadmissible, Wanted};
use super::super::problem::Problem;
use super::{Evidence, Origin, Proof};

/// How evidence is verified. Made once for the whole call.
pub(in super::super) struct Judge<'a> {
    pub(in super::super) verifier: Verifier<'a>,
    pub(in super::super) expectation: &'a Expectation,
    pub(in super::super) wanted: &'a Wanted,
    pub(in super::super) threads: Threads,
}

/// One signature, whatever it was kept in, as the bundle that it amounts to.
pub(super) struct Piece {
    pub(super) format: Format,
    pub(super) bundle: Bundle,
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
    let pieces = match attest_store::read_bundle_file(path) {
        Ok(bytes) => read_evidence(bytes.peek_unverified(), &Limits::default()),
        Err(error) => return vec![unread(path, origin, Problem::from(&error))],
    };
    let several = pieces.len() > 1;
    let is_of_npm = |piece: &Result<(Format, Bundle), _>| matches!(piece, Ok((Format::NpmAttestations, _)));
    let mixes_signers = several && pieces.iter().all(is_of_npm);
    let numbered = pieces.into_iter().enumerate().collect();
    let mut evidence = in_order(numbered, threads, |(index, piece)| Evidence {
        path: path.to_owned(),
        place: several.then_some(index + 1),
        origin,
        result: verify(judge, piece),
    });
    if mixes_signers {
        pass_over_other_signers(&mut evidence);
    }
    evidence
}

/// A list of npm has one attestation by a certificate and one by the key of the registry, and who expects one of them cannot
/// expect the other. Where one verifies, the other is for somebody else; where none does, each counts.
fn pass_over_other_signers(evidence: &mut [Evidence]) {
    if !evidence.iter().any(|piece| piece.result.is_ok()) {
        return;
    }
    for piece in evidence {
        if let Err(problem) = &mut piece.result
            && problem.code == "key-material-mismatch"
        {
            *problem = problem.clone().into_passed_over();
        }
    }
}

fn unread(path: &Path, origin: Origin, problem: Problem) -> Evidence {
    Evidence {
        path: path.to_owned(),
        place: None,
        origin,
        result: Err(problem),
    }
}

fn verify(judge: &Judge<'_>, piece: Result<(Format, Bundle), EvidenceError>) -> Result<Proof, Problem> {
    let (format, bundle) = piece.map_err(|error| Problem::from(&error))?;
    judge.verify(&Piece { format, bundle }, AtHand::Nothing)
}

impl Judge<'_> {
    pub(super) fn verify(&self, piece: &Piece, at_hand: AtHand<'_>) -> Result<Proof, Problem> {
        let bundle = self
            .verifier
            .verify_bundle_with(&piece.bundle, self.expectation, at_hand)
            .map_err(|rejection| self.reason(piece, at_hand, &rejection))?;
        let (admitted, aside) = match self.wanted.admit(&bundle) {
            Ok(admitted) => (admitted, None),
            Err(Inadmissible::Aside(problem)) => (Admitted::default(), Some(problem)),
            Err(Inadmissible::Rejected(problem)) => return Err(problem),
        };
        Ok(Proof::Sigstore {
            format: piece.format,
            bundle,
            admitted,
            aside,
        })
    }

    /// A format that has no place for a log entry is asked for one all the same: whoever takes the entry out of a bundle must
    /// gain nothing by it. The reason only tells whether that is all that it lacks, and which format lost it.
    fn reason(&self, piece: &Piece, at_hand: AtHand<'_>, rejection: &Rejection) -> Problem {
        let contents = piece.bundle.peek_unverified();
        let is_bare = !piece.format.can_hold_log_entry();
        if !is_bare || !contents.log_entries.is_empty() || contents.certificate().is_some() {
            return Problem::from(rejection);
        }
        let without_log = self.verifier.without_log_unsafe();
        match without_log.verify_bundle_with(&piece.bundle, self.expectation, at_hand) {
            Ok(_) => {
                let reason = Rejection::NoLogEntry;
                let message = format_args!("{reason}: {} carries none. It is by the expected key", piece.format);
                Problem::rejected(reason.code(), message)
            }
            Err(rejection) => Problem::from(&rejection),
        }
    }
}

/// Does the same to every item, with so many threads, and gives the results in the order of the items.
pub(in super::super) fn in_order<T: Send, R: Send>(
    items: Vec<T>,
    threads: Threads,
    work: impl Fn(T) -> R + Sync + Send,
) -> Vec<R> {
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
