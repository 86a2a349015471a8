use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use super::MAX_TOKEN_BYTES;
use crate::{Error, Secret};

/// How long a program may take: it asks its platform once, over the network.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How much of what a program complains is read, in bytes, and how much of it is shown, in characters.
const MAX_COMPLAINT_BYTES: usize = 64 << 10;
const MAX_COMPLAINT_CHARACTERS: usize = 300;

/// How often a program that closed its output is asked whether it ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A program of a platform that prints an identity token. No shell takes part, and the token is in no argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCommand {
    /// Where the program is.
    pub program: PathBuf,
    /// What it is called with; other users of the machine can see this.
    pub arguments: Vec<String>,
    /// How long it may take, up to half a minute.
    pub time_limit: Duration,
}

impl AgentCommand {
    /// A program with the time that such programs get.
    pub fn new(program: impl Into<PathBuf>, arguments: &[&str]) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            time_limit: TIME_LIMIT,
        }
    }

    /// Runs the program to its end, or ends it when its time is over.
    pub(super) fn run(&self) -> Result<Secret, Error> {
        let deadline = Instant::now() + self.time_limit.min(TIME_LIMIT);
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut running = Running(child.map_err(|error| self.failed(error))?);
        let output = collected(running.0.stdout.take(), MAX_TOKEN_BYTES);
        let complaint = collected(running.0.stderr.take(), MAX_COMPLAINT_BYTES);
        let wait = |bytes: &Receiver<Vec<u8>>| {
            let left = deadline.saturating_duration_since(Instant::now());
            bytes.recv_timeout(left).map_err(|_| self.too_slow())
        };
        let output = wait(&output)?;
        let status = running.end(deadline).map_err(|error| self.failed(error))?;
        let status = status.ok_or_else(|| self.too_slow())?;
        if !status.success() {
            let complaint = wait(&complaint).unwrap_or_default();
            return Err(self.failed(format_args!("{status}{}", shown(&complaint))));
        }
        if output.len() > MAX_TOKEN_BYTES {
            return Err(self.failed(format_args!("it printed more than {MAX_TOKEN_BYTES} bytes")));
        }
        let text = String::from_utf8(output).map_err(|_| self.failed("it printed something else than text"))?;
        Ok(Secret::new(text))
    }

    fn too_slow(&self) -> Error {
        let seconds = self.time_limit.min(TIME_LIMIT).as_secs_f32();
        self.failed(format_args!("it took longer than {seconds} seconds"))
    }

    fn failed(&self, detail: impl ToString) -> Error {
        Error::Agent {
            program: self.program.clone(),
            detail: detail.to_string(),
        }
    }
}

/// A child that does not outlive the question.
struct Running(Child);

impl Running {
    fn end(&mut self, deadline: Instant) -> std::io::Result<Option<std::process::ExitStatus>> {
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

/// The last line of a complaint, without anything that looks like a token.
fn shown(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let Some(line) = text.lines().rev().map(str::trim).find(|line| !line.is_empty()) else {
        return String::new();
    };
    let words = line.split_whitespace().map(|word| match word.contains("eyJ") {
        true => "…",
        false => word,
    });
    let line = words.collect::<Vec<_>>().join(" ");
    format!(": {}", line.chars().take(MAX_COMPLAINT_CHARACTERS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> AgentCommand {
        AgentCommand::new("/bin/sh", &["-c", script])
    }

    fn detail(command: &AgentCommand) -> String {
        match command.run() {
            Err(Error::Agent { detail, .. }) => detail,
            other => panic!("expected the program to fail, found {other:?}"),
        }
    }

    #[test]
    fn what_a_program_prints_is_the_token() {
        assert_eq!(shell("echo a.b.c; echo talk >&2").run().unwrap().expose(), "a.b.c\n");
    }

    #[test]
    fn a_program_that_fails_is_told_with_its_last_line() {
        assert_eq!(
            detail(&shell("echo first >&2; echo 'not allowed: eyJhbGci.x.y' >&2; exit 3")),
            "exit status: 3: not allowed: …"
        );
        assert_eq!(detail(&shell("exit 1")), "exit status: 1");
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let mut command = shell("exec sleep 60");
        command.time_limit = Duration::from_millis(100);
        let begin = Instant::now();
        assert_eq!(detail(&command), "it took longer than 0.1 seconds");
        assert!(begin.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_program_that_closes_its_output_and_hangs_is_ended() {
        let mut command = shell("exec >/dev/null 2>/dev/null; exec sleep 60");
        command.time_limit = Duration::from_millis(100);
        assert_eq!(detail(&command), "it took longer than 0.1 seconds");
    }

    #[test]
    fn a_program_that_never_stops_talking_is_cut_off() {
        let command = shell("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
        assert!(matches!(command.run(), Err(Error::Agent { .. })));
    }

    #[test]
    fn a_program_that_prints_too_much_gives_no_token() {
        let command = shell("head -c 200000 /dev/zero | tr '\\0' x");
        assert!(matches!(command.run(), Err(Error::Agent { .. })));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = AgentCommand::new("/no/such/agent", &[]).run().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`/no/such/agent` gave no identity token: "),
            "{error}"
        );
    }
}
