//! Documents that give one component different hashes.

use std::collections::{BTreeMap, BTreeSet};

use crate::Gap;
use crate::cyclonedx::Component;
use crate::inventory::{Inventory, Key};
use crate::subject::SIZE;

/// Keeps the hashes on which all documents agree: nobody knows which of the others is true.
///
/// What several documents are about may be a different file in each, as the archives of a release are, so that it has different
/// hashes without a contradiction; of anything else it is a gap.
pub(super) fn keep_agreed(inventory: &mut Inventory, roots: &[Option<Key>]) {
    let roots: BTreeSet<Key> = roots.iter().copied().flatten().collect();
    for key in inventory.keys() {
        let component = inventory.package_mut(key);
        let disputed = disputed(component);
        if disputed.is_empty() {
            continue;
        }
        component.hashes.retain(|hash| !disputed.contains(hash.alg));
        component.foreign_properties.retain(|property| property.name != SIZE);
        if roots.contains(&key) {
            continue;
        }
        let name = component.purl.clone().unwrap_or_else(|| component.name.clone());
        let algorithms: Vec<&str> = disputed.into_iter().collect();
        let detail = format!(
            "expected one {} of `{name}`, found several: none of them is kept",
            algorithms.join(", ")
        );
        inventory.gap(Gap::new("mismatch", "", detail));
    }
}

/// The algorithms by which a component has several hashes.
fn disputed(component: &Component) -> BTreeSet<&'static str> {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for hash in &component.hashes {
        values.entry(hash.alg).or_default().insert(&hash.content);
    }
    let several = component.hashes.iter().map(|hash| hash.alg);
    several.filter(|alg| values[alg].len() > 1).collect()
}

/// What is no one file has no hashes and no size.
pub(super) fn forget(component: &mut Component) {
    component.hashes.clear();
    component.foreign_properties.retain(|property| property.name != SIZE);
}
