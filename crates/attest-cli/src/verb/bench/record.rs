//! A run as it is published: the JSON document, which is also what a chart is drawn from.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::statistics::{Ratio, Spread, Verdict};
use crate::failure::Failure;
use crate::input_file::InputFile;

/// The `schema` of the document.
pub(super) const SCHEMA: &str = "https://attest.dev/schema/bench/v1";

/// A run has a few kilobytes a scenario; a file beyond this is something else.
const MAX_LEN: u64 = 16 << 20;

/// Everything that was measured, and on what. It names no host, no user and no path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) schema: String,
    pub(super) machine: Machine,
    pub(super) settings: Settings,
    /// What was measured, with versions.
    pub(super) programs: Vec<Program>,
    /// What was not measured, and why.
    pub(super) skipped: Vec<Skipped>,
    pub(super) scenarios: Vec<Scenario>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    /// Of the flags of the processor, those that matter for hashing.
    pub(super) features: Vec<String>,
    /// Which way of computing SHA-256 was chosen.
    pub(super) platform: String,
    pub(super) system: String,
    pub(super) memory: u64,
    pub(super) file_system: String,
    pub(super) governor: Option<String>,
    pub(super) load_before: Option<f64>,
    pub(super) load_after: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) profile: String,
    pub(super) rounds: u32,
    pub(super) threads: usize,
    pub(super) seed: u64,
    pub(super) generator: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Program {
    pub(super) name: String,
    pub(super) version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Skipped {
    pub(super) name: String,
    pub(super) reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) input: Input,
    pub(super) cache: Cache,
    pub(super) threads: usize,
    /// The processors that everything ran on, when it was held there.
    pub(super) pinned_to: Option<Vec<usize>>,
    /// What is compared: bytes or files in a second.
    pub(super) unit: Unit,
    pub(super) entrants: Vec<Entrant>,
    /// How the first entrant, which is ours, compares with each other.
    pub(super) comparisons: Vec<Comparison>,
    /// The most memory that the first entrant may take, where that is a target.
    pub(super) memory: Option<MemoryTarget>,
    /// How many of the offered lanes had a stream in them, from 0 to 1.
    pub(super) occupancy: Option<f64>,
    pub(super) notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Input {
    pub(super) files: u64,
    pub(super) bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Cache {
    /// The files are in the page cache.
    Warm,
    /// The system was asked to drop the files from the page cache before each turn.
    Cold,
    /// There are no files.
    Memory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unit {
    Bytes,
    Files,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entrant {
    pub(super) name: String,
    pub(super) role: Role,
    /// What was run, with FILE and DIR for the input.
    pub(super) command: String,
    pub(super) turns: Vec<Turn>,
    pub(super) elapsed: Spread,
    pub(super) processor: Option<Spread>,
    /// By the median.
    pub(super) bytes_per_second: f64,
    pub(super) files_per_second: f64,
    /// The most resident memory, for a single process that could be watched, of a turn that does not count.
    pub(super) peak_memory: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    Ours,
    Peer,
    /// The same kernel on memory: no files, no process.
    Limit,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Turn {
    /// The place of this turn among all of the scenario, from 0.
    pub(super) sequence: u32,
    pub(super) elapsed: f64,
    /// User and system time, in the steps of the system's clock (10 ms on Linux): 0 is less than one.
    pub(super) processor: Option<f64>,
    /// Bytes that came from storage rather than from the page cache.
    pub(super) storage: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Comparison {
    pub(super) with: String,
    pub(super) ratio: Ratio,
    pub(super) noisy: bool,
    pub(super) target: Option<f64>,
    pub(super) verdict: Option<Verdict>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MemoryTarget {
    pub(super) target: u64,
    /// Nothing is known of a process that could not be watched.
    pub(super) found: Option<u64>,
    pub(super) verdict: Verdict,
}

impl Run {
    /// Reads what an earlier run wrote.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let file = InputFile {
            path,
            unreadable: "bench-run-unreadable",
            limit: MAX_LEN,
        };
        let bytes = file.read()?;
        let run: Self = serde_json::from_slice(&bytes).map_err(|error| invalid(path, error))?;
        match run.schema == SCHEMA {
            true => Ok(run),
            false => Err(invalid(
                path,
                format_args!("expected schema `{SCHEMA}`, found `{}`", run.schema),
            )),
        }
    }

    /// Several runs of the same programs on the same machine as one, such as those of one scenario each.
    pub(super) fn join(runs: impl IntoIterator<Item = Self>) -> Result<Option<Self>, Failure> {
        let mut runs = runs.into_iter();
        let Some(mut whole) = runs.next() else {
            return Ok(None);
        };
        for run in runs {
            if !whole.is_comparable(&run) {
                return Err(Failure::usage(
                    "bench-runs-differ",
                    "expected runs of the same programs with the same settings on the same machine, found different ones",
                )
                .at("--from"));
            }
            whole.machine.load_after = run.machine.load_after;
            whole.skipped.extend(run.skipped);
            whole.scenarios.extend(run.scenarios);
        }
        let mut seen = BTreeSet::new();
        whole
            .skipped
            .retain(|skipped| seen.insert((skipped.name.clone(), skipped.reason.clone())));
        Ok(Some(whole))
    }

    fn is_comparable(&self, other: &Self) -> bool {
        let machine = |run: &Self| Machine {
            load_before: None,
            load_after: None,
            ..run.machine.clone()
        };
        machine(self) == machine(other) && self.settings == other.settings && self.programs == other.programs
    }

    pub(super) fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a run has only names, numbers and lists");
        text.push('\n');
        text
    }

    /// Every verdict on a target.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = Verdict> + '_ {
        self.scenarios.iter().flat_map(|scenario| {
            let speed = scenario.comparisons.iter().filter_map(|comparison| comparison.verdict);
            speed.chain(scenario.memory.map(|memory| memory.verdict))
        })
    }
}

fn invalid(path: &Path, problem: impl std::fmt::Display) -> Failure {
    Failure::usage(
        "bench-run-invalid",
        format_args!("this is no run of `attest bench`: {problem}"),
    )
    .at(path.display())
    .hint("`attest bench --output FILE` writes one")
}

impl Entrant {
    /// The elapsed times by round.
    pub(super) fn times(&self) -> Vec<f64> {
        self.turns.iter().map(|turn| turn.elapsed).collect()
    }

    /// Whether any byte of a turn came from storage, and how many of `bytes` on the whole, from 0 to 1 and a bit more.
    pub(super) fn storage_share(&self, bytes: u64) -> Option<f64> {
        let read: Option<u64> = self.turns.iter().map(|turn| turn.storage).sum();
        let offered = bytes as f64 * self.turns.len() as f64;
        (offered > 0.0).then_some(read? as f64 / offered)
    }
}
