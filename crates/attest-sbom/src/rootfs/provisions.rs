use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use crate::Gap;
use crate::inventory::{Inventory, Key};

/// The most needs of one system that are written down. A desktop of 3,000 packages has 30,000; a database in which
/// everything provides and needs the same name would have the square of its packages.
const MAX_NEEDS: usize = 1_000_000;

/// Which packages provide what, by name.
#[derive(Default)]
pub(crate) struct Provisions<'a> {
    by_name: HashMap<Cow<'a, str>, Vec<Key>>,
    needs: Cell<usize>,
}

impl<'a> Provisions<'a> {
    /// Says that a package provides something: its own name, another one, a library, a file.
    pub(crate) fn offer(&mut self, name: impl Into<Cow<'a, str>>, key: Key) {
        let keys = self.by_name.entry(name.into()).or_default();
        if keys.last() != Some(&key) {
            keys.push(key);
        }
    }

    /// Who provides something.
    pub(crate) fn of(&self, name: &str) -> &[Key] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Says that a package needs others. False when there are too many needs; the database at `place` then has a gap.
    pub(crate) fn need(&self, inventory: &mut Inventory, place: &str, from: Key, to: &[Key]) -> bool {
        self.needs.set(self.needs.get() + to.len());
        if self.needs.get() > MAX_NEEDS {
            let detail = format!("expected at most {MAX_NEEDS} needs of packages; the rest was not looked at");
            inventory.gap(Gap::new("too-large", place, detail));
            return false;
        }
        for key in to {
            inventory.depends(from, *key);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cyclonedx::{Component, ComponentKind};

    #[test]
    fn needs_without_measure_are_a_gap() {
        let mut inventory = Inventory::default();
        let names: Vec<String> = (0..1001).map(|number| number.to_string()).collect();
        let mut keys = Vec::new();
        for name in &names {
            keys.push(inventory.add(Component::new(ComponentKind::Library, name.as_str())));
        }
        let mut provisions = Provisions::default();
        for key in &keys {
            provisions.offer("same", *key);
        }
        let mut needs = keys
            .iter()
            .map(|key| provisions.need(&mut inventory, "status", *key, provisions.of("same")));
        assert!(!needs.all(|fits| fits));
        let codes: Vec<_> = inventory.gaps().map(Gap::code).collect();
        assert_eq!(codes, ["too-large"]);
    }
}
