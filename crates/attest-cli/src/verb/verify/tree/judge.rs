use attestation::manifest::TreeManifest;
use attestation::media_type;

use super::super::batch::Verdicts;
use super::super::evidence::{Evidence, Judge, Proof, gather};
use super::super::finding::Finding;
use super::super::input::Subject;
use super::super::judgement::Judgement;
use super::super::problem::Problem;
use super::findings::{TreeFindings, problems};
use super::{Tree, Trees};
use crate::tree::{Comparison, Strictness};
use crate::visible::visible;

impl Trees {
    /// Verifies every manifest, and holds the directories against what verified.
    pub(in super::super) fn judge(&self, judge: &Judge<'_>, strictness: Strictness) -> Verdicts {
        let mut verdicts = Verdicts::default();
        for tree in &self.0 {
            let mut own = Verdicts::default();
            tree.judge(judge, strictness, &mut own);
            verdicts.join(own);
        }
        verdicts
    }
}

impl Tree {
    fn judge(&self, judge: &Judge<'_>, strictness: Strictness, verdicts: &mut Verdicts) {
        let sources = self.bundles.iter().map(|(path, origin)| (path.clone(), Ok(*origin)));
        let evidence = gather(sources.collect(), judge);
        verdicts.findings = evidence.iter().map(Finding::of).collect();
        let subject = Subject::Tree(self.root.clone());
        let mut judgement = Judgement::unmeasured(&subject, nothing(&subject));
        judgement.problems.clear();
        for (place, piece) in evidence.iter().enumerate() {
            match manifest(piece) {
                Ok(None) => {}
                Err(problem) => judgement.problems.push(problem.by(place)),
                Ok(Some(manifest)) => {
                    let found = self.hold(&manifest, piece, (judge, strictness), &mut judgement, place);
                    tell(&mut verdicts.findings[place], &found);
                    judgement.trees.push((place, found));
                }
            }
        }
        if judgement.covered_by.is_empty() && judgement.problems.is_empty() {
            judgement.problems.push(nothing(&subject));
        }
        verdicts.judgements.push(judgement);
    }

    fn hold(
        &self,
        manifest: &TreeManifest,
        piece: &Evidence,
        (judge, strictness): (&Judge<'_>, Strictness),
        judgement: &mut Judgement,
        place: usize,
    ) -> TreeFindings {
        let evidence: Vec<_> = self.bundles.iter().map(|(path, _)| path.clone()).collect();
        let comparison = Comparison {
            root: &self.root,
            manifest,
            kept_in: &piece.path,
            evidence: &evidence,
            strictness,
            threads: judge.threads,
        };
        let difference = comparison.run();
        if difference.is_none() {
            judgement.covered_by.push(place);
            // Of several that hold, the line of the directory shows the first; each has a line of its own besides.
            if judgement.covered_by.len() == 1 {
                judgement.digest = Some(manifest.root_digest());
                judgement.signed_as = self.signed_as(manifest, piece);
            }
        }
        let problems = problems(&difference).into_iter().map(|problem| problem.by(place));
        judgement.problems.extend(problems);
        TreeFindings::of(&difference)
    }

    /// The name that the directory had, where it has another now and the statement says one.
    fn signed_as(&self, manifest: &TreeManifest, piece: &Evidence) -> Option<String> {
        let says_name = |proof: &Proof| {
            let Proof::Sigstore { bundle, .. } = proof;
            bundle
                .statement()
                .is_some_and(|statement| statement.predicate_type() == media_type::MODEL_SIGNATURE_V1)
        };
        let path = self.root.canonicalize().ok()?;
        let is_renamed = path.file_name().is_none_or(|name| name != manifest.name());
        let is_said = piece.result.as_ref().is_ok_and(says_name);
        (is_said && is_renamed).then(|| manifest.name().to_owned())
    }
}

/// The manifest in a piece of evidence that verified; none where that is no manifest or was not asked for.
fn manifest(piece: &Evidence) -> Result<Option<TreeManifest>, Problem> {
    let proof = match &piece.result {
        Ok(proof) => proof,
        Err(problem) if problem.is_passed_over() => return Ok(None),
        Err(problem) => return Err(problem.clone()),
    };
    let Proof::Sigstore { bundle, .. } = proof;
    let statement = bundle.statement().filter(|_| proof.aside().is_none());
    let statement = statement.filter(|statement| TreeManifest::is_type(statement.predicate_type()));
    let manifest = statement.map(TreeManifest::of_statement).transpose();
    manifest.map_err(|error| Problem::rejected(error.code(), visible(&error.to_string())))
}

/// The statement was read and held against the files: there is nothing in it that nobody looked at, and perhaps something
/// beside it.
fn tell(finding: &mut Finding, found: &TreeFindings) {
    if let Ok(proven) = &mut finding.result {
        proven.not_checked.retain(|check| *check != "predicate");
        proven.checked.push("tree");
        proven.not_checked.extend(found.not_checked());
    }
}

fn nothing(subject: &Subject) -> Problem {
    Problem::rejected(
        "no-bundle",
        format_args!("expected a tree manifest for `{}`, found none", subject.shown()),
    )
}
