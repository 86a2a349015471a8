//! Jars that were looked into in, packages of an inventory and what holds what out.
//!
//! What a package was built with stands in its manifest, and is not what runs beside it: who needs whom is not said.

use std::collections::BTreeMap;

use super::inside::Jar;
use super::package::{Facts, Package};
use super::{Coordinates, FileName, Gap, identity, licences};
use crate::cpe::{self, Part};
use crate::cyclonedx::{Component, ComponentKind, Hash, LicenceChoice, OrganizationalEntity};
use crate::inventory::{Inventory, Key};

/// Everything that was found, and what is looked up in all of it.
pub(super) struct Entries<'a> {
    jars: &'a [Jar],
    unpacked: &'a [(String, Package)],
    /// The manifests by their packages, for those that continue them.
    manifests: BTreeMap<&'a Coordinates, &'a Facts>,
}

/// Manifests continue others: modules those of a project, and this that of a company.
const MAX_PARENTS: usize = 16;

impl<'a> Entries<'a> {
    pub(super) fn new(jars: &'a [Jar], unpacked: &'a [(String, Package)]) -> Self {
        let mut entries = Self {
            jars,
            unpacked,
            manifests: BTreeMap::new(),
        };
        let mut left: Vec<&Jar> = jars.iter().rev().collect();
        while let Some(jar) = left.pop() {
            for package in &jar.packages {
                entries.remember(package);
            }
            left.extend(jar.inner.iter().rev());
        }
        for (_, package) in unpacked {
            entries.remember(package);
        }
        entries
    }

    fn remember(&mut self, package: &'a Package) {
        let says_more = !package.facts.licences.is_empty() || package.facts.parent.is_some();
        if says_more {
            self.manifests.entry(&package.coordinates).or_insert(&package.facts);
        }
    }

    /// Lists everything, and gives back the packages that lie in no other.
    pub(super) fn list(self, inventory: &mut Inventory) -> Vec<Key> {
        let jars = self.jars.iter();
        let keys = jars.filter_map(|jar| self.jar(jar, None, inventory)).collect();
        for (directory, package) in self.unpacked {
            let licences = self.licences(&package.facts);
            if let Some(key) = add(package, directory, licences, inventory) {
                inventory.incomplete(key);
            }
        }
        keys
    }

    /// Jars nest as deeply as [`super::inside`] looks.
    fn jar(&self, jar: &Jar, outer: Option<Key>, inventory: &mut Inventory) -> Option<Key> {
        for gap in &jar.gaps {
            inventory.gap(gap.clone());
        }
        let own = identity::own(jar);
        let key = match own.map(|place| &jar.packages[place]) {
            Some(package) => self.described(jar, package, inventory),
            None if outer.is_some() && is_nameless(jar) => outer,
            None => Some(inventory.add(self.named(jar))),
        };
        if let (Some(outer), Some(key)) = (outer, key) {
            inventory.depends(outer, key);
        }
        let copied = jar.packages.iter().enumerate().filter(|(place, _)| Some(*place) != own);
        for (_, package) in copied {
            let licences = self.licences(&package.facts);
            let copied = add(package, &jar.place, licences, inventory);
            if let (Some(key), Some(copied)) = (key, copied) {
                inventory.depends(key, copied);
                inventory.incomplete(copied);
            }
        }
        if let Some(key) = key {
            inventory.incomplete(key);
        }
        for inner in &jar.inner {
            self.jar(inner, key, inventory);
        }
        key
    }

    /// A jar that Maven left a manifest of its own in.
    fn described(&self, jar: &Jar, package: &Package, inventory: &mut Inventory) -> Option<Key> {
        let mut licences = self.declared(&package.facts);
        if licences.is_empty() {
            licences = of_jar(jar);
        }
        if licences.is_empty() {
            licences.extend(package.facts.preface.clone());
        }
        let key = add(package, &jar.place, licences, inventory)?;
        let component = inventory.package_mut(key);
        let hash = hash(jar);
        if !component.hashes.contains(&hash) {
            component.hashes.push(hash);
        }
        Some(key)
    }

    /// A jar that only its name and its manifest describe. Neither says the group by which Maven would know it, so it has no
    /// package URL.
    fn named(&self, jar: &Jar) -> Component {
        let file = FileName::of(&jar.place);
        let version = identity::version(jar, file);
        let name = match file.version {
            Some(_) => file.name,
            None => file.stem,
        };
        Component {
            version: version.map(str::to_owned),
            supplier: identity::vendor(jar)
                .or_else(|| identity::project(file))
                .map(organization),
            hashes: vec![hash(jar)],
            licenses: of_jar(jar),
            cpe: version.and_then(|version| cpe::of_any_vendor(Part::Application, name, version)),
            ..Component::new(kind(&jar.place), name)
        }
        .found_at(&jar.place)
    }

    /// What the manifest of a package or those that it continues declare, else the comment that it begins with.
    fn licences(&self, facts: &Facts) -> Vec<LicenceChoice> {
        match self.declared(facts) {
            declared if declared.is_empty() => facts.preface.iter().cloned().collect(),
            declared => declared,
        }
    }

    fn declared(&self, facts: &Facts) -> Vec<LicenceChoice> {
        let mut facts = facts;
        for _ in 0..MAX_PARENTS {
            if !facts.licences.is_empty() {
                return facts.licences.clone();
            }
            let parent = facts.parent.as_ref().and_then(|parent| self.manifests.get(parent));
            let Some(parent) = parent else { break };
            facts = parent;
        }
        Vec::new()
    }
}

fn add(package: &Package, place: &str, licences: Vec<LicenceChoice>, inventory: &mut Inventory) -> Option<Key> {
    match package.coordinates.component(ComponentKind::Library) {
        Ok(component) => Some(
            inventory.add(
                Component {
                    supplier: package.facts.organization.clone().map(organization),
                    licenses: licences,
                    ..component
                }
                .found_at(place),
            ),
        ),
        Err(error) => {
            inventory.gap(Gap::new("damaged", place, error.to_string()));
            None
        }
    }
}

fn organization(name: String) -> OrganizationalEntity {
    OrganizationalEntity {
        name,
        url: Vec::new(),
        contact: Vec::new(),
    }
}

/// What a jar says of itself beside the files of Maven: the header of its manifest, else its licence files.
fn of_jar(jar: &Jar) -> Vec<LicenceChoice> {
    let header = jar.manifest.attribute("bundle-license").map(licences::of_bundle);
    match header.filter(|licences| !licences.is_empty()) {
        Some(licences) => licences,
        None => jar.texts.iter().cloned().collect(),
    }
}

fn hash(jar: &Jar) -> Hash {
    Hash {
        alg: "SHA-256",
        content: jar.sha256.clone(),
    }
}

fn kind(path: &str) -> ComponentKind {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("war" | "ear") => ComponentKind::Application,
        _ => ComponentKind::Library,
    }
}

/// A jar in another one that is no package: the classes of an Android library, or a jar that only holds others.
fn is_nameless(jar: &Jar) -> bool {
    let file = FileName::of(&jar.place);
    identity::is_of_android(jar)
        || (identity::version(jar, file).is_none() && !(jar.packages.is_empty() && jar.inner.is_empty()))
}
