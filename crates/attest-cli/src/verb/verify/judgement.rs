use attest_digest::{Algorithm, Algorithms, Digest, Measured, Threads, measure_files};
use attest_verify::{Artifact, Rejection, Verified, VerifiedBundle};

use super::evidence::{Evidence, Origin};
use super::input::{Input, Subject};
use super::problem::Problem;

/// What is said about one artifact. It is accepted when there is no problem.
pub(super) struct Judgement {
    pub(super) subject: Subject,
    pub(super) digest: Option<Digest>,
    /// The bundles that cover it, by their place among the evidence.
    pub(super) covered_by: Vec<(usize, Verified)>,
    pub(super) problems: Vec<Problem>,
}

/// Measures every artifact once, and holds it against every bundle that concerns it. In the order of the call.
pub(super) fn judge(inputs: &Input, evidence: &[Evidence], threads: Threads) -> Vec<Judgement> {
    let files: Vec<_> = inputs.artifacts.iter().filter_map(Subject::file).collect();
    let mut measured = match algorithms(evidence) {
        Some(algorithms) => measure_files(&files, &algorithms, threads)
            .into_iter()
            .map(Some)
            .collect(),
        // Nothing to compare with: only whether there is a file has to be seen.
        None => Vec::new(),
    }
    .into_iter();
    let judged = inputs.artifacts.iter().map(|subject| match subject {
        Subject::Digest(digest) => Case::digest(subject, digest, evidence).judge(),
        Subject::File(_) => match measured.next().flatten() {
            Some(Ok(measured)) => Case::file(subject, &measured, evidence).judge(),
            Some(Err(error)) => unmeasured(subject, Problem::from(&error)),
            None => without_evidence(subject, evidence),
        },
    });
    judged.collect()
}

/// One artifact, and the bundles it is held against.
struct Case<'a> {
    subject: &'a Subject,
    artifact: Artifact,
    digest: Option<Digest>,
    evidence: Vec<(usize, &'a Evidence)>,
}

impl<'a> Case<'a> {
    fn digest(subject: &'a Subject, digest: &Digest, evidence: &'a [Evidence]) -> Self {
        Self {
            subject,
            artifact: Artifact::by_digest(digest.clone()),
            digest: Some(digest.clone()),
            evidence: concerning(subject, evidence),
        }
    }

    fn file(subject: &'a Subject, measured: &Measured, evidence: &'a [Evidence]) -> Self {
        let name = subject.file().and_then(|path| path.file_name()).unwrap_or_default();
        Self {
            subject,
            artifact: Artifact::measured(name.to_string_lossy(), measured),
            digest: best_digest(measured),
            evidence: concerning(subject, evidence),
        }
    }

    fn judge(self) -> Judgement {
        let mut covered_by = Vec::new();
        let mut refused = Vec::new();
        for (place, evidence) in &self.evidence {
            match evidence
                .result
                .as_ref()
                .map(|bundle| (bundle, bundle.artifact(&self.artifact)))
            {
                Ok((_, Ok(verified))) => covered_by.push((*place, verified)),
                Ok((bundle, Err(rejection))) => refused.push((*place, *evidence, bundle, rejection)),
                Err(_) => {}
            }
        }
        let covering: Vec<&Evidence> = self
            .evidence
            .iter()
            .filter(|(place, _)| covered_by.iter().any(|(covering, _)| covering == place))
            .map(|(_, evidence)| *evidence)
            .collect();
        let mut problems: Vec<Problem> = refused
            .iter()
            .filter(|(_, evidence, bundle, rejection)| {
                contradicts(evidence, bundle, rejection) || self.is_own_and_silent(evidence, &covering)
            })
            .map(|(place, _, _, rejection)| Problem::from(rejection).by(*place))
            .collect();
        if covered_by.is_empty() && problems.is_empty() {
            problems.extend(uncovered(self.subject, &self.evidence, &refused));
        }
        Judgement {
            subject: self.subject.clone(),
            digest: self.digest,
            covered_by,
            problems,
        }
    }

    /// A bundle that bears the name of the artifact has to be about it.
    fn is_own_and_silent(&self, evidence: &Evidence, covering: &[&Evidence]) -> bool {
        let name = self.subject.file().and_then(|path| path.file_name());
        name.is_some_and(|name| attest_store::is_sidecar_of(&evidence.path, name))
            && !covering.iter().any(|covering| covering.path == evidence.path)
    }
}

/// Whether a bundle that counts knows the name of the artifact as that of other bytes. Another bundle cannot heal that.
fn contradicts(evidence: &Evidence, bundle: &VerifiedBundle, rejection: &Rejection) -> bool {
    evidence.origin != Origin::Neighbour
        && bundle.statement().is_some()
        && matches!(
            rejection,
            Rejection::DigestMismatch { .. } | Rejection::SubjectSwapped { .. }
        )
}

type Refused<'a> = (usize, &'a Evidence, &'a VerifiedBundle, Rejection);

/// Why no bundle covers the artifact: each reason where there are few, else how many there are.
fn uncovered(subject: &Subject, evidence: &[(usize, &Evidence)], refused: &[Refused<'_>]) -> Vec<Problem> {
    let failed = evidence.iter().filter_map(|(place, evidence)| {
        let problem = evidence.result.as_ref().err()?;
        Some(problem.clone().by(*place))
    });
    let silent = refused
        .iter()
        .map(|(place, _, _, rejection)| Problem::from(rejection).by(*place));
    let mut reasons: Vec<Problem> = failed.chain(silent).collect();
    if reasons.iter().any(Problem::is_undecided) {
        reasons.retain(Problem::is_undecided);
        return reasons;
    }
    match reasons.len() {
        0 => vec![Problem::rejected(
            "no-bundle",
            format_args!("expected a bundle for `{}`, found none", subject.shown()),
        )],
        1 => reasons,
        found => vec![Problem::rejected(
            "no-bundle",
            format_args!(
                "expected a bundle for `{}`, found {found} that do not cover it",
                subject.shown()
            ),
        )],
    }
}

fn unmeasured(subject: &Subject, problem: Problem) -> Judgement {
    Judgement {
        subject: subject.clone(),
        digest: None,
        covered_by: Vec::new(),
        problems: vec![problem],
    }
}

fn without_evidence(subject: &Subject, evidence: &[Evidence]) -> Judgement {
    match subject.file().map(std::fs::metadata) {
        Some(Err(error)) => {
            let problem = Problem::undecided("cannot-open", format_args!("cannot open: {error}"));
            return unmeasured(subject, problem);
        }
        Some(Ok(found)) if !found.is_file() => {
            let problem = Problem::undecided("not-a-regular-file", "expected a regular file, found something else");
            return unmeasured(subject, problem);
        }
        _ => {}
    }
    let mut judgement = unmeasured(subject, Problem::rejected("no-bundle", ""));
    judgement.problems = uncovered(subject, &concerning(subject, evidence), &[]);
    judgement
}

fn concerning<'a>(subject: &Subject, evidence: &'a [Evidence]) -> Vec<(usize, &'a Evidence)> {
    let numbered = evidence.iter().enumerate();
    numbered
        .filter(|(_, evidence)| evidence.concerns(subject.file()))
        .collect()
}

/// What the bundles that verified need, in one read; none when there is none.
fn algorithms(evidence: &[Evidence]) -> Option<Algorithms> {
    let mut all: Vec<Algorithm> = evidence
        .iter()
        .filter_map(|evidence| evidence.result.as_ref().ok())
        .flat_map(|bundle| bundle.algorithms().iter().collect::<Vec<_>>())
        .collect();
    all.sort_unstable();
    all.dedup();
    let (first, rest) = all.split_first()?;
    Some(Algorithms::new(*first, rest))
}

fn best_digest(measured: &Measured) -> Option<Digest> {
    let sha256 = measured.digest(Algorithm::Sha256);
    sha256.or_else(|| measured.digests().iter().next()).cloned()
}

impl Judgement {
    pub(super) fn is_accepted(&self) -> bool {
        self.problems.is_empty()
    }

    /// The name under which other people know the artifact, where that is another one.
    pub(super) fn signed_as(&self) -> Option<&str> {
        let renamed = self.covered_by.iter().all(|(_, verified)| verified.is_renamed());
        let (_, verified) = self.covered_by.first().filter(|_| renamed)?;
        verified.subject().and_then(attestation::Subject::name)
    }

    pub(super) fn verdict(&self) -> &'static str {
        match (self.is_accepted(), self.problems.iter().all(Problem::is_undecided)) {
            (true, _) => "accepted",
            (false, true) => "undecided",
            (false, false) => "rejected",
        }
    }
}
