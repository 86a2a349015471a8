//! Running the programs of others: `git`, `cargo`, `go`, and what a project names itself.
//!
//! What they print is foreign: it is read up to a bound, and a program that prints more is ended.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// The tail of a program's talk that is kept for the error message, in bytes. Compilers end with what matters.
const MAX_TALK_BYTES: usize = 64 << 10;

/// The environment variables that programs started here may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<OsString, OsString>);

impl Variables {
    /// The value of a variable that is set and not empty.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&OsStr> {
        self.0
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// The same variables without those whose name `unwanted` says to leave out.
    #[must_use]
    pub fn without(&self, unwanted: impl Fn(&str) -> bool) -> Self {
        let kept = self.0.iter().filter(|(name, _)| !name.to_str().is_some_and(&unwanted));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Every variable.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Where `program` lies on the search path.
    #[must_use]
    pub fn find_program(&self, program: &str) -> Option<PathBuf> {
        if program.contains(std::path::is_separator) {
            return Some(PathBuf::from(program)).filter(|path| path.is_file());
        }
        let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        std::env::split_paths(self.value("PATH")?)
            .map(|directory| directory.join(&file))
            .find(|path| path.is_file())
    }
}

impl FromIterator<(OsString, OsString)> for Variables {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

/// Where a program's talk (its stderr) goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// Kept, to be shown if the program fails.
    Kept,
    /// Passed on as it comes.
    Shown,
}

/// What a program did.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) talk: String,
}

/// A program, its arguments and everything it may see.
pub(crate) struct Invocation<'a> {
    pub(crate) program: &'a OsStr,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) directory: &'a Path,
    pub(crate) variables: &'a Variables,
    /// Set on top of `variables`.
    pub(crate) settings: Vec<(OsString, OsString)>,
}

impl Invocation<'_> {
    /// The command, seeing nothing but the variables that were given.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command
            .args(&self.arguments)
            .current_dir(self.directory)
            .env_clear()
            .envs(self.variables.iter())
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// The command as a person would type it, for messages.
    pub(crate) fn line(&self) -> String {
        let words = std::iter::once(self.program).chain(self.arguments.iter().map(OsString::as_os_str));
        words
            .map(|word| word.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Runs the program to its end, with at most `limit` bytes of output.
    pub(crate) fn run(&self, limit: u64, talk: Talk) -> io::Result<Finished> {
        run(&mut self.command(), limit, talk)
    }
}

/// Runs `command` to its end and collects its output.
pub(crate) fn run(command: &mut Command, limit: u64, talk: Talk) -> io::Result<Finished> {
    command.stdout(Stdio::piped()).stderr(match talk {
        Talk::Kept => Stdio::piped(),
        Talk::Shown => Stdio::inherit(),
    });
    let mut child = command.spawn()?;
    let collected = collect(&mut child, limit);
    if collected.is_err() {
        // A program that is ended already cannot be ended again; either way it is waited for.
        let _ = child.kill();
    }
    let status = child.wait()?;
    let (stdout, talk) = collected?;
    Ok(Finished { status, stdout, talk })
}

/// Both streams are read at once, or a program that fills one of them would wait for ever.
fn collect(child: &mut Child, limit: u64) -> io::Result<(Vec<u8>, String)> {
    let stderr = child.stderr.take();
    let mut stdout = child.stdout.take().expect("stdout was asked for as a pipe");
    std::thread::scope(|scope| {
        let talk = scope.spawn(move || stderr.map(tail).transpose());
        let mut bytes = Vec::new();
        let read = stdout.by_ref().take(limit + 1).read_to_end(&mut bytes);
        // Closing the pipe ends a program that goes on printing, so that its talk ends too.
        drop(stdout);
        let talk = talk.join().expect("reading talk does not panic")?.unwrap_or_default();
        if read? as u64 > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("expected at most {limit} bytes of output, found more"),
            ));
        }
        Ok((bytes, talk))
    })
}

/// The end of what is read.
fn tail(mut reader: impl Read) -> io::Result<String> {
    let mut kept = VecDeque::new();
    let mut buffer = [0; 8 << 10];
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok(String::from_utf8_lossy(kept.make_contiguous()).trim_end().to_owned());
        }
        kept.extend(&buffer[..read]);
        kept.drain(..kept.len().saturating_sub(MAX_TALK_BYTES));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).env_clear().env("PATH", "/usr/bin:/bin");
        command
    }

    #[test]
    fn output_and_talk_are_both_collected() {
        let finished = run(&mut shell("echo data; echo talk >&2; exit 3"), 100, Talk::Kept).unwrap();
        assert_eq!(finished.stdout, b"data\n");
        assert_eq!(finished.talk, "talk");
        assert_eq!(finished.status.code(), Some(3));
    }

    #[test]
    fn a_program_that_prints_too_much_is_ended() {
        let error = run(&mut shell("while :; do echo more; done"), 1000, Talk::Kept).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn only_the_tail_of_long_talk_is_kept() {
        let script = "i=0; while [ $i -lt 20000 ]; do echo line $i >&2; i=$((i+1)); done";
        let finished = run(&mut shell(script), 10, Talk::Kept).unwrap();
        assert!(finished.talk.ends_with("line 19999"), "{}", finished.talk);
        assert!(finished.talk.len() <= MAX_TALK_BYTES);
    }
}
