use super::manifest::{MANIFEST, Need};
use super::package::{Package, Role};
use super::project::{Project, in_directory};
use crate::cyclonedx::Scope;
use crate::inventory::{Inventory, Key};

/// Packages and who needs whom, as one lock file says.
#[derive(Debug, Default)]
pub(super) struct Graph {
    packages: Vec<Package>,
    needs: Vec<Vec<(usize, Need)>>,
}

impl Graph {
    /// Adds a package; the number is its place in the graph.
    pub(super) fn add(&mut self, package: Package) -> usize {
        self.packages.push(package);
        self.needs.push(Vec::new());
        self.packages.len() - 1
    }

    pub(super) fn needs(&mut self, from: usize, to: usize, need: Need) {
        self.needs[from].push((to, need));
    }

    pub(super) fn package(&self, place: usize) -> &Package {
        &self.packages[place]
    }

    pub(super) fn package_mut(&mut self, place: usize) -> &mut Package {
        &mut self.packages[place]
    }

    /// The directories of the tree whose manifests the graph speaks for.
    pub(super) fn directories(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().filter_map(|package| match &package.role {
            Role::Own { directory } => directory.as_deref(),
            Role::Foreign => None,
        })
    }

    /// Puts everything into an inventory: what cannot be named is a gap, the rest stays.
    pub(super) fn write(mut self, project: &Project<'_>, inventory: &mut Inventory) {
        let only_for_development = self.only_for_development();
        let mut keys = Vec::new();
        for (package, reached) in self.packages.iter_mut().zip(only_for_development) {
            if package.licences.is_empty() {
                package.licences = project.installed.licences(package);
            }
            let is_excluded = !package.is_own() && package.is_development.unwrap_or(reached);
            keys.push(add(package, is_excluded, project, inventory));
        }
        for (from, needs) in keys.iter().zip(&self.needs) {
            for (to, _) in needs {
                if let (Some(from), Some(to)) = (from, keys[*to]) {
                    inventory.depends(*from, to);
                }
            }
        }
    }

    /// What the project's own packages lead to, but only by what is for development.
    fn only_for_development(&self) -> Vec<bool> {
        let at_runtime = self.reached(|need| need != Need::Development);
        let at_all = self.reached(|_| true);
        at_all
            .iter()
            .zip(at_runtime)
            .map(|(at_all, at_runtime)| *at_all && !at_runtime)
            .collect()
    }

    fn reached(&self, follows: impl Fn(Need) -> bool) -> Vec<bool> {
        let mut reached = vec![false; self.packages.len()];
        let mut left: Vec<usize> = (0..self.packages.len())
            .filter(|place| self.packages[*place].is_own())
            .collect();
        while let Some(place) = left.pop() {
            if !std::mem::replace(&mut reached[place], true) {
                let needs = self.needs[place].iter();
                left.extend(needs.filter(|(_, need)| follows(*need)).map(|(to, _)| *to));
            }
        }
        reached
    }
}

fn add(package: &Package, is_excluded: bool, project: &Project<'_>, inventory: &mut Inventory) -> Option<Key> {
    let mut component = match package.component(project.lock) {
        Ok(component) => component,
        Err(gap) => {
            inventory.gap(gap);
            return None;
        }
    };
    component.scope = is_excluded.then_some(Scope::Excluded);
    let key = inventory.add(component);
    match &package.role {
        Role::Own { directory: Some(path) } => inventory.project(&in_directory(path, MANIFEST), key),
        Role::Own { directory: None } => inventory.own(key),
        Role::Foreign => {}
    }
    if package.is_incomplete {
        inventory.incomplete(key);
    }
    Some(key)
}
