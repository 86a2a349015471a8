//! A run for people: a table a scenario. Without colour, so that there is nothing to turn off.

use std::fmt::Write as _;

use super::record::{Cache, Comparison, Entrant, Machine, Role, Run, Scenario, Settings, Unit};
use super::statistics::Verdict;

/// How a run is written for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Aligned columns.
    Text,
    /// Tables of Markdown.
    Markdown,
}

/// The columns of every table.
const COLUMNS: [&str; 8] = [
    "PROGRAM",
    "RATE",
    "MEDIAN",
    "SPREAD",
    "PROCESSOR",
    "MEMORY",
    "OURS IS",
    "TARGET",
];

/// The steps in which the system counts the time of a process, in seconds: those of Linux.
const CLOCK_STEP: f64 = 0.01;

/// The whole run.
pub(super) fn render(run: &Run, style: Style) -> String {
    let mut text = match style {
        Style::Text => heading(run),
        Style::Markdown => format!("```text\n{}```\n\n{}", heading(run), targets(run)),
    };
    for scenario in &run.scenarios {
        text.push('\n');
        text.push_str(&title(scenario, style));
        text.push_str(&table(scenario, style));
        for note in &scenario.notes {
            // A String takes whatever is written to it.
            let _ = writeln!(text, "{}{note}", if style == Style::Text { "  " } else { "\n" });
        }
    }
    if style == Style::Text {
        text.push_str(&ending(run));
    }
    text
}

fn heading(run: &Run) -> String {
    let mut lines = about_machine(&run.machine);
    let Settings {
        profile,
        rounds,
        threads,
        ..
    } = &run.settings;
    let settings = format!("{profile}, {rounds} rounds in turn, {threads} threads");
    lines.push(("settings", settings));
    lines.extend(run.machine.governor.clone().map(|governor| ("governor", governor)));
    let programs = run.programs.iter();
    lines.extend(programs.map(|program| ("program", format!("{}: {}", program.name, program.version))));
    let skipped = run.skipped.iter();
    lines.extend(skipped.map(|skipped| ("skipped", format!("{}: {}", skipped.name, skipped.reason))));
    lines
        .into_iter()
        .map(|(name, value)| format!("{name:<10}{value}\n"))
        .collect()
}

fn about_machine(machine: &Machine) -> Vec<(&'static str, String)> {
    let memory = memory(machine.memory);
    let (before, after) = (load(machine.load_before), load(machine.load_after));
    vec![
        (
            "machine",
            format!("{}, {} cores, {memory}", machine.processor, machine.cores),
        ),
        ("features", machine.features.join(" ")),
        ("platform", format!("{} (chosen by attest)", machine.platform)),
        ("system", format!("{}, {}", machine.system, machine.file_system)),
        ("load", format!("{before} before, {after} after")),
    ]
}

/// Every target at a glance.
fn targets(run: &Run) -> String {
    let mut text = "| scenario | beside | target | found | |\n|---|---|---:|---:|---|\n".to_owned();
    for scenario in &run.scenarios {
        for comparison in &scenario.comparisons {
            if let (Some(target), Some(verdict)) = (comparison.target, comparison.verdict) {
                let (with, found) = (&comparison.with, comparison.ratio.of_medians);
                let _ = writeln!(
                    text,
                    "| {} | {with} | {target:.2} × | {found:.2} × | {} |",
                    scenario.title,
                    verdict.name()
                );
            }
        }
        if let Some(found) = &scenario.memory {
            let (target, taken) = (memory(found.target), memory_or_unknown(found.found));
            let _ = writeln!(
                text,
                "| {} | | {target} | {taken} | {} |",
                scenario.title,
                found.verdict.name()
            );
        }
    }
    text
}

fn title(scenario: &Scenario, style: Style) -> String {
    let mut about = Vec::new();
    if scenario.input.files > 0 {
        about.push(format!(
            "{}, {}",
            files(scenario.input.files),
            memory(scenario.input.bytes)
        ));
    }
    about.push(match scenario.cache {
        Cache::Warm => "from the page cache".to_owned(),
        Cache::Cold => "from storage".to_owned(),
        Cache::Memory => "in memory".to_owned(),
    });
    about.push(match &scenario.pinned_to {
        Some(processors) => {
            let processors: Vec<String> = processors.iter().map(usize::to_string).collect();
            format!("pinned to CPU {}", processors.join(", "))
        }
        None => format!("{}, not pinned", threads(scenario.threads)),
    });
    if let Some(occupancy) = scenario.occupancy {
        about.push(format!("lanes filled {:.1} %", occupancy * 100.0));
    }
    let about = about.join("; ");
    match style {
        Style::Text => format!("{} ({}): {about}\n", scenario.title, scenario.name),
        Style::Markdown => format!("**{}** (`{}`): {about}\n\n", scenario.title, scenario.name),
    }
}

fn table(scenario: &Scenario, style: Style) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(scenario.entrants.iter().map(|entrant| row(scenario, entrant)));
    match style {
        Style::Text => aligned(&rows),
        Style::Markdown => markdown(&rows),
    }
}

fn row(scenario: &Scenario, entrant: &Entrant) -> [String; 8] {
    let comparison = scenario
        .comparisons
        .iter()
        .find(|comparison| comparison.with == entrant.name);
    let processor = entrant.processor.filter(|_| entrant.role != Role::Limit);
    let memory_target = scenario
        .memory
        .filter(|_| entrant.role == Role::Ours)
        .map(|memory_target| {
            format!(
                "at most {}: {}",
                memory(memory_target.target),
                memory_target.verdict.name()
            )
        });
    [
        entrant.name.clone(),
        rate(entrant, scenario.unit),
        seconds(entrant.elapsed.median),
        format!("±{:.1} %", entrant.elapsed.relative_width() * 50.0),
        processor.map_or_else(String::new, |spread| processor_time(spread.median)),
        entrant.peak_memory.map_or_else(String::new, memory),
        comparison.map_or_else(String::new, ratio),
        memory_target
            .or_else(|| comparison.and_then(target))
            .unwrap_or_default(),
    ]
}

fn ratio(comparison: &Comparison) -> String {
    let noisy = if comparison.noisy { " (noisy)" } else { "" };
    format!("{:.2} × as fast{noisy}", comparison.ratio.of_medians)
}

fn target(comparison: &Comparison) -> Option<String> {
    Some(format!("{:.2}: {}", comparison.target?, comparison.verdict?.name()))
}

/// Bytes or files in a second, by the median.
pub(super) fn rate(entrant: &Entrant, unit: Unit) -> String {
    match unit {
        Unit::Bytes => format!("{:.2} GB/s", entrant.bytes_per_second / 1e9),
        Unit::Files if entrant.files_per_second >= 10_000.0 => {
            format!("{:.0} k files/s", entrant.files_per_second / 1e3)
        }
        Unit::Files => format!("{:.0} files/s", entrant.files_per_second),
    }
}

pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        long if long >= 10.0 => format!("{long:.1} s"),
        middle if middle >= 1.0 => format!("{middle:.2} s"),
        short => format!("{:.1} ms", short * 1e3),
    }
}

/// Less than a step of the clock is not nothing.
fn processor_time(time: f64) -> String {
    match time < CLOCK_STEP {
        true => format!("< {:.0} ms", CLOCK_STEP * 1e3),
        false => seconds(time),
    }
}

pub(super) fn memory_or_unknown(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "unknown".to_owned(), memory)
}

pub(super) fn memory(bytes: u64) -> String {
    const MIB: f64 = 1_048_576.0;
    match bytes as f64 {
        large if large >= 1024.0 * MIB => format!("{:.1} GiB", large / 1024.0 / MIB),
        middle if middle >= MIB => format!("{:.1} MiB", middle / MIB),
        small if small >= 1024.0 => format!("{:.0} KiB", small / 1024.0),
        tiny => format!("{tiny} bytes"),
    }
}

pub(super) fn files(files: u64) -> String {
    let noun = if files == 1 { "file" } else { "files" };
    format!("{files} {noun}")
}

pub(super) fn threads(threads: usize) -> String {
    let noun = if threads == 1 { "thread" } else { "threads" };
    format!("{threads} {noun}")
}

fn load(load: Option<f64>) -> String {
    load.map_or_else(|| "unknown".to_owned(), |load| format!("{load:.2}"))
}

/// Names to the left, numbers to the right; empty columns are left out.
fn aligned(rows: &[[String; 8]]) -> String {
    let mut text = String::new();
    let widths = widths(rows);
    for row in rows {
        let mut line = String::new();
        for (place, (cell, width)) in row.iter().zip(widths).enumerate().filter(|(_, (_, width))| *width > 0) {
            let padding = " ".repeat(width - cell.chars().count());
            let (before, after) = if (1..=5).contains(&place) {
                (padding.as_str(), "")
            } else {
                ("", padding.as_str())
            };
            let _ = write!(line, "  {before}{cell}{after}");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn widths(rows: &[[String; 8]]) -> [usize; 8] {
    std::array::from_fn(|place| {
        let used = rows.iter().skip(1).any(|row| !row[place].is_empty());
        let width = rows.iter().map(|row| row[place].chars().count()).max().unwrap_or(0);
        if used { width } else { 0 }
    })
}

fn markdown(rows: &[[String; 8]]) -> String {
    let widths = widths(rows);
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).filter(|(_, width)| *width > 0);
        let cells: Vec<String> = cells
            .map(|(cell, _)| if number == 0 { cell.to_lowercase() } else { cell.clone() })
            .collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if number == 0 {
            let _ = writeln!(text, "|---|{}", "---:|".repeat(cells.len().saturating_sub(1)));
        }
    }
    text
}

fn ending(run: &Run) -> String {
    let count = |wanted: Verdict| run.verdicts().filter(|verdict| *verdict == wanted).count();
    let (met, missed, unclear) = (count(Verdict::Met), count(Verdict::Missed), count(Verdict::Unclear));
    match met + missed + unclear {
        0 => String::new(),
        of => format!("\n{of} targets: {met} met, {missed} missed, {unclear} unclear\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_a_step_of_the_clock_is_not_shown_as_nothing() {
        assert_eq!(processor_time(0.0), "< 10 ms");
        assert_eq!(processor_time(0.005), "< 10 ms");
        assert_eq!(processor_time(0.01), "10.0 ms");
    }

    #[test]
    fn memory_that_nobody_saw_is_unknown() {
        assert_eq!(memory_or_unknown(None), "unknown");
        assert_eq!(memory_or_unknown(Some(4096)), "4 KiB");
    }
}
