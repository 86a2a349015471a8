//! `go.mod`, `go.sum`, `go.work` and `vendor/modules.txt` in, modules out. Nothing is run and nothing is fetched.
//!
//! A `go.mod` names every module that is needed (from Go 1.17 on) and which of them the module itself imports, but not what
//! the others need of each other: those edges are declared incomplete. Nor does it say what only tests need, so nothing is
//! left out and nothing is marked for that; `vendor/modules.txt` does say which modules no package is taken from.
//!
//! Source: "Go Modules Reference".

mod build;
mod lines;
mod manifest;
pub(crate) mod module;
mod projects;
pub(crate) mod read;
pub(crate) mod sums;
#[cfg(test)]
mod tests;
mod vendor;

pub(crate) use vendor::directories as vendored;
