//! `pnpm-lock.yaml` of the versions 5 to 9 in, packages and who needs whom out.
//!
//! A lock file may have two documents: the first one lists what pnpm itself needs for its work on the project.
//! Source: <https://github.com/pnpm/spec/blob/master/lockfile>, <https://pnpm.io/lockfile>.

use std::collections::{HashMap, HashSet};

use attest_archive::yaml::Node;

use super::graph::Graph;
use super::integrity;
use super::manifest::Need;
use super::mapping::{at, documents, entries, entries_at, text_at};
use super::package::{Package, Role, split_version};
use super::project::{Project, joined, parsed};
use super::source::Source;
use super::systems::Systems;
use crate::Gap;
use crate::cyclonedx::{Hash, Property};
use crate::inventory::Inventory;
use crate::registry;

/// What a folder of the workspace needs; the last two are for pnpm's own work.
const TABLES: [(&str, Need); 5] = [
    ("dependencies", Need::Required),
    ("optionalDependencies", Need::Optional),
    ("devDependencies", Need::Development),
    ("configDependencies", Need::Development),
    ("packageManagerDependencies", Need::Development),
];

pub(super) fn read(project: &Project<'_>, text: &str, inventory: &mut Inventory) -> Result<Graph, Gap> {
    let documents = documents(project, text)?;
    let mut graph = Graph::default();
    let mut is_known = false;
    for (place, document) in documents.iter().enumerate() {
        let version = text_at(document, "lockfileVersion");
        let Some(version) = version else { continue };
        is_known = true;
        let mut reading = Reading {
            project,
            inventory,
            graph: &mut graph,
            document,
            // `5.4-inlineSpecifiers` was one, too.
            is_old: version.starts_with("5.") || version == "5",
            folders: HashMap::new(),
            packages: HashMap::new(),
            patches: patches(document),
            is_of_project: place + 1 == documents.len(),
        };
        reading.read();
    }
    match is_known {
        true => Ok(graph),
        false => Err(project.damaged("expected a `lockfileVersion`, found none")),
    }
}

struct Reading<'r> {
    project: &'r Project<'r>,
    inventory: &'r mut Inventory,
    graph: &'r mut Graph,
    document: &'r Node,
    is_old: bool,
    /// The folders of the workspace, by their directories in the tree.
    folders: HashMap<String, usize>,
    /// The packages, by the names that the lock file has for them.
    packages: HashMap<&'r str, usize>,
    /// Files by their hashes.
    patches: HashMap<&'r str, &'r str>,
    /// Whether this is the document of what the project needs, and not of what pnpm itself does.
    is_of_project: bool,
}

impl<'r> Reading<'r> {
    fn read(&mut self) {
        let folders: Vec<(&str, &Node)> = match at(self.document, "importers") {
            Some(importers) => entries(importers).collect(),
            None => vec![(".", self.document)],
        };
        for (path, _) in &folders {
            self.folder(self.project.path(path), path, None);
        }
        self.add_packages();
        for (path, folder) in folders {
            let directory = self.project.path(path);
            let from = self.folder(directory.clone(), path, None);
            self.unlisted(directory.as_deref(), folder);
            for (table, need) in TABLES {
                for (name, reference) in entries_at(folder, table) {
                    let reference = text_at(reference, "version").or_else(|| reference.text());
                    self.need(from, (name, reference), need, directory.as_deref());
                }
            }
        }
    }

    /// Tells what the manifest of a folder asks for and the lock file does not know: it is older. Hooks and overrides may take
    /// something away, and links need not be listed.
    fn unlisted(&mut self, directory: Option<&str>, folder: &Node) {
        let is_whole = self.is_of_project && at(self.document, "pnpmfileChecksum").is_none();
        let Some(directory) = directory.filter(|_| is_whole) else {
            return;
        };
        let text = self.project.manifest_text(directory, self.inventory);
        let manifest = parsed(text.as_deref(), directory, self.inventory);
        let is_overridden = |name: &str| entries_at(self.document, "overrides").any(|(key, _)| key.contains(name));
        let is_listed = |name: &str| {
            TABLES
                .iter()
                .any(|(table, _)| entries_at(folder, table).any(|(key, _)| key == name))
        };
        for (name, range, need) in manifest.needs_without_peers() {
            let is_link = ["link:", "file:", "workspace:"]
                .iter()
                .any(|kind| range.starts_with(kind));
            if need != Need::Optional && !is_link && !is_listed(name) && !is_overridden(name) {
                let gap = self.project.unresolved(name, manifest.name.text());
                self.inventory.gap(gap);
            }
        }
    }

    /// A folder that the lock file lists as a package.
    fn own_folder(&mut self, directory: &str, name: Option<&str>) -> usize {
        let path = self.project.path(directory);
        let listing = self.project.scan.listing();
        if path.as_ref().is_none_or(|path| listing.below(path).is_empty()) {
            let detail = format!("`{directory}` is a folder that is not in what is read");
            self.inventory.gap(Gap::new("unresolved", self.project.lock, detail));
        }
        self.folder(path, directory, name)
    }

    /// The package in a folder: of the tree, or of the machine around it, of which nothing is known but a name.
    fn folder(&mut self, directory: Option<String>, path: &str, name: Option<&str>) -> usize {
        // No directory of the tree begins with a slash.
        let known = directory.clone().unwrap_or_else(|| format!("/{path}"));
        if let Some(place) = self.folders.get(&known) {
            return *place;
        }
        let mut package = match &directory {
            Some(directory) => self.project.own(directory, self.inventory),
            None => Package {
                role: Role::Own { directory: None },
                ..Package::new(None, None, Source::Local)
            },
        };
        if let (None, Some(name)) = (&package.name, name) {
            package.name = Some(name.to_owned());
            package.is_incomplete = true;
        }
        let place = self.graph.add(package);
        self.folders.insert(known, place);
        place
    }

    fn add_packages(&mut self) {
        let described: HashMap<&str, &Node> = entries_at(self.document, "packages").collect();
        let mut used = HashSet::new();
        for (key, snapshot) in entries_at(self.document, "snapshots") {
            // What a package gets from those who use it stands behind its version, in parentheses.
            let short = key.split('(').next().unwrap_or(key);
            let name = if described.contains_key(key) { key } else { short };
            used.insert(name);
            self.add(key, described.get(name).copied().unwrap_or(snapshot));
        }
        for (key, package) in entries_at(self.document, "packages") {
            if !used.contains(key) {
                self.add(key, package);
            }
        }
        for table in ["packages", "snapshots"] {
            for (key, package) in entries_at(self.document, table) {
                self.package_needs(key, package);
            }
        }
    }

    fn package_needs(&mut self, key: &str, package: &Node) {
        let Some(from) = self.packages.get(key).copied() else {
            return;
        };
        for (table, need) in &TABLES[..2] {
            for (name, reference) in entries_at(package, table) {
                // A folder that stands here is one of the workspace that brings along what the package leaves to its users:
                // others do not need what is the project's own.
                let reference = reference.text().filter(|reference| !reference.starts_with("link:"));
                self.need(from, (name, reference), *need, Some(self.project.directory));
            }
        }
    }

    fn add(&mut self, key: &'r str, description: &Node) {
        let resolution = at(description, "resolution");
        let directory = resolution.and_then(|resolution| text_at(resolution, "directory"));
        let in_key = self.identity(key);
        let name = text_at(description, "name").or(in_key.map(|(name, _)| name));
        if let Some(directory) = directory {
            let place = self.own_folder(directory, name);
            self.packages.insert(key, place);
            return;
        }
        let version = text_at(description, "version").or(in_key.map(|(_, version)| version).filter(|v| is_version(v)));
        let Some(name) = name else {
            let gap = self
                .project
                .damaged(format!("expected a name and a version, found `{key}`"));
            self.inventory.gap(gap);
            return;
        };
        let source = resolution.map_or(Source::Registry, source);
        let tarball = resolution.and_then(|resolution| text_at(resolution, "tarball"));
        let package = Package {
            host: tarball.and_then(registry::host),
            hashes: resolution
                .map(|resolution| self.hashes(name, resolution))
                .unwrap_or_default(),
            systems: Systems::of_yaml(description),
            properties: self.patch(key).into_iter().collect(),
            ..Package::new(Some(name), version, source)
        };
        let place = self.graph.add(package);
        self.packages.insert(key, place);
    }

    /// The name and the version that a key tells: `/name/1.0.0_x` in version 5, `/name@1.0.0(x)` in 6, `name@1.0.0(x)` in 9.
    fn identity<'k>(&self, key: &'k str) -> Option<(&'k str, &'k str)> {
        let path = match key.strip_prefix('/') {
            Some(rest) => rest,
            // Another registry's host stands before the slash.
            None if self.is_old || has_host(key) => key.split_once('/')?.1,
            None => key,
        };
        let path = path.split('(').next().unwrap_or(path);
        if !self.is_old {
            let (name, version) = split_version(path)?;
            return Some((name, version.strip_prefix("runtime:").unwrap_or(version)));
        }
        let end = match path.starts_with('@') {
            true => path.find('/')? + 1 + path[path.find('/')? + 1..].find('/')?,
            false => path.find('/')?,
        };
        let version = path[end + 1..].split(['_', '/']).next()?;
        Some((&path[..end], version))
    }

    fn hashes(&mut self, name: &str, resolution: &Node) -> Vec<Hash> {
        let text = text_at(resolution, "integrity").unwrap_or_default();
        integrity::hashes(text).unwrap_or_else(|| {
            let detail = format!("expected `algorithm-base64` as integrity of `{name}`, found `{text}`");
            self.inventory.gap(self.project.damaged(detail));
            Vec::new()
        })
    }

    /// The file that changes a package before it is used, or else the hash of it.
    fn patch(&self, key: &'r str) -> Option<Property> {
        let hash = key.split_once("patch_hash=")?.1.split(')').next()?;
        let value = self.patches.get(hash).copied().unwrap_or(hash).to_owned();
        Some(Property {
            name: "attest:npm:patch",
            value,
        })
    }

    fn need(&mut self, from: usize, (name, reference): (&str, Option<&str>), need: Need, directory: Option<&str>) {
        let Some(reference) = reference else { return };
        if let Some(path) = reference.strip_prefix("link:") {
            let target = directory.and_then(|directory| joined(directory, path));
            let to = self.folder(target, path, Some(name));
            self.graph.needs(from, to, need);
            return;
        }
        match self.find(name, reference) {
            Some(to) => self.graph.needs(from, to, need),
            None if need == Need::Optional => {}
            None => {
                let by = self.graph.package(from).name.as_deref();
                self.inventory
                    .gap(self.project.unresolved(&format!("{name}@{reference}"), by));
            }
        }
    }

    /// A reference is a version, perhaps with what follows it, or a whole key for what is called otherwise or lies elsewhere.
    fn find(&self, name: &str, reference: &str) -> Option<usize> {
        let keys = [
            format!("{name}@{reference}"),
            format!("/{name}@{reference}"),
            format!("/{name}/{reference}"),
            reference.to_owned(),
            format!("/{reference}"),
        ];
        keys.iter().find_map(|key| self.packages.get(key.as_str())).copied()
    }
}

fn patches(document: &Node) -> HashMap<&str, &str> {
    let patches = entries_at(document, "patchedDependencies");
    patches
        .filter_map(|(_, patch)| Some((text_at(patch, "hash")?, text_at(patch, "path")?)))
        .collect()
}

fn source(resolution: &Node) -> Source {
    let text = |key: &str| text_at(resolution, key);
    match (text("type"), text("repo"), text("tarball")) {
        (Some("variations" | "binary"), ..) => Source::Runtime,
        (_, Some(repository), _) => {
            let repository = repository.strip_prefix("git+").unwrap_or(repository);
            Source::of(&format!("git+{repository}#{}", text("commit").unwrap_or_default()))
        }
        (_, _, Some(tarball)) => Source::of_archive(tarball),
        _ => Source::Registry,
    }
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(['/', ':'])
}

/// `registry.example.com/name@1.0.0`: of version 6.
fn has_host(key: &str) -> bool {
    let first = key.split('/').next().unwrap_or(key);
    first != key && !first.contains('@') && first.contains('.')
}
