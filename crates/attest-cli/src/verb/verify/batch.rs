use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use attest_digest::{Engine, Event};

use super::chunk::Chunk;
use super::evidence::{Judge, Origin, Sources, Stock, gather};
use super::finding::Finding;
use super::input::Input;
use super::judgement::{Case, Judgement, Shelf};
use super::problem::Problem;
use crate::progress::Progress;

/// How many artifacts are looked at in one go. What is known of their own evidence is let go with them, so that memory
/// does not grow with the number of artifacts; enough to keep every core busy.
const AT_ONCE: usize = 512;

/// How many chunks wait, with their evidence verified, for the one before them to be judged.
const CHUNKS_AHEAD: usize = 1;

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

impl Batch<'_> {
    /// Verifies every piece of evidence once, measures every artifact once, and holds each artifact against what concerns it.
    /// While the artifacts of one chunk are measured, the evidence of the next is verified.
    pub(super) fn run(&self) -> Verdicts {
        let sources = Sources::find(self.input);
        let shared = sources.shared.clone().into_iter().collect();
        let shared = Stock::new(self.progress.watch(|| gather(shared, self.judge)));
        let mut verdicts = Verdicts {
            findings: shared.evidence.iter().map(Finding::of).collect(),
            ..Verdicts::default()
        };
        self.judge_all(&sources, &shared, &mut verdicts);
        verdicts.sort();
        verdicts
    }

    /// Who prepares waits for nobody but who judges, and who judges a chunk measures what that chunk itself holds: nobody
    /// can wait in a circle, whatever there is to measure.
    fn judge_all(&self, sources: &Sources, shared: &Stock, verdicts: &mut Verdicts) {
        let mut judging = Judging {
            batch: self,
            shared,
            verdicts,
        };
        thread::scope(|scope| {
            // Dropped before the scope waits for its thread, also when judging panics.
            let (prepared, mut chunks) = mpsc::sync_channel(CHUNKS_AHEAD);
            let prepare = move || {
                // It fails only after a panic of whoever judges.
                let _ = self.chunks(sources, shared).all(|chunk| prepared.send(chunk).is_ok());
            };
            match thread::Builder::new().spawn_scoped(scope, prepare) {
                Ok(_) => {
                    while let Some(chunk) = self.next_of(&mut chunks) {
                        judging.judge(chunk);
                    }
                }
                // A machine that cannot give us threads still gets its answer, from this one.
                Err(_) => self.chunks(sources, shared).for_each(|chunk| judging.judge(chunk)),
            }
        });
    }

    /// Every chunk in its turn, the evidence beside its artifacts verified.
    fn chunks<'c>(&'c self, sources: &'c Sources, shared: &'c Stock) -> impl Iterator<Item = Chunk<'c>> {
        let subjects = self.input.subjects.chunks(AT_ONCE);
        let beside = sources.bundles.chunks(AT_ONCE).zip(sources.signatures.chunks(AT_ONCE));
        subjects.zip(beside).map(move |(subjects, (bundles, signatures))| {
            let own = bundles.iter().flatten();
            let own = own.filter(|path| !sources.shared.contains_key(*path));
            let own = own.map(|path| (path.clone(), Ok(Origin::Beside))).collect();
            Chunk::new(subjects, bundles, signatures).with_evidence(gather(own, self.judge), shared)
        })
    }

    /// The next chunk as soon as it is prepared; none after the last.
    fn next_of<'c>(&self, chunks: &mut Receiver<Chunk<'c>>) -> Option<Chunk<'c>> {
        self.progress.watch(move || chunks.recv().ok())
    }

    /// Measures the files of a chunk.
    fn measure(&self, chunk: &mut Chunk<'_>) {
        let engine = Engine::new(self.judge.threads);
        engine.measure_events(chunk.jobs(), &attest_digest::Progress::new(), |event| {
            if let Event::Done(job, measured) = event {
                chunk.put(job.place, measured.map_err(|error| Problem::from(&error)));
                self.progress.add_one();
            }
            self.progress.draw();
            ControlFlow::Continue(())
        });
    }
}

/// Judges chunk after chunk.
struct Judging<'a, 'b> {
    batch: &'b Batch<'a>,
    shared: &'b Stock,
    verdicts: &'b mut Verdicts,
}

impl Judging<'_, '_> {
    fn judge(&mut self, mut chunk: Chunk<'_>) {
        self.batch.measure(&mut chunk);
        let measured = chunk.measured();
        let signed = self
            .batch
            .progress
            .watch(|| chunk.verify_signatures(&measured, self.batch.judge));
        let (own, signed) = (&chunk.own, &Stock::new(signed));
        let first = self.verdicts.findings.len();
        let shelf = |stock, first| Shelf { stock, first };
        let shelves = [
            shelf(self.shared, 0),
            shelf(own, first),
            shelf(signed, first + own.evidence.len()),
        ];
        let evidence = own.evidence.iter().chain(&signed.evidence);
        self.verdicts.findings.extend(evidence.map(Finding::of));
        let judged = measured.iter().enumerate().map(|(place, measured)| {
            let query = chunk.query(place);
            Case { query, shelves }.judge_subject(measured.as_ref())
        });
        self.verdicts.judgements.extend(judged);
    }
}

impl Verdicts {
    /// Takes in what was found out about other artifacts by other evidence.
    pub(super) fn join(&mut self, others: Self) {
        if others.judgements.is_empty() && others.findings.is_empty() {
            return;
        }
        let before = self.findings.len();
        let moved: Vec<usize> = (before..before + others.findings.len()).collect();
        self.findings.extend(others.findings);
        self.judgements
            .extend(others.judgements.into_iter().map(|mut judgement| {
                judgement.move_evidence(&moved);
                judgement
            }));
        self.sort();
    }

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
        self.findings.iter_mut().for_each(|finding| finding.covers = 0);
        for judgement in self.judgements.iter().filter(|judgement| judgement.is_accepted()) {
            judgement
                .covering()
                .into_iter()
                .for_each(|place| self.findings[place].covers += 1);
        }
    }
}
