//! What lies in a package of somebody else's: it is there because of that package, and for what that is needed for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Inventory, Key, OWN};
use crate::cyclonedx::{Component, Scope};
use crate::holder::Holder;

/// Where a package was found.
#[derive(Default)]
struct Within<'a> {
    /// By their package URLs.
    holders: BTreeMap<&'a str, &'a Component>,
    /// Somewhere that is in no package of somebody else's.
    is_free: bool,
}

impl Inventory {
    /// Puts what was found in packages of others below these: what nothing else in there needs, such a package needs. What is
    /// in them alone is nobody's own. What was found in nothing that is listed is left out.
    pub(crate) fn put_into<'h>(&mut self, mut holder: impl FnMut(&str) -> Holder<'h>) {
        let within: Vec<Within<'h>> = self
            .packages
            .iter_mut()
            .map(|package| within(package, &mut holder))
            .collect();
        self.gaps.retain(|gap| !matches!(holder(gap.place()), Holder::LeftOut));
        let edges = self.edges.iter();
        let needed: BTreeSet<(&str, Key)> = edges
            .flat_map(|(from, to)| within[from.place()].holders.keys().map(|holder| (*holder, *to)))
            .collect();
        let mut below: Vec<(&Component, Key)> = Vec::new();
        let mut left_out: BTreeMap<Key, Key> = BTreeMap::new();
        for (key, within) in self.keys().zip(&within) {
            let tops = within
                .holders
                .iter()
                .filter(|(purl, _)| !needed.contains(&(**purl, key)));
            below.extend(tops.map(|(_, holder)| (*holder, key)));
            if within.is_free {
                continue;
            }
            match within.holders.values().map(|holder| whole(holder.scope)).max() {
                Some(scope) => self.is_held(key, scope),
                None => {
                    left_out.insert(key, key);
                }
            }
        }
        self.projects.retain(|_, key| within[key.place()].is_free);
        for (holder, key) in below {
            let holder = self.add(holder.clone());
            self.depends(holder, key);
        }
        if !left_out.is_empty() {
            self.leave_out(&left_out);
        }
    }

    fn is_held(&mut self, key: Key, scope: Scope) {
        self.lying.remove(&key);
        let package = &mut self.packages[key.place()];
        let least = whole(package.scope).min(scope);
        package.scope = Some(least).filter(|scope| *scope != Scope::Required);
        package.properties.retain(|property| property.name != OWN);
    }
}

/// Forgets the places that are in nothing that is listed.
fn within<'h>(package: &mut Component, holder: &mut impl FnMut(&str) -> Holder<'h>) -> Within<'h> {
    let occurrences = &mut package.evidence.occurrences;
    let mut within = Within {
        is_free: occurrences.is_empty(),
        ..Within::default()
    };
    occurrences.retain(|occurrence| match holder(&occurrence.location) {
        Holder::Nothing => {
            within.is_free = true;
            true
        }
        Holder::Package(package) => {
            within
                .holders
                .extend(package.purl.as_deref().map(|purl| (purl, package)));
            true
        }
        Holder::LeftOut => false,
    });
    within
}

/// No scope stands for `required`.
fn whole(scope: Option<Scope>) -> Scope {
    scope.unwrap_or(Scope::Required)
}
