//! `yarn.lock` in, packages and who needs whom out: of Yarn 1, and of Yarn 2 and later.
//!
//! A lock file of Yarn does not say who asks first: that stands in the manifests of the project and of the folders of its
//! workspace.

mod berry;
mod catalogs;
mod classic;
mod lookup;
mod resolutions;

use super::graph::Graph;
use super::installed::directory_of;
use super::integrity;
use super::manifest::{MANIFEST, Manifest, Need};
use super::package::{Package, split_version};
use super::project::{Project, in_directory, parsed};
use super::source::Source;
use super::workspace::Workspace;
use crate::Gap;
use crate::cyclonedx::Hash;
use crate::inventory::Inventory;
use crate::registry;
pub(super) use catalogs::SETTINGS;
use classic::Entry;
use lookup::Lookup;
use resolutions::Resolutions;

pub(super) fn read(project: &Project<'_>, text: &str, inventory: &mut Inventory) -> Result<Graph, Gap> {
    if text.lines().any(|line| line.starts_with("__metadata:")) {
        return berry::read(project, text, inventory);
    }
    let entries = classic::entries(text).map_err(|problem| {
        let detail = format!("line {}: expected {}", problem.line, problem.expected);
        project.damaged(detail)
    })?;
    let root_text = project.manifest_text(project.directory, inventory);
    let root = parsed(root_text.as_deref(), project.directory, inventory);
    if root_text.is_none() {
        let detail = "without it, it is not known what is for development only";
        inventory.gap(Gap::new(
            "no-manifest",
            &in_directory(project.directory, MANIFEST),
            detail,
        ));
    }
    let mut reading = Reading {
        project,
        inventory,
        graph: Graph::default(),
        lookup: Lookup::new(Resolutions::new(&root.resolutions)),
    };
    reading.packages(&entries);
    if root_text.is_some() {
        reading.folders(&root);
    }
    Ok(reading.graph)
}

struct Reading<'r> {
    project: &'r Project<'r>,
    inventory: &'r mut Inventory,
    graph: Graph,
    lookup: Lookup,
}

impl Reading<'_> {
    fn packages(&mut self, entries: &[Entry<'_>]) {
        let mut places = Vec::new();
        for entry in entries {
            let package = self.package(entry);
            let place = package.map(|package| self.graph.add(package));
            if let Some(place) = place {
                self.lookup.add(entry.patterns.iter().map(AsRef::as_ref), place);
            }
            places.push(place);
        }
        for (entry, place) in entries.iter().zip(places) {
            let Some(from) = place else { continue };
            let required = entry.dependencies.iter().map(|one| (one, Need::Required));
            let optional = entry.optional_dependencies.iter().map(|one| (one, Need::Optional));
            for ((name, range), need) in required.chain(optional) {
                self.need(from, (name, range), need);
            }
        }
    }

    fn package(&mut self, entry: &Entry<'_>) -> Option<Package> {
        let pattern = entry.patterns.first()?;
        let (name, range) = split_version(pattern).unwrap_or((pattern, ""));
        let real = range
            .strip_prefix("npm:")
            .and_then(|real| split_version(real).or(Some((real, ""))));
        let name = entry.name.as_deref().or(real.map(|(real, _)| real)).unwrap_or(name);
        let source = match &entry.resolved {
            Some(resolved) => Source::of_archive(resolved),
            None => Source::of(range),
        };
        if let Some(own) = range
            .strip_prefix("file:")
            .or(range.strip_prefix("link:"))
            .and_then(|path| self.own(path))
        {
            return Some(own);
        }
        Some(Package {
            host: entry.resolved.as_deref().and_then(registry::host),
            hashes: self.hashes(name, entry),
            ..Package::new(Some(name), entry.version.as_deref(), source)
        })
    }

    /// A folder of the tree that is none of the workspace, if there is a package in it.
    fn own(&mut self, path: &str) -> Option<Package> {
        let package = self.project.own(&self.project.path(path)?, self.inventory);
        package.name.is_some().then_some(package)
    }

    fn hashes(&mut self, name: &str, entry: &Entry<'_>) -> Vec<Hash> {
        let text = entry.integrity.as_deref().unwrap_or_default();
        let mut hashes = integrity::hashes(text).unwrap_or_else(|| {
            let detail = format!("expected `algorithm-base64` as integrity of `{name}`, found `{text}`");
            self.inventory.gap(self.project.damaged(detail));
            Vec::new()
        });
        let is_archive = entry
            .resolved
            .as_deref()
            .is_some_and(|address| !matches!(Source::of(address), Source::Git(_)));
        let fragment = entry
            .resolved
            .as_deref()
            .filter(|_| is_archive)
            .and_then(integrity::of_fragment);
        hashes.extend(fragment.filter(|hash| !hashes.contains(hash)));
        hashes
    }

    /// The project itself and the folders of its workspace.
    fn folders(&mut self, root: &Manifest<'_>) {
        let place = self.graph.add(Package::own(Some(self.project.directory), root));
        let mut texts = Vec::new();
        for directory in members(self.project, root) {
            if let Some(text) = self.project.manifest_text(&directory, self.inventory) {
                texts.push((directory, text));
            }
        }
        let mut folders = vec![(place, root.clone())];
        for (directory, text) in &texts {
            let manifest = parsed(Some(text), directory, self.inventory);
            let place = self.graph.add(Package::own(Some(directory), &manifest));
            if let Some(name) = manifest.name.text() {
                self.lookup.add_folder(name, place);
            }
            folders.push((place, manifest));
        }
        for (place, manifest) in &folders {
            for (name, range, need) in manifest.needs_without_peers() {
                self.need(*place, (name, range), need);
            }
        }
    }

    fn need(&mut self, from: usize, (name, range): (&str, &str), need: Need) {
        let by = self.graph.package(from).name.clone();
        match self.lookup.find(by.as_deref(), name, range) {
            Some(to) => self.graph.needs(from, to, need),
            None if need == Need::Optional => {}
            None => {
                let gap = self.project.unresolved(&format!("{name}@{range}"), by.as_deref());
                self.inventory.gap(gap);
            }
        }
    }
}

/// The directories of a workspace, in the tree.
fn members(project: &Project<'_>, root: &Manifest<'_>) -> Vec<String> {
    let workspace = Workspace::new(root.workspaces());
    if workspace.is_empty() {
        return Vec::new();
    }
    let below = project.scan.listing().below(project.directory).iter();
    let manifests = below.filter(|entry| entry.is_file() && entry.name() == MANIFEST);
    let directories = manifests.map(|entry| directory_of(&entry.path));
    let skip = match project.directory {
        "" => 0,
        directory => directory.len() + 1,
    };
    let is_member = |directory: &&str| {
        let relative = directory.get(skip..).unwrap_or_default();
        workspace.has(relative) && !relative.split('/').any(|part| part == "node_modules")
    };
    directories.filter(is_member).map(str::to_owned).collect()
}
