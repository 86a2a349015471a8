//! A directory and its tree manifest: what is in it, what that hashes to, and where it is not what was signed.

mod arguments;
mod build;
mod compare;
mod difference;
mod measure;
mod scan;

pub(crate) use arguments::{SIGNATURE_NAME, Subjects, TreeArguments, manifest_missing};
pub(crate) use build::Build;
pub(crate) use compare::{Comparison, Strictness};
pub(crate) use difference::{Difference, MAX_NAMED, Reason, Told};
