use std::collections::HashMap;

use super::resolutions::Resolutions;
use crate::javascript::package::split_version;

/// Finds packages by what is asked for.
#[derive(Debug)]
pub(super) struct Lookup {
    by_pattern: HashMap<String, usize>,
    /// Places of the packages that are asked for under a name; two are as good as many.
    by_name: HashMap<String, Vec<usize>>,
    folders: HashMap<String, usize>,
    resolutions: Resolutions,
}

impl Lookup {
    pub(super) fn new(resolutions: Resolutions) -> Self {
        Self {
            by_pattern: HashMap::new(),
            by_name: HashMap::new(),
            folders: HashMap::new(),
            resolutions,
        }
    }

    /// Says under which patterns, `name@range`, a package is listed.
    pub(super) fn add<'p>(&mut self, patterns: impl Iterator<Item = &'p str>, place: usize) {
        for pattern in patterns {
            if let Some((name, _)) = split_version(pattern) {
                let places = self.by_name.entry(name.to_owned()).or_default();
                if places.len() < 2 && !places.contains(&place) {
                    places.push(place);
                }
            }
            // Which project binds a range to itself is said behind two colons.
            if let Some((unbound, _)) = pattern.split_once("::") {
                self.by_pattern.entry(unbound.to_owned()).or_insert(place);
            }
            self.by_pattern.insert(pattern.to_owned(), place);
        }
    }

    /// Says that a folder of the workspace holds a package.
    pub(super) fn add_folder(&mut self, name: &str, place: usize) {
        self.folders.insert(name.to_owned(), place);
    }

    /// What a package gets that asks for another: by a resolution for just these two, by what it asks for, by a resolution for
    /// all, from the workspace, or the only one that has the name.
    pub(super) fn find(&self, by: Option<&str>, name: &str, range: &str) -> Option<usize> {
        let special = self
            .resolutions
            .of_one(by, name)
            .and_then(|range| self.pattern(name, range));
        let asked = || self.pattern(name, range);
        let general = || {
            self.resolutions
                .of_all(name)
                .find_map(|range| self.pattern(name, range))
        };
        let folder = || self.folders.get(name).copied();
        let only = || match self.by_name.get(name)?.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        special.or_else(asked).or_else(general).or_else(folder).or_else(only)
    }

    /// Yarn 2 and later say which protocol a range is of; older ones, and manifests, leave out npm's.
    fn pattern(&self, name: &str, range: &str) -> Option<usize> {
        let patterns = [format!("{name}@{range}"), format!("{name}@npm:{range}")];
        patterns
            .iter()
            .find_map(|pattern| self.by_pattern.get(pattern))
            .copied()
    }
}
