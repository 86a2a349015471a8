//! `yarn.lock` of Yarn 2 and later, which is YAML.
//!
//! Source: <https://yarnpkg.com/features/protocols>, <https://yarnpkg.com/advanced/lexicon>. The checksums are of the archives
//! that Yarn makes for its cache, not of the files that the registry hands out: they are no hashes of the packages.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use attest_archive::yaml::Node;

use super::catalogs::Catalogs;
use super::lookup::Lookup;
use super::resolutions::Resolutions;
use crate::Gap;
use crate::cyclonedx::Property;
use crate::inventory::Inventory;
use crate::javascript::graph::Graph;
use crate::javascript::manifest::Need;
use crate::javascript::mapping::{documents, entries, entries_at, text_at};
use crate::javascript::package::{Package, Role, split_version};
use crate::javascript::project::{Project, joined, parsed};
use crate::javascript::source::Source;
use crate::javascript::systems::Systems;

/// The version of everything that is no package of a registry.
const LOCAL_VERSION: &str = "0.0.0-use.local";

/// The most patches on each other; Yarn's own one and one of the project are two.
const MAX_PATCHES: usize = 8;

pub(super) fn read(project: &Project<'_>, text: &str, inventory: &mut Inventory) -> Result<Graph, Gap> {
    let documents = documents(project, text)?;
    let root_text = project.manifest_text(project.directory, inventory);
    let root = parsed(root_text.as_deref(), project.directory, inventory);
    let catalogs = Catalogs::read(project, inventory);
    let mut reading = Reading {
        project,
        inventory,
        catalogs,
        graph: Graph::default(),
        lookup: Lookup::new(Resolutions::new(&root.resolutions)),
    };
    let listed = documents
        .iter()
        .flat_map(entries)
        .filter(|(key, _)| *key != "__metadata");
    let listed: Vec<(&str, &Node)> = listed.collect();
    let places: Vec<usize> = listed.iter().map(|(key, entry)| reading.package(key, entry)).collect();
    for ((key, entry), place) in listed.iter().zip(places) {
        reading.unpatched(key, place);
        reading.needs(entry, place);
    }
    Ok(reading.graph)
}

struct Reading<'r> {
    project: &'r Project<'r>,
    inventory: &'r mut Inventory,
    catalogs: Catalogs,
    graph: Graph,
    lookup: Lookup,
}

impl Reading<'_> {
    fn package(&mut self, key: &str, entry: &Node) -> usize {
        let resolution = text_at(entry, "resolution").unwrap_or(key);
        let (name, reference) = split_version(resolution).unwrap_or((resolution, ""));
        let package = match reference.strip_prefix("workspace:") {
            Some(folder) => self.folder(name, folder),
            None => self
                .linked(reference)
                .unwrap_or_else(|| foreign(name, reference, entry)),
        };
        let place = self.graph.add(package);
        self.lookup.add(key.split(',').map(str::trim), place);
        place
    }

    fn folder(&mut self, name: &str, folder: &str) -> Package {
        let mut package = match self.project.path(folder) {
            Some(directory) => self.project.own(&directory, self.inventory),
            None => Package {
                role: Role::Own { directory: None },
                ..Package::new(None, None, Source::Local)
            },
        };
        // Yarn makes up a name for a project without one.
        let is_made_up = name.starts_with("root-workspace-");
        package.name = package.name.or(Some(name.to_owned()).filter(|_| !is_made_up));
        package
    }

    /// A folder of the tree that is none of the workspace, if there is a package in it.
    fn linked(&mut self, reference: &str) -> Option<Package> {
        let path = ["file:", "link:", "portal:"]
            .iter()
            .find_map(|kind| reference.strip_prefix(kind))?;
        let (path, bound) = path.split_once("::").unwrap_or((path, ""));
        let path = path.split('#').next().unwrap_or(path);
        // Paths are relative to the folder of the workspace that asks.
        let asking = unescaped(bound.split("locator=").nth(1)?.split('&').next()?);
        let folder = self.project.path(asking.split_once("@workspace:")?.1)?;
        let package = self.project.own(&joined(&folder, path)?, self.inventory);
        package.name.is_some().then_some(package)
    }

    /// What is patched and what it was before are one package: whoever needs either of them needs both.
    fn unpatched(&mut self, key: &str, from: usize) {
        let reference = split_version(key).and_then(|(_, reference)| reference.strip_prefix("patch:"));
        let inner = reference
            .and_then(|reference| reference.split('#').next())
            .map(unescaped);
        let Some((name, range)) = inner.as_deref().and_then(split_version) else {
            return;
        };
        if let Some(to) = self.lookup.find(None, name, range).filter(|to| *to != from) {
            self.graph.needs(from, to, Need::Required);
            self.graph.needs(to, from, Need::Required);
        }
    }

    fn needs(&mut self, entry: &Node, from: usize) {
        let by = self.graph.package(from).name.clone();
        let said = self.said(from);
        let optional: HashSet<&str> = entries_at(entry, "dependenciesMeta")
            .filter(|(_, meta)| text_at(meta, "optional") == Some("true"))
            .map(|(name, _)| name)
            .collect();
        for (table, need) in [
            ("dependencies", Need::Required),
            ("optionalDependencies", Need::Optional),
        ] {
            for (name, range) in entries_at(entry, table) {
                let need = if optional.contains(name) {
                    Need::Optional
                } else {
                    said.get(name).copied().unwrap_or(need)
                };
                self.need(from, by.as_deref(), (name, range.text().unwrap_or_default()), need);
            }
        }
    }

    /// What the manifest of an own package says that it needs others for; the lock file does not repeat that.
    fn said(&mut self, from: usize) -> HashMap<String, Need> {
        let Role::Own {
            directory: Some(directory),
        } = &self.graph.package(from).role
        else {
            return HashMap::new();
        };
        let text = self.project.manifest_text(directory, self.inventory);
        let manifest = parsed(text.as_deref(), directory, self.inventory);
        let needs = manifest.needs_without_peers().into_iter();
        needs.map(|(name, _, need)| (name.to_owned(), need)).collect()
    }

    fn need(&mut self, from: usize, by: Option<&str>, (name, range): (&str, &str), need: Need) {
        match self.lookup.find(by, name, self.catalogs.range(name, range)) {
            Some(to) => self.graph.needs(from, to, need),
            None if need == Need::Optional => {}
            None => {
                let gap = self.project.unresolved(&format!("{name}@{range}"), by);
                self.inventory.gap(gap);
            }
        }
    }
}

fn foreign(name: &str, reference: &str, entry: &Node) -> Package {
    let version = text_at(entry, "version").filter(|version| *version != LOCAL_VERSION);
    let (source, patch) = origin(reference);
    let property = |name, value: &str| Property {
        name,
        value: value.to_owned(),
    };
    let checksum = text_at(entry, "checksum").map(|value| property("attest:yarn:checksum", value));
    let patch = patch.map(|value| property("attest:npm:patch", &value));
    // A link to nothing, with which projects put types of others out of the way, comes from nobody else.
    let is_link = reference.starts_with("link:") || reference.starts_with("portal:");
    let role = match is_link && version.is_none() {
        true => Role::Own { directory: None },
        false => Role::Foreign,
    };
    Package {
        role,
        systems: text_at(entry, "conditions")
            .map(Systems::of_conditions)
            .unwrap_or_default(),
        properties: checksum.into_iter().chain(patch).collect(),
        is_incomplete: source == Source::Local && version.is_none(),
        ..Package::new(Some(name), version, source)
    }
}

/// Where a package comes from, and the file that changes it.
///
/// Source: the reference of a patch is `patch:NAME@REFERENCE#FILE::…`, with escapes in what it changes.
fn origin(reference: &str) -> (Source, Option<String>) {
    let mut rest = Cow::Borrowed(reference);
    let mut patch = None;
    for _ in 0..MAX_PATCHES {
        let Some(changed) = rest.strip_prefix("patch:") else {
            break;
        };
        let (inner, file) = changed.split_once('#').unwrap_or((changed, ""));
        patch = patch.or_else(|| patch_file(file));
        let inner = inner
            .replace("%3A", ":")
            .replace("%2F", "/")
            .replace("%23", "#")
            .replace("%40", "@");
        rest = Cow::Owned(split_version(&inner).map_or(String::new(), |(_, reference)| reference.to_owned()));
    }
    let source = match rest.starts_with("npm:") {
        true => Source::Registry,
        false => Source::of(&rest),
    };
    (source, patch)
}

fn unescaped(text: &str) -> String {
    text.replace("%3A", ":")
        .replace("%2F", "/")
        .replace("%23", "#")
        .replace("%40", "@")
}

/// What Yarn patches by itself is no file of the project.
fn patch_file(file: &str) -> Option<String> {
    let file = file.split("::").next().unwrap_or(file);
    let file = file.trim_start_matches("~/").trim_start_matches("./");
    (!file.is_empty() && !file.contains("builtin<")).then(|| file.to_owned())
}
