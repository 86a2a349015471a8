//! What is measured, and what is to be reached.

use super::input::Kind;
use super::record::{Cache, Unit};

/// A comparison that is published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) kind: Kind,
    pub(super) cache: Cache,
    pub(super) contest: Contest,
    pub(super) unit: Unit,
    pub(super) targets: &'static [Target],
}

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contest {
    /// The files by name, by everybody, on one thread and one processor.
    FilesOnOneThread,
    /// The files by name, by everybody, on every thread: of those that have one, as many processes.
    Files,
    /// Several algorithms in one read, and each of them alone.
    Algorithms,
    /// A directory.
    Tree,
    /// What a process costs before it hashes.
    Process,
    /// Every way of computing SHA-256 that this processor can run, in memory.
    Platforms,
    /// How much memory it takes.
    Memory,
}

/// How many times as fast as somebody it has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Target {
    pub(super) rival: Rival,
    pub(super) ratio: f64,
}

/// Whom a target is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rival {
    OpenSsl,
    Xargs,
    ModelSigning,
    InMemory,
    /// The slowest of those in the scenario.
    Slowest,
}

/// The most memory that hashing may take, whatever the size and the number of files.
pub(super) const MOST_MEMORY: u64 = 32 << 20;

const fn target(rival: Rival, ratio: f64) -> Target {
    Target { rival, ratio }
}

/// Every scenario, those with the same input next to each other: it is made once.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "many-large-one-thread",
        title: "Many large files, one thread",
        kind: Kind::ManyLarge,
        cache: Cache::Warm,
        contest: Contest::FilesOnOneThread,
        unit: Unit::Bytes,
        targets: &[target(Rival::OpenSsl, 1.9)],
    },
    Scenario {
        name: "many-large",
        title: "Many large files, all threads",
        kind: Kind::ManyLarge,
        cache: Cache::Warm,
        contest: Contest::Files,
        unit: Unit::Bytes,
        targets: &[target(Rival::OpenSsl, 1.3), target(Rival::InMemory, 0.75)],
    },
    Scenario {
        name: "many-large-cold",
        title: "Many large files, from storage",
        kind: Kind::ManyLarge,
        cache: Cache::Cold,
        contest: Contest::Files,
        unit: Unit::Bytes,
        targets: &[],
    },
    Scenario {
        name: "one-large-one-thread",
        title: "One large file, one thread",
        kind: Kind::OneLarge,
        cache: Cache::Warm,
        contest: Contest::FilesOnOneThread,
        unit: Unit::Bytes,
        targets: &[target(Rival::OpenSsl, 0.97)],
    },
    Scenario {
        name: "one-large",
        title: "One large file, all threads",
        kind: Kind::OneLarge,
        cache: Cache::Warm,
        contest: Contest::Files,
        unit: Unit::Bytes,
        targets: &[target(Rival::OpenSsl, 0.97)],
    },
    Scenario {
        name: "one-large-cold",
        title: "One large file, from storage",
        kind: Kind::OneLarge,
        cache: Cache::Cold,
        contest: Contest::Files,
        unit: Unit::Bytes,
        targets: &[],
    },
    Scenario {
        name: "three-algorithms",
        title: "SHA-256, SHA-512 and BLAKE3 of one large file in one read",
        kind: Kind::OneLarge,
        cache: Cache::Warm,
        contest: Contest::Algorithms,
        unit: Unit::Bytes,
        // At most a tenth longer than the slowest alone.
        targets: &[target(Rival::Slowest, 0.909)],
    },
    Scenario {
        name: "small-files",
        title: "A tree of files of 4 KiB",
        kind: Kind::SmallFiles,
        cache: Cache::Warm,
        contest: Contest::Tree,
        unit: Unit::Files,
        targets: &[target(Rival::Xargs, 3.0), target(Rival::ModelSigning, 10.0)],
    },
    Scenario {
        name: "small-files-cold",
        title: "A tree of files of 4 KiB, from storage",
        kind: Kind::SmallFiles,
        cache: Cache::Cold,
        contest: Contest::Tree,
        unit: Unit::Files,
        targets: &[],
    },
    Scenario {
        name: "mixed-sizes",
        title: "A tree of mixed sizes, like a node_modules",
        kind: Kind::MixedSizes,
        cache: Cache::Warm,
        contest: Contest::Tree,
        unit: Unit::Files,
        targets: &[],
    },
    Scenario {
        name: "one-small",
        title: "One file of 4 KiB: what a process costs",
        kind: Kind::OneSmall,
        cache: Cache::Warm,
        contest: Contest::Process,
        unit: Unit::Files,
        targets: &[],
    },
    Scenario {
        name: "platforms",
        title: "Every platform of this processor, in memory, one thread",
        kind: Kind::Nothing,
        cache: Cache::Memory,
        contest: Contest::Platforms,
        unit: Unit::Bytes,
        targets: &[],
    },
    Scenario {
        name: "memory-one-file",
        title: "Memory for a file that is one hole",
        kind: Kind::Sparse,
        cache: Cache::Warm,
        contest: Contest::Memory,
        unit: Unit::Bytes,
        targets: &[],
    },
    Scenario {
        name: "memory-many-names",
        title: "Memory for a directory of many empty files",
        kind: Kind::ManyNames,
        cache: Cache::Warm,
        contest: Contest::Memory,
        unit: Unit::Files,
        targets: &[],
    },
];

/// The scenario of a name.
pub(super) fn named(name: &str) -> Result<&'static Scenario, String> {
    let found = SCENARIOS.iter().find(|scenario| scenario.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        format!("expected one of {}, found `{name}`", names.join(", "))
    })
}

impl Rival {
    /// Whether it is the program of this name.
    pub(super) fn is(self, name: &str) -> bool {
        match self {
            Self::OpenSsl => name.starts_with("openssl"),
            Self::Xargs => name.starts_with("find") && name.ends_with("sha256sum"),
            Self::ModelSigning => name == "model_signing",
            Self::InMemory => name.starts_with("in memory"),
            Self::Slowest => false,
        }
    }
}

impl Target {
    /// For people.
    pub(super) fn described(&self) -> String {
        let rival = match self.rival {
            Rival::OpenSsl => "openssl",
            Rival::Xargs => "find with xargs and sha256sum",
            Rival::ModelSigning => "model_signing",
            Rival::InMemory => "the kernel in memory",
            Rival::Slowest => "the slowest alone",
        };
        format!("target: at least {} × {rival}", self.ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_with_the_same_input_stand_together() {
        let mut kinds: Vec<Kind> = SCENARIOS.iter().map(|scenario| scenario.kind).collect();
        kinds.dedup();
        let together = kinds.len();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), together);
    }

    #[test]
    fn an_unknown_scenario_is_answered_with_those_there_are() {
        assert_eq!(named("platforms").unwrap().contest, Contest::Platforms);
        assert!(
            named("x")
                .unwrap_err()
                .starts_with("expected one of many-large-one-thread, many-large,")
        );
    }
}
