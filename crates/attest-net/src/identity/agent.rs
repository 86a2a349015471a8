use std::path::PathBuf;
use std::time::Duration;

use super::MAX_TOKEN_BYTES;
use crate::program::{Program, TIME_LIMIT};
use crate::{Error, Secret};

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
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let program = Program::new(&self.program, &arguments).within(self.time_limit);
        let finished = program.run(b"", MAX_TOKEN_BYTES).map_err(|error| self.failed(error))?;
        if !finished.status.success() {
            return Err(self.failed(format_args!("{}{}", finished.status, finished.last_words(""))));
        }
        let text =
            String::from_utf8(finished.output).map_err(|_| self.failed("it printed something else than text"))?;
        Ok(Secret::new(text))
    }

    fn failed(&self, detail: impl ToString) -> Error {
        Error::Agent {
            program: self.program.clone(),
            detail: detail.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

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
