use std::collections::{BTreeMap, HashMap};

use super::lock::MAX_CANDIDATES;
use super::release::normalised;
use crate::inventory::Key;

/// Which packages a name means, in each directory: what lock files, environments and requirements settled.
#[derive(Debug, Default)]
pub(super) struct Known {
    directories: BTreeMap<String, HashMap<String, Vec<Key>>>,
    own: HashMap<String, Key>,
}

impl Known {
    /// Takes what was found for a directory; what was found first stays.
    pub(super) fn learn(&mut self, directory: &str, names: HashMap<String, Vec<Key>>) {
        let known = self.directories.entry(directory.to_owned()).or_default();
        for (name, mut keys) in names {
            keys.truncate(MAX_CANDIDATES);
            known.entry(name).or_insert(keys);
        }
    }

    pub(super) fn of(&self, directory: &str, name: &str) -> &[Key] {
        let names = self.directories.get(directory);
        names.and_then(|names| names.get(name)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn has(&self, directory: &str) -> bool {
        self.directories.contains_key(directory)
    }

    /// Takes a package of the project itself: it may be listed by a lock file, installed as it lies there, and have a manifest.
    pub(super) fn learn_own(&mut self, name: &str, key: Key) {
        self.own.entry(normalised(name)).or_insert(key);
    }

    pub(super) fn own(&self, name: &str) -> Option<Key> {
        self.own.get(&normalised(name)).copied()
    }
}
