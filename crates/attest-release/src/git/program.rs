use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use super::GitError;
use crate::process::{Finished, Invocation, Talk, Variables};

/// The most that any answer of git may hold, in bytes: a listing of 2^20 files with long names is about a quarter of it.
const MAX_ANSWER_BYTES: u64 = 1 << 30;

/// What git needs of the process it is started from: where programs and temporary files are.
const PASSED_ON: [&str; 6] = ["PATH", "TMPDIR", "TEMP", "TMP", "SystemRoot", "SYSTEMROOT"];

/// The program `git`, looking at one directory with nobody's configuration but the repository's own.
#[derive(Debug, Clone)]
pub(super) struct Program {
    directory: PathBuf,
    variables: Variables,
}

impl Program {
    pub(super) fn new(directory: &Path, variables: &Variables) -> Self {
        Self {
            directory: directory.to_owned(),
            variables: variables.without(|name| !PASSED_ON.contains(&name)),
        }
    }

    /// The same program in another directory.
    pub(super) fn in_directory(&self, directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            variables: self.variables.clone(),
        }
    }

    /// Where git keeps `name` for this repository.
    pub(super) fn place_of(&self, name: &str) -> Result<PathBuf, GitError> {
        let answer = self.answer(&["rev-parse", "--git-path", name])?;
        let path = String::from_utf8(answer).map_err(|error| GitError::NameNotUtf8 {
            name: error.as_bytes().escape_ascii().to_string(),
        })?;
        Ok(self.directory.join(path.trim_end_matches(['\n', '\r'])))
    }

    /// What git is asked, with `settings` in its environment.
    pub(super) fn invocation(&self, arguments: &[&str], settings: &[(&str, &OsStr)]) -> Invocation<'_> {
        // A checkout may belong to another user (a container's mount): the person who asks for a release trusts it.
        let null = if cfg!(windows) { "NUL" } else { "/dev/null" };
        let no_attributes = format!("core.attributesFile={null}");
        let fixed_arguments = [
            "-c",
            no_attributes.as_str(),
            "-c",
            "safe.directory=*",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.quotePath=false",
        ];
        let fixed_settings = [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", null),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("LC_ALL", "C"),
            ("TZ", "UTC"),
        ];
        let fixed_settings = fixed_settings
            .into_iter()
            .map(|(name, value)| (name, OsStr::new(value)));
        Invocation {
            program: OsStr::new("git"),
            arguments: fixed_arguments.iter().chain(arguments).map(OsString::from).collect(),
            directory: &self.directory,
            variables: &self.variables,
            settings: fixed_settings
                .chain(settings.iter().copied())
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }

    /// What git answers, whether or not it succeeded.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<Finished, GitError> {
        self.invocation(arguments, &[])
            .run(MAX_ANSWER_BYTES, Talk::Kept)
            .map_err(not_started)
    }

    /// What git prints when it succeeds.
    pub(super) fn answer(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        self.answer_with(arguments, &[])
    }

    /// The same, with `settings` in its environment.
    pub(super) fn answer_with(&self, arguments: &[&str], settings: &[(&str, &OsStr)]) -> Result<Vec<u8>, GitError> {
        let finished = self
            .invocation(arguments, settings)
            .run(MAX_ANSWER_BYTES, Talk::Kept)
            .map_err(not_started)?;
        match finished.status.success() {
            true => Ok(finished.stdout),
            false => Err(failed(arguments, &finished.status.to_string(), finished.talk)),
        }
    }
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

pub(super) fn failed(arguments: &[&str], status: &str, talk: String) -> GitError {
    GitError::Failed {
        command: format!("git {}", arguments.join(" ")),
        status: status.to_owned(),
        talk,
    }
}
