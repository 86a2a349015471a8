use std::collections::BTreeSet;
use std::path::Path;

use attest_verify::VerificationTime;

use super::expectation;
use super::finding::Finding;
use super::image::ImageFindings;
use super::judgement::Judgement;
use super::problem::Problem;
use super::tree::TreeFindings;
use crate::exit::Outcome;

/// Everything that was found out in one call.
pub(super) struct Report {
    pub(super) time: VerificationTime,
    /// None where the given key alone counts.
    pub(super) trust: Option<Trusted>,
    pub(super) expected: expectation::Shown,
    pub(super) judgements: Vec<Judgement>,
    pub(super) findings: Vec<Finding>,
}

/// Whose authorities and logs counted, for people and for programs.
pub(super) struct Trusted {
    pub(super) shown: String,
    pub(super) json: serde_json::Value,
}

impl Report {
    /// The worst that was found: rejected before undecided before accepted.
    pub(super) fn outcome(&self) -> Outcome {
        let judged = self.judgements.iter().flat_map(|judgement| judgement.problems.iter());
        let mut problems = judged
            .chain(self.findings.iter().filter_map(Finding::counting_problem))
            .map(Problem::is_undecided)
            .peekable();
        match (problems.peek().is_some(), problems.all(|undecided| undecided)) {
            (false, _) => Outcome::Accepted,
            (true, true) => Outcome::Undecided,
            (true, false) => Outcome::Rejected,
        }
    }

    pub(super) fn verdict(&self) -> &'static str {
        match self.outcome() {
            Outcome::Accepted => "accepted",
            Outcome::Rejected => "rejected",
            Outcome::Undecided => "undecided",
        }
    }

    pub(super) fn accepted(&self) -> usize {
        self.judgements
            .iter()
            .filter(|judgement| judgement.is_accepted())
            .count()
    }

    /// Every file that was read, also where only a checksum list named it.
    pub(super) fn read(&self) -> impl Iterator<Item = &Path> {
        let artifacts = self.judgements.iter().filter_map(|judgement| judgement.subject.file());
        artifacts.chain(self.findings.iter().map(|finding| finding.path.as_path()))
    }

    /// The names of the checks that were made for an artifact, and of those that were not.
    pub(super) fn checks(&self, judgement: &Judgement) -> Checks {
        Checks {
            made: self.checked(judgement).iter().map(|checked| checked.check).collect(),
            left_out: self.not_checked(judgement),
        }
    }

    /// Every check that was made for an artifact, with the evidence that it was made by.
    pub(super) fn checked(&self, judgement: &Judgement) -> Vec<Checked> {
        let mut checked: Vec<Checked> = Vec::new();
        for place in &judgement.covered_by {
            let Ok(proven) = &self.findings[*place].result else {
                continue;
            };
            for check in std::iter::once("digest").chain(proven.checked.iter().copied()) {
                match checked.iter_mut().find(|known| known.check == check) {
                    Some(known) => known.bundles.push(*place),
                    None => checked.push(Checked {
                        check,
                        bundles: vec![*place],
                    }),
                }
            }
        }
        checked
    }

    /// What no evidence that covers an artifact was checked for.
    pub(super) fn not_checked(&self, judgement: &Judgement) -> Vec<&'static str> {
        if let Some(image) = &judgement.image {
            return self.not_checked_of_image(image);
        }
        let checked = self.checked(judgement);
        let proven = judgement
            .covered_by
            .iter()
            .filter_map(|place| self.findings[*place].result.as_ref().ok());
        let left_out: BTreeSet<&'static str> = proven.flat_map(|proven| proven.not_checked.iter().copied()).collect();
        let is_checked = |check: &str| {
            let is_of_tree = TreeFindings::LEFT_OUT.contains(&check);
            is_of_tree && self.is_whole(judgement) || checked.iter().any(|known| known.check == check)
        };
        left_out.into_iter().filter(|check| !is_checked(check)).collect()
    }

    /// What was left out for a manifest was left out, whatever was checked for its neighbours.
    fn not_checked_of_image(&self, image: &ImageFindings) -> Vec<&'static str> {
        let mut left_out = BTreeSet::new();
        left_out.extend(image.content.is_left_out().then_some("image-content"));
        for node in image.nodes.iter().filter(|node| node.is_required) {
            let own = || {
                node.bundles
                    .iter()
                    .filter_map(|place| self.findings[*place].result.as_ref().ok())
            };
            let made: BTreeSet<&str> = own().flat_map(|proven| proven.checked.iter().copied()).collect();
            let not_made = own().flat_map(|proven| proven.not_checked.iter().copied());
            left_out.extend(not_made.filter(|check| !made.contains(check)));
        }
        left_out.into_iter().collect()
    }

    /// Whether one of the manifests that cover a directory leaves nothing out, so that nothing in it is unsigned.
    fn is_whole(&self, judgement: &Judgement) -> bool {
        let held = judgement.trees.iter();
        let mut held = held.filter(|(place, _)| judgement.covered_by.contains(place));
        held.any(|(_, tree)| tree.not_checked().next().is_none())
    }
}

/// What was checked, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Checks {
    pub(super) made: Vec<&'static str>,
    pub(super) left_out: Vec<&'static str>,
}

/// A check, and the evidence that it was made by.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Checked {
    pub(super) check: &'static str,
    pub(super) bundles: Vec<usize>,
}
