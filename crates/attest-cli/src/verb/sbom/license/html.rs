use super::super::reading::escaped;
use super::{Report, Row};

const STYLE: &str = "body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3em .8em;border-bottom:1px solid #ccc;vertical-align:top}\
.no{background:#fdd}";

/// A page of its own: no script, nothing from elsewhere.
pub(super) fn render(report: &Report) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Licences</title><style>{STYLE}</style></head>\n\
         <body>\n<h1>Licences</h1>\n<p>{}</p>\n",
        summary(report)
    );
    for name in &report.incomplete {
        page += &format!("<p>{} does not say that it lists everything.</p>\n", escaped(name));
    }
    page += "<table>\n<tr><th>Licence</th><th>Packages</th></tr>\n";
    for (licence, count) in report.counts() {
        page += &format!("<tr><td>{}</td><td>{count}</td></tr>\n", or_unknown(licence));
    }
    page += "</table>\n<h2>Packages</h2>\n<table>\n<tr><th>Package</th><th>Version</th><th>Licence</th><th>Copyright</th></tr>\n";
    for row in &report.rows {
        page += &line(row, report.is_judged);
    }
    page += "</table>\n</body>\n</html>\n";
    page
}

fn summary(report: &Report) -> String {
    let packages = report.rows.len();
    match report.is_judged {
        true if packages == 0 => "0 packages, nothing to judge.".to_owned(),
        true => format!("{packages} packages; licences not taken: {}.", report.violations()),
        false => format!("{packages} packages."),
    }
}

fn or_unknown(licence: Option<&str>) -> String {
    licence.map_or("unknown".to_owned(), escaped)
}

fn line(row: &Row, is_judged: bool) -> String {
    let text = |text: &Option<String>| text.as_deref().map_or(String::new(), escaped);
    let reason = row.reason().filter(|_| is_judged);
    let class = if reason.is_some() { " class=\"no\"" } else { "" };
    let reason = reason
        .map(|reason| format!("<br>{}", escaped(&reason)))
        .unwrap_or_default();
    format!(
        "<tr{class}><td>{}</td><td>{}</td><td>{}{reason}</td><td>{}</td></tr>\n",
        escaped(&row.component.full_name()),
        text(&row.component.version),
        or_unknown(row.licence.as_deref()),
        text(&row.component.copyright),
    )
}
