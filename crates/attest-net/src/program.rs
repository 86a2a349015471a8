//! A question in, what a program answers out: no shell takes part, no secret is in an argument, and a program that hangs is ended.

use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// How long a program may take: it asks its platform or its keychain once, perhaps over the network.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How much of what a program complains is read, in bytes, and how much of it is shown, in characters.
const MAX_COMPLAINT_BYTES: usize = 64 << 10;
const MAX_COMPLAINT_CHARACTERS: usize = 300;

/// How often a program that closed its output is asked whether it ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A program that answers one question.
pub(crate) struct Program<'a> {
    path: PathBuf,
    arguments: Vec<&'a str>,
    time_limit: Duration,
}

/// What came of it.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) output: Vec<u8>,
    complaint: Vec<u8>,
}

impl<'a> Program<'a> {
    /// A program with the time that such programs get.
    pub(crate) fn new(path: impl Into<PathBuf>, arguments: &[&'a str]) -> Self {
        Self {
            path: path.into(),
            arguments: arguments.to_vec(),
            time_limit: TIME_LIMIT,
        }
    }

    /// The same with less time.
    pub(crate) fn within(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit.min(TIME_LIMIT);
        self
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs the program to its end, or ends it when its time is over. `question` goes to its stdin, and at most `limit` bytes are
    /// read from its stdout.
    pub(crate) fn run(&self, question: &[u8], limit: usize) -> Result<Finished, String> {
        let deadline = Instant::now() + self.time_limit;
        let child = Command::new(&self.path)
            .args(&self.arguments)
            .stdin(if question.is_empty() {
                Stdio::null()
            } else {
                Stdio::piped()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut running = Running(child.map_err(|error| error.to_string())?);
        told(running.0.stdin.take(), question);
        let output = collected(running.0.stdout.take(), limit);
        let complaint = collected(running.0.stderr.take(), MAX_COMPLAINT_BYTES);
        let wait = |bytes: &Receiver<Vec<u8>>| {
            let left = deadline.saturating_duration_since(Instant::now());
            bytes.recv_timeout(left).map_err(|_| self.too_slow())
        };
        let output = wait(&output)?;
        let status = running.end(deadline).map_err(|error| error.to_string())?;
        let status = status.ok_or_else(|| self.too_slow())?;
        let complaint = match status.success() {
            true => Vec::new(),
            false => wait(&complaint).unwrap_or_default(),
        };
        match output.len() > limit {
            true => Err(format!("it printed more than {limit} bytes")),
            false => Ok(Finished {
                status,
                output,
                complaint,
            }),
        }
    }

    fn too_slow(&self) -> String {
        format!("it took longer than {} seconds", self.time_limit.as_secs_f32())
    }
}

impl Finished {
    /// The last line of what it complained of, else of `otherwise`, without anything that looks like a token.
    pub(crate) fn last_words(&self, otherwise: &str) -> String {
        let complaint = String::from_utf8_lossy(&self.complaint);
        let line = |text: &str| {
            let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
            let words = line.split_whitespace().map(|word| match word.contains("eyJ") {
                true => "…",
                false => word,
            });
            Some(words.collect::<Vec<_>>().join(" "))
        };
        match line(&complaint).or_else(|| line(otherwise)) {
            Some(line) => format!(": {}", line.chars().take(MAX_COMPLAINT_CHARACTERS).collect::<String>()),
            None => String::new(),
        }
    }
}

/// A child that does not outlive the question.
struct Running(Child);

impl Running {
    fn end(&mut self, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
        loop {
            match self.0.try_wait()? {
                Some(status) => return Ok(Some(status)),
                None if Instant::now() >= deadline => return Ok(None),
                None => std::thread::sleep(LOOK_AGAIN),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes on a thread of its own, so that a program that reads nothing holds nobody up.
fn told(pipe: Option<std::process::ChildStdin>, question: &[u8]) {
    if let Some(mut pipe) = pipe {
        let question = question.to_vec();
        std::thread::spawn(move || {
            let _ = pipe.write_all(&question);
        });
    }
}

/// Reads on a thread of its own, so that a pipe that stays open holds nobody up; one byte beyond the limit shows excess.
fn collected(pipe: Option<impl Read + Send + 'static>, limit: usize) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(pipe) = pipe {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.take(limit as u64 + 1).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
        });
    }
    receiver
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_nobody_reads_holds_nobody_up() {
        let program = Program::new("/bin/sh", &["-c", "exit 0"]);
        let finished = program.run(&vec![b'x'; 1 << 20], 10).unwrap();
        assert!(finished.status.success());
    }

    #[test]
    fn what_a_program_is_asked_comes_to_its_stdin() {
        let program = Program::new("/bin/cat", &[]);
        assert_eq!(program.run(b"question", 100).unwrap().output, b"question");
    }
}
