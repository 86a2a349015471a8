use super::super::reading::shown;
use super::Report;
use crate::visible::visible;

/// A line for each package, marked with `!` where its licence is not taken.
pub(super) fn render(report: &Report) -> String {
    let names: Vec<String> = report.rows.iter().map(|row| shown(&row.component)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (row, name) in report.rows.iter().zip(&names) {
        let reason = row.reason().filter(|_| report.is_judged);
        let mark = if reason.is_some() { '!' } else { ' ' };
        let licence = row.licence.as_deref().map_or("-".to_owned(), visible);
        let reason = reason
            .map(|reason| format!("  ({})", visible(&reason)))
            .unwrap_or_default();
        text += &format!("{mark} {name:width$}  {licence}{reason}\n");
    }
    for name in &report.incomplete {
        text += &format!("incomplete: {} does not say that it lists everything\n", visible(name));
    }
    text += &summary(report);
    text
}

fn summary(report: &Report) -> String {
    let packages = report.rows.len();
    match (report.is_judged, report.violations()) {
        (true, _) if packages == 0 => "0 packages, nothing to judge\n".to_owned(),
        (false, _) => format!("{packages} packages\n"),
        (true, 0) => format!("{packages} packages, no violation\n"),
        (true, 1) => format!("{packages} packages, 1 violation\n"),
        (true, violations) => format!("{packages} packages, {violations} violations\n"),
    }
}
