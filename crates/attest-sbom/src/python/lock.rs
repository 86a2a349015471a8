//! What a lock file says, in one form for all managers, and how it becomes part of an inventory.

use std::collections::{HashMap, HashSet};

use super::constraint::Constraint;
use super::files::{self, ReleaseFile};
use super::release::{self, Origin, normalised};
use super::requirement::{Requirement, pinned};
use crate::cyclonedx::Scope;
use crate::inventory::{Inventory, Key};

/// A package of a lock file.
#[derive(Debug, Clone, Default)]
pub(super) struct Locked {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) origin: Origin,
    pub(super) files: Vec<ReleaseFile>,
    pub(super) needs: Vec<Need>,
    pub(super) purpose: Purpose,
    /// The path of its folder, relative to the lock file, of a package of the project itself.
    pub(super) own: Option<String>,
}

/// What a package is there for, as far as the lock file says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Nothing is said: it follows from who needs it.
    #[default]
    Unsaid,
    Use,
    Development,
}

/// Something that a package or a project needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Need {
    /// Normalised.
    pub(super) name: String,
    /// Which versions; every one if there is no constraint, or none that is understood.
    pub(super) versions: String,
    pub(super) origin: Option<Origin>,
    /// What is asked for beyond the package itself.
    pub(super) extras: Vec<String>,
    pub(super) when: When,
    /// Whether it is needed on some platforms only, so that a lock may do without it.
    pub(super) is_conditional: bool,
}

/// When something is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum When {
    #[default]
    Always,
    /// With one of these extras, normalised.
    Extra(Vec<String>),
    /// By a group for development.
    Development,
}

impl Need {
    /// The only version that is allowed, if that is one.
    pub(super) fn settled(&self) -> Option<&str> {
        pinned(&self.versions)
    }

    /// What a package is there for that only this asks for.
    pub(super) fn scope(&self) -> Option<Scope> {
        (self.when == When::Development).then_some(Scope::Excluded)
    }

    pub(super) fn of(requirement: &Requirement) -> Self {
        let extras = requirement.of_extras();
        Self {
            name: normalised(&requirement.name),
            versions: requirement.versions.clone(),
            origin: None,
            extras: requirement.extras.clone(),
            is_conditional: requirement.marker.is_some(),
            when: match extras.is_empty() {
                true => When::Always,
                false => When::Extra(extras),
            },
        }
    }
}

/// The packages of a lock file.
#[derive(Debug, Default)]
pub(super) struct Lock {
    pub(super) packages: Vec<Locked>,
    /// What the project needs, if the lock file itself says it.
    pub(super) direct: Vec<Need>,
    /// Whether the lock file says what its packages need.
    pub(super) has_needs: bool,
}

impl Lock {
    pub(super) fn names(&self) -> Names {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, package) in self.packages.iter().enumerate() {
            places.entry(normalised(&package.name)).or_default().push(place);
        }
        Names(places)
    }

    /// The packages that something means: of several versions those that it allows, and all if it allows none.
    pub(super) fn resolve(&self, need: &Need, names: &Names) -> Vec<usize> {
        let places = names.0.get(&need.name).map_or(&[][..], Vec::as_slice);
        if places.len() < 2 {
            return places.to_vec();
        }
        let constraint = Constraint::parse(&need.versions);
        let is_meant = |place: &usize| {
            let package = &self.packages[*place];
            let version = package.version.as_deref().unwrap_or_default();
            need.origin.as_ref().is_none_or(|origin| *origin == package.origin)
                && constraint.as_ref().is_none_or(|constraint| constraint.allows(version))
        };
        let meant: Vec<usize> = places.iter().copied().filter(is_meant).collect();
        match meant.is_empty() {
            true => places.to_vec(),
            false => meant,
        }
    }

    /// The scope of each package: development's alone is what every way to it leads through development. What nothing leads
    /// to is not judged.
    fn scopes(&self, direct: &[Need], names: &Names) -> Vec<Option<Scope>> {
        let is_known = !direct.is_empty() || self.packages.iter().any(|package| package.own.is_some());
        let (used, reached) = match is_known && self.has_needs {
            true => (self.reached(direct, names, false), self.reached(direct, names, true)),
            false => (Vec::new(), Vec::new()),
        };
        let at = |places: &[bool], place: usize| places.get(place).copied().unwrap_or(false);
        let scope = |(place, package): (usize, &Locked)| match package.purpose {
            Purpose::Use => None,
            Purpose::Development => Some(Scope::Excluded),
            Purpose::Unsaid => (at(&reached, place) && !at(&used, place)).then_some(Scope::Excluded),
        };
        self.packages.iter().enumerate().map(scope).collect()
    }

    /// What the project leads to, with what its development needs or without.
    fn reached(&self, direct: &[Need], names: &Names, development: bool) -> Vec<bool> {
        let mut reached = vec![false; self.packages.len()];
        let mut seen: HashSet<(usize, Option<String>)> = HashSet::new();
        let mut left: Vec<(usize, Option<String>)> = Vec::new();
        let is_followed = |need: &&Need| development || need.when != When::Development;
        let lead = |need: &Need, left: &mut Vec<(usize, Option<String>)>| {
            for place in self.resolve(need, names) {
                left.push((place, None));
                left.extend(need.extras.iter().map(|extra| (place, Some(extra.clone()))));
            }
        };
        for need in direct.iter().filter(is_followed) {
            lead(need, &mut left);
        }
        for (place, package) in self.packages.iter().enumerate() {
            if package.own.is_some() {
                left.push((place, None));
                // Whoever uses the project may ask for any of its extras.
                left.extend(extras(package).map(|extra| (place, Some(extra.clone()))));
            }
        }
        while let Some((place, extra)) = left.pop() {
            if !seen.insert((place, extra.clone())) {
                continue;
            }
            reached[place] = true;
            for need in self.packages[place].needs.iter().filter(is_followed) {
                let is_on = match (&need.when, &extra) {
                    (When::Extra(extras), Some(extra)) => extras.contains(extra),
                    (When::Extra(_), None) | (_, Some(_)) => false,
                    (_, None) => true,
                };
                if is_on {
                    lead(need, &mut left);
                }
            }
        }
        reached
    }

    /// Adds everything. `direct` is what the project needs beside what the lock file says of it.
    pub(super) fn list(&self, place: &str, direct: &[Need], inventory: &mut Inventory) -> Listed {
        let names = self.names();
        let needs: Vec<Need> = self.direct.iter().chain(direct).cloned().collect();
        let scopes = self.scopes(&needs, &names);
        let mut keys = Vec::with_capacity(self.packages.len());
        for (package, scope) in self.packages.iter().zip(scopes) {
            keys.push(self.add(package, scope, place, inventory));
        }
        for (package, key) in self.packages.iter().zip(&keys) {
            let Some(key) = *key else { continue };
            for need in &package.needs {
                for needed in self.resolve(need, &names).into_iter().filter_map(|place| keys[place]) {
                    inventory.depends(key, needed);
                }
            }
            if !self.has_needs {
                inventory.incomplete(key);
            }
        }
        let resolve = |need: &Need| {
            self.resolve(need, &names)
                .into_iter()
                .filter_map(|place| keys[place])
                .collect()
        };
        let direct = needs.iter().map(|need| (need.name.clone(), resolve(need))).collect();
        Listed { keys, direct }
    }

    fn add(&self, package: &Locked, scope: Option<Scope>, place: &str, inventory: &mut Inventory) -> Option<Key> {
        let component = release::component(&package.name, package.version.as_deref(), &package.origin, place);
        match component {
            Ok(mut component) => {
                component.scope = scope;
                files::describe(&package.files, &mut component);
                let key = inventory.add(component);
                if package.own.is_some() {
                    inventory.own(key);
                }
                Some(key)
            }
            Err(gap) => {
                inventory.gap(gap);
                None
            }
        }
    }
}

fn extras(package: &Locked) -> impl Iterator<Item = &String> {
    package.needs.iter().flat_map(|need| match &need.when {
        When::Extra(extras) => extras.as_slice(),
        _ => &[],
    })
}

/// Where the packages of a name stand in a lock file.
pub(super) struct Names(HashMap<String, Vec<usize>>);

/// What became of a lock file.
pub(super) struct Listed {
    /// In the order of the packages; none for one that cannot be named.
    pub(super) keys: Vec<Option<Key>>,
    /// What the project needs: its name, and the packages that it means.
    pub(super) direct: Vec<(String, Vec<Key>)>,
}
