use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use attest_digest::{Algorithm, Algorithms, Digest, Job, Jobs, MeasureError, Measured, measure_reader};

use super::evidence::{
    Evidence, Judge, Origin, Query, SIGNATURE_ALGORITHM, Signature, Signed, Sources, Stock, gather, in_order,
};
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

/// Some of the subjects, with what is beside each.
struct Chunk<'a> {
    subjects: &'a [Subject],
    signatures: &'a [Vec<Signature>],
    /// The paths of the evidence beside each.
    beside: Vec<Vec<PathBuf>>,
}

type Found = Result<Measured, Problem>;

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
        let bundles = sources.bundles.chunks(AT_ONCE);
        for ((subjects, bundles), signatures) in subjects.zip(bundles).zip(sources.signatures.chunks(AT_ONCE)) {
            let own = bundles
                .iter()
                .flatten()
                .filter(|path| !sources.shared.contains_key(*path));
            let own = own.map(|path| (path.clone(), Ok(Origin::Beside))).collect();
            let chunk = Chunk::new(subjects, bundles, signatures);
            self.judge(&chunk, &shared, &Stock::new(self.gather(own)), &mut verdicts);
        }
        verdicts.sort();
        verdicts
    }

    fn gather(&self, sources: Vec<(PathBuf, Result<Origin, Problem>)>) -> Vec<Evidence> {
        self.progress.watch(|_| gather(sources, self.judge))
    }

    fn judge(&self, chunk: &Chunk<'_>, shared: &Stock, own: &Stock, verdicts: &mut Verdicts) {
        let measured = self.measure(chunk, [shared, own]);
        let signed = Stock::new(self.verify_signatures(chunk, &measured));
        let first = verdicts.findings.len();
        let shelves = [
            Shelf {
                stock: shared,
                first: 0,
            },
            Shelf { stock: own, first },
            Shelf {
                stock: &signed,
                first: first + own.evidence.len(),
            },
        ];
        let evidence = own.evidence.iter().chain(&signed.evidence);
        verdicts.findings.extend(evidence.map(Finding::of));
        verdicts
            .judgements
            .extend(measured.iter().enumerate().map(|(place, measured)| {
                let query = chunk.query(place);
                Case { query, shelves }.judge_subject(measured.as_ref())
            }));
    }

    /// Measures what there is to measure, each in its place, with what the evidence that concerns it needs.
    fn measure(&self, chunk: &Chunk<'_>, stocks: [&Stock; 2]) -> Vec<Option<Found>> {
        let needed: Vec<Option<Algorithms>> = (0..chunk.subjects.len())
            .map(|place| chunk.needed(place, stocks))
            .collect();
        let jobs = chunk.subjects.iter().zip(&needed).enumerate();
        let jobs = jobs.filter_map(|(place, (subject, algorithms))| {
            let (path, algorithms) = (subject.file()?, algorithms.as_ref()?);
            Some((place, Job { path, algorithms }))
        });
        let (places, files): (Vec<usize>, Vec<Job<'_>>) = jobs.unzip();
        let mut found = self.measure_files(&files, &places, chunk.subjects.len());
        // Standard input is read as a stream, once.
        for (place, subject) in chunk.subjects.iter().enumerate() {
            if let (Subject::Stdin, Some(algorithms)) = (subject, &needed[place]) {
                found[place] = Some(measure_stdin(algorithms));
            }
        }
        found
    }

    fn measure_files(&self, files: &[Job<'_>], places: &[usize], count: usize) -> Vec<Option<Found>> {
        let found: Mutex<Vec<Option<Found>>> = Mutex::new((0..count).map(|_| None).collect());
        let jobs = Jobs {
            files,
            threads: self.judge.threads,
        };
        self.progress.watch(|done| {
            jobs.measure(&AtomicU64::new(0), |index, measured: Result<Measured, MeasureError>| {
                let measured = measured.map_err(|error| Problem::from(&error));
                found.lock().unwrap_or_else(PoisonError::into_inner)[places[index]] = Some(measured);
                done.fetch_add(1, Ordering::Relaxed);
                ControlFlow::Continue(())
            });
        });
        found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// A signature without a bundle is verified together with its artifact.
    fn verify_signatures(&self, chunk: &Chunk<'_>, measured: &[Option<Found>]) -> Vec<Evidence> {
        let mut work: Vec<(&Signature, &Subject, Digest)> = Vec::new();
        for ((subject, measured), signatures) in chunk.subjects.iter().zip(measured).zip(chunk.signatures) {
            let digest = match (subject, measured) {
                (Subject::Digest(digest), _) => Some(digest),
                (_, Some(Ok(measured))) => measured.digest(SIGNATURE_ALGORITHM),
                _ => None,
            };
            if let Some(digest) = digest {
                work.extend(signatures.iter().map(|signature| (signature, subject, digest.clone())));
            }
        }
        let verify = |(signature, subject, digest): (&Signature, &Subject, Digest)| {
            let (digest, path) = (&digest, subject.file());
            signature.verify(&Signed { digest, path }, self.judge)
        };
        self.progress.watch(|_| in_order(work, self.judge.threads, verify))
    }
}

impl<'a> Chunk<'a> {
    fn new(subjects: &'a [Subject], bundles: &[Vec<PathBuf>], signatures: &'a [Vec<Signature>]) -> Self {
        let beside = bundles.iter().zip(signatures).map(|(bundles, signatures)| {
            let signatures = signatures.iter().map(|signature| signature.path.clone());
            bundles.iter().cloned().chain(signatures).collect()
        });
        Self {
            subjects,
            signatures,
            beside: beside.collect(),
        }
    }

    fn query(&self, place: usize) -> Query<'_> {
        Query::new(&self.subjects[place], &self.beside[place])
    }

    /// What the evidence that concerns an artifact needs, in one read; none when there is none.
    fn needed(&self, place: usize, stocks: [&Stock; 2]) -> Option<Algorithms> {
        let query = self.query(place);
        let mut all: Vec<Algorithm> = stocks.iter().flat_map(|stock| stock.algorithms_for(&query)).collect();
        if !self.signatures[place].is_empty() {
            all.push(SIGNATURE_ALGORITHM);
        }
        all.sort_unstable();
        all.dedup();
        let (first, rest) = all.split_first()?;
        Some(Algorithms::new(*first, rest))
    }
}

fn measure_stdin(algorithms: &Algorithms) -> Found {
    measure_reader(io::stdin().lock(), algorithms).map_err(|error| {
        let message = format_args!("cannot read standard input: {error}");
        Problem::undecided("cannot-read", message)
    })
}

impl Verdicts {
    /// Puts the evidence in the order of the paths, and counts what each piece covers.
    pub(super) fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.findings.len()).collect();
        let key = |place: usize| -> (&Path, Option<usize>) {
            let finding = &self.findings[place];
            (&finding.path, finding.place)
        };
        order.sort_by(|a, b| key(*a).cmp(&key(*b)));
        let mut new_places = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            new_places[*old] = new;
        }
        self.findings
            .sort_by(|a, b| (&a.path, a.place).cmp(&(&b.path, b.place)));
        for judgement in &mut self.judgements {
            judgement.move_evidence(&new_places);
        }
        for judgement in self.judgements.iter().filter(|judgement| judgement.is_accepted()) {
            judgement
                .covered_by
                .iter()
                .for_each(|place| self.findings[*place].covers += 1);
        }
    }
}
