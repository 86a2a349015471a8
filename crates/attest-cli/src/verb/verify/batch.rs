use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use attest_digest::{Algorithm, Algorithms, Job, Jobs, MeasureError, Measured, measure_reader};

use super::evidence::{Evidence, Judge, Origin, Query, Sources, Stock, gather};
use super::finding::Finding;
use super::input::{Input, Subject};
use super::judgement::{Case, Judgement, Shelf};
use super::problem::Problem;
use super::progress::Progress;

/// How many artifacts are looked at in one go. What is known of their own evidence is let go with them, so that memory
/// does not grow with the number of artifacts; enough to keep every core busy.
const AT_ONCE: usize = 512;

/// Everything that a call is about.
pub(super) struct Batch<'a> {
    pub(super) input: &'a Input,
    pub(super) judge: &'a Judge<'a>,
    pub(super) progress: &'a Progress,
}

/// What was found out: judgements in the order of the call, evidence in the order of the paths.
#[derive(Default)]
pub(super) struct Verdicts {
    pub(super) judgements: Vec<Judgement>,
    pub(super) findings: Vec<Finding>,
}

type Found = Result<Measured, MeasureError>;

impl Batch<'_> {
    /// Verifies every piece of evidence once, measures every artifact once, and holds each artifact against what concerns it.
    pub(super) fn run(&self) -> Verdicts {
        let sources = Sources::find(self.input);
        let shared = Stock::new(self.gather(sources.shared.clone().into_iter().collect()));
        let mut verdicts = Verdicts {
            findings: shared.evidence.iter().map(Finding::of).collect(),
            ..Verdicts::default()
        };
        let subjects = self.input.subjects.chunks(AT_ONCE);
        for (subjects, beside) in subjects.zip(sources.beside.chunks(AT_ONCE)) {
            let own = beside
                .iter()
                .flatten()
                .filter(|path| !sources.shared.contains_key(*path));
            let own = own.map(|path| (path.clone(), Ok(Origin::Beside))).collect();
            let own = Stock::new(self.gather(own));
            let shelves = [
                Shelf {
                    stock: &shared,
                    first: 0,
                },
                Shelf {
                    stock: &own,
                    first: verdicts.findings.len(),
                },
            ];
            verdicts.findings.extend(own.evidence.iter().map(Finding::of));
            verdicts.judgements.extend(self.judge(subjects, beside, shelves));
        }
        verdicts.sort();
        verdicts
    }

    fn gather(&self, sources: Vec<(PathBuf, Result<Origin, Problem>)>) -> Vec<Evidence> {
        self.progress.watch(|_| gather(sources, self.judge))
    }

    fn judge(&self, subjects: &[Subject], beside: &[Vec<PathBuf>], shelves: [Shelf<'_>; 2]) -> Vec<Judgement> {
        let cases: Vec<Case<'_>> = subjects
            .iter()
            .zip(beside)
            .map(|(subject, beside)| Case {
                query: Query { subject, beside },
                shelves,
            })
            .collect();
        let algorithms: Vec<_> = cases.iter().map(needed).collect();
        let files: Vec<Option<(&Path, &Algorithms)>> = subjects
            .iter()
            .zip(&algorithms)
            .map(|(subject, algorithms)| Some((subject.file()?, algorithms.as_ref()?)))
            .collect();
        let mut measured = self.measure(&files);
        let mut judge = |place: usize, case: &Case<'_>| match case.query.subject {
            Subject::Refused(_, problem) => Judgement::unmeasured(case.query.subject, problem.clone()),
            Subject::Digest(digest) => case.judge_digest(digest),
            Subject::Stdin => judge_stdin(case, algorithms[place].as_ref()),
            Subject::File(_) => match measured[place].take() {
                Some(Ok(measured)) => case.judge_file(&measured),
                Some(Err(error)) => Judgement::unmeasured(case.query.subject, Problem::from(&error)),
                None => case.judge_unmeasured(),
            },
        };
        cases
            .iter()
            .enumerate()
            .map(|(place, case)| judge(place, case))
            .collect()
    }

    /// Measures what there is to measure, each in its place.
    fn measure(&self, files: &[Option<(&Path, &Algorithms)>]) -> Vec<Option<Found>> {
        let numbered = files
            .iter()
            .enumerate()
            .filter_map(|(place, file)| Some((place, (*file)?)));
        let (places, jobs): (Vec<usize>, Vec<Job<'_>>) = numbered
            .map(|(place, (path, algorithms))| (place, Job { path, algorithms }))
            .unzip();
        let found: Mutex<Vec<Option<Found>>> = Mutex::new(files.iter().map(|_| None).collect());
        let jobs = Jobs {
            files: &jobs,
            threads: self.judge.threads,
        };
        self.progress.watch(|done| {
            jobs.measure(&AtomicU64::new(0), |index, measured| {
                found.lock().unwrap_or_else(PoisonError::into_inner)[places[index]] = Some(measured);
                done.fetch_add(1, Ordering::Relaxed);
                ControlFlow::Continue(())
            });
        });
        found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the proofs that concern an artifact need, in one read; none when there is none.
fn needed(case: &Case<'_>) -> Option<Algorithms> {
    let mut all: Vec<Algorithm> = case
        .shelves
        .iter()
        .flat_map(|shelf| shelf.stock.algorithms_for(&case.query))
        .collect();
    all.sort_unstable();
    all.dedup();
    let (first, rest) = all.split_first()?;
    Some(Algorithms::new(*first, rest))
}

/// Standard input is read when its turn comes, once, as a stream.
fn judge_stdin(case: &Case<'_>, algorithms: Option<&Algorithms>) -> Judgement {
    let Some(algorithms) = algorithms else {
        return case.judge_unmeasured();
    };
    match measure_reader(io::stdin().lock(), algorithms) {
        Ok(measured) => case.judge_file(&measured),
        Err(error) => {
            let problem = Problem::undecided("cannot-read", format_args!("cannot read standard input: {error}"));
            Judgement::unmeasured(case.query.subject, problem)
        }
    }
}

impl Verdicts {
    /// Puts the evidence in the order of the paths, and counts what each piece covers.
    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.findings.len()).collect();
        order.sort_by_key(|place| {
            let finding = &self.findings[*place];
            (finding.path.clone(), finding.place)
        });
        let mut new_places = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            new_places[*old] = new;
        }
        self.findings
            .sort_by(|a, b| (&a.path, a.place).cmp(&(&b.path, b.place)));
        for judgement in &mut self.judgements {
            judgement
                .covered_by
                .iter_mut()
                .for_each(|place| *place = new_places[*place]);
            judgement.covered_by.sort_unstable();
            for problem in &mut judgement.problems {
                problem.evidence = problem.evidence.map(|place| new_places[place]);
            }
        }
        for judgement in self.judgements.iter().filter(|judgement| judgement.is_accepted()) {
            judgement
                .covered_by
                .iter()
                .for_each(|place| self.findings[*place].covers += 1);
        }
    }
}
