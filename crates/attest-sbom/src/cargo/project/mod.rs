//! A tree in, the Cargo projects in it out: each with its lock file, its packages and what they declare.

mod find;
mod load;
mod members;

pub(super) use find::{Found, find};
pub(super) use load::{MANIFEST_LIMIT, Manifests, read};

use super::lock::Lock;
use super::manifest::Manifest;

pub(super) const LOCK: &str = "Cargo.lock";
pub(super) const MANIFEST: &str = "Cargo.toml";

/// A workspace, or a package without one.
#[derive(Debug, Default)]
pub(super) struct Project {
    /// The directory of the lock file and of the topmost manifest, empty at the top of the tree.
    pub(super) directory: String,
    pub(super) lock: Option<Lock>,
    pub(super) packages: Vec<Own>,
    /// Where the topmost manifest holds no package.
    pub(super) workspace: Option<Workspace>,
    pub(super) keeps_features_apart: bool,
}

/// A workspace without a package at its root.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) repository: Option<String>,
}

/// A package that lies in a directory of the tree.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) directory: String,
    pub(super) manifest: Manifest,
    /// Whether it is a member of the workspace, and not only needed by one.
    pub(super) is_member: bool,
    /// Whether it is one of those that are built when nothing else is asked for.
    pub(super) is_default: bool,
}

impl Project {
    pub(super) fn path(&self, name: &str) -> String {
        path(&self.directory, name)
    }

    /// The package of the topmost manifest.
    pub(super) fn root(&self) -> Option<&Own> {
        self.packages.iter().find(|own| own.directory == self.directory)
    }
}

/// The path of something in a directory.
pub(super) fn path(directory: &str, name: &str) -> String {
    match directory {
        "" => name.to_owned(),
        directory => format!("{directory}/{name}"),
    }
}

/// The directories around a path, from the nearest to the top.
pub(super) fn around(directory: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(directory), |directory| match *directory {
        "" => None,
        directory => Some(directory.rsplit_once('/').map_or("", |(parent, _)| parent)),
    })
}
