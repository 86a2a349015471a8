//! What no lock file speaks for: manifests alone, and packages that lie in `node_modules`.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::installed::{Installed, InstalledPackage, directory_of, is_installed};
use super::manifest::{self, MANIFEST, Manifest, Need};
use super::npm::{Tree, as_installed};
use super::package::{Package, split_version};
use super::packed;
use super::project::{Project, above, in_directory, joined, parsed};
use super::source::Source;
use super::workspace::Workspace;
use crate::inventory::Inventory;
use crate::scan::{Kind, Scan};
use crate::tree::EntryKind;
use crate::{Gap, reference};

/// What lock files speak for.
#[derive(Debug, Default)]
pub(super) struct Covered {
    /// The directories with a lock file.
    pub(super) locked: BTreeSet<String>,
    /// The directories of the packages that belong to them.
    pub(super) own: BTreeSet<String>,
    /// Whether nothing else was found: then every manifest that lies in no other project is one.
    pub(super) is_nothing: bool,
}

impl Covered {
    /// Whether a lock file lies in a directory or above it.
    fn is_below_lock(&self, directory: &str) -> bool {
        self.locked.contains(directory) || above(directory).any(|above| self.locked.contains(above))
    }

    /// The packages that are installed where no lock file speaks for them, by their places.
    fn free<'a>(&self, installed: &'a Installed) -> BTreeMap<&'a str, &'a InstalledPackage> {
        let is_free = |package: &&InstalledPackage| !self.is_below_lock(holder(&package.path));
        let packages = installed.packages().iter().filter(is_free);
        packages.map(|package| (package.path.as_str(), package)).collect()
    }
}

/// Puts into an inventory what no lock file speaks for, and tells the manifests of projects that are not listed.
pub(super) fn read(
    scan: &Scan<'_>,
    installed: &Installed,
    covered: &Covered,
    inventory: &mut Inventory,
) -> Vec<String> {
    let texts = manifests(scan, covered, inventory);
    let (mut manifests, broken) = said(&texts, covered, inventory);
    let projects = projects(&manifests, installed, covered, scan.listing().top());
    // A system is full of manifests that its packages brought along.
    let others = if is_system(scan) {
        Vec::new()
    } else {
        let others = others(&manifests, &projects).into_iter();
        others.chain(broken).collect()
    };
    manifests.retain(|directory, _| projects.contains(*directory));
    let packages = covered.free(installed);
    if manifests.is_empty() && packages.is_empty() {
        return others;
    }
    let project = Project {
        scan,
        lock: MANIFEST,
        directory: "",
        installed,
    };
    let reading = Reading {
        scan,
        inventory,
        graph: Graph::default(),
        archives: BTreeMap::new(),
    };
    let links = links(scan);
    let known = Known::new(&manifests, &packages, &links);
    reading.read(&known).write(&project, inventory);
    others
}

/// What the manifests say, by their directories, and the paths of those that are damaged and lie below a lock file: they are
/// another project's, or what a test reads, and nothing of them would be listed.
fn said<'t>(
    texts: &'t BTreeMap<String, String>,
    covered: &Covered,
    inventory: &mut Inventory,
) -> (BTreeMap<&'t str, Manifest<'t>>, Vec<String>) {
    let mut manifests = BTreeMap::new();
    let mut broken = Vec::new();
    for (directory, text) in texts {
        let manifest = match covered.is_below_lock(directory) {
            false => parsed(Some(text), directory, inventory),
            true => Manifest::parse(text, directory).unwrap_or_else(|_| {
                broken.push(in_directory(directory, MANIFEST));
                Manifest::default()
            }),
        };
        manifests.insert(directory.as_str(), manifest);
    }
    (manifests, broken)
}

/// The manifests of projects that are not listed.
fn others(manifests: &BTreeMap<&str, Manifest<'_>>, projects: &BTreeSet<String>) -> Vec<String> {
    let is_other =
        |(directory, manifest): &(&&str, &Manifest<'_>)| !projects.contains(**directory) && needs_something(manifest);
    let others = manifests.iter().filter(is_other);
    others.map(|(directory, _)| in_directory(directory, MANIFEST)).collect()
}

/// What there is, by the directories of the tree.
struct Known<'k> {
    paths: Vec<&'k str>,
    manifests: &'k BTreeMap<&'k str, Manifest<'k>>,
    packages: &'k BTreeMap<&'k str, &'k InstalledPackage>,
    links: &'k BTreeMap<String, String>,
}

impl<'k> Known<'k> {
    fn new(
        manifests: &'k BTreeMap<&'k str, Manifest<'k>>,
        packages: &'k BTreeMap<&'k str, &'k InstalledPackage>,
        links: &'k BTreeMap<String, String>,
    ) -> Self {
        let paths = manifests.keys().chain(packages.keys()).copied();
        let mut paths: BTreeSet<&str> = paths.chain(links.keys().map(String::as_str)).chain([""]).collect();
        // In the store of pnpm nobody lies in the directories that have the `node_modules`.
        let holders: Vec<&str> = paths.iter().filter_map(|path| Some(as_installed(path)?.0)).collect();
        paths.extend(holders);
        Self {
            paths: paths.into_iter().collect(),
            manifests,
            packages,
            links,
        }
    }
}

/// The manifests outside of `node_modules` that no lock file speaks for, by their directories.
fn manifests(scan: &Scan<'_>, covered: &Covered, inventory: &mut Inventory) -> BTreeMap<String, String> {
    let mut manifests = BTreeMap::new();
    for entry in scan.named(MANIFEST) {
        let directory = directory_of(&entry.path);
        if is_in_modules(directory) || is_data(scan, &entry.path) || covered.own.contains(directory) {
            continue;
        }
        match manifest::text(scan, &entry.path) {
            Ok(text) => manifests.extend(text.map(|text| (directory.to_owned(), text))),
            Err(gap) => inventory.gap(gap),
        }
    }
    manifests
}

/// The directories of the project at the top, of the folders of its workspace, and of what is installed beside its manifest.
fn projects(
    manifests: &BTreeMap<&str, Manifest<'_>>,
    installed: &Installed,
    covered: &Covered,
    top: &str,
) -> BTreeSet<String> {
    let tops = tops(manifests, covered, top);
    let holders: BTreeSet<&str> = installed
        .packages()
        .iter()
        .map(|package| holder(&package.path))
        .collect();
    let is_project = |(directory, manifest): &(&&str, &Manifest<'_>)| {
        let is_top = tops.contains_key(**directory) && is_project(manifest);
        let mut around = above(directory).filter_map(|top| Some((top, tops.get(top)?)));
        let is_in_workspace =
            around.any(|(top, workspace)| workspace.has(directory[top.len()..].trim_start_matches('/')));
        (is_top || is_in_workspace || holders.contains(**directory)) && !covered.is_below_lock(directory)
    };
    let found = manifests.iter().filter(is_project);
    found.map(|(directory, _)| (*directory).to_owned()).collect()
}

/// The outermost directories with projects, and the folders that belong to each.
fn tops<'m>(manifests: &BTreeMap<&'m str, Manifest<'_>>, covered: &Covered, top: &str) -> BTreeMap<&'m str, Workspace> {
    let mut tops = BTreeMap::new();
    // What lies above comes first.
    for (directory, manifest) in manifests {
        let is_top = match covered.is_nothing {
            true => needs_something(manifest) && !above(directory).any(|above| tops.contains_key(above)),
            false => *directory == top,
        };
        if is_top {
            tops.insert(*directory, Workspace::new(manifest.workspaces()));
        }
    }
    tops
}

/// Whether a manifest says what it is or needs something: others mark a directory.
fn is_project(manifest: &Manifest<'_>) -> bool {
    let is_named = manifest.name.text().is_some() && manifest.version.text().is_some();
    is_named || needs_something(manifest)
}

fn needs_something(manifest: &Manifest<'_>) -> bool {
    !manifest.needs_without_peers().is_empty()
}

/// Whether a manifest or a lock file lies in a package of another manager.
pub(super) fn is_data(scan: &Scan<'_>, path: &str) -> bool {
    scan.is_brought_along(path, Kind::JavaScript)
}

fn is_system(scan: &Scan<'_>) -> bool {
    ["etc/os-release", "usr/lib/os-release"]
        .iter()
        .any(|path| scan.listing().resolve(path).is_some())
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
    scan: &'r Scan<'r>,
    inventory: &'r mut Inventory,
    graph: Graph,
    /// The packages in archives by their paths: each is read once, however many ask for it.
    archives: BTreeMap<String, Option<usize>>,
}

impl Reading<'_> {
    fn read(mut self, known: &Known<'_>) -> Graph {
        let mut tree = Tree::new(&known.paths);
        let mut places = vec![None; known.paths.len()];
        let mut by_name = BTreeMap::new();
        for (place, path) in known.paths.iter().enumerate() {
            if let Some(target) = known.links.get(*path) {
                tree.link(place, target);
            } else if let Some(package) = known.packages.get(path) {
                places[place] = Some(self.graph.add(installed_package(package)));
            } else if let Some(manifest) = known.manifests.get(path) {
                let own = self.graph.add(own(path, manifest));
                by_name.extend(manifest.name.text().map(|name| (name.to_owned(), own)));
                places[place] = Some(own);
            }
        }
        let found = |from: usize, name: &str| tree.resolve(from, name).and_then(|place| places[place]);
        for (place, path) in known.paths.iter().enumerate() {
            let Some(from) = places[place] else { continue };
            let find = |name: &str| found(place, name);
            if let Some(package) = known.packages.get(path) {
                self.installed_needs(from, package, find);
            } else if let Some(manifest) = known.manifests.get(path) {
                let is_installed = manifest.needs(true).iter().any(|(name, ..)| find(name).is_some());
                let find = |name: &str| find(name).or_else(|| by_name.get(name).copied());
                self.own_needs(from, (path, manifest), is_installed, find);
            }
        }
        self.graph
    }

    fn installed_needs(&mut self, from: usize, package: &InstalledPackage, find: impl Fn(&str) -> Option<usize>) {
        for (name, need) in &package.needs {
            match find(name) {
                Some(to) => self.graph.needs(from, to, *need),
                None if *need == Need::Required => {
                    let detail = format!("`{}` needs `{name}`, which is not installed", package.name);
                    let place = in_directory(&package.path, MANIFEST);
                    self.inventory.gap(Gap::new("unresolved", &place, detail));
                }
                None => {}
            }
        }
    }

    fn own_needs(
        &mut self,
        from: usize,
        (directory, manifest): (&str, &Manifest<'_>),
        is_installed: bool,
        find: impl Fn(&str) -> Option<usize>,
    ) {
        let needs = match is_installed {
            true => manifest.needs(true),
            false => manifest.needs_without_peers(),
        };
        for (name, range, need) in needs {
            match find(name) {
                Some(to) => self.graph.needs(from, to, need),
                None if is_installed && need != Need::Required => {}
                None => self.asked_for(from, directory, (name, range), need),
            }
        }
    }

    /// A package whose archive lies in the tree: that is the one, whatever the manifest calls it.
    fn in_archive(&mut self, directory: &str, range: &str) -> Option<usize> {
        let path = archive(directory, range)?;
        let file = self.scan.listing().resolve(&path)?.path.clone();
        if let Some(known) = self.archives.get(&file) {
            return *known;
        }
        let package = packed::package(self.scan, &file).unwrap_or_else(|gap| {
            self.inventory.gap(gap);
            None
        });
        let place = package.map(|package| {
            self.graph.add(Package {
                properties: vec![reference::requirement(range)],
                ..package
            })
        });
        self.archives.insert(file, place);
        place
    }

    /// A package of which nothing is known but what a manifest asks for.
    fn asked_for(&mut self, from: usize, directory: &str, (name, range): (&str, &str), need: Need) {
        if let Some(to) = self.in_archive(directory, range) {
            return self.graph.needs(from, to, need);
        }
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
            properties: vec![reference::requirement(range)],
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

/// The path of an archive of this tree that a manifest asks for instead of a version.
/// Source: <https://docs.npmjs.com/cli/v11/configuring-npm/package-json#local-paths>.
fn archive(directory: &str, range: &str) -> Option<String> {
    let is_relative = range.starts_with("./") || range.starts_with("../");
    let path = range.strip_prefix("file:").or(is_relative.then_some(range))?;
    let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| path.ends_with(ending));
    joined(directory, path).filter(|_| is_archive)
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
