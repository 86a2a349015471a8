//! Who takes part in a scenario, and with which command.

use std::ffi::OsString;
use std::path::Path;

use attest_digest::{Algorithm, Algorithms, Platform};

use super::input::{Input, Kind};
use super::kernel::{self, Kernel};
use super::plan::Sizes;
use super::program::{MODEL_SIGNING, Programs};
use super::record::Role;
use super::scenario::{Contest, Scenario};
use super::turn::Process;

/// The length of a stream of the kernel that large files are compared with.
const STREAM: usize = 256 << 10;

/// One who takes part.
pub(super) struct Entrant {
    pub(super) name: String,
    pub(super) role: Role,
    /// The command, with `FILE` and `DIR` for what it is about.
    pub(super) command: String,
    /// What its answer has to hold.
    pub(super) algorithms: Algorithms,
    pub(super) work: Work,
}

pub(super) enum Work {
    Processes(Vec<Process>),
    Kernel(Kernel),
}

/// What the entrants of a scenario depend on.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) programs: &'a Programs,
    pub(super) input: &'a Input,
    pub(super) threads: usize,
}

impl Field<'_> {
    /// Ours first, then everybody else who is there.
    pub(super) fn entrants(&self) -> Vec<Entrant> {
        match self.scenario.contest {
            Contest::FilesOnOneThread | Contest::Files => self.files(),
            Contest::Algorithms => self.algorithms(),
            Contest::Tree => self.tree(),
            Contest::Process => self.process(),
            Contest::Platforms => self.platforms(),
            Contest::Memory => vec![self.memory()],
        }
    }

    fn files(&self) -> Vec<Entrant> {
        let mut entrants = vec![self.ours("attest", "sha256", &[])];
        entrants.extend(self.at_once("openssl", self.programs.openssl.as_deref(), &["dgst", "-sha256", "-r"]));
        entrants.extend(self.at_once("sha256sum", self.programs.sha256sum.as_deref(), &[]));
        let threads = format!("--num-threads={}", self.threads);
        entrants.extend(self.blake3(&[&threads]));
        // There is nothing to hold against storage, and one stream cannot be cut in parts.
        if self.scenario.kind == Kind::ManyLarge && self.scenario.cache == super::record::Cache::Warm {
            entrants.push(self.in_memory(STREAM));
            entrants.extend(self.as_many_in_memory());
        }
        entrants
    }

    fn algorithms(&self) -> Vec<Entrant> {
        let all = self.ours("attest, all three", "sha256,sha512,blake3", &["--tag"]);
        let alone = ["sha512", "sha256", "blake3"];
        let alone = alone.map(|algorithm| self.ours(&format!("attest, {algorithm} alone"), algorithm, &["--tag"]));
        std::iter::once(all).chain(alone).collect()
    }

    fn tree(&self) -> Vec<Entrant> {
        let mut entrants = vec![self.ours("attest", "sha256", &["--recursive"])];
        entrants.extend(self.piped("sha256sum", self.programs.sha256sum.as_deref(), Algorithm::Sha256));
        entrants.extend(self.model_signing());
        entrants.extend(self.piped("b3sum", self.programs.b3sum.as_deref(), Algorithm::Blake3));
        if self.scenario.kind == Kind::SmallFiles && self.scenario.cache == super::record::Cache::Warm {
            entrants.push(self.in_memory(Sizes::SMALL as usize));
        }
        entrants
    }

    fn process(&self) -> Vec<Entrant> {
        let mut entrants = vec![self.ours("attest", "sha256", &[])];
        let openssl = self.programs.openssl.as_deref();
        entrants.extend(self.peer("openssl", openssl, &["dgst", "-sha256", "-r"], Algorithm::Sha256));
        entrants.extend(self.peer("sha256sum", self.programs.sha256sum.as_deref(), &[], Algorithm::Sha256));
        entrants.extend(self.blake3(&["--num-threads=1"]));
        entrants
    }

    fn platforms(&self) -> Vec<Entrant> {
        let detected = Platform::detect();
        let others = Platform::available().filter(|platform| *platform != detected);
        let entrant = |(place, platform): (usize, Platform)| Entrant {
            name: platform.name().to_owned(),
            role: if place == 0 { Role::Ours } else { Role::Limit },
            command: format!("measure_many_bytes, {} streams at once", platform.lanes()),
            algorithms: Algorithms::one(Algorithm::Sha256),
            work: Work::Kernel(self.kernel(platform, STREAM)),
        };
        std::iter::once(detected)
            .chain(others)
            .enumerate()
            .map(entrant)
            .collect()
    }

    fn memory(&self) -> Entrant {
        match self.scenario.kind {
            Kind::ManyNames => self.ours("attest", "sha256", &["--recursive"]),
            _ => self.ours("attest", "sha256", &[]),
        }
    }

    fn ours(&self, name: &str, algorithms: &str, flags: &[&str]) -> Entrant {
        let mut arguments = vec!["hash".to_owned(), format!("--threads={}", self.threads)];
        if algorithms != "sha256" {
            arguments.push(format!("--algorithm={algorithms}"));
        }
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        Entrant {
            name: name.to_owned(),
            role: Role::Ours,
            command: format!("attest {} {}", arguments.join(" "), self.shown()),
            algorithms: algorithms.parse().expect("these names are algorithms"),
            work: Work::Processes(vec![self.over_everything(&self.programs.ours, arguments)]),
        }
    }

    /// One process of another over all files.
    fn peer(&self, name: &str, program: Option<&Path>, flags: &[&str], algorithm: Algorithm) -> Option<Entrant> {
        let arguments: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        Some(Entrant {
            name: name.to_owned(),
            role: Role::Peer,
            command: words(&[&[name], flags, &[self.shown()]]),
            algorithms: Algorithms::one(algorithm),
            work: Work::Processes(vec![self.over_everything(program?, arguments)]),
        })
    }

    /// Another algorithm, for scale.
    fn blake3(&self, flags: &[&str]) -> Option<Entrant> {
        let entrant = self.peer("b3sum", self.programs.b3sum.as_deref(), flags, Algorithm::Blake3)?;
        Some(Entrant {
            name: "b3sum (BLAKE3)".to_owned(),
            ..entrant
        })
    }

    /// As many processes as threads, each with its part of the files, of a program that uses one thread.
    fn at_once(&self, name: &str, program: Option<&Path>, flags: &[&str]) -> Option<Entrant> {
        let program = program?;
        let count = self.threads.min(self.input.names.len()).max(1);
        if count == 1 {
            return self.peer(name, Some(program), flags, Algorithm::Sha256);
        }
        let part = |first: usize| Process {
            program: program.to_owned(),
            arguments: arguments(flags, self.input.names.iter().skip(first).step_by(count)),
            starts_others: false,
        };
        Some(Entrant {
            name: format!("{name} × {count}"),
            role: Role::Peer,
            command: format!("{}, {count} at once", words(&[&[name], flags, &[self.shown()]])),
            algorithms: Algorithms::one(Algorithm::Sha256),
            work: Work::Processes((0..count).map(part).collect()),
        })
    }

    /// The way to hash a tree with what every system has.
    fn piped(&self, name: &str, program: Option<&Path>, algorithm: Algorithm) -> Option<Entrant> {
        let programs = self.programs;
        let script = r#""$0" . -type f -print0 | "$1" -0 "-P$2" "$3""#;
        let mut arguments: Vec<OsString> = vec!["-c".into(), script.into()];
        arguments.push(programs.find.as_deref()?.into());
        arguments.push(programs.xargs.as_deref()?.into());
        arguments.push(self.threads.to_string().into());
        arguments.push(program?.into());
        Some(Entrant {
            name: format!("find, xargs -P{}, {name}", self.threads),
            role: Role::Peer,
            command: format!("find DIR -type f -print0 | xargs -0 -P{} {name}", self.threads),
            algorithms: Algorithms::one(algorithm),
            work: Work::Processes(vec![Process {
                program: programs.shell.clone()?,
                arguments,
                starts_others: true,
            }]),
        })
    }

    fn model_signing(&self) -> Option<Entrant> {
        Some(Entrant {
            name: "model_signing".to_owned(),
            role: Role::Peer,
            command: "python3 -c 'model_signing.hashing.Config().hash(DIR)'".to_owned(),
            algorithms: Algorithms::one(Algorithm::Sha256),
            work: Work::Processes(vec![Process {
                program: self.programs.python.clone()?,
                arguments: vec!["-c".into(), MODEL_SIGNING.into(), ".".into()],
                starts_others: false,
            }]),
        })
    }

    fn in_memory(&self, stream: usize) -> Entrant {
        let platform = Platform::detect();
        let threads = if self.threads == 1 {
            "1 thread".to_owned()
        } else {
            format!("{} threads", self.threads)
        };
        Entrant {
            name: format!("in memory, {threads}"),
            role: Role::Limit,
            command: format!(
                "measure_many_bytes on `{}`, streams of {} KiB",
                platform.name(),
                stream / 1024
            ),
            algorithms: Algorithms::one(Algorithm::Sha256),
            work: Work::Kernel(self.kernel(platform, stream)),
        }
    }

    /// The limit for as many streams as there are files for each thread, where these are too few to fill the lanes: what
    /// it lacks to [`Self::in_memory`] is not lost by reading.
    fn as_many_in_memory(&self) -> Option<Entrant> {
        let streams = self.input.names.len().div_ceil(self.threads).max(1);
        let is_short = streams < Platform::detect().lanes();
        (is_short && self.threads > 1).then(|| Entrant {
            name: format!("{streams} streams for each of {} in memory", self.threads),
            ..self.in_memory(kernel::WINDOW / streams)
        })
    }

    fn kernel(&self, platform: Platform, stream: usize) -> Kernel {
        Kernel {
            platform,
            threads: self.threads,
            stream,
            bytes: self.input.bytes,
        }
    }

    fn over_everything(&self, program: &Path, flags: Vec<String>) -> Process {
        let whole = [".".to_owned()];
        let names = match self.input.names.as_slice() {
            [] => whole.iter(),
            names => names.iter(),
        };
        Process {
            program: program.to_owned(),
            arguments: arguments(&flags, names),
            starts_others: false,
        }
    }

    fn shown(&self) -> &'static str {
        match self.input.names.len() {
            0 => "DIR",
            1 => "FILE",
            _ => "FILE…",
        }
    }
}

fn arguments<'a>(flags: &[impl AsRef<str>], names: impl Iterator<Item = &'a String>) -> Vec<OsString> {
    let flags = flags.iter().map(|flag| flag.as_ref().into());
    flags.chain(names.map(|name| name.into())).collect()
}

fn words(parts: &[&[&str]]) -> String {
    parts.concat().join(" ")
}
