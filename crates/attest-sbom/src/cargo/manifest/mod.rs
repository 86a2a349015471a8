//! A `Cargo.toml` and the workspace it belongs to in, what the package says of itself and needs out.
//!
//! Source: The Cargo Book, "The Manifest Format", "Workspaces" and "Specifying Dependencies".

mod inherit;
mod wire;

use std::collections::BTreeMap;

pub(super) use inherit::{Inheritance, Read};
pub(super) use wire::{ManifestWire, WorkspaceWire};

/// A manifest of a package, with what it inherits from its workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) about: About,
    pub(super) shape: Shape,
    pub(super) dependencies: Vec<Declared>,
    pub(super) features: BTreeMap<String, Vec<String>>,
}

impl Manifest {
    /// The directories of the tree that dependencies name.
    pub(super) fn directories(&self) -> impl Iterator<Item = &str> {
        self.dependencies.iter().filter_map(|declared| match &declared.origin {
            Origin::Directory(directory) => directory.as_deref(),
            _ => None,
        })
    }
}

/// What a package says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct About {
    pub(super) authors: Vec<String>,
    pub(super) description: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) licence_file: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) homepage: Option<String>,
    pub(super) documentation: Option<String>,
}

/// What a package is compiled to, as far as the manifest says it: files that are found by their names are not in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) library: bool,
    pub(super) program: bool,
    pub(super) procedural_macro: bool,
}

/// What a dependency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    Normal,
    Build,
    Development,
}

/// A dependency as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    /// The name by which this manifest calls it.
    pub(super) alias: String,
    /// The name that the package has.
    pub(super) package: String,
    pub(super) requirement: Option<String>,
    pub(super) origin: Origin,
    pub(super) purpose: Purpose,
    /// `cfg(…)` or a target triple.
    pub(super) platform: Option<String>,
    pub(super) is_optional: bool,
    pub(super) has_default_features: bool,
    pub(super) features: Vec<String>,
}

/// Where a dependency comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Origin {
    /// Some registry.
    #[default]
    Registry,
    /// A repository, with the commit where that is settled.
    Git { url: String, commit: Option<String> },
    /// A directory of the tree; nothing when it lies outside.
    Directory(Option<String>),
}

/// The path that leads from a directory of the tree, both with `/`; nothing when it leaves the tree.
pub(super) fn joined(directory: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    if path.starts_with('/') {
        return None;
    }
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
