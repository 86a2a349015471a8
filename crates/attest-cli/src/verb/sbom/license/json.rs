use attest_sbom::licence_policy::Verdict;
use serde::Serialize;

use super::{Report, Row};

const SCHEMA: &str = "https://attest.dev/schema/sbom-license/v1";

#[derive(Serialize)]
struct ReportDocument<'a> {
    schema: &'static str,
    judged: bool,
    violations: usize,
    incomplete: &'a [String],
    licences: Vec<CountDocument<'a>>,
    packages: Vec<PackageDocument<'a>>,
}

#[derive(Serialize)]
struct CountDocument<'a> {
    licence: Option<&'a str>,
    packages: usize,
}

#[derive(Serialize)]
struct PackageDocument<'a> {
    name: String,
    version: Option<&'a str>,
    purl: Option<&'a str>,
    scope: &'a str,
    licence: Option<&'a str>,
    verdict: &'static str,
    denied: &'a [String],
}

pub(super) fn render(report: &Report) -> String {
    let counts = report.counts().into_iter();
    let document = ReportDocument {
        schema: SCHEMA,
        judged: report.is_judged,
        violations: report.violations(),
        incomplete: &report.incomplete,
        licences: counts
            .map(|(licence, packages)| CountDocument { licence, packages })
            .collect(),
        packages: report.rows.iter().map(|row| package(row, report.is_judged)).collect(),
    };
    serde_json::to_string_pretty(&document).expect("strings and numbers always serialise") + "\n"
}

fn package(row: &Row, is_judged: bool) -> PackageDocument<'_> {
    let (verdict, denied): (_, &[String]) = match &row.verdict {
        _ if !is_judged => ("not-judged", &[]),
        Verdict::Denied(denied) => ("denied", denied),
        Verdict::Unknown => ("unknown", &[]),
        _ => ("allowed", &[]),
    };
    PackageDocument {
        name: row.component.full_name(),
        version: row.component.version.as_deref(),
        purl: row.component.purl.as_deref(),
        scope: row.component.scope.as_deref().unwrap_or("required"),
        licence: row.licence.as_deref(),
        verdict,
        denied,
    }
}
