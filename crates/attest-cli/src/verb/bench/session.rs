//! A run from its first look at the machine to its last figure.

use std::path::PathBuf;

use attest_digest::Threads;

use super::contest::Bench;
use super::input::{Input, InputDirectory, Kind};
use super::plan::{Asked, Profile, Sizes};
use super::program::Found;
use super::progress::Progress;
use super::record::{Cache, Run, SCHEMA, Settings, Skipped};
use super::scenario::Scenario;
use super::{generate, machine, system};
use crate::context::Context;
use crate::failure::Failure;

/// What is to be measured.
pub(super) struct Session {
    pub(super) scenarios: Vec<&'static Scenario>,
    pub(super) profile: Profile,
    pub(super) asked: Asked,
    pub(super) rounds: u32,
    pub(super) threads: Threads,
    /// Where the directory of the input is made.
    pub(super) parent: PathBuf,
    pub(super) keep: bool,
    pub(super) python: Option<PathBuf>,
}

impl Session {
    pub(super) fn measure(&self, context: &mut Context<'_>) -> Result<Run, Failure> {
        let sizes = Sizes::choose(self.profile, &self.asked, system::available_memory());
        sizes.expect_room(self.scenarios.iter().map(|scenario| scenario.kind), &self.parent)?;
        let found = Found::look(&context.environment, self.python.as_deref())?;
        let directory = InputDirectory::create(&self.parent, &found.programs.ours, self.keep)?;
        let mut run = self.begin(&found, &directory);
        let progress = Progress::new(context.interactive, self.scenarios.len());
        let bench = Bench {
            programs: &found.programs,
            profile: self.profile,
            rounds: self.rounds,
            threads: self.threads,
            directory: &directory,
            progress: &progress,
        };
        self.play(&bench, &sizes, &mut run)?;
        run.machine.load_after = system::load();
        drop(progress);
        if self.keep {
            context.say(format_args!("the input is kept in {}", directory.path().display()));
        }
        Ok(run)
    }

    /// Every scenario, each on its input; scenarios with the same input follow each other and share it.
    fn play(&self, bench: &Bench<'_>, sizes: &Sizes, run: &mut Run) -> Result<(), Failure> {
        let mut current: Option<(Kind, Input)> = None;
        for scenario in &self.scenarios {
            bench.progress.begin(scenario.name);
            if scenario.cache == Cache::Cold && run.machine.file_system == "tmpfs" {
                run.skipped.push(Skipped {
                    name: scenario.name.to_owned(),
                    reason: "the file system is memory; --directory names another".to_owned(),
                });
                continue;
            }
            let reused = current.take().filter(|(kind, _)| *kind == scenario.kind);
            let (kind, input) = match reused {
                Some(same) => same,
                None => (
                    scenario.kind,
                    bench.directory.prepare(scenario.kind, sizes, self.threads)?,
                ),
            };
            let played = bench.play(scenario, &input)?;
            run.scenarios.push(played.record);
            run.skipped.extend(played.skipped);
            current = Some((kind, input));
        }
        Ok(())
    }

    fn begin(&self, found: &Found, directory: &InputDirectory) -> Run {
        Run {
            schema: SCHEMA.to_owned(),
            machine: machine::look(directory.path()),
            settings: Settings {
                profile: self.profile.name().to_owned(),
                rounds: self.rounds,
                threads: self.threads.count().get(),
                seed: generate::SEED,
                generator: generate::DESCRIPTION.to_owned(),
            },
            programs: found.versions.clone(),
            skipped: found.skipped.clone(),
            scenarios: Vec::new(),
        }
    }
}
