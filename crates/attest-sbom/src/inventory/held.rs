//! What lies in a package of somebody else's: it is there because of that package, and for what that is needed for.

use std::collections::BTreeSet;

use super::{Inventory, Key, OWN};
use crate::cyclonedx::{Component, Scope};

impl Inventory {
    /// Puts everything below a package: what nothing else here needs, it needs. What is in it is nobody's own.
    pub(crate) fn put_into(&mut self, holder: Component) {
        let needed: BTreeSet<Key> = self.edges.iter().map(|(_, to)| *to).collect();
        let scope = holder.scope;
        for package in &mut self.packages {
            package.scope = least(package.scope, scope);
            package.properties.retain(|property| property.name != OWN);
        }
        let tops: Vec<Key> = self.keys().filter(|key| !needed.contains(key)).collect();
        let holder = self.add(holder);
        for top in tops {
            self.depends(holder, top);
        }
    }
}

/// No scope stands for `required`.
fn least(one: Option<Scope>, two: Option<Scope>) -> Option<Scope> {
    let whole = |scope: Option<Scope>| scope.unwrap_or(Scope::Required);
    Some(whole(one).min(whole(two))).filter(|scope| *scope != Scope::Required)
}
