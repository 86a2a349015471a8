use std::io::{self, Read};
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, Digest, FileJob, Measured, measure_reader};

use super::evidence::{Evidence, Held, Judge, Query, Signature, Signed, SignedBytes, Stock, hold, in_order};
use super::input::Subject;
use super::problem::Problem;

/// What an artifact was measured as, or why it was not.
pub(super) type Found = Result<Measured, Problem>;

/// Some of the subjects, with what is beside each.
pub(super) struct Chunk<'a> {
    subjects: &'a [Subject],
    signatures: &'a [Vec<Signature>],
    /// The paths of the evidence beside each.
    beside: Vec<Vec<PathBuf>>,
    /// The evidence beside them, verified.
    pub(super) own: Stock,
    /// What each has to be measured with; none where there is nothing to compare.
    needed: Vec<Option<Algorithms>>,
    found: Vec<Option<Found>>,
    /// What came from standard input, where a signature may be over those bytes.
    held: Option<Held>,
}

/// A file of a chunk.
pub(super) struct ChunkJob<'a> {
    pub(super) place: usize,
    path: &'a Path,
    algorithms: Algorithms,
}

impl FileJob for ChunkJob<'_> {
    fn path(&self) -> &Path {
        self.path
    }

    fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }
}

impl<'a> Chunk<'a> {
    pub(super) fn new(subjects: &'a [Subject], bundles: &[Vec<PathBuf>], signatures: &'a [Vec<Signature>]) -> Self {
        let beside = bundles.iter().zip(signatures).map(|(bundles, signatures)| {
            let signatures = signatures.iter().map(|signature| signature.path.clone());
            bundles.iter().cloned().chain(signatures).collect()
        });
        Self {
            subjects,
            signatures,
            beside: beside.collect(),
            own: Stock::default(),
            needed: Vec::new(),
            found: subjects.iter().map(|_| None).collect(),
            held: None,
        }
    }

    /// The evidence says what the artifacts have to be measured with.
    pub(super) fn with_evidence(mut self, own: Vec<Evidence>, shared: &Stock) -> Self {
        self.own = Stock::new(own);
        self.needed = (0..self.subjects.len())
            .map(|place| self.needed(place, [shared, &self.own]))
            .collect();
        self
    }

    /// What is to be measured. Standard input is not: it is read as a stream, once.
    pub(super) fn jobs(&self) -> Vec<ChunkJob<'a>> {
        let files = self.subjects.iter().zip(&self.needed).enumerate();
        let job = |(place, (subject, algorithms)): (usize, (&'a Subject, &Option<Algorithms>))| {
            let (path, algorithms) = (subject.file()?, algorithms.clone()?);
            Some(ChunkJob {
                place,
                path,
                algorithms,
            })
        };
        files.filter_map(job).collect()
    }

    pub(super) fn put(&mut self, place: usize, found: Found) {
        self.found[place] = Some(found);
    }

    pub(super) fn query(&self, place: usize) -> Query<'_> {
        Query::new(&self.subjects[place], &self.beside[place])
    }

    /// What every subject was measured as, with standard input, which is read now if it is among them.
    pub(super) fn measured(&mut self) -> Vec<Option<Found>> {
        let mut found = std::mem::take(&mut self.found);
        for (place, subject) in self.subjects.iter().enumerate() {
            if let (Subject::Stdin, Some(algorithms)) = (subject, &self.needed[place]) {
                let stdin = io::stdin().lock();
                found[place] = Some(match self.signatures[place].iter().any(Signature::may_need_bytes) {
                    true => {
                        let mut stdin = hold(stdin);
                        let found = measure_stdin(&mut stdin, algorithms);
                        self.held = Some(stdin.into_held());
                        found
                    }
                    false => measure_stdin(stdin, algorithms),
                });
            }
        }
        found
    }

    /// A signature without a bundle is verified together with its artifact.
    pub(super) fn verify_signatures(&self, measured: &[Option<Found>], judge: &Judge<'_>) -> Vec<Evidence> {
        let mut work: Vec<(&Signature, &Subject, Vec<Digest>)> = Vec::new();
        for ((subject, measured), signatures) in self.subjects.iter().zip(measured).zip(self.signatures) {
            for signature in signatures {
                let digests = match (subject, measured) {
                    (Subject::Digest(digest), _) => vec![digest.clone()],
                    (_, Some(Ok(measured))) => {
                        let algorithms = signature.algorithms().iter();
                        algorithms.filter_map(|one| measured.digest(*one).cloned()).collect()
                    }
                    _ => continue,
                };
                work.push((signature, subject, digests));
            }
        }
        in_order(work, judge.threads, |(signature, subject, digests)| {
            let bytes = self.bytes_of(subject);
            let signed = Signed {
                digests: &digests,
                bytes,
            };
            signature.verify(&signed, judge)
        })
    }

    fn bytes_of<'b>(&'b self, subject: &'b Subject) -> SignedBytes<'b> {
        match subject {
            Subject::File(path) => SignedBytes::File(path),
            Subject::Stdin => self.held.as_ref().map_or(SignedBytes::Nowhere, SignedBytes::Held),
            Subject::Digest(_) | Subject::Image(_) | Subject::Tree(_) | Subject::Refused(..) => SignedBytes::Nowhere,
        }
    }

    /// What the evidence that concerns an artifact needs, in one read; none when there is none.
    fn needed(&self, place: usize, stocks: [&Stock; 2]) -> Option<Algorithms> {
        let query = self.query(place);
        let mut all: Vec<Algorithm> = stocks.iter().flat_map(|stock| stock.algorithms_for(&query)).collect();
        all.extend(self.signatures[place].iter().flat_map(Signature::algorithms));
        all.sort_unstable();
        all.dedup();
        let (first, rest) = all.split_first()?;
        Some(Algorithms::new(*first, rest))
    }
}

fn measure_stdin(stdin: impl Read, algorithms: &Algorithms) -> Found {
    measure_reader(stdin, algorithms).map_err(|error| {
        let message = format_args!("cannot read standard input: {error}");
        Problem::undecided("cannot-read", message)
    })
}
