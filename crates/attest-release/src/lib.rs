//! The release transaction: plan, build, stage, sign, verify.

pub mod git;
mod process;

pub use process::{Talk, Variables};
