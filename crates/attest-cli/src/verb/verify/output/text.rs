use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use attest_verify::{LogEvidence, TimeEvidence};

use super::super::build::ProvenBuild;
use super::super::detached::DetachedSigner;
use super::super::evidence::Origin;
use super::super::finding::{Finding, Proven, ProvenSigner};
use super::super::judgement::Judgement;
use super::super::problem::Problem;
use super::super::report::Report;
use crate::visible::visible;

/// How much of what hangs on images and was not asked for is shown.
const MAX_PASSED_OVER: usize = 20;

/// One line an artifact, one for every piece of evidence that failed, then who signed. Fit to be read without colour.
pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    for judgement in &report.judgements {
        artifact(&mut text, report, judgement);
    }
    let mut passed_over = 0;
    for finding in &report.findings {
        if let Some(problem) = finding.passed_over() {
            passed_over += usize::from(finding.origin == Origin::Attached);
            if passed_over <= MAX_PASSED_OVER || finding.origin != Origin::Attached {
                line(&mut text, "passed over", &finding.shown(), "evidence");
                reason(&mut text, problem, None);
            }
        }
        if let Some(problem) = finding.counting_problem() {
            line(&mut text, problem_word(problem), &finding.shown(), "evidence");
            reason(&mut text, problem, None);
        }
    }
    if let Some(more @ 1..) = passed_over.checked_sub(MAX_PASSED_OVER) {
        let _ = writeln!(
            text,
            "passed over {more} more pieces of evidence, which `--format json` lists"
        );
    }
    for group in groups(report) {
        group.describe(&mut text);
    }
    let _ = writeln!(
        text,
        "\n{} of {} artifacts verified as of {}, against {}",
        report.accepted(),
        report.judgements.len(),
        // A signed time is of whole seconds; more would only be noise.
        report.time.moment().strftime("%Y-%m-%dT%H:%M:%SZ"),
        match &report.trust {
            Some(root) => format!("the trust root {}", visible(&root.shown)),
            None => "the given key".to_owned(),
        }
    );
    text
}

fn artifact(text: &mut String, report: &Report, judgement: &Judgement) {
    // The name of an image has its digest.
    let digest = judgement.digest.as_ref().filter(|_| judgement.image.is_none());
    let digest = digest.map(ToString::to_string).unwrap_or_default();
    let word = match judgement.verdict() {
        "accepted" => "ok",
        "undecided" => "UNKNOWN",
        _ => "FAILED",
    };
    line(text, word, &judgement.subject.shown(), &digest);
    if let Some(image) = &judgement.image {
        super::image::tree(text, image);
        if judgement.is_accepted() {
            super::image::content(text, image);
        }
    }
    if let Some(list) = &judgement.listed_in {
        let _ = writeln!(text, "         by the list {}", visible(&list.display().to_string()));
    }
    if let Some(name) = &judgement.signed_as {
        let _ = writeln!(text, "         signed under the name `{}`", visible(name));
    }
    trees(text, report, judgement);
    for problem in &judgement.problems {
        let finding = problem.evidence.and_then(|place| report.findings.get(place));
        reason(text, problem, finding);
    }
}

/// What was found in a directory: by which manifest, unless there is one alone.
fn trees(text: &mut String, report: &Report, judgement: &Judgement) {
    if let Some(tree) = judgement.only_tree() {
        let _ = writeln!(text, "         {}", tree.summary());
        return;
    }
    for (place, tree) in &judgement.trees {
        let by = report.findings.get(*place).map(Finding::shown).unwrap_or_default();
        let _ = writeln!(text, "         by {}: {}", visible(&by), tree.summary());
    }
}

fn line(text: &mut String, word: &str, name: &str, note: &str) {
    let _ = writeln!(text, "{}", format!("{word:<8} {}  {note}", visible(name)).trim_end());
}

fn problem_word(problem: &Problem) -> &'static str {
    match problem.is_undecided() {
        true => "UNKNOWN",
        false => "FAILED",
    }
}

fn reason(text: &mut String, problem: &Problem, finding: Option<&Finding>) {
    let _ = writeln!(text, "         [{}] {}", problem.code, visible(&problem.message));
    if let Some(finding) = finding {
        let _ = writeln!(text, "         --> {}", visible(&finding.shown()));
    }
}

/// Evidence that says the same: by the same signer, of the same type, with the same checks.
struct Group<'a> {
    findings: Vec<(&'a Finding, &'a Proven)>,
}

/// What covers something, put together by what is told of it, in the order in which it first appears.
fn groups(report: &Report) -> Vec<Group<'_>> {
    let mut places = BTreeMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in report.findings.iter().filter(|finding| finding.covers > 0) {
        let Ok(proven) = &finding.result else { continue };
        let type_ = proven.statement.as_ref().map(|statement| &statement.predicate_type);
        let key = (
            signer_key(&proven.signer),
            type_,
            (&proven.build, &proven.image_name),
            &proven.checked,
            &proven.not_checked,
        );
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.findings.push((finding, proven)),
            None => groups.push(Group {
                findings: vec![(finding, proven)],
            }),
        }
    }
    groups
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum SignerKey<'a> {
    Certificate(&'a str, Option<&'a str>),
    Key,
    Detached(&'a DetachedSigner),
}

fn signer_key(signer: &ProvenSigner) -> SignerKey<'_> {
    match signer {
        ProvenSigner::Certificate { identity, issuer, .. } => SignerKey::Certificate(identity, issuer.as_deref()),
        ProvenSigner::Key => SignerKey::Key,
        ProvenSigner::Detached(signer) => SignerKey::Detached(signer),
    }
}

impl Group<'_> {
    fn describe(&self, text: &mut String) {
        let Some((first, proven)) = self.findings.first() else {
            return;
        };
        let covers: usize = self.findings.iter().map(|(finding, _)| finding.covers).sum();
        let _ = match self.findings.len() {
            1 => writeln!(text, "\n{} covers {covers}:", visible(&first.shown())),
            several => writeln!(text, "\n{several} bundles cover {covers}:"),
        };
        describe_signer(text, &proven.signer);
        if let Some(statement) = &proven.statement {
            row(text, "statement", &statement.predicate_type);
        }
        if let Some(name) = &proven.image_name {
            row(text, "signed as", name);
        }
        if let Some(build) = &proven.build {
            describe_build(text, build);
        }
        self.describe_times(text);
        self.describe_logs(text);
        row(text, "checked", &proven.checked.join(", "));
        if !proven.not_checked.is_empty() {
            row(text, "NOT checked", &proven.not_checked.join(", "));
        }
    }

    fn describe_times(&self, text: &mut String) {
        let all: BTreeSet<(jiff::Timestamp, String)> = self
            .findings
            .iter()
            .flat_map(|(_, proven)| proven.times.iter().map(|evidence| (evidence.time(), source(evidence))))
            .collect();
        let sources: BTreeSet<&String> = all.iter().map(|(_, source)| source).collect();
        match (all.first(), all.last()) {
            (Some((from, _)), Some((to, _))) if all.len() > MAX_SHOWN => {
                row(text, "signed at", &format!("{from} to {to}, say {}", words(sources)));
            }
            _ => all
                .iter()
                .for_each(|(time, source)| row(text, "signed at", &format!("{time}, says {source}"))),
        }
    }

    fn describe_logs(&self, text: &mut String) {
        let entries: Vec<&LogEvidence> = self
            .findings
            .iter()
            .flat_map(|(_, proven)| &proven.log_entries)
            .collect();
        if entries.len() > MAX_SHOWN {
            let logs: BTreeSet<&String> = entries.iter().map(|entry| &entry.log).collect();
            row(
                text,
                "logged in",
                &format!("{}, {} entries", words(logs), entries.len()),
            );
            return;
        }
        for LogEvidence { log, index, kind, .. } in entries {
            row(text, "logged in", &format!("{log} at index {index} ({kind})"));
        }
    }
}

/// How many times or entries are shown one by one.
const MAX_SHOWN: usize = 4;

fn describe_signer(text: &mut String, signer: &ProvenSigner) {
    match signer {
        ProvenSigner::Certificate { identity, issuer, .. } => {
            row(text, "signed by", identity);
            let issuer = issuer.as_deref().unwrap_or("the authority itself, without an issuer");
            row(text, "vouched by", issuer);
        }
        ProvenSigner::Key => row(text, "signed by", "the given key"),
        ProvenSigner::Detached(signer) => signer.rows().iter().for_each(|(label, value)| row(text, label, value)),
    }
}

/// What the signer says of the build.
fn describe_build(text: &mut String, build: &ProvenBuild) {
    row(text, "built by", &build.builder_id);
    if let Some(source) = &build.source {
        let reference = build
            .reference
            .as_ref()
            .map(|reference| format!("@{reference}"))
            .unwrap_or_default();
        let commit = build
            .commit
            .as_ref()
            .map(|commit| format!(" ({commit})"))
            .unwrap_or_default();
        row(text, "built from", &format!("{source}{reference}{commit}"));
    }
    if !build.certified.is_empty() {
        row(text, "as certified", &build.certified.join(", "));
    }
    if let Some(level) = build.level {
        row(text, "build level", &format!("{level}, by the roots of trust"));
    }
}

fn row(text: &mut String, label: &str, value: &str) {
    let _ = writeln!(text, "  {label:<13} {}", visible(value));
}

fn source(evidence: &TimeEvidence) -> String {
    match evidence {
        TimeEvidence::Authority { authority, .. } => authority.clone(),
        _ => "the log".to_owned(),
    }
}

fn words(words: BTreeSet<&String>) -> String {
    let words: Vec<&str> = words.into_iter().map(String::as_str).collect();
    words.join(", ")
}
