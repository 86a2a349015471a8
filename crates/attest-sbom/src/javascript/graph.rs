use std::collections::HashSet;

use super::manifest::{MANIFEST, Need};
use super::package::{Package, Role};
use super::project::{Project, in_directory};
use super::systems::Target;
use crate::Gap;
use crate::cyclonedx::{Component, Scope};
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

    /// Whether nothing at all is known but that somebody meant to lock something.
    pub(super) fn says_nothing(&self) -> bool {
        let is_said = |package: &Package| !package.is_own() || package.name.is_some() || package.version.is_some();
        !self.packages.iter().any(is_said)
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
        let is_kept = self.shipped(project, inventory);
        let only_for_development = self.only_for_development();
        let mut components = Vec::new();
        for (place, package) in self.packages.iter_mut().enumerate() {
            if package.licences.is_empty() {
                package.licences = project.installed.licences(package);
            }
            let is_development = package.is_development.unwrap_or(only_for_development[place]);
            let is_excluded = !package.is_own() && is_development;
            let is_kept = is_kept.as_ref().is_none_or(|kept| kept[place]);
            let component = is_kept.then(|| component(package, is_excluded, project, inventory));
            components.push(component.flatten());
        }
        let listed = self
            .packages
            .iter()
            .zip(&components)
            .filter(|(package, _)| !package.is_own());
        let foreign: HashSet<String> = listed.filter_map(|(_, one)| one.as_ref()?.purl.clone()).collect();
        let packages = self.packages.iter().zip(components);
        let keys: Vec<Option<Key>> = packages
            .map(|(package, component)| Some(add(package, component?, &foreign, inventory)))
            .collect();
        for (place, needs) in self.needs.iter().enumerate() {
            for (to, _) in needs {
                match (keys[place], keys[*to]) {
                    // A package and what it was before it was patched are one, but it does not need itself.
                    (Some(from), Some(_)) if *to == place => inventory.depends_as_locked(from, from),
                    (Some(from), Some(to)) => inventory.depends(from, to),
                    _ => {}
                }
            }
        }
    }

    /// What ends up in what is shipped for a target, if that was asked for.
    fn shipped(&self, project: &Project<'_>, inventory: &mut Inventory) -> Option<Vec<bool>> {
        let text = project.scan.options.shipped.as_deref()?;
        let target = Target::parse(text);
        if target.is_none() {
            let detail = format!("nothing is known of `{text}`: what any system needs is listed");
            inventory.gap(Gap::new("unknown-target", project.lock, detail));
        }
        let fits = |place: usize| target.is_none_or(|target| target.takes(&self.packages[place].systems));
        let at_all = self.reached(|_, _| true);
        let shipped = self.reached(|to, need| need != Need::Development && fits(to));
        let kept = |place: usize| match at_all[place] {
            true => shipped[place],
            // Nobody knows who needs it, but npm may know what for.
            false => fits(place) && self.packages[place].is_development != Some(true),
        };
        Some((0..self.packages.len()).map(kept).collect())
    }

    /// What the project's own packages lead to, but only by what is for development.
    fn only_for_development(&self) -> Vec<bool> {
        let at_runtime = self.reached(|_, need| need != Need::Development);
        let at_all = self.reached(|_, _| true);
        let both = at_all.iter().zip(at_runtime);
        both.map(|(at_all, at_runtime)| *at_all && !at_runtime).collect()
    }

    fn reached(&self, follows: impl Fn(usize, Need) -> bool) -> Vec<bool> {
        let mut reached = vec![false; self.packages.len()];
        let own = (0..self.packages.len()).filter(|place| self.packages[*place].is_own());
        let mut left: Vec<usize> = own.collect();
        while let Some(place) = left.pop() {
            if !std::mem::replace(&mut reached[place], true) {
                let needs = self.needs[place].iter();
                left.extend(needs.filter(|(to, need)| follows(*to, *need)).map(|(to, _)| *to));
            }
        }
        reached
    }
}

fn component(
    package: &Package,
    is_excluded: bool,
    project: &Project<'_>,
    inventory: &mut Inventory,
) -> Option<Component> {
    match package.component(project.lock) {
        Ok(component) => Some(Component {
            scope: is_excluded.then_some(Scope::Excluded),
            ..component
        }),
        Err(gap) => {
            inventory.gap(gap);
            None
        }
    }
}

fn add(package: &Package, mut component: Component, foreign: &HashSet<String>, inventory: &mut Inventory) -> Key {
    // One package URL may stand for a folder and for what a registry has under its name: then it is not own alone, and what
    // the latter is needed for decides.
    let is_foreign = component.purl.as_ref().is_some_and(|purl| foreign.contains(purl));
    if is_foreign && package.is_own() {
        component.scope = Some(Scope::Excluded);
    }
    let key = inventory.add(component);
    match &package.role {
        Role::Own { directory: Some(path) } if is_foreign => inventory.describes(&in_directory(path, MANIFEST), key),
        Role::Own { directory: Some(path) } => inventory.project(&in_directory(path, MANIFEST), key),
        Role::Own { directory: None } if !is_foreign => inventory.own(key),
        Role::Own { directory: None } | Role::Foreign => {}
    }
    if package.is_incomplete {
        inventory.incomplete(key);
    }
    key
}
