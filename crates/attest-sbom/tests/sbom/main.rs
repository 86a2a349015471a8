//! Documents from records of a real build, held against cargo's own tree, the official schema and another reader.

mod build;
mod garbled;
mod invariance;
mod odd_packages;
mod peer;
mod records;
mod schema;
