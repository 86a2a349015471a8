use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

/// What a verb may see of the process it runs in.
pub struct Context<'a> {
    /// Data goes here.
    pub stdout: &'a mut dyn Write,
    /// Talk goes here.
    pub stderr: &'a mut dyn Write,
    /// Whether a person watches stderr: progress is shown only then.
    pub interactive: bool,
    /// Whether that person also types at stdin: questions are asked only then.
    pub person: bool,
    /// How the process was called, so that a command that is shown can be typed as it stands.
    pub program: String,
    /// What followed, as it was typed.
    pub arguments: Vec<OsString>,
    /// The environment variables, read once.
    pub environment: Environment,
    /// The wall clock, read once when the process began.
    pub now: SystemTime,
    /// The same moment on the clock that is never set: what has passed since then.
    pub started: Instant,
}

impl Context<'_> {
    /// Writes a line of talk. A closed stderr is no reason to fail.
    pub fn say(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(self.stderr, "{line}");
    }

    /// Writes a line of data.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn print(&mut self, line: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.stdout, "{line}")
    }
}

/// The environment variables as they were when the process began.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The value of a variable that is set, not empty and UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(OsStr::new(name))?.to_str().filter(|value| !value.is_empty())
    }

    /// The value of a variable that is set and not empty, as a path.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        let value = self.0.get(OsStr::new(name))?;
        (!value.is_empty()).then(|| PathBuf::from(value))
    }

    /// The value of a variable that is set, empty or not.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// Every variable.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}
