//! `package-lock.json`, `npm-shrinkwrap.json` and `node_modules/.package-lock.json` in, packages and who needs whom out.
//!
//! Source: <https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json>.

mod old;
mod tree;

use std::collections::BTreeMap;

use serde::Deserialize;

pub(super) use tree::{Tree, as_installed};

use super::graph::Graph;
use super::integrity;
use super::loose::Loose;
use super::manifest::{Manifest, Need};
use super::package::Package;
use super::project::{Project, parsed};
use super::source::Source;
use super::systems::Systems;
use super::workspace::Workspace;
use crate::Gap;
use crate::cyclonedx::Hash;
use crate::inventory::Inventory;
use crate::keyed::Keyed;
use crate::registry;

/// The longest path of a package: what Linux allows for a whole path.
const MAX_PATH: usize = 4096;

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Lock<'a> {
    #[serde(default)]
    name: Loose<'a>,
    /// By the paths where they lie; lock files of version 1 have none.
    packages: Option<Keyed<Manifest<'a>>>,
}

/// Reads a lock file of any version.
pub(super) fn read(project: &Project<'_>, text: &str, inventory: &mut Inventory) -> Result<Graph, Gap> {
    let damaged = |error: serde_json::Error| project.damaged(error.to_string());
    let lock: Lock<'_> = serde_json::from_str(text).map_err(damaged)?;
    let manifest = project.manifest_text(project.directory, inventory);
    let manifest = parsed(manifest.as_deref(), project.directory, inventory);
    let mut texts = Vec::new();
    let mut packages = match lock.packages {
        Some(Keyed(packages)) => packages,
        None => {
            let packages = old::packages(text).map_err(damaged)?;
            texts = folders(project, &packages, inventory);
            packages
        }
    };
    for (folder, text) in &texts {
        packages.insert(folder.clone(), parsed(Some(text), folder, inventory));
    }
    let root = packages.entry(String::new()).or_insert_with(|| manifest.clone());
    for (own, other) in [(&mut root.name, &manifest.name), (&mut root.version, &manifest.version)] {
        if other.text().is_some() {
            own.clone_from(other);
        }
    }
    if root.name.text().is_none() {
        root.name = lock.name;
    }
    let long: Vec<String> = packages.keys().filter(|path| path.len() > MAX_PATH).cloned().collect();
    for path in long {
        packages.remove(&path);
        let detail = format!("expected paths of at most {MAX_PATH} bytes, found {}", path.len());
        inventory.gap(Gap::new("too-deep", project.lock, detail));
    }
    Ok(Reading::new(project, &packages, inventory).graph())
}

/// The manifests of the folders of a project. A lock file of version 1 says less than they do.
fn folders(
    project: &Project<'_>,
    packages: &BTreeMap<String, Manifest<'_>>,
    inventory: &mut Inventory,
) -> Vec<(String, String)> {
    let folders = packages
        .keys()
        .filter(|path| as_installed(path).is_none() && !path.is_empty());
    let directory = |folder: &String| Some((folder.clone(), project.path(folder)?));
    let directories: Vec<(String, String)> = folders.filter_map(directory).collect();
    let text = |(folder, directory): (String, String)| Some((folder, project.manifest_text(&directory, inventory)?));
    directories.into_iter().filter_map(text).collect()
}

struct Reading<'r, 'a> {
    project: &'r Project<'r>,
    inventory: &'r mut Inventory,
    packages: Vec<(&'r str, &'r Manifest<'a>)>,
    tree: Tree<'r>,
    graph: Graph,
    /// The places in the graph; links have none.
    places: Vec<Option<usize>>,
}

impl<'r, 'a> Reading<'r, 'a> {
    fn new(
        project: &'r Project<'r>,
        packages: &'r BTreeMap<String, Manifest<'a>>,
        inventory: &'r mut Inventory,
    ) -> Self {
        let packages: Vec<_> = packages
            .iter()
            .map(|(path, package)| (path.as_str(), package))
            .collect();
        let paths: Vec<&str> = packages.iter().map(|(path, _)| *path).collect();
        Self {
            project,
            inventory,
            tree: Tree::new(&paths),
            places: Vec::with_capacity(packages.len()),
            packages,
            graph: Graph::default(),
        }
    }

    fn graph(mut self) -> Graph {
        for place in 0..self.packages.len() {
            let (path, manifest) = self.packages[place];
            let target = manifest.resolved.text().filter(|_| manifest.link.is_true());
            let is_linked = target.is_some_and(|target| self.tree.link(place, target).is_some());
            let added = if is_linked {
                None
            } else {
                Some(self.package(path, manifest))
            };
            self.places.push(added.map(|package| self.graph.add(package)));
        }
        for place in 0..self.packages.len() {
            if let Some(from) = self.places[place] {
                self.needs(place, from);
            }
        }
        self.workspaces();
        self.graph
    }

    fn package(&mut self, path: &str, manifest: &Manifest<'_>) -> Package {
        let is_top = as_installed(path).is_none();
        let directory = self.project.path(path);
        if let (true, Some(directory)) = (is_top, directory) {
            return self.own(path, &directory, manifest);
        }
        let name = manifest.name.text().map_or_else(|| name_of(path), str::to_owned);
        let resolved = manifest.resolved.text();
        let source = match is_top || manifest.link.is_true() {
            true => Source::Local,
            false => resolved.map_or(Source::Registry, Source::of),
        };
        Package {
            host: resolved.and_then(registry::host),
            licences: manifest.licences(),
            hashes: self.hashes(&name, manifest),
            is_development: Some(manifest.dev.is_true()),
            is_incomplete: manifest.link.is_true(),
            systems: Systems::of_json(&manifest.os, &manifest.cpu, &manifest.libc),
            ..Package::new(Some(&name), manifest.version.text(), source)
        }
    }

    /// A folder of the project: its manifest, if it is there, knows more than the lock file.
    fn own(&mut self, path: &str, directory: &str, locked: &Manifest<'_>) -> Package {
        let mut package = self.project.own(directory, self.inventory);
        package.name = package.name.or(locked.name.text().map(str::to_owned));
        package.version = package.version.or(locked.version.text().map(str::to_owned));
        if package.name.is_none() && !path.is_empty() {
            package.name = Some(name_of(path));
        }
        if package.licences.is_empty() {
            package.licences = locked.licences();
        }
        package
    }

    fn hashes(&mut self, name: &str, manifest: &Manifest<'_>) -> Vec<Hash> {
        let text = manifest.integrity.text().unwrap_or_default();
        integrity::hashes(text).unwrap_or_else(|| {
            let detail = format!("expected `algorithm-base64` as integrity of `{name}`, found `{text}`");
            self.inventory.gap(self.project.damaged(detail));
            Vec::new()
        })
    }

    fn needs(&mut self, place: usize, from: usize) {
        let (path, manifest) = self.packages[place];
        let is_top = as_installed(path).is_none();
        for (name, _, need) in manifest.needs(is_top) {
            match self.tree.resolve(place, name).and_then(|found| self.places[found]) {
                Some(to) => self.graph.needs(from, to, need),
                // What only those need who work on a package is not there if the package lies elsewhere.
                None if need == Need::Required || (need == Need::Development && path.is_empty()) => {
                    let by = self.graph.package(from).name.as_deref();
                    self.inventory.gap(self.project.unresolved(name, by));
                }
                None => {}
            }
        }
    }

    /// npm links the folders of a workspace into it: the project needs them.
    fn workspaces(&mut self) {
        let Some(root) = self.packages.iter().position(|(path, _)| path.is_empty()) else {
            return;
        };
        let workspace = Workspace::new(self.packages[root].1.workspaces());
        for (place, (path, _)) in self.packages.iter().enumerate() {
            let is_member = as_installed(path).is_none() && workspace.has(path);
            if let (true, Some(from), Some(to)) = (is_member, self.places[root], self.places[place]) {
                self.graph.needs(from, to, Need::Required);
            }
        }
    }
}

/// The name of a package by the path where it lies: npm's lock files leave out names that the path tells.
fn name_of(path: &str) -> String {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    match parts.next() {
        Some(scope) if scope.starts_with('@') => format!("{scope}/{last}"),
        _ => last.to_owned(),
    }
}
