//! What a package of the system, or of an environment of conda, brought along is that package, and is not listed for a second time.
//!
//! `python3-requests` of Debian holds the metadata by which Python finds `requests`: one thing, for which the system's package
//! stands. What lies inside a program, such as the modules that a compiler took in, is not the package and stays. A program that does
//! not say which one it is has no other name than that of the package.

use std::collections::{BTreeMap, HashMap};

use crate::binary::GO_VERSION;
use crate::cyclonedx::{Component, ComponentKind};
use crate::inventory::{Inventory, Key};
use crate::python::conda;
use crate::scan::Scan;
use crate::{apk, dpkg, rpm};

/// Who is asked which of some paths belong to which package: the type of its package URL, its name, a path of the tree.
pub(crate) type Claim<'a> = dyn FnMut(&'static str, &str, &str) + 'a;

/// Leaves out whatever was found only in files of packages of the system; what needs it needs that package.
pub(crate) fn leave_out_owned(scan: &Scan<'_>, inventory: &mut Inventory) {
    let mut claims = Claims::new(inventory);
    if claims.owners.is_empty() || claims.by_path.is_empty() {
        return;
    }
    let mut claim = |kind: &'static str, name: &str, path: &str| claims.take(kind, name, path);
    dpkg::claim(scan, &mut claim);
    apk::claim(scan, &mut claim);
    rpm::claim(scan, &mut claim);
    conda::claim(scan, &mut claim);
    if !claims.owned.is_empty() {
        take_over(&claims.owned, inventory);
        inventory.leave_out(&claims.owned);
    }
}

/// What lies inside a program that is left out lies inside its package.
fn take_over(owned: &BTreeMap<Key, Key>, inventory: &mut Inventory) {
    for (key, owner) in owned {
        if !is_nameless_program(&inventory.packages()[key.place()]) {
            continue;
        }
        let inside = inventory.edges().range((*key, Key::FIRST)..=(*key, Key::LAST));
        for needed in inside.map(|(_, needed)| *needed).collect::<Vec<_>>() {
            inventory.depends(*owner, needed);
        }
        inventory.incomplete(*owner);
    }
}

/// Whether it is a program of Go that was built without modules.
fn is_nameless_program(package: &Component) -> bool {
    let says_compiler = || package.properties.iter().any(|property| property.name == GO_VERSION);
    package.kind == ComponentKind::Application && package.purl.is_none() && says_compiler()
}

/// What might be owned, and by whom.
#[derive(Default)]
struct Claims {
    /// What was found at a path.
    by_path: HashMap<String, Vec<Key>>,
    /// In how many places something was found that nobody has claimed.
    places: BTreeMap<Key, usize>,
    /// Packages of the system by the type of their package URL and their name; of conda by the path of their record.
    owners: HashMap<(String, String), Key>,
    /// Who owns all places of something.
    owned: BTreeMap<Key, Key>,
}

impl Claims {
    fn new(inventory: &Inventory) -> Self {
        let mut claims = Self::default();
        for key in inventory.keys() {
            let package = &inventory.packages()[key.place()];
            let purl = package.purl.as_deref().and_then(|purl| purl.strip_prefix("pkg:"));
            match purl.and_then(|purl| purl.split('/').next()) {
                // Each environment has its own, whose names are those of its records.
                Some("conda") => {
                    for record in &package.evidence.occurrences {
                        claims.owners.insert(("conda".to_owned(), record.location.clone()), key);
                    }
                }
                Some(kind @ ("deb" | "apk" | "rpm")) => {
                    claims.owners.insert((kind.to_owned(), package.name.clone()), key);
                }
                Some("pypi" | "npm" | "maven" | "gem") => claims.watch(key, package),
                None if is_nameless_program(package) => claims.watch(key, package),
                _ => {}
            }
        }
        claims
    }

    fn watch(&mut self, key: Key, package: &Component) {
        let occurrences = &package.evidence.occurrences;
        self.places.insert(key, occurrences.len());
        for occurrence in occurrences {
            self.by_path.entry(occurrence.location.clone()).or_default().push(key);
        }
    }

    fn take(&mut self, kind: &'static str, name: &str, path: &str) {
        if !self.by_path.contains_key(path) {
            return;
        }
        let Some(owner) = self.owners.get(&(kind.to_owned(), name.to_owned())) else {
            return;
        };
        for key in self.by_path.remove(path).into_iter().flatten() {
            let left = self.places.entry(key).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.owned.insert(key, *owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use crate::cyclonedx::Property;
    use crate::tree::Memory;

    fn package(purl: &str, name: &str) -> Component {
        Component {
            purl: Some(purl.to_owned()),
            ..Component::new(ComponentKind::Library, name)
        }
    }

    fn names(inventory: &Inventory) -> Vec<&str> {
        let packages = inventory.packages().iter();
        packages.map(|package| package.name.as_str()).collect()
    }

    #[test]
    fn what_a_package_of_the_system_brought_along_is_that_package() {
        let mut inventory = Inventory::default();
        let metadata = "usr/lib/python3/dist-packages/requests.egg-info";
        let owner = inventory.add(package("pkg:deb/debian/python3-requests@1", "python3-requests"));
        inventory.add(package("pkg:pypi/requests@1", "requests").found_at(metadata));
        let app = inventory.add(package("pkg:pypi/app@1", "app").found_at("usr/local/lib/app.dist-info"));
        let both = package("pkg:pypi/both@1", "both")
            .found_at("usr/lib/both")
            .found_at("usr/local/both");
        let both = inventory.add(both);
        let requests = inventory.by_purl("pkg:pypi/requests@1").unwrap();
        inventory.depends(app, requests);
        inventory.depends(both, app);
        let list = format!("/.\n/usr/lib/both\n/{metadata}\n");
        let tree = Memory::new([("var/lib/dpkg/info/python3-requests.list", list)]);
        leave_out_owned(&Scan::of(&tree, &Options::default()), &mut inventory);
        assert_eq!(names(&inventory), ["python3-requests", "app", "both"]);
        let app = inventory.by_purl("pkg:pypi/app@1").unwrap();
        assert!(inventory.edges().contains(&(app, owner)));
        assert_eq!(inventory.edges().len(), 2);
    }

    #[test]
    fn a_program_that_does_not_say_which_one_it_is_is_the_package_that_brought_it_along() {
        let mut inventory = Inventory::default();
        let owner = inventory.add(package("pkg:deb/debian/gh@2", "gh"));
        let mut program = |name: &str| {
            let mut program = Component::new(ComponentKind::Application, name).found_at(format!("usr/bin/{name}"));
            let value = "go1.24".to_owned();
            program.properties.push(Property {
                name: GO_VERSION,
                value,
            });
            let program = inventory.add(program);
            let library = inventory.add(Component::new(ComponentKind::Library, "stdlib"));
            inventory.depends(program, library);
        };
        program("gh");
        program("other");
        let tree = Memory::new([("var/lib/dpkg/info/gh.list", "/.\n/usr/bin/gh\n")]);
        leave_out_owned(&Scan::of(&tree, &Options::default()), &mut inventory);
        assert_eq!(names(&inventory), ["gh", "stdlib", "other"]);
        assert_eq!(
            inventory.packages()[owner.place()].purl.as_deref(),
            Some("pkg:deb/debian/gh@2")
        );
        assert!(inventory.edges().iter().any(|(from, _)| *from == owner));
        assert_eq!(inventory.edges().len(), 2);
    }
}
