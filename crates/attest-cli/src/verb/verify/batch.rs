use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use attest_digest::{Engine, Event, MeasureError, Measured};

use super::chunk::{Chunk, ChunkJob};
use super::evidence::{Judge, Origin, Sources, Stock, gather};
use super::finding::Finding;
use super::input::Input;
use super::judgement::{Case, Judgement, Shelf};
use super::problem::Problem;
use super::progress::Progress;

/// How many artifacts are looked at in one go. What is known of their own evidence is let go with them, so that memory
/// does not grow with the number of artifacts; enough to keep every core busy.
const AT_ONCE: usize = 512;

/// How many chunks wait, with their evidence verified, for the one before them to be measured.
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

    fn judge_all(&self, sources: &Sources, shared: &Stock, verdicts: &mut Verdicts) {
        let (prepared, chunks) = mpsc::sync_channel(CHUNKS_AHEAD);
        let subjects = self.input.subjects.chunks(AT_ONCE);
        let beside = sources.bundles.chunks(AT_ONCE).zip(sources.signatures.chunks(AT_ONCE));
        let jobs = subjects.zip(beside).flat_map(move |(subjects, (bundles, signatures))| {
            let own = bundles.iter().flatten();
            let own = own.filter(|path| !sources.shared.contains_key(*path));
            let own = own.map(|path| (path.clone(), Ok(Origin::Beside))).collect();
            let chunk = Chunk::new(subjects, bundles, signatures).with_evidence(gather(own, self.judge), shared);
            let jobs = chunk.jobs();
            // It fails only after a panic of whoever judges.
            let _ = prepared.send(chunk);
            jobs
        });
        let jobs = AtMost {
            jobs,
            most: self.input.subjects.len(),
        };
        let mut judging = Judging {
            batch: self,
            shared,
            chunks: Some(chunks),
            current: None,
            verdicts,
        };
        let engine = Engine::new(self.judge.threads);
        engine.measure_events(jobs, &attest_digest::Progress::new(), |event| {
            let judging = CloseOnPanic(&mut judging);
            if let Event::Done(job, measured) = event {
                judging.0.take(&job, measured);
                self.progress.add_one();
            }
            self.progress.draw();
            ControlFlow::Continue(())
        });
        judging.judge_rest();
    }
}

/// Puts measurements to the chunks that they belong to, and judges each chunk as soon as it is complete.
struct Judging<'a, 'b> {
    batch: &'b Batch<'a>,
    shared: &'b Stock,
    /// In their order. None when nobody listens any more.
    chunks: Option<Receiver<Chunk<'b>>>,
    current: Option<Chunk<'b>>,
    verdicts: &'b mut Verdicts,
}

impl<'b> Judging<'_, 'b> {
    /// Takes the next measurement. The chunk that it is of was handed over before it.
    fn take(&mut self, job: &ChunkJob<'b>, measured: Result<Measured, MeasureError>) {
        let measured = measured.map_err(|error| Problem::from(&error));
        while let Some(mut chunk) = self.next_chunk() {
            if chunk.is_complete() {
                self.judge(chunk);
                continue;
            }
            chunk.put(job.place, measured);
            match chunk.is_complete() {
                true => self.judge(chunk),
                false => self.current = Some(chunk),
            }
            return;
        }
    }

    /// Chunks of which nothing has to be measured come after the last measurement.
    fn judge_rest(&mut self) {
        while let Some(chunk) = self.next_chunk() {
            self.judge(chunk);
        }
    }

    fn next_chunk(&mut self) -> Option<Chunk<'b>> {
        let next = || self.chunks.as_ref()?.recv().ok();
        self.current.take().or_else(next)
    }

    fn judge(&mut self, mut chunk: Chunk<'b>) {
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

/// Jobs of which somebody knows how many there can be: the engine begins no more threads.
struct AtMost<I> {
    jobs: I,
    most: usize,
}

impl<I: Iterator> Iterator for AtMost<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.jobs.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.most))
    }
}

/// Who prepares chunks must not wait for somebody who has panicked.
struct CloseOnPanic<'a, 'b, 'c>(&'c mut Judging<'a, 'b>);

impl Drop for CloseOnPanic<'_, '_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.chunks = None;
        }
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
                .covered_by
                .iter()
                .for_each(|place| self.findings[*place].covers += 1);
        }
    }
}
