//! Documents from records of a real build, held against cargo's own tree, the official schema and another reader.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod archives;
mod brought_along;
mod build;
mod cargo_circles;
mod cargo_damaged;
mod cargo_platforms;
mod cargo_project;
mod cargo_shipped;
mod formats;
mod garbled;
mod invariance;
mod javascript;
mod odd_packages;
mod packed;
mod peer;
mod python;
mod records;
mod schema;
mod secrets;
