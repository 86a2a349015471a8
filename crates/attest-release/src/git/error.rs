use std::io;
use std::path::PathBuf;

/// Why git could not say what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// The program is not installed.
    #[error("expected the program `git` on the search path, found none")]
    ProgramMissing,
    /// The directory belongs to no repository.
    #[error("expected a git checkout, found none at `{}`", directory.display())]
    NotACheckout {
        /// The directory that was asked about.
        directory: PathBuf,
    },
    /// The repository has no commit yet.
    #[error("expected a commit, found a repository without any")]
    NoCommit,
    /// Git ended with an error.
    #[error("expected `{command}` to succeed, found {status}: {talk}")]
    Failed {
        /// What was run.
        command: String,
        /// How it ended.
        status: String,
        /// What it said.
        talk: String,
    },
    /// What git printed is not what its documentation says.
    #[error("expected {expected} from `git {command}`, found `{found}`")]
    Malformed {
        /// What was run.
        command: &'static str,
        /// What belongs there.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// The clone has attributes of its own that change what is exported.
    #[error(
        "expected what is exported to be said in the committed `.gitattributes`, found `{line}` in `.git/info/attributes`"
    )]
    UncommittedAttributes {
        /// What it says.
        line: String,
    },
    /// A committed name is not UTF-8, so that archives of it could not be read everywhere alike.
    #[error("expected committed names in UTF-8, found `{name}`")]
    NameNotUtf8 {
        /// The name, with what is not UTF-8 escaped.
        name: String,
    },
    /// More is committed than is read.
    #[error("expected at most {limit} {what}, found {found}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: u64,
        /// What was found.
        found: u64,
    },
    /// A file or the program could not be read or written.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl GitError {
    pub(super) fn malformed(command: &'static str, expected: &'static str, found: &[u8]) -> Self {
        let found = found[..found.len().min(200)].escape_ascii().to_string();
        Self::Malformed {
            command,
            expected,
            found,
        }
    }

    pub(super) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}
