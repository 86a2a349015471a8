//! Two files or directories in; where they differ and why, in words, out.
//!
//! What was built twice is compared layer by layer: the bytes, the compressor's header, the members of the archive and what
//! is said of each, their content, and archives in archives. Everything is streamed; archives are read as
//! [`crate::read`] reads them, so that what is hostile is not looked into, which is said.

mod cause;
mod compression;
mod content;
mod directory;
mod executable;
mod findings;
mod layout;
mod listing;
mod members;
mod paths;
mod tar;
mod zip;

pub use cause::Cause;
pub use findings::{Difference, Findings, MAX_EXAMPLES, Tally};
pub use paths::{CompareError, compare, compare_named};
