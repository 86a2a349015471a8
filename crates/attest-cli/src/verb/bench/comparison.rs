//! What the turns say about ours and everybody else.

use super::record::{self, Cache, Comparison, Entrant, MemoryTarget};
use super::scenario::{Contest, MOST_MEMORY, Rival, Scenario};
use super::statistics::{Ratio, Verdict};

/// From storage at least this part of the bytes has to come there, else the turns were not cold.
const COLD: f64 = 0.9;

/// Ours, which is the first, beside each other.
pub(super) fn compare(scenario: &Scenario, entrants: &[Entrant]) -> Vec<Comparison> {
    let Some((ours, others)) = entrants.split_first() else {
        return Vec::new();
    };
    let slowest = others
        .iter()
        .max_by(|a, b| a.elapsed.median.total_cmp(&b.elapsed.median))
        .map(|entrant| entrant.name.as_str());
    let compared = others.iter().filter_map(|other| {
        let ratio = Ratio::of(&ours.times(), &other.times())?;
        let noisy = ours.elapsed.is_noisy() || other.elapsed.is_noisy();
        let about = |rival: Rival| rival.is(&other.name) || rival == Rival::Slowest && slowest == Some(&other.name);
        let target = scenario.targets.iter().find(|target| about(target.rival));
        let target = target.map(|target| target.ratio);
        Some(Comparison {
            with: other.name.clone(),
            ratio,
            noisy,
            target,
            verdict: target.map(|target| Verdict::on(&ratio, target, noisy)),
        })
    });
    compared.collect()
}

/// The memory of ours beside what it may take, in the scenarios that are about memory.
pub(super) fn memory(scenario: &Scenario, entrants: &[Entrant]) -> Option<MemoryTarget> {
    let found = entrants.first()?.peak_memory;
    (scenario.contest == Contest::Memory).then_some(MemoryTarget {
        target: MOST_MEMORY,
        found,
        verdict: match found {
            Some(found) if found <= MOST_MEMORY => Verdict::Met,
            Some(_) => Verdict::Missed,
            None => Verdict::Unclear,
        },
    })
}

/// Says of a scenario what its figures do not say by themselves.
pub(super) fn note(scenario: &mut record::Scenario) {
    let noisy: Vec<&str> = scenario
        .entrants
        .iter()
        .filter(|entrant| entrant.elapsed.is_noisy())
        .map(|entrant| entrant.name.as_str())
        .collect();
    if !noisy.is_empty() {
        scenario
            .notes
            .push(format!("noisy: the turns of {} spread widely", noisy.join("; ")));
    }
    if scenario.memory.is_some_and(|memory| memory.found.is_none()) {
        let text = "how much memory was taken is not known: it ended too soon, or this system does not say";
        scenario.notes.push(text.to_owned());
    }
    let bytes = scenario.input.bytes;
    if scenario.cache == Cache::Cold {
        scenario
            .notes
            .extend(scenario.entrants.iter().filter_map(|entrant| not_cold(entrant, bytes)));
    }
}

/// What is to be said of one that may have read from the page cache after all.
fn not_cold(entrant: &Entrant, bytes: u64) -> Option<String> {
    let name = &entrant.name;
    match entrant.storage_share(bytes) {
        None => Some(format!("{name}: whether anything came from storage is not known")),
        Some(share) if share < COLD => Some(format!(
            "not cold: of what {name} read, only {:.0} % came from storage",
            share * 100.0
        )),
        Some(_) => None,
    }
}
