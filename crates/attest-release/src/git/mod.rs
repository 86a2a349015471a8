//! A directory in, what git has committed of it out.
//!
//! Facts and files come from the commit alone: not from the work tree, the user's configuration, the locale or the umask.
//! Everything that `git` prints is read in its NUL-separated forms, byte for byte.

mod attributes;
mod checkout;
mod error;
mod facts;
mod program;
mod remote;
mod source;
mod tree;

pub use checkout::Checkout;
pub use error::GitError;
pub use facts::{Commit, CommitId, Facts};
pub use source::{SourceFile, SourceKind, Unpacked};
