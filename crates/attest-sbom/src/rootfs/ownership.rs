//! What a package of the system brought along is that package, and is not listed for a second time.
//!
//! `python3-requests` of Debian holds the metadata by which Python finds `requests`: one thing, for which the system's package
//! stands. What lies inside a program, such as the modules that a compiler took in, is not the package and stays.

use std::collections::{BTreeMap, HashMap};

use crate::inventory::{Inventory, Key};
use crate::scan::Scan;
use crate::{apk, dpkg, rpm};

/// Who is asked which of some paths belong to which package: the type of its package URL, its name, a path of the tree.
pub(crate) type Claim<'a> = dyn FnMut(&'static str, &str, &str) + 'a;

/// Leaves out whatever was found only in files of packages of the system; what needs it needs that package.
pub(crate) fn leave_out_owned(scan: &Scan<'_>, inventory: &mut Inventory) {
    let mut by_path: HashMap<String, Vec<Key>> = HashMap::new();
    let mut places: BTreeMap<Key, usize> = BTreeMap::new();
    let mut owners: HashMap<(String, String), Key> = HashMap::new();
    for key in inventory.keys() {
        let package = &inventory.packages()[key.place()];
        let kind = package
            .purl
            .as_deref()
            .and_then(|purl| purl.strip_prefix("pkg:")?.split('/').next());
        match kind {
            Some(kind @ ("deb" | "apk" | "rpm")) => {
                owners.insert((kind.to_owned(), package.name.clone()), key);
            }
            Some("pypi" | "npm" | "maven" | "gem") => {
                let occurrences = &package.evidence.occurrences;
                places.insert(key, occurrences.len());
                for occurrence in occurrences {
                    by_path.entry(occurrence.location.clone()).or_default().push(key);
                }
            }
            _ => {}
        }
    }
    if owners.is_empty() || by_path.is_empty() {
        return;
    }
    let mut owned: BTreeMap<Key, Key> = BTreeMap::new();
    let mut claim = |kind: &'static str, name: &str, path: &str| {
        let Some(found) = by_path.remove(path) else {
            return;
        };
        let owner = owners.get(&(kind.to_owned(), name.to_owned()));
        for (key, owner) in found.into_iter().zip(owner.into_iter().cycle()) {
            let left = places.entry(key).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                owned.insert(key, *owner);
            }
        }
    };
    dpkg::claim(scan, &mut claim);
    apk::claim(scan, &mut claim);
    rpm::claim(scan, &mut claim);
    if !owned.is_empty() {
        inventory.leave_out(&owned);
    }
}
