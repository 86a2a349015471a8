use std::fmt::Write as _;

use super::super::evidence::Origin;
use super::super::problem::Problem;
use super::super::report::{Checks, Report};

/// Two suites: every artifact (of images also everything below them, in a suite of its own), and every piece of evidence that has to verify. What is rejected is a failure, what could not
/// be decided an error, and evidence that was passed over is skipped: it has passed nothing.
pub(super) fn render(report: &Report) -> String {
    let artifacts = report.judgements.iter().map(|judgement| Case {
        name: judgement.subject.shown(),
        problems: judgement.problems.iter().collect(),
        checks: judgement.is_accepted().then(|| report.checks(judgement)),
    });
    let evidence = report
        .findings
        .iter()
        .filter(|finding| finding.origin != Origin::Neighbour);
    let evidence = evidence.map(|finding| Case {
        name: finding.shown(),
        problems: finding.result.as_ref().err().into_iter().collect(),
        checks: finding.result.as_ref().ok().map(|proven| Checks {
            made: proven.checked.clone(),
            left_out: proven.not_checked.clone(),
        }),
    });
    let manifests = report.judgements.iter().filter_map(|judgement| {
        let image = judgement.subject.shown();
        let nodes = judgement.image.as_ref()?.nodes.iter();
        Some(nodes.map(move |node| Case {
            name: super::image::case_name(&image, node),
            problems: node.problems.iter().collect(),
            checks: None,
        }))
    });
    let mut suites = vec![Suite::new("artifacts", artifacts), Suite::new("evidence", evidence)];
    if report.judgements.iter().any(|judgement| judgement.image.is_some()) {
        suites.insert(1, Suite::new("manifests", manifests.flatten()));
    }
    let time = report.time.moment().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites name=\"attest verify\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
        suites.iter().map(|suite| suite.cases.len()).sum::<usize>(),
        suites.iter().map(|suite| suite.count(FAILURE)).sum::<usize>(),
        suites.iter().map(|suite| suite.count(ERROR)).sum::<usize>(),
        suites.iter().map(|suite| suite.count(SKIPPED)).sum::<usize>()
    );
    suites.iter().for_each(|suite| suite.write(&mut xml, &time));
    xml.push_str("</testsuites>\n");
    xml
}

struct Suite<'a> {
    name: &'static str,
    cases: Vec<Case<'a>>,
}

struct Case<'a> {
    name: String,
    problems: Vec<&'a Problem>,
    /// Where it is accepted.
    checks: Option<Checks>,
}

const FAILURE: &str = "failure";
const ERROR: &str = "error";
const SKIPPED: &str = "skipped";

impl<'a> Suite<'a> {
    fn new(name: &'static str, cases: impl Iterator<Item = Case<'a>>) -> Self {
        let cases = cases.collect();
        Self { name, cases }
    }

    fn count(&self, element: &str) -> usize {
        self.cases.iter().filter(|case| case.element() == Some(element)).count()
    }

    fn write(&self, xml: &mut String, time: &str) {
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" timestamp=\"{time}\">",
            self.name,
            self.cases.len(),
            self.count(FAILURE),
            self.count(ERROR),
            self.count(SKIPPED)
        );
        self.cases.iter().for_each(|case| case.write(xml, self.name));
        xml.push_str("  </testsuite>\n");
    }
}

impl Case<'_> {
    /// What makes it fail; nothing when it passed.
    fn element(&self) -> Option<&'static str> {
        let mut counting = self
            .problems
            .iter()
            .filter(|problem| !problem.is_passed_over())
            .peekable();
        match (self.problems.is_empty(), counting.peek().is_some()) {
            (true, _) => None,
            (false, false) => Some(SKIPPED),
            (false, true) if counting.all(|problem| problem.is_undecided()) => Some(ERROR),
            (false, true) => Some(FAILURE),
        }
    }

    fn write(&self, xml: &mut String, suite: &str) {
        let head = format!(
            "    <testcase classname=\"attest.verify.{suite}\" name=\"{}\"",
            escaped(&self.name)
        );
        let Some(element) = self.element() else {
            let _ = writeln!(xml, "{head}>");
            self.write_checks(xml);
            xml.push_str("    </testcase>\n");
            return;
        };
        let _ = writeln!(xml, "{head}>");
        // A case has one element; what else is wrong stands in its text.
        let lines: Vec<String> = self
            .problems
            .iter()
            .map(|problem| format!("[{}] {}", problem.code, problem.message))
            .collect();
        if let Some(first) = self.problems.first() {
            let (code, message) = (first.code, escaped(&first.message));
            let text = escaped(&lines.join("\n"));
            let _ = writeln!(
                xml,
                "      <{element} type=\"{code}\" message=\"{message}\">{text}</{element}>"
            );
        }
        xml.push_str("    </testcase>\n");
    }
}

impl Case<'_> {
    fn write_checks(&self, xml: &mut String) {
        let Some(Checks { made, left_out }) = &self.checks else {
            return;
        };
        xml.push_str("      <properties>\n");
        for (name, checks) in [("checked", made), ("notChecked", left_out)] {
            let value = escaped(&checks.join(", "));
            let _ = writeln!(xml, "        <property name=\"{name}\" value=\"{value}\"/>");
        }
        xml.push_str("      </properties>\n");
    }
}

/// Text for an attribute or an element. XML 1.0 has no place for most control characters, not even escaped.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut xml, c| {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(xml, "&#{};", u32::from(c));
            }
            '\u{fffe}' | '\u{ffff}' => xml.extend(c.escape_unicode()),
            c if c.is_control() => xml.extend(c.escape_unicode()),
            c => xml.push(c),
        }
        xml
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_within_what_xml_can_say() {
        assert_eq!(escaped("a<b & \"c\">\n"), "a&lt;b &amp; &quot;c&quot;&gt;&#10;");
        assert_eq!(escaped("\u{1b}[2J\u{0}"), "\\u{1b}[2J\\u{0}");
    }

    #[test]
    fn of_several_problems_one_that_is_decided_makes_a_failure() {
        let (rejected, undecided) = (Problem::rejected("a", "b"), Problem::undecided("c", "d"));
        let element = |problems: Vec<&Problem>| {
            let name = String::new();
            let checks = None;
            Case { name, problems, checks }.element()
        };
        assert_eq!(element(vec![&undecided, &rejected]), Some("failure"));
        assert_eq!(element(vec![&undecided]), Some("error"));
        assert_eq!(element(vec![]), None);
        let passed_over = Problem::passed_over("e", "f");
        assert_eq!(element(vec![&passed_over]), Some("skipped"));
        assert_eq!(element(vec![&passed_over, &rejected]), Some("failure"));
    }
}
