//! Jars that were looked into in, packages of an inventory and what holds what out.
//!
//! What a package was built with stands in its manifest, and is not what runs beside it: who needs whom is not said.

use std::collections::BTreeMap;

use super::inside::Jar;
use super::licensing::{self, Hearsay, Licensing};
use super::package::Package;
use super::{FileName, Gap, identity};
use crate::cpe::{self, Part};
use crate::cyclonedx::{Component, ComponentKind, Hash, LicenceChoice, OrganizationalEntity};
use crate::inventory::{Inventory, Key};

/// Everything that was found, and what is known of it all.
pub(super) struct Entries<'a> {
    jars: &'a [Jar],
    unpacked: &'a [(String, Package)],
    licensing: Licensing<'a>,
    /// What is said of packages that say nothing themselves, in any of the places where they are.
    hearsay: BTreeMap<Key, Hearsay>,
}

impl<'a> Entries<'a> {
    /// `beside` are the packages of manifests that lie in no jar.
    pub(super) fn new(jars: &'a [Jar], unpacked: &'a [(String, Package)], beside: &'a [Package]) -> Self {
        let others = unpacked.iter().map(|(_, package)| package).chain(beside);
        Self {
            jars,
            unpacked,
            licensing: Licensing::of(jars, others),
            hearsay: BTreeMap::new(),
        }
    }

    /// Lists everything, and gives back the packages that lie in no other.
    pub(super) fn list(mut self, inventory: &mut Inventory) -> Vec<Key> {
        let jars = self.jars.iter();
        let keys = jars.filter_map(|jar| self.jar(jar, None, inventory)).collect();
        for (directory, package) in self.unpacked {
            if let Some(key) = self.copied(package, directory, inventory) {
                inventory.incomplete(key);
            }
        }
        for (key, hearsay) in self.hearsay {
            hearsay.tell(inventory.package_mut(key));
        }
        keys
    }

    /// Jars nest as deeply as [`super::inside`] looks.
    fn jar(&mut self, jar: &'a Jar, outer: Option<Key>, inventory: &mut Inventory) -> Option<Key> {
        for gap in &jar.gaps {
            inventory.gap(gap.clone());
        }
        let own = identity::own(jar);
        let key = match own.map(|place| &jar.packages[place]) {
            Some(package) => self.described(jar, package, inventory),
            None if outer.is_some() && is_nameless(jar) => outer,
            None => Some(self.named(jar, inventory)),
        };
        if let (Some(outer), Some(key)) = (outer, key) {
            inventory.depends(outer, key);
        }
        let copied = jar.packages.iter().enumerate().filter(|(place, _)| Some(*place) != own);
        for (_, package) in copied {
            let copied = self.copied(package, &jar.place, inventory);
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
    fn described(&mut self, jar: &Jar, package: &'a Package, inventory: &mut Inventory) -> Option<Key> {
        let mut licences = self.licensing.declared(package);
        if licences.is_empty() {
            licences = licensing::of_jar(jar);
        }
        if licences.is_empty() {
            licences.extend(package.facts.preface.clone());
        }
        let key = self.add(package, &jar.place, licences, inventory)?;
        let component = inventory.package_mut(key);
        let hash = hash(jar);
        if !component.hashes.contains(&hash) {
            component.hashes.push(hash);
        }
        Some(key)
    }

    /// A jar that only its name and its manifest describe. Neither says the group by which Maven would know it, so it has no
    /// package URL.
    fn named(&mut self, jar: &Jar, inventory: &mut Inventory) -> Key {
        let file = FileName::of(&jar.place);
        let version = identity::version(jar, file);
        let name = match file.version {
            Some(_) => file.name,
            None => file.stem,
        };
        let component = Component {
            version: version.map(str::to_owned),
            supplier: identity::vendor(jar)
                .or_else(|| identity::project(file))
                .map(organization),
            hashes: vec![hash(jar)],
            licenses: licensing::of_jar(jar),
            cpe: version.and_then(|version| cpe::of_any_vendor(Part::Application, name, version)),
            ..Component::new(kind(&jar.place), name)
        }
        .found_at(&jar.place);
        let key = inventory.add(component);
        self.hear(key, licensing::hearsay_of_named(jar));
        key
    }

    /// A package that was copied into a jar, or unpacked from one.
    fn copied(&mut self, package: &'a Package, place: &str, inventory: &mut Inventory) -> Option<Key> {
        let mut licences = self.licensing.declared(package);
        if licences.is_empty() {
            licences.extend(package.facts.preface.clone());
        }
        self.add(package, place, licences, inventory)
    }

    fn add(
        &mut self,
        package: &'a Package,
        place: &str,
        licences: Vec<LicenceChoice>,
        inventory: &mut Inventory,
    ) -> Option<Key> {
        let component = match package.coordinates.component(ComponentKind::Library) {
            Ok(component) => component,
            Err(error) => {
                inventory.gap(Gap::new("damaged", place, error.to_string()));
                return None;
            }
        };
        let component = Component {
            supplier: package.facts.organization.clone().map(organization),
            licenses: licences,
            ..component
        };
        let key = inventory.add(component.found_at(place));
        self.hear(key, self.licensing.hearsay(package));
        Some(key)
    }

    fn hear(&mut self, key: Key, hearsay: Option<Hearsay>) {
        if let Some(hearsay) = hearsay {
            self.hearsay.entry(key).or_insert(hearsay);
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
