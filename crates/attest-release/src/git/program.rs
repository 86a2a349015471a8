use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::GitError;
use crate::process::{self, Finished, Invocation, Talk, Variables};

/// The most that any answer of git may hold, in bytes: a listing of 2^20 files with long names is about a quarter of it.
const MAX_ANSWER_BYTES: u64 = 1 << 30;

/// What git needs of the process it is started from: where programs and temporary files are.
const PASSED_ON: [&str; 6] = ["PATH", "TMPDIR", "TEMP", "TMP", "SystemRoot", "SYSTEMROOT"];

/// Where nothing is.
const NULL: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// What holds whatever the repository says. A checkout may belong to another user (a container's mount): the person who
/// asks for a release trusts it.
const CONFIGURATION: [&str; 4] = [
    if cfg!(windows) {
        "core.attributesFile=NUL"
    } else {
        "core.attributesFile=/dev/null"
    },
    "safe.directory=*",
    "core.fsmonitor=false",
    "core.quotePath=false",
];

/// What git always sees in its environment.
const SETTINGS: [(&str, &str); 9] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", NULL),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
    ("TZ", "UTC"),
];

/// The program `git`, looking at one directory with nobody's configuration but the repository's own.
#[derive(Debug, Clone)]
pub(super) struct Program {
    directory: PathBuf,
    variables: Variables,
    settings: Vec<(&'static str, PathBuf)>,
}

impl Program {
    pub(super) fn new(directory: &Path, variables: &Variables) -> Self {
        Self {
            directory: directory.to_owned(),
            variables: variables.without(|name| !PASSED_ON.contains(&name)),
            settings: Vec::new(),
        }
    }

    /// The same program in another directory.
    pub(super) fn in_directory(&self, directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            variables: self.variables.clone(),
            settings: Vec::new(),
        }
    }

    /// The same program, that always sees `settings` in its environment.
    pub(super) fn with_settings(mut self, settings: impl IntoIterator<Item = (&'static str, PathBuf)>) -> Self {
        self.settings.extend(settings);
        self
    }

    /// Where git keeps `name` for this repository.
    pub(super) fn place_of(&self, name: &str) -> Result<PathBuf, GitError> {
        self.path_answer(&["rev-parse", "--git-path", name])
    }

    /// The path that git answers with, which may be relative to where it stands.
    pub(super) fn path_answer(&self, arguments: &[&str]) -> Result<PathBuf, GitError> {
        let answer = self.answer(arguments)?;
        let line = answer.strip_suffix(b"\n").unwrap_or(&answer);
        let path = native_path(line).ok_or_else(|| GitError::not_utf8(line))?;
        Ok(self.directory.join(path))
    }

    /// What git is asked.
    pub(super) fn invocation<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Invocation<'_> {
        let fixed_settings = SETTINGS.map(|(name, value)| (name, OsStr::new(value))).into_iter();
        Invocation {
            program: OsStr::new("git"),
            arguments: CONFIGURATION
                .iter()
                .flat_map(|setting| ["-c", setting])
                .map(OsString::from)
                .chain(arguments.iter().map(|argument| argument.as_ref().to_owned()))
                .collect(),
            directory: &self.directory,
            variables: &self.variables,
            settings: fixed_settings
                .chain(self.settings.iter().map(|(name, value)| (*name, value.as_os_str())))
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }

    /// What git answers, whether or not it succeeded.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<Finished, GitError> {
        let mut command = self.invocation(arguments).command();
        process::run(&mut command, MAX_ANSWER_BYTES, Talk::Kept).map_err(not_started)
    }

    /// What git prints when it succeeds.
    pub(super) fn answer<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Vec<u8>, GitError> {
        finish(arguments, &mut self.invocation(arguments).command(), MAX_ANSWER_BYTES)
    }

    /// The same for a program that reads `input`, with an answer of at most `limit` bytes.
    pub(super) fn answer_to(&self, arguments: &[&str], input: &Path, limit: u64) -> Result<Vec<u8>, GitError> {
        let input = File::open(input).map_err(GitError::io("read a list of paths"))?;
        let mut command = self.invocation(arguments).command();
        command.stdin(Stdio::from(input));
        finish(arguments, &mut command, limit)
    }
}

fn finish<A: AsRef<OsStr>>(arguments: &[A], command: &mut Command, limit: u64) -> Result<Vec<u8>, GitError> {
    let finished = process::run(command, limit, Talk::Kept).map_err(not_started)?;
    match finished.status.success() {
        true => Ok(finished.stdout),
        false => Err(failed(arguments, &finished.status.to_string(), finished.talk)),
    }
}

/// A path as git prints it.
#[cfg(unix)]
pub(super) fn native_path(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Some(PathBuf::from(OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
pub(super) fn native_path(bytes: &[u8]) -> Option<PathBuf> {
    std::str::from_utf8(bytes).ok().map(PathBuf::from)
}

pub(super) fn not_started(source: io::Error) -> GitError {
    match source.kind() {
        io::ErrorKind::NotFound => GitError::ProgramMissing,
        _ => GitError::Io {
            action: "run `git`".to_owned(),
            source,
        },
    }
}

pub(super) fn failed<A: AsRef<OsStr>>(arguments: &[A], status: &str, talk: String) -> GitError {
    let words = arguments.iter().map(|argument| argument.as_ref().to_string_lossy());
    GitError::Failed {
        command: format!("git {}", words.collect::<Vec<_>>().join(" ")),
        status: status.to_owned(),
        talk,
    }
}
