use super::manifest::{MANIFEST, Need};
use super::package::{Package, Role};
use super::project::{Project, in_directory};
use super::systems::Target;
use crate::Gap;
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
        let is_kept = self.shipped(project, inventory);
        let only_for_development = self.only_for_development();
        let mut keys = Vec::new();
        for (place, package) in self.packages.iter_mut().enumerate() {
            if package.licences.is_empty() {
                package.licences = project.installed.licences(package);
            }
            let is_development = package.is_development.unwrap_or(only_for_development[place]);
            let is_excluded = !package.is_own() && is_development;
            let is_kept = is_kept.as_ref().is_none_or(|kept| kept[place]);
            keys.push(if is_kept {
                add(package, is_excluded, project, inventory)
            } else {
                None
            });
        }
        for (from, needs) in keys.iter().zip(&self.needs) {
            for (to, _) in needs {
                if let (Some(from), Some(to)) = (from, keys[*to]) {
                    inventory.depends(*from, to);
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
