use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Digest, DigestSet, Measured};
use attest_verify::Artifact;

use super::evidence::{Covering, Evidence, Origin, Query, Refusal, Stock};
use super::image::ImageFindings;
use super::input::Subject;
use super::problem::Problem;
use super::tree::TreeFindings;

/// What is said about one artifact. It is accepted when there is no problem.
pub(super) struct Judgement {
    pub(super) subject: Subject,
    pub(super) digest: Option<Digest>,
    /// The name under which other people know the artifact, where that is another one.
    pub(super) signed_as: Option<String>,
    /// The checksum list that names it: the evidence covers the list.
    pub(super) listed_in: Option<PathBuf>,
    /// What was found in it, where it is a directory, by each tree manifest, with the place of the evidence.
    pub(super) trees: Vec<(usize, TreeFindings)>,
    /// What was found of it and below it, where it is an image.
    pub(super) image: Option<ImageFindings>,
    /// The evidence that covers it, by its place among all that was looked at.
    pub(super) covered_by: Vec<usize>,
    pub(super) problems: Vec<Problem>,
}

impl Judgement {
    /// Nothing can be said but why.
    pub(super) fn unmeasured(subject: &Subject, problem: Problem) -> Self {
        Self {
            subject: subject.clone(),
            digest: None,
            signed_as: None,
            listed_in: None,
            trees: Vec::new(),
            image: None,
            covered_by: Vec::new(),
            problems: vec![problem],
        }
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.problems.is_empty()
    }

    /// The evidence stands in another order now.
    pub(super) fn move_evidence(&mut self, new_places: &[usize]) {
        self.covered_by.iter_mut().for_each(|place| *place = new_places[*place]);
        self.covered_by.sort_unstable();
        self.trees.iter_mut().for_each(|(place, _)| *place = new_places[*place]);
        self.trees.sort_by_key(|(place, _)| *place);
        for problem in &mut self.problems {
            problem.evidence = problem.evidence.map(|place| new_places[place]);
        }
        let nodes = self.image.iter_mut().flat_map(|image| &mut image.nodes);
        nodes.for_each(|node| node.move_evidence(new_places));
    }

    /// The evidence that covers it, or any part of it, once for each part.
    pub(super) fn covering(&self) -> Vec<usize> {
        match &self.image {
            None => self.covered_by.clone(),
            Some(image) => image
                .nodes
                .iter()
                .flat_map(|node| node.bundles.iter().copied())
                .collect(),
        }
    }

    /// What was found in a directory, where that and the verdict are by the same evidence alone.
    pub(super) fn only_tree(&self) -> Option<&TreeFindings> {
        let [(place, tree)] = self.trees.as_slice() else {
            return None;
        };
        let is_its_own = |problem: &Problem| problem.evidence == Some(*place);
        self.problems.iter().all(is_its_own).then_some(tree)
    }

    pub(super) fn verdict(&self) -> &'static str {
        match (self.is_accepted(), self.problems.iter().all(Problem::is_undecided)) {
            (true, _) => "accepted",
            (false, true) => "undecided",
            (false, false) => "rejected",
        }
    }
}

/// Evidence, and the place of its first piece among everything that was looked at.
#[derive(Clone, Copy)]
pub(super) struct Shelf<'a> {
    pub(super) stock: &'a Stock,
    pub(super) first: usize,
}

/// One artifact, and the evidence it is held against.
pub(super) struct Case<'a> {
    pub(super) query: Query<'a>,
    pub(super) shelves: [Shelf<'a>; 3],
}

type Found<'a, T> = (usize, &'a Evidence, T);

impl<'a> Case<'a> {
    /// Says what there is to say about an artifact that was measured, cannot be, or did not have to be.
    pub(super) fn judge_subject(&self, measured: Option<&Result<Measured, Problem>>) -> Judgement {
        match (self.query.subject, measured) {
            (Subject::Refused(_, problem), _) | (_, Some(Err(problem))) => {
                Judgement::unmeasured(self.query.subject, problem.clone())
            }
            (Subject::Digest(digest), _) => self.judge_digest(digest),
            (_, Some(Ok(measured))) => self.judge_measured(measured),
            (_, None) => self.judge_unmeasured(),
        }
    }

    fn judge_measured(&self, measured: &Measured) -> Judgement {
        let name = self
            .query
            .subject
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let artifact = match name {
            Some(name) => Artifact::measured(name, measured),
            None => Artifact::nameless(measured),
        };
        self.judge(&artifact, measured.digests(), best_digest(measured))
    }

    fn judge_digest(&self, digest: &Digest) -> Judgement {
        let digests = std::iter::once(digest.clone()).collect();
        self.judge(&Artifact::by_digest(digest.clone()), &digests, Some(digest.clone()))
    }

    /// There is nothing to compare with: only whether there is a file has to be seen.
    fn judge_unmeasured(&self) -> Judgement {
        let subject = self.query.subject;
        match subject.file().map(std::fs::metadata) {
            Some(Err(error)) => {
                let problem = Problem::undecided("cannot-open", format_args!("cannot open: {error}"));
                return Judgement::unmeasured(subject, problem);
            }
            Some(Ok(found)) if !found.is_file() => {
                let problem = Problem::undecided("not-a-regular-file", "expected a regular file, found something else");
                return Judgement::unmeasured(subject, problem);
            }
            _ => {}
        }
        Judgement {
            problems: self.uncovered(None),
            ..Judgement::unmeasured(subject, no_evidence(subject))
        }
    }

    fn judge(&self, artifact: &Artifact, digests: &DigestSet, digest: Option<Digest>) -> Judgement {
        let mut covering: Vec<Found<'a, Covering>> = Vec::new();
        let mut refused: Vec<Found<'a, Refusal>> = Vec::new();
        for shelf in self.shelves {
            for place in shelf.stock.candidates(&self.query, digests) {
                let evidence = &shelf.stock.evidence[place];
                match evidence.result.as_ref().map(|proof| proof.covers(artifact)) {
                    Ok(Ok(found)) => covering.push((shelf.first + place, evidence, found)),
                    Ok(Err(refusal)) => refused.extend(self.refused(shelf, place, refusal)),
                    Err(_) => {}
                }
            }
        }
        let mut problems = Self::contradictions(refused, &covering);
        if covering.is_empty() && problems.is_empty() {
            problems = self.uncovered(Some(artifact));
        }
        let renamed = covering.iter().all(|(_, _, found)| found.signed_as.is_some());
        Judgement {
            subject: self.query.subject.clone(),
            digest,
            listed_in: None,
            trees: Vec::new(),
            image: None,
            covered_by: covering.iter().map(|(place, ..)| *place).collect(),
            signed_as: covering
                .into_iter()
                .next()
                .filter(|_| renamed)
                .and_then(|(_, _, found)| found.signed_as),
            problems,
        }
    }

    /// A refusal counts where the evidence speaks of the artifact: by a name in it, or by its own.
    fn refused(&self, shelf: Shelf<'a>, place: usize, refusal: Refusal) -> Option<Found<'a, Refusal>> {
        let evidence = &shelf.stock.evidence[place];
        let contradicts =
            refusal.contradicts && evidence.origin != Origin::Neighbour && shelf.stock.reaches(place, &self.query);
        let counts = contradicts || (self.is_own(evidence) && shelf.stock.is_beside(place, &self.query));
        counts.then(|| (shelf.first + place, evidence, Refusal { contradicts, ..refusal }))
    }

    /// What other evidence cannot heal: a proof that knows the name as that of other bytes, and a file that bears the name
    /// of the artifact and is not about it.
    fn contradictions(refused: Vec<Found<'a, Refusal>>, covering: &[Found<'a, Covering>]) -> Vec<Problem> {
        let covers = |evidence: &Evidence| covering.iter().any(|(_, covering, _)| covering.path == evidence.path);
        refused
            .into_iter()
            .filter(|(_, evidence, refusal)| refusal.contradicts || !covers(evidence))
            .map(|(place, _, refusal)| refusal.problem.by(place))
            .collect()
    }

    fn is_own(&self, evidence: &Evidence) -> bool {
        let name = self.query.subject.file_name();
        name.is_some_and(|name| attest_store::is_sidecar_of(&evidence.path, name))
    }

    /// Why nothing covers the artifact: the reason where there is one, else how many there are.
    fn uncovered(&self, artifact: Option<&Artifact>) -> Vec<Problem> {
        let held: Vec<(usize, &Evidence)> = self.shelves.iter().flat_map(|shelf| self.held_against(shelf)).collect();
        let failed = |(place, evidence): &(usize, &Evidence)| {
            let problem = evidence.result.as_ref().err()?;
            Some(problem.clone().by(*place))
        };
        let undecided: Vec<Problem> = held.iter().filter_map(failed).filter(Problem::is_undecided).collect();
        if !undecided.is_empty() {
            return undecided;
        }
        let subject = self.query.subject;
        match held.as_slice() {
            [] => vec![no_evidence(subject)],
            [(place, evidence)] => match (&evidence.result, artifact) {
                (Err(problem), _) => vec![problem.clone().into_rejected().by(*place)],
                (Ok(proof), Some(artifact)) => vec![match proof.covers(artifact) {
                    Ok(_) => no_evidence(subject),
                    Err(refusal) if refusal.contradicts => refusal.problem.into_rejected().by(*place),
                    Err(refusal) => match self.whose(evidence) {
                        Some(other) if refusal.problem.code == "digest-mismatch" => only_of(subject, &other),
                        _ => refusal.problem.into_rejected().of_silence(),
                    }
                    .by(*place),
                }],
                (Ok(_), None) => vec![no_evidence(subject)],
            },
            several => vec![Problem::rejected(
                "no-bundle",
                format_args!(
                    "expected a bundle for `{}`, found {} that do not cover it",
                    subject.shown(),
                    several.len()
                ),
            )],
        }
    }

    /// The file that evidence bears the name of, where that is another one and is there. An option says that evidence is for
    /// whatever is verified, whatever it is called.
    fn whose(&self, evidence: &Evidence) -> Option<PathBuf> {
        let other = attest_store::artifact_of(&evidence.path).filter(|_| evidence.origin != Origin::Named)?;
        (!self.is_own(evidence) && other.is_file()).then_some(other)
    }

    fn held_against(&self, shelf: &Shelf<'a>) -> impl Iterator<Item = (usize, &'a Evidence)> + use<'a> {
        let Shelf { stock, first } = *shelf;
        let places = stock.concerning(&self.query).into_iter();
        places.map(move |place| (first + place, &stock.evidence[place]))
    }
}

fn no_evidence(subject: &Subject) -> Problem {
    Problem::rejected(
        "no-bundle",
        format_args!("expected a bundle for `{}`, found none", subject.shown()),
    )
}

fn only_of(subject: &Subject, other: &Path) -> Problem {
    Problem::rejected(
        "no-bundle",
        format_args!(
            "expected a bundle for `{}`, found only that of `{}`",
            subject.shown(),
            other.display()
        ),
    )
}

fn best_digest(measured: &Measured) -> Option<Digest> {
    let sha256 = measured.digest(Algorithm::Sha256);
    sha256.or_else(|| measured.digests().iter().next()).cloned()
}
