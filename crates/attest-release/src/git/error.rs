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
    /// Nothing in the repository has the name.
    #[error("expected a commit or a tree, found none named `{revision}`")]
    RevisionUnknown {
        /// What was asked for.
        revision: String,
    },
    /// A tree was named and no commit, so that nobody knows its time.
    #[error("expected a commit, which has a time, found the tree `{revision}`")]
    NoTime {
        /// What was asked for.
        revision: String,
    },
    /// An object that the commit names is not in the repository.
    #[error("expected every object of the commit in the repository, found no `{object}`")]
    ObjectMissing {
        /// Its id.
        object: String,
    },
    /// A path that was asked for is not committed.
    #[error("expected a committed path, found none named `{path}`")]
    PathMissing {
        /// What was asked for.
        path: String,
    },
    /// There are submodules, and nobody said what to do with them.
    #[error("expected no submodules, found {}", quoted(paths))]
    Submodules {
        /// Where they are.
        paths: Vec<String>,
    },
    /// A submodule's commit is not on this machine.
    #[error("expected commit `{commit}` of submodule `{path}` in this clone, found none")]
    SubmoduleMissing {
        /// Where it is.
        path: String,
        /// The commit.
        commit: String,
    },
    /// Submodules lie in submodules deeper than is followed.
    #[error("expected submodules at most {limit} deep, found `{path}`")]
    SubmodulesTooDeep {
        /// Where.
        path: String,
        /// The bound.
        limit: usize,
    },
    /// Files lie elsewhere, and nobody said what to do with them.
    #[error("expected no Git LFS pointers, found {}", quoted(paths))]
    Pointers {
        /// The files.
        paths: Vec<String>,
    },
    /// A pointer says nothing that can be followed.
    #[error("expected a Git LFS pointer with a SHA-256 digest and a size, found something else in `{path}`")]
    PointerInvalid {
        /// The file.
        path: String,
    },
    /// The content that a pointer names is not on this machine.
    #[error("expected the Git LFS object `{oid}` of `{path}` in this clone, found none")]
    LargeFileMissing {
        /// The file.
        path: String,
        /// The SHA-256 digest of its content.
        oid: String,
    },
    /// The content is not what the pointer says.
    #[error("expected SHA-256 `{oid}` and {size} bytes of `{path}`, found `{found}` and {found_size}")]
    LargeFileDiffers {
        /// The file.
        path: String,
        /// The SHA-256 digest that the pointer names.
        oid: String,
        /// The size that the pointer names.
        size: u64,
        /// The digest that was found.
        found: String,
        /// The size that was found.
        found_size: u64,
    },
    /// What a file marked `export-subst` asks for is not a function of the commit.
    #[error("expected placeholders that depend on the commit alone, found `{placeholder}` in `{path}`")]
    Placeholder {
        /// The file.
        path: String,
        /// The placeholder.
        placeholder: String,
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

    pub(super) fn not_utf8(name: &[u8]) -> Self {
        Self::NameNotUtf8 {
            name: name.escape_ascii().to_string(),
        }
    }
}

/// The most paths that one message names.
const MAX_NAMED: usize = 10;

fn quoted(paths: &[String]) -> String {
    let named = paths.iter().take(MAX_NAMED).map(|path| format!("`{path}`"));
    let named = named.collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(MAX_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
