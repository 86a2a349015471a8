//! `bun.lock` in, packages and who needs whom out.
//!
//! It is JSON with commas behind the last of a list. Packages stand in each other by their names, as in `node_modules`.
//! Source: <https://bun.com/docs/pm/lockfile>, and what Bun 1.2 writes.

use std::collections::HashMap;

use serde::Deserialize;

use super::graph::Graph;
use super::integrity;
use super::loose::Loose;
use super::manifest::{Manifest, Need};
use super::npm::Tree;
use super::package::{Package, split_version};
use super::project::Project;
use super::source::{Source, version_in_address};
use super::systems::Systems;
use crate::Gap;
use crate::inventory::Inventory;
use crate::keyed::Keyed;

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Lock<'a> {
    /// By their directories; the empty one is the project.
    #[serde(default)]
    workspaces: Keyed<Manifest<'a>>,
    /// By their names, behind the names of those that have them for themselves.
    #[serde(default)]
    packages: Keyed<Loose<'a>>,
}

pub(super) fn read(project: &Project<'_>, text: &str, inventory: &mut Inventory) -> Result<Graph, Gap> {
    let text = without_last_commas(text);
    let lock: Lock<'_> = serde_json::from_str(&text).map_err(|error| project.damaged(error.to_string()))?;
    let folders: Vec<(&str, &Manifest<'_>)> = lock
        .workspaces
        .0
        .iter()
        .map(|(path, one)| (path.as_str(), one))
        .collect();
    let packages: Vec<(String, &Loose<'_>)> = lock
        .packages
        .0
        .iter()
        .map(|(key, package)| (as_path(key), package))
        .collect();
    let paths: Vec<&str> = folders
        .iter()
        .map(|(path, _)| *path)
        .chain(packages.iter().map(|(path, _)| path.as_str()))
        .collect();
    let mut reading = Reading {
        project,
        inventory,
        tree: Tree::new(&paths),
        graph: Graph::default(),
        places: Vec::new(),
        linked_at: HashMap::new(),
    };
    for (path, manifest) in &folders {
        reading.folder(path, manifest);
    }
    for (place, (_, package)) in packages.iter().enumerate() {
        reading.package(folders.len() + place, package);
    }
    for (place, (_, manifest)) in folders.iter().enumerate() {
        // Bun installs what they leave to whoever uses them, too.
        reading.needs(place, &manifest.needs(true));
    }
    for (place, (_, package)) in packages.iter().enumerate() {
        let tables = package.list().iter().find(|part| !part.table().is_empty());
        let manifest = tables.map(described).unwrap_or_default();
        reading.needs(folders.len() + place, &manifest.needs(false));
    }
    Ok(reading.graph)
}

/// How Bun calls its lock file where that is binary, as it was before 1.2.
pub(super) const BINARY_LOCK: &str = "bun.lockb";

/// The first line of a binary lock file runs Bun, which then shows it.
pub(super) const BINARY_HEAD: &str = "#!/usr/bin/env bun\nbun-lockfile-format";

/// Nobody but Bun reads its binary lock file: where that is the only one, versions are not known.
pub(super) fn unread(path: &str) -> Gap {
    let detail = "only Bun reads this form; `bun install --save-text-lockfile --frozen-lockfile --lockfile-only` \
                  writes `bun.lock` from it";
    Gap::new("unsupported", path, detail)
}

struct Reading<'r> {
    project: &'r Project<'r>,
    inventory: &'r mut Inventory,
    tree: Tree<'r>,
    graph: Graph,
    /// The places in the graph; links have none.
    places: Vec<Option<usize>>,
    /// Where a folder is linked: what only it gets stands below that.
    linked_at: HashMap<usize, usize>,
}

impl Reading<'_> {
    /// What its manifest says goes before what the lock file repeats of it.
    fn folder(&mut self, path: &str, repeated: &Manifest<'_>) {
        let package = self.project.path(path).map(|directory| {
            let own = self.project.own(&directory, self.inventory);
            let text = |text: Option<&str>| text.map(str::to_owned);
            Package {
                name: own.name.or_else(|| text(repeated.name.text())),
                version: own.version.or_else(|| text(repeated.version.text())),
                ..own
            }
        });
        self.places.push(package.map(|package| self.graph.add(package)));
    }

    /// `[name@version, registry, {dependencies…}, integrity]`; a folder is `[name@workspace:path]`.
    fn package(&mut self, place: usize, package: &Loose<'_>) {
        let parts = package.list();
        let identity = parts.first().and_then(Loose::text).and_then(split_version);
        let Some((name, reference)) = identity else {
            let gap = self.project.damaged("expected a list that begins with `name@version`");
            self.inventory.gap(gap);
            self.places.push(None);
            return;
        };
        if let Some(path) = reference.strip_prefix("workspace:")
            && let Some(folder) = self.tree.link(place, path)
        {
            self.linked_at.insert(folder, place);
            self.places.push(None);
            return;
        }
        let package = match self.own(reference) {
            Some(own) => own,
            None => foreign(name, reference, &parts[1..]),
        };
        self.places.push(Some(self.graph.add(package)));
    }

    /// A folder of the tree that is none of the workspace.
    fn own(&mut self, reference: &str) -> Option<Package> {
        let path = ["file:", "link:"]
            .iter()
            .find_map(|kind| reference.strip_prefix(kind))?;
        let package = self.project.own(&self.project.path(path)?, self.inventory);
        package.name.is_some().then_some(package)
    }

    fn needs(&mut self, place: usize, needs: &[(&str, &str, Need)]) {
        let Some(from) = self.places[place] else { return };
        for (name, _, need) in needs {
            let at = self.linked_at.get(&place).copied().unwrap_or(place);
            match self.tree.resolve(at, name).and_then(|found| self.places[found]) {
                Some(to) => self.graph.needs(from, to, *need),
                None if *need == Need::Optional => {}
                None => {
                    let by = self.graph.package(from).name.as_deref();
                    self.inventory.gap(self.project.unresolved(name, by));
                }
            }
        }
    }
}

fn foreign(name: &str, reference: &str, rest: &[Loose<'_>]) -> Package {
    let is_version = reference.starts_with(|c: char| c.is_ascii_digit());
    let version = match is_version {
        true => Some(reference),
        false => version_in_address(reference, name),
    };
    // The last text is the integrity; before it there may be the name of a registry.
    let integrity = rest.iter().rev().find_map(Loose::text).and_then(integrity::hashes);
    let empty = Loose::Nothing;
    let described = rest.iter().find(|part| !part.table().is_empty()).unwrap_or(&empty);
    Package {
        systems: Systems::of_json(described.at("os"), described.at("cpu"), described.at("libc")),
        hashes: integrity.unwrap_or_default(),
        is_incomplete: reference.starts_with("link:"),
        ..Package::new(
            Some(name),
            version,
            if is_version {
                Source::Registry
            } else {
                Source::of(reference)
            },
        )
    }
}

fn described<'a>(table: &Loose<'a>) -> Manifest<'a> {
    Manifest {
        dependencies: table.at("dependencies").clone(),
        optional_dependencies: table.at("optionalDependencies").clone(),
        peer_dependencies: table.at("peerDependencies").clone(),
        ..Manifest::default()
    }
}

/// `a/@s/b` as `node_modules/a/node_modules/@s/b`.
fn as_path(key: &str) -> String {
    let mut path = String::new();
    let mut is_scoped = false;
    for part in key.split('/') {
        if !path.is_empty() {
            path.push('/');
        }
        if !is_scoped {
            path.push_str("node_modules/");
        }
        path.push_str(part);
        is_scoped = !is_scoped && part.starts_with('@');
    }
    path
}

/// JSON without comments, and without commas behind the last of a list or table.
fn without_last_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', ',', '/']) {
        out.push_str(&rest[..at]);
        let found = &rest[at..];
        let length = match found.as_bytes() {
            [b'"', ..] => string_length(found),
            [b'/', b'/', ..] => {
                rest = found.find('\n').map_or("", |end| &found[end..]);
                continue;
            }
            [b'/', b'*', ..] => {
                rest = found.find("*/").map_or("", |end| &found[end + 2..]);
                continue;
            }
            [b',', ..] if found[1..].trim_start().starts_with([']', '}']) => {
                rest = &found[1..];
                continue;
            }
            _ => 1,
        };
        out.push_str(&found[..length]);
        rest = &found[length..];
    }
    out.push_str(rest);
    out
}

/// How long a text in quotes is, the quotes included.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commas_and_comments_are_left_out_but_not_of_texts() {
        let text = "{ // words, }\n\"a\": [\"x,]\\\"//\", 1, ], /* , */ \"b/\": {}, \n}";
        let value: serde_json::Value = serde_json::from_str(&without_last_commas(text)).unwrap();
        assert_eq!(value, serde_json::json!({"a": ["x,]\"//", 1], "b/": {}}));
    }

    #[test]
    fn a_key_is_a_path() {
        assert_eq!(as_path("a"), "node_modules/a");
        assert_eq!(as_path("a/@s/b/c"), "node_modules/a/node_modules/@s/b/node_modules/c");
        assert_eq!(as_path("@s/a/b"), "node_modules/@s/a/node_modules/b");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([\"\\\\,/*\\]}\n]|\\PC){0,60}") {
            let _ = without_last_commas(&text);
        }
    }
}
