use std::collections::BTreeSet;
use std::fmt::Write as _;

use attest_verify::{LogEvidence, Signer, TimeEvidence, VerifiedBundle};

use super::Report;
use super::evidence::Evidence;
use super::judgement::Judgement;
use super::problem::Problem;
use crate::visible::visible;

/// One line an artifact, one for every bundle that failed, then who signed. Fit to be read without colour.
pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    for judgement in &report.judgements {
        artifact(&mut text, report, judgement);
    }
    for evidence in &report.evidence {
        if let Some(problem) = evidence.counting_problem() {
            line(&mut text, problem_word(problem), &evidence.shown(), "bundle");
            reason(&mut text, problem, None);
        }
    }
    for (place, evidence) in report.evidence.iter().enumerate() {
        if let (Ok(bundle), count @ 1..) = (&evidence.result, report.covered(place)) {
            signer(&mut text, evidence, bundle, count);
        }
    }
    let accepted = report
        .judgements
        .iter()
        .filter(|judgement| judgement.is_accepted())
        .count();
    let _ = writeln!(
        text,
        "\n{accepted} of {} artifacts verified as of {}, against the trust root {}",
        report.judgements.len(),
        // A signed time is of whole seconds; more would only be noise.
        report.time.moment().strftime("%Y-%m-%dT%H:%M:%SZ"),
        visible(&report.trusted_root)
    );
    text
}

impl Report {
    /// How many artifacts a bundle covers.
    fn covered(&self, place: usize) -> usize {
        let accepted = self.judgements.iter().filter(|judgement| judgement.is_accepted());
        accepted
            .filter(|judgement| judgement.covered_by.iter().any(|(covering, _)| *covering == place))
            .count()
    }
}

fn artifact(text: &mut String, report: &Report, judgement: &Judgement) {
    let digest = judgement.digest.as_ref().map(ToString::to_string).unwrap_or_default();
    let word = match judgement.verdict() {
        "accepted" => "ok",
        "undecided" => "UNKNOWN",
        _ => "FAILED",
    };
    line(text, word, &judgement.subject.shown(), &digest);
    if let Some(name) = judgement.signed_as() {
        let _ = writeln!(text, "         signed under the name `{}`", visible(name));
    }
    for problem in &judgement.problems {
        let evidence = problem.evidence.and_then(|place| report.evidence.get(place));
        reason(text, problem, evidence);
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

fn reason(text: &mut String, problem: &Problem, evidence: Option<&Evidence>) {
    let _ = writeln!(text, "         [{}] {}", problem.code, visible(&problem.message));
    if let Some(evidence) = evidence {
        let _ = writeln!(text, "         --> {}", visible(&evidence.shown()));
    }
}

fn signer(text: &mut String, evidence: &Evidence, bundle: &VerifiedBundle, count: usize) {
    let _ = writeln!(text, "\n{} covers {count}:", visible(&evidence.shown()));
    match bundle.signer() {
        Signer::Certificate(signer) => {
            let _ = writeln!(text, "  signed by     {}", visible(signer.identity()));
            let _ = writeln!(text, "  vouched by    {}", visible(signer.issuer()));
        }
        Signer::Key(_) => {
            let _ = writeln!(text, "  signed by     the given key");
        }
        _ => {}
    }
    if let Some(statement) = bundle.statement() {
        let _ = writeln!(text, "  statement     {}", visible(statement.predicate_type()));
    }
    let times: BTreeSet<String> = bundle.times().iter().map(time).collect();
    for time in times {
        let _ = writeln!(text, "  signed at     {time}");
    }
    for LogEvidence { log, index, kind, .. } in bundle.log_entries() {
        let _ = writeln!(text, "  logged in     {log} at index {index} ({kind})");
    }
}

fn time(evidence: &TimeEvidence) -> String {
    match evidence {
        TimeEvidence::Authority { authority, time, .. } => format!("{time}, says {authority}"),
        other => format!("{}, says the log", other.time()),
    }
}
