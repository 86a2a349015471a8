//! One turn: processes that are started together, and the time until the last of them has ended.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::system::{self, Usage};
use crate::failure::Failure;
use crate::visible::visible;

/// How often a process is asked for its memory, in the turns that do not count.
const SAMPLING: Duration = Duration::from_millis(1);

/// How often it has to have answered: one that ends sooner was seen while it was still growing.
const FEWEST_SAMPLES: usize = 20;

/// How much of a peer's complaint is shown.
const COMPLAINT: usize = 300;

/// A process to start.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    /// Whether the work is done by processes that it starts: its own memory says nothing then.
    pub(super) starts_others: bool,
}

/// What a turn took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Taken {
    pub(super) elapsed: f64,
    pub(super) usage: Usage,
    /// Of a single process that took long enough to be watched, in a turn that does not count.
    pub(super) peak_memory: Option<u64>,
}

/// Where processes run, and where their answers go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage<'a> {
    pub(super) directory: &'a Path,
    /// A directory for what they write.
    pub(super) answers: &'a Path,
}

/// Whether the time of a turn counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    Counts,
    /// A first turn: it warms up, and is asked for its memory meanwhile.
    WarmsUp,
}

impl Stage<'_> {
    /// Starts every process, waits for the last, and leaves what they wrote under [`Stage::answer`].
    pub(super) fn run(&self, processes: &[Process], counting: Counting) -> Result<Taken, Failure> {
        let mut commands = self.commands(processes)?;
        let begin = Instant::now();
        let mut children = Children(Vec::with_capacity(commands.len()));
        for (process, command) in processes.iter().zip(&mut commands) {
            let child = command.spawn().map_err(|error| process.failed(&error))?;
            children.0.push(child);
        }
        let peak_memory = match (counting, children.0.as_mut_slice()) {
            (Counting::WarmsUp, [only]) if processes.iter().all(|process| !process.starts_others) => watched(only),
            _ => None,
        };
        for (process, child) in processes.iter().zip(&mut children.0) {
            system::wait_to_end(child).map_err(|error| process.failed(&error))?;
        }
        let elapsed = begin.elapsed().as_secs_f64();
        let usage = children.0.iter().map(system::usage).reduce(sum).unwrap_or_default();
        self.check(processes, children)?;
        Ok(Taken {
            elapsed,
            usage,
            peak_memory,
        })
    }

    /// What the process at this place wrote to its standard output.
    pub(super) fn answer(&self, place: usize) -> PathBuf {
        self.answers.join(format!("{place}.out"))
    }

    fn complaint(&self, place: usize) -> PathBuf {
        self.answers.join(format!("{place}.err"))
    }

    /// Everything that takes time and is not the program's is done before the clock starts.
    fn commands(&self, processes: &[Process]) -> Result<Vec<Command>, Failure> {
        let command = |(place, process): (usize, &Process)| {
            let files =
                File::create(self.answer(place)).and_then(|out| Ok((out, File::create(self.complaint(place))?)));
            let (out, err) = files.map_err(|error| unwritable(&error))?;
            let mut command = Command::new(&process.program);
            command
                .args(&process.arguments)
                .current_dir(self.directory)
                // How many threads there are is said by arguments, and messages are to be the same everywhere.
                .env_remove("RAYON_NUM_THREADS")
                .env("LC_ALL", "C")
                .stdin(Stdio::null())
                .stdout(out)
                .stderr(err);
            Ok(command)
        };
        processes.iter().enumerate().map(command).collect()
    }

    fn check(&self, processes: &[Process], mut children: Children) -> Result<(), Failure> {
        for (place, process) in processes.iter().enumerate() {
            let status = children.0[place].wait().map_err(|error| process.failed(&error))?;
            if !status.success() {
                let complaint = fs::read(self.complaint(place)).unwrap_or_default();
                let complaint = String::from_utf8_lossy(&complaint)
                    .trim()
                    .chars()
                    .take(COMPLAINT)
                    .collect::<String>();
                let text = format!("`{}` ended with {status}: {}", process.name(), visible(&complaint));
                return Err(Failure::undecided("bench-program-failed", text));
            }
        }
        Ok(())
    }
}

impl Process {
    fn name(&self) -> String {
        let name = self.program.file_name().unwrap_or(self.program.as_os_str());
        visible(&name.to_string_lossy())
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::undecided(
            "bench-program-failed",
            format_args!("cannot run `{}`: {error}", self.name()),
        )
    }
}

/// Processes that do not outlive the turn: when one cannot be started, the others are ended.
struct Children(Vec<Child>);

impl Drop for Children {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that has ended already cannot be killed, and was or is waited for.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Asks for the memory of a process until it has ended: the most that was resident never shrinks, so the last answer counts.
fn watched(child: &mut Child) -> Option<u64> {
    let answers = std::iter::from_fn(|| {
        if system::ended(child).unwrap_or(true) {
            return None;
        }
        let answer = system::peak_memory(child);
        std::thread::sleep(SAMPLING);
        Some(answer)
    });
    peak(answers.flatten())
}

/// What enough answers say.
fn peak(answers: impl Iterator<Item = u64>) -> Option<u64> {
    let (count, most) = answers.fold((0, 0), |(count, most), answer| (count + 1, answer.max(most)));
    (count >= FEWEST_SAMPLES).then_some(most)
}

fn sum(a: Usage, b: Usage) -> Usage {
    Usage {
        processor: a.processor.zip(b.processor).map(|(a, b)| a + b),
        storage: a.storage.zip(b.storage).map(|(a, b)| a + b),
    }
}

pub(super) fn unwritable(error: &io::Error) -> Failure {
    Failure::undecided("bench-input-failed", format_args!("cannot write the input: {error}"))
        .hint("to have it elsewhere, run `attest bench --directory DIR`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        Process {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            starts_others: false,
        }
    }

    #[test]
    fn processes_of_a_turn_run_together_and_their_answers_stay_apart() {
        let directory = tempfile::tempdir().unwrap();
        let stage = Stage {
            directory: directory.path(),
            answers: directory.path(),
        };
        let processes = [shell("echo one; sleep 1"), shell("echo two; sleep 1")];
        let taken = stage.run(&processes, Counting::Counts).unwrap();
        assert!((1.0..1.9).contains(&taken.elapsed), "{}", taken.elapsed);
        assert_eq!(fs::read_to_string(stage.answer(0)).unwrap(), "one\n");
        assert_eq!(fs::read_to_string(stage.answer(1)).unwrap(), "two\n");
        assert_eq!(taken.peak_memory, None);
    }

    #[test]
    fn a_program_that_fails_is_named_with_what_it_said() {
        let directory = tempfile::tempdir().unwrap();
        let stage = Stage {
            directory: directory.path(),
            answers: directory.path(),
        };
        let failure = stage
            .run(&[shell("echo no such file >&2; exit 4")], Counting::Counts)
            .unwrap_err();
        assert_eq!(failure.code(), "bench-program-failed");
        assert_eq!(failure.message(), "`sh` ended with exit status: 4: no such file");
    }

    #[test]
    fn a_program_that_is_not_there_is_no_panic() {
        let directory = tempfile::tempdir().unwrap();
        let stage = Stage {
            directory: directory.path(),
            answers: directory.path(),
        };
        let missing = Process {
            program: directory.path().join("none"),
            arguments: Vec::new(),
            starts_others: false,
        };
        let failure = stage.run(&[shell("sleep 9"), missing], Counting::Counts).unwrap_err();
        assert_eq!(failure.code(), "bench-program-failed");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_turn_that_warms_up_says_how_much_memory_there_was() {
        let directory = tempfile::tempdir().unwrap();
        let stage = Stage {
            directory: directory.path(),
            answers: directory.path(),
        };
        let taken = stage.run(&[shell("sleep 1")], Counting::WarmsUp).unwrap();
        assert!(taken.peak_memory.is_some_and(|bytes| bytes > 100_000));
    }

    #[test]
    fn a_process_that_was_hardly_seen_has_no_figure() {
        let growing = |count: usize| (1..=count as u64).map(|answer| answer * 4096);
        assert_eq!(peak(growing(0)), None);
        assert_eq!(peak(growing(FEWEST_SAMPLES - 1)), None);
        assert_eq!(peak(growing(FEWEST_SAMPLES)), Some(FEWEST_SAMPLES as u64 * 4096));
    }
}
