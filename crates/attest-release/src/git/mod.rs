//! A directory in, what git has committed of it out.
//!
//! Facts and files come from the commit alone: not from the work tree, the user's configuration, the locale or the umask.
//! Everything that `git` prints is read in its NUL-separated forms, byte for byte.

mod attributes;
mod checkout;
mod commit;
mod contents;
mod error;
mod facts;
mod head;
mod large_file;
mod objects;
mod placeholders;
mod program;
mod remote;
mod repository;
mod request;
mod source;
mod store;
mod submodule;
mod substitution;
mod tree;

pub use checkout::Checkout;
pub use error::GitError;
pub use facts::{Commit, CommitId, Facts};
pub use head::{HeadError, committed_seconds};
pub use repository::{Repository, Revision};
pub use request::{
    PointerRule, SourceEntry, SourceKind, SourceProfile, SourceRequest, SourceRules, Submodule, SubmoduleRule, Unpacked,
};
