//! What no lock file speaks for: manifests alone, and packages that lie in `node_modules`.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::installed::{Installed, InstalledPackage, directory_of, is_installed};
use super::manifest::{self, MANIFEST, Manifest, Need};
use super::npm::Tree;
use super::package::{Package, split_version};
use super::project::{Project, in_directory, joined, parsed};
use super::source::Source;
use crate::Gap;
use crate::cyclonedx::Property;
use crate::inventory::Inventory;
use crate::scan::Scan;
use crate::tree::EntryKind;

/// What lock files speak for.
#[derive(Debug, Default)]
pub(super) struct Covered {
    /// The directories with a lock file.
    pub(super) locked: BTreeSet<String>,
    /// The directories of the packages that belong to them.
    pub(super) own: BTreeSet<String>,
}

impl Covered {
    /// Whether a lock file lies in a directory or above it.
    fn is_below_lock(&self, directory: &str) -> bool {
        let mut rest = directory;
        loop {
            if self.locked.contains(rest) {
                return true;
            }
            if rest.is_empty() {
                return false;
            }
            rest = directory_of(rest);
        }
    }
}

/// Puts into an inventory what no lock file speaks for.
pub(super) fn read(scan: &Scan<'_>, installed: &Installed, covered: &Covered, inventory: &mut Inventory) {
    let texts = manifests(scan, covered, inventory);
    let mut manifests = BTreeMap::new();
    for (directory, text) in &texts {
        manifests.insert(directory.as_str(), parsed(Some(text), directory, inventory));
    }
    manifests.retain(|directory, manifest| is_project(directory, manifest, &texts, covered, inventory));
    let is_free = |package: &&InstalledPackage| !covered.is_below_lock(holder(&package.path));
    let packages = installed
        .packages()
        .iter()
        .filter(is_free)
        .map(|package| (package.path.as_str(), package));
    let packages: BTreeMap<&str, &InstalledPackage> = packages.collect();
    if manifests.is_empty() && packages.is_empty() {
        return;
    }
    let project = Project {
        scan,
        lock: MANIFEST,
        directory: "",
        installed,
    };
    let reading = Reading::new(&project, inventory);
    reading.read(&manifests, &packages).write(&project, inventory);
}

/// The manifests outside of `node_modules` that no lock file speaks for, by their directories.
fn manifests(scan: &Scan<'_>, covered: &Covered, inventory: &mut Inventory) -> BTreeMap<String, String> {
    let mut manifests = BTreeMap::new();
    for entry in scan.named(MANIFEST) {
        let directory = directory_of(&entry.path);
        if is_in_modules(directory) || covered.own.contains(directory) {
            continue;
        }
        match manifest::text(scan, &entry.path) {
            Ok(text) => manifests.extend(text.map(|text| (directory.to_owned(), text))),
            Err(gap) => inventory.gap(gap),
        }
    }
    manifests
}

/// Whether a manifest is the one of a project: it needs something, or it is the topmost and has a name.
fn is_project(
    directory: &str,
    manifest: &Manifest<'_>,
    all: &BTreeMap<String, String>,
    covered: &Covered,
    inventory: &mut Inventory,
) -> bool {
    let needs = manifest.needs_without_peers();
    if covered.is_below_lock(directory) {
        if !needs.is_empty() {
            let detail = "no lock file lists what it needs; the ones above do not know it";
            inventory.gap(Gap::new("no-lock", &in_directory(directory, MANIFEST), detail));
        }
        return false;
    }
    let is_topmost = || {
        let mut above = directory;
        while !above.is_empty() {
            above = directory_of(above);
            if all.contains_key(above) {
                return false;
            }
        }
        true
    };
    !needs.is_empty() || (manifest.name.text().is_some() && manifest.version.text().is_some() && is_topmost())
}

fn is_in_modules(directory: &str) -> bool {
    directory.split('/').any(|part| part == "node_modules")
}

/// The directory around the outermost `node_modules` of a path.
fn holder(path: &str) -> &str {
    let end = match path.starts_with("node_modules/") {
        true => 0,
        false => path.find("/node_modules/").unwrap_or(path.len()),
    };
    &path[..end]
}

struct Reading<'r> {
    project: &'r Project<'r>,
    inventory: &'r mut Inventory,
    graph: Graph,
}

impl<'r> Reading<'r> {
    fn new(project: &'r Project<'r>, inventory: &'r mut Inventory) -> Self {
        Self {
            project,
            inventory,
            graph: Graph::default(),
        }
    }

    fn read(mut self, manifests: &BTreeMap<&str, Manifest<'_>>, packages: &BTreeMap<&str, &InstalledPackage>) -> Graph {
        let links = links(self.project.scan);
        let known = manifests.keys().chain(packages.keys()).copied();
        let paths: BTreeSet<&str> = known.chain(links.keys().map(String::as_str)).chain([""]).collect();
        let paths: Vec<&str> = paths.into_iter().collect();
        let mut tree = Tree::new(&paths);
        let mut places = vec![None; paths.len()];
        let mut by_name = BTreeMap::new();
        for (place, path) in paths.iter().enumerate() {
            if let Some(target) = links.get(*path) {
                tree.link(place, target);
            } else if let Some(package) = packages.get(path) {
                places[place] = Some(self.graph.add(installed_package(package)));
            } else if let Some(manifest) = manifests.get(path) {
                let own = self.graph.add(own(path, manifest));
                by_name.extend(manifest.name.text().map(|name| (name.to_owned(), own)));
                places[place] = Some(own);
            }
        }
        let found = |from: usize, name: &str| tree.resolve(from, name).and_then(|place| places[place]);
        for (place, path) in paths.iter().enumerate() {
            let (Some(from), Some(package)) = (places[place], packages.get(path)) else {
                continue;
            };
            for (name, need) in &package.needs {
                match found(place, name) {
                    Some(to) => self.graph.needs(from, to, *need),
                    None if *need == Need::Required => {
                        let gap = self.project.unresolved(name, Some(&package.name));
                        self.inventory
                            .gap(Gap::new(gap.code(), &in_directory(path, MANIFEST), gap.detail()));
                    }
                    None => {}
                }
            }
        }
        for (place, path) in paths.iter().enumerate() {
            if let (Some(from), Some(manifest)) = (places[place], manifests.get(path)) {
                let is_installed = manifest
                    .needs(true)
                    .iter()
                    .any(|(name, ..)| found(place, name).is_some());
                for (name, range, need) in manifest.needs_without_peers() {
                    match found(place, name).or_else(|| by_name.get(name).copied()) {
                        Some(to) => self.graph.needs(from, to, need),
                        None if is_installed && need != Need::Required => {}
                        None => self.asked_for(from, path, (name, range), need),
                    }
                }
            }
        }
        self.graph
    }

    /// A package of which nothing is known but what a manifest asks for.
    fn asked_for(&mut self, from: usize, directory: &str, (name, range): (&str, &str), need: Need) {
        let place = in_directory(directory, MANIFEST);
        let detail = "no lock file and no installed packages say which versions are used";
        self.inventory.gap(Gap::new("no-lock", &place, detail));
        let (name, range) = range
            .strip_prefix("npm:")
            .and_then(split_version)
            .unwrap_or((name, range));
        // A whole version is the only one that fits.
        let version = Some(range.trim_start_matches('=')).filter(|range| semver::Version::parse(range).is_ok());
        let to = self.graph.add(Package {
            place: Some(place),
            is_incomplete: true,
            properties: vec![Property {
                name: "attest:npm:range",
                value: range.to_owned(),
            }],
            ..Package::new(Some(name), version, Source::of(range))
        });
        self.graph.package_mut(from).is_incomplete = true;
        self.graph.needs(from, to, need);
    }
}

fn own(directory: &str, manifest: &Manifest<'_>) -> Package {
    Package {
        place: Some(in_directory(directory, MANIFEST)),
        ..Package::own(Some(directory), manifest)
    }
}

fn installed_package(package: &InstalledPackage) -> Package {
    Package {
        licences: package.licences.clone(),
        place: Some(in_directory(&package.path, MANIFEST)),
        ..Package::new(Some(&package.name), package.version.as_deref(), Source::Registry)
    }
}

/// The links in `node_modules`, with the directories of the tree to which they lead.
fn links(scan: &Scan<'_>) -> BTreeMap<String, String> {
    let mut links = BTreeMap::new();
    for entry in scan.listing().entries() {
        if let EntryKind::Link { target } = &entry.kind
            && is_installed(&entry.path)
        {
            let manifest = scan.listing().resolve(&in_directory(&entry.path, MANIFEST));
            let target = match manifest {
                Some(manifest) => Some(directory_of(&manifest.path).to_owned()),
                None => joined(entry.parent(), target),
            };
            links.extend(target.map(|target| (entry.path.clone(), target)));
        }
    }
    links
}
