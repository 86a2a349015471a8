//! Directories of charts in, packages out; what Helm would not load is refused by name.

#![expect(clippy::unwrap_used, reason = "tests")]

mod dependencies;
mod packing;
mod refused;
mod repository;
mod tree;
