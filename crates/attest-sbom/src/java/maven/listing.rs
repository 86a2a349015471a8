//! Manifests that were filled in in, packages of an inventory out.

use std::collections::BTreeMap;

use super::effective::{Effective, Need};
use super::model::Pom;
use super::projects::Projects;
use crate::cyclonedx::{Component, ComponentKind};
use crate::inventory::{Inventory, Key};
use crate::java::licences;
use crate::{Gap, reference};

/// How many names a message lists.
const SHOWN: usize = 5;

pub(super) fn list(projects: &Projects, inventory: &mut Inventory) {
    let all: BTreeMap<&str, (&Pom, Effective)> = projects
        .iter()
        .map(|(path, pom)| (path, (pom, Effective::of(projects, path, pom))))
        .collect();
    let mut own = BTreeMap::new();
    for (path, (pom, effective)) in &all {
        if let Some(key) = package(path, pom, effective, inventory) {
            own.insert(*path, key);
        }
    }
    let modules = Modules::new(&all, &own);
    for (path, (pom, effective)) in &all {
        let Some(key) = own.get(path) else { continue };
        for module in projects
            .modules(path)
            .iter()
            .filter_map(|module| own.get(module.as_str()))
        {
            inventory.depends(*key, *module);
        }
        modules.needs(path, *key, effective, inventory);
        tell(projects, path, pom, effective, inventory);
    }
}

/// The package of a manifest.
fn package(path: &str, pom: &Pom, effective: &Effective, inventory: &mut Inventory) -> Option<Key> {
    let Some(coordinates) = &effective.coordinates else {
        inventory.gap(Gap::new("damaged", path, "expected a group and an artifact"));
        return None;
    };
    match coordinates.component(ComponentKind::Application) {
        Ok(component) => {
            let key = inventory.add(
                Component {
                    licenses: licences::of_pom(&pom.licences),
                    ..component
                }
                .found_at(path),
            );
            inventory.project(path, key);
            inventory.incomplete(key);
            Some(key)
        }
        Err(error) => {
            inventory.gap(Gap::new("damaged", path, error.to_string()));
            None
        }
    }
}

/// The packages of the build itself, by group and artifact, with their versions.
struct Modules<'a>(BTreeMap<(&'a str, &'a str), Versions<'a>>);

type Versions<'a> = Vec<(Option<&'a str>, Key)>;

impl<'a> Modules<'a> {
    fn new(all: &'a BTreeMap<&str, (&Pom, Effective)>, own: &BTreeMap<&str, Key>) -> Self {
        let mut modules: BTreeMap<_, Versions<'a>> = BTreeMap::new();
        for (path, (_, effective)) in all {
            if let (Some(coordinates), Some(key)) = (&effective.coordinates, own.get(path)) {
                let versions = modules.entry(coordinates.name()).or_default();
                versions.push((coordinates.version(), *key));
            }
        }
        Self(modules)
    }

    fn needs(&self, path: &str, from: Key, effective: &Effective, inventory: &mut Inventory) {
        for need in &effective.needs {
            if let Some(module) = self.module(need) {
                inventory.depends(from, module);
                continue;
            }
            match need.coordinates.component(ComponentKind::Library) {
                Ok(component) => {
                    let range = need.range.iter().map(|range| reference::requirement(range));
                    let component = Component {
                        scope: need.scope,
                        properties: range.collect(),
                        ..component
                    };
                    let key = inventory.add(component.found_at(path));
                    inventory.depends(from, key);
                    inventory.incomplete(key);
                }
                Err(error) => inventory.gap(Gap::new("damaged", path, error.to_string())),
            }
        }
    }

    /// A module of the build that is needed, in the version that it has or in none.
    fn module(&self, need: &Need) -> Option<Key> {
        let wanted = need.coordinates.version();
        let mut versions = self.0.get(&need.coordinates.name())?.iter();
        let found = versions.find(|(version, _)| wanted.is_none() || wanted == *version);
        found.map(|(_, key)| *key)
    }
}

/// Says what of a manifest cannot be known.
fn tell(projects: &Projects, path: &str, pom: &Pom, effective: &Effective, inventory: &mut Inventory) {
    if !projects.is_module(path) {
        let detail = "Maven writes no lock: what the packages need that are named here is not listed";
        inventory.gap(Gap::new("no-lock", path, detail));
    }
    let unknown: Vec<String> = effective
        .needs
        .iter()
        .filter(|need| need.coordinates.version().is_none())
        .map(|need| need.coordinates.to_string())
        .collect();
    if !unknown.is_empty() {
        let by = match effective.missing.as_slice() {
            [] => String::new(),
            missing => format!(", which {} may decide", shown(missing)),
        };
        let detail = format!("no version is known of {}{by}", shown(&unknown));
        inventory.gap(Gap::new("unresolved", path, detail));
    } else if !effective.missing.is_empty() {
        let detail = format!("what {} add is not known", shown(&effective.missing));
        inventory.gap(Gap::new("unresolved", path, detail));
    }
    if !pom.conditional.is_empty() {
        let detail = format!("what profiles add is not listed: {}", shown(&pom.conditional));
        inventory.gap(Gap::new("unresolved", path, detail));
    }
}

fn shown(names: &[String]) -> String {
    let listed: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}
