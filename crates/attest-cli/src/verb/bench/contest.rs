//! A scenario is played: everybody has turns, one after the other and round by round, so that noise falls on all.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::PathBuf;

use attest_digest::{Algorithm, Algorithms, Engine, Job, Threads};

use super::answer::Answer;
use super::entrant::{Entrant, Field, Work};
use super::input::{Input, InputDirectory, Kind};
use super::kernel::Memory;
use super::plan::Profile;
use super::program::Programs;
use super::progress::Progress;
use super::record::{self, Cache, Role, Skipped};
use super::scenario::{Contest, Scenario};
use super::system::{self, Pin};
use super::turn::{Counting, Process, Stage, Taken, unwritable};
use crate::failure::Failure;

/// The turns that everybody has, however long they take.
const FEWEST_TURNS: usize = 3;

/// A process that takes milliseconds has more turns.
const SHORT_TURNS: u32 = 20;

/// From storage there are fewer turns: they take long, and storage spreads more than any number of turns would mend.
const COLD_TURNS: u32 = 5;

/// What every scenario of a run has in common.
pub(super) struct Bench<'a> {
    pub(super) programs: &'a Programs,
    pub(super) profile: Profile,
    pub(super) rounds: u32,
    pub(super) threads: Threads,
    pub(super) directory: &'a InputDirectory,
    pub(super) progress: &'a Progress,
}

/// What a scenario came to, and who could not take part.
pub(super) struct Played {
    pub(super) record: record::Scenario,
    pub(super) skipped: Vec<Skipped>,
}

/// One who takes part, with the turns so far.
struct Player {
    entrant: Entrant,
    memory: Option<Memory>,
    turns: Vec<record::Turn>,
    peak_memory: Option<u64>,
}

/// A scenario while it is played.
struct Play<'a> {
    bench: &'a Bench<'a>,
    scenario: &'static Scenario,
    input: &'a Input,
    stage: Stage<'a>,
    /// What every answer has to be, by its algorithms.
    expected: BTreeMap<Vec<Algorithm>, Answer>,
    players: Vec<Player>,
    skipped: Vec<Skipped>,
    sequence: u32,
}

impl Bench<'_> {
    /// Plays a scenario on its input.
    pub(super) fn play(&self, scenario: &'static Scenario, input: &Input) -> Result<Played, Failure> {
        let mut answers = PathBuf::new();
        let threads = match scenario.contest {
            Contest::FilesOnOneThread | Contest::Process | Contest::Platforms => 1,
            _ => self.threads.count().get(),
        };
        let field = Field {
            scenario,
            programs: self.programs,
            input,
            threads,
        };
        let mut play = Play {
            bench: self,
            scenario,
            input,
            stage: self.directory.stage(input, &mut answers),
            expected: BTreeMap::new(),
            players: field.entrants().into_iter().map(Player::new).collect(),
            skipped: Vec::new(),
            sequence: 0,
        };
        let processors = last_processors(threads);
        let pin = processors.as_deref().and_then(Pin::to);
        play.warm_up()?;
        play.rounds()?;
        let occupancy = play.occupancy()?;
        let pinned_to = processors.filter(|_| pin.is_some());
        drop(pin);
        Ok(play.finish(threads, pinned_to, occupancy))
    }
}

/// As many processors as threads, from the last one on: the first is where most interrupts go. None when these are all.
fn last_processors(threads: usize) -> Option<Vec<usize>> {
    let allowed = system::allowed_processors();
    let first = allowed.len().checked_sub(threads).filter(|first| *first > 0)?;
    Some(allowed[first..].to_vec())
}

impl Player {
    fn new(entrant: Entrant) -> Self {
        let memory = match &entrant.work {
            Work::Kernel(kernel) => Some(kernel.memory()),
            Work::Processes(_) => None,
        };
        Self {
            entrant,
            memory,
            turns: Vec::new(),
            peak_memory: None,
        }
    }

    /// Whether it has had enough turns for how long it takes.
    fn is_done(&self, patience: f64) -> bool {
        let taken: f64 = self.turns.iter().map(|turn| turn.elapsed).sum();
        self.turns.len() >= FEWEST_TURNS && taken > patience && self.entrant.role != Role::Ours
    }
}

impl Play<'_> {
    /// A turn of everybody that does not count. A peer that cannot do it takes no part.
    fn warm_up(&mut self) -> Result<(), Failure> {
        for place in 0..self.players.len() {
            self.bench.progress.warm_up(&self.players[place].entrant.name);
            match self.take(place, Counting::WarmsUp) {
                Ok(taken) => self.warmed_up(place, &taken),
                Err(failure) if self.may_fail(place, &failure) => self.skipped.push(Skipped {
                    name: self.players[place].entrant.name.clone(),
                    reason: format!("it failed at {}", self.scenario.name),
                }),
                Err(failure) => return Err(failure),
            }
        }
        let skipped = &self.skipped;
        self.players
            .retain(|player| skipped.iter().all(|skipped| skipped.name != player.entrant.name));
        Ok(())
    }

    fn warmed_up(&mut self, place: usize, taken: &Taken) {
        let sequence = self.next();
        let player = &mut self.players[place];
        player.peak_memory = taken.peak_memory;
        // How much memory it takes is all that is asked, and one turn says it.
        if self.scenario.contest == Contest::Memory {
            player.turns.push(turn(sequence, taken));
        }
    }

    /// Those of others may; a wrong answer never.
    fn may_fail(&self, place: usize, failure: &Failure) -> bool {
        self.players[place].entrant.role == Role::Peer && failure.code() == "bench-program-failed"
    }

    fn rounds(&mut self) -> Result<(), Failure> {
        let rounds = match (self.scenario.contest, self.scenario.cache) {
            (Contest::Memory, _) => return Ok(()),
            (Contest::Process, _) => self.bench.rounds * SHORT_TURNS,
            (_, Cache::Cold) => self.bench.rounds.min(COLD_TURNS),
            _ => self.bench.rounds,
        };
        let patience = self.bench.profile.patience();
        for round in 0..rounds {
            for place in 0..self.players.len() {
                // Everybody is first at times, and follows everybody else at times.
                let place = (place + round as usize) % self.players.len();
                if !self.players[place].is_done(patience) {
                    self.bench
                        .progress
                        .round(round, rounds, &self.players[place].entrant.name);
                    let taken = self.take(place, Counting::Counts)?;
                    let sequence = self.next();
                    self.players[place].turns.push(turn(sequence, &taken));
                }
            }
        }
        Ok(())
    }

    fn next(&mut self) -> u32 {
        self.sequence += 1;
        self.sequence - 1
    }

    /// One turn, and its answer.
    fn take(&mut self, place: usize, counting: Counting) -> Result<Taken, Failure> {
        if self.scenario.cache == Cache::Cold {
            self.forget()?;
        }
        let player = &self.players[place];
        let processes = match (&player.entrant.work, &player.memory) {
            (Work::Kernel(_), Some(memory)) => {
                if counting == Counting::WarmsUp {
                    memory.check()?;
                }
                return Ok(memory.run());
            }
            (Work::Kernel(_), None) => return Ok(Taken::default()),
            (Work::Processes(processes), _) => processes,
        };
        let taken = self.stage.run(processes, counting)?;
        let found = answer(&self.stage, processes, &player.entrant.algorithms)?;
        let (name, algorithms) = (player.entrant.name.clone(), player.entrant.algorithms.clone());
        self.expect(&algorithms, found, &name)?;
        Ok(taken)
    }

    /// What the generator made is known; of other files the first answer is held against the later ones.
    fn expect(&mut self, algorithms: &Algorithms, found: Answer, name: &str) -> Result<(), Failure> {
        let known = &self.input.known;
        let expected = self
            .expected
            .entry(algorithms.iter().collect())
            .or_insert_with(|| match known.is_empty() {
                true => found.clone(),
                false => Answer::known(known, algorithms),
            });
        expected.expect(&found, name)?;
        match found.len() as u64 == self.input.files * algorithms.iter().count() as u64 {
            true => Ok(()),
            false => Err(Failure::rejected(
                "bench-answer-differs",
                format_args!("`{name}` answered about {} files of {}", found.len(), self.input.files),
            )),
        }
    }

    /// Has the system drop every file from the page cache, as far as it does what it is asked.
    fn forget(&self) -> Result<(), Failure> {
        for path in self.input.paths()? {
            let dropped = File::open(&path).and_then(|file| system::drop_from_cache(&file));
            dropped.map_err(|error| unwritable(&error))?;
        }
        Ok(())
    }

    /// How full the lanes are with these files: counted by the engine in this process, on the side.
    fn occupancy(&self) -> Result<Option<f64>, Failure> {
        let counts = matches!(
            self.scenario.kind,
            Kind::ManyLarge | Kind::SmallFiles | Kind::MixedSizes
        );
        if !counts || self.scenario.cache != Cache::Warm {
            return Ok(None);
        }
        let threads = match self.scenario.contest {
            Contest::FilesOnOneThread => Threads::ONE,
            _ => self.bench.threads,
        };
        let algorithms = Algorithms::one(Algorithm::Sha256);
        let progress = attest_digest::Progress::new();
        let paths = self.input.paths()?;
        let jobs = paths.iter().map(|path| Job {
            path,
            algorithms: &algorithms,
        });
        Engine::new(threads).measure_stream(jobs, &progress, |_, _| ControlFlow::Continue(()));
        Ok(progress.occupancy())
    }

    fn finish(self, threads: usize, pinned_to: Option<Vec<usize>>, occupancy: Option<f64>) -> Played {
        let entrants: Vec<record::Entrant> = self
            .players
            .iter()
            .filter_map(|player| player.record(self.input))
            .collect();
        let mut record = record::Scenario {
            name: self.scenario.name.to_owned(),
            title: self.scenario.title.to_owned(),
            input: record::Input {
                files: self.input.files,
                bytes: self.input.bytes,
            },
            cache: self.scenario.cache,
            threads,
            pinned_to,
            unit: self.scenario.unit,
            comparisons: super::comparison::compare(self.scenario, &entrants),
            memory: super::comparison::memory(self.scenario, &entrants),
            entrants,
            occupancy,
            notes: Vec::new(),
        };
        super::comparison::note(&mut record);
        Played {
            record,
            skipped: self.skipped,
        }
    }
}

impl Player {
    fn record(&self, input: &Input) -> Option<record::Entrant> {
        let times: Vec<f64> = self.turns.iter().map(|turn| turn.elapsed).collect();
        let processor: Option<Vec<f64>> = self.turns.iter().map(|turn| turn.processor).collect();
        let elapsed = super::statistics::Spread::of(&times)?;
        let per_second = |amount: u64| {
            if elapsed.median > 0.0 {
                amount as f64 / elapsed.median
            } else {
                0.0
            }
        };
        Some(record::Entrant {
            name: self.entrant.name.clone(),
            role: self.entrant.role,
            command: self.entrant.command.clone(),
            turns: self.turns.clone(),
            elapsed,
            processor: processor.and_then(|times| super::statistics::Spread::of(&times)),
            bytes_per_second: per_second(input.bytes),
            files_per_second: per_second(input.files),
            peak_memory: self.peak_memory,
        })
    }
}

fn turn(sequence: u32, taken: &Taken) -> record::Turn {
    record::Turn {
        sequence,
        elapsed: taken.elapsed,
        processor: taken.usage.processor,
        storage: taken.usage.storage,
    }
}

fn answer(stage: &Stage<'_>, processes: &[Process], algorithms: &Algorithms) -> Result<Answer, Failure> {
    let mut several = algorithms.iter();
    // Lines of several algorithms say theirs.
    let algorithm = several.next().filter(|_| several.next().is_none());
    let mut answer = Answer::default();
    for place in 0..processes.len() {
        answer.add(&stage.answer(place), algorithm)?;
    }
    Ok(answer)
}
