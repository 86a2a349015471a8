use std::io;
use std::path::{Path, PathBuf};

use crate::FileKind;

/// Why a walk cannot say what lies at a path. It goes on with what comes after.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalkError {
    /// A directory could not be read, or not to its end.
    #[error("cannot list the directory `{}`", path.display())]
    List {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What lies there could not be looked at: it has vanished, or it is a link that leads nowhere.
    #[error("cannot look at `{}`", path.display())]
    Inspect {
        /// The entry.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is neither a file nor a directory nor a link.
    #[error("expected a regular file, found {found}: `{}`", path.display())]
    NotRegular {
        /// The entry.
        path: PathBuf,
        /// What it is.
        found: FileKind,
    },
    /// It is a symbolic link, and those are refused.
    #[error("expected no symbolic link, found one: `{}`", path.display())]
    LinkRefused {
        /// The link.
        path: PathBuf,
    },
    /// It is a symbolic link to a directory that it lies in.
    #[error("the symbolic link `{}` leads back to `{}`", path.display(), leads_to.display())]
    Loop {
        /// The link.
        path: PathBuf,
        /// The directory, by the path on which the walk came to it.
        leads_to: PathBuf,
    },
    /// The names of a directory do not fit into memory, and the temporary file that should take them failed.
    #[error("cannot sort the names of the directory `{}` in a temporary file", path.display())]
    Scratch {
        /// The directory; nothing in it was found, or nothing more if the file could be written and then not be read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl WalkError {
    /// The unique kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::List { .. } => "cannot-list-directory",
            Self::Inspect { .. } => "cannot-open",
            Self::NotRegular { .. } => "not-a-regular-file",
            Self::LinkRefused { .. } => "symbolic-link",
            Self::Loop { .. } => "symbolic-link-loop",
            Self::Scratch { .. } => "temporary-file-failed",
        }
    }

    /// Where.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::List { path, .. }
            | Self::Inspect { path, .. }
            | Self::NotRegular { path, .. }
            | Self::LinkRefused { path }
            | Self::Loop { path, .. }
            | Self::Scratch { path, .. } => path,
        }
    }
}
