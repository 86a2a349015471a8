//! What Cargo recorded of a build in, a document of what was really compiled out.
//!
//! `Cargo.lock` lists what could be needed on some platform with some features; a build needs less. The compiler messages
//! name every package that was compiled, so they decide what is listed; `cargo metadata` describes the packages and knows
//! who asked for whom; `Cargo.lock` contributes the checksums.

mod activation;
mod describe;
mod document;
mod features;
mod graph;
mod list;
mod lock;
mod manifest;
mod messages;
mod metadata;
mod packed;
mod platform;
mod project;
pub(crate) mod read;
mod resolution;
mod selection;
mod sources;
mod unlocked;
mod workspace;

pub use document::{document, document_beside, resolved_document};
pub use messages::executables;
pub(crate) use sources::{CHECKSUMS, UNPACKED, is_stored, is_unpacked, is_vendored, unpacked_identity};
pub use workspace::{Package, package};

/// The target triple that a name stands for: itself, or what `os/architecture` is usually built for.
#[must_use]
pub fn triple(target: &str) -> Option<String> {
    platform::Platform::parse(target).map(|platform| platform.triple().to_owned())
}

/// What Cargo says of one build for one target.
#[derive(Debug, Clone)]
pub struct Records {
    /// Output of `cargo metadata --format-version 1 --locked --filter-platform TARGET`, with the features of the build.
    pub metadata: Vec<u8>,
    /// Output of `cargo build --locked --target TARGET --message-format=json`.
    pub messages: Vec<u8>,
    /// `Cargo.lock`, for the checksums.
    pub lock: Option<Vec<u8>>,
    /// The target triple. With `--target`, Cargo keeps apart what runs on the build machine, and so does the document.
    pub target: String,
    /// Whether to list only what ends up in the package, without what ran during its build alone.
    pub only_shipped: bool,
}

/// What Cargo says of a project that was not built.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// Output of `cargo metadata --format-version 1 --locked --filter-platform TARGET`.
    pub metadata: Vec<u8>,
    /// `Cargo.lock`, for the checksums.
    pub lock: Option<Vec<u8>>,
    /// The target triple that was filtered for.
    pub target: String,
    /// Whether to list only what ends up in the package, without what its build alone needs.
    pub only_shipped: bool,
}
