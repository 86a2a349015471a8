//! What a lock file says, in one form for all managers, and how it becomes part of an inventory.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::constraint::Constraint;
use super::files::{self, ReleaseFile};
use super::release::{self, Origin, normalised};
use super::requirement::{Requirement, pinned};
use crate::cyclonedx::Scope;
use crate::inventory::{Inventory, Key};
use crate::{Gap, Options};

/// The most packages of one name that are looked at for one need. Locks for many platforms have some versions of a package.
pub(super) const MAX_CANDIDATES: usize = 64;

/// How many edges are followed for each package, and beyond that: the largest locks have five for each.
const EDGES_OF_ONE: usize = 20;
const MORE_EDGES: usize = 100_000;

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

/// Where a lock file lies, and what is asked of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) place: &'a str,
    pub(super) options: &'a Options,
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
        let places = &places[..places.len().min(MAX_CANDIDATES)];
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

    /// What everything means, within limits: a lock file may have many packages of one name, and everything need it.
    fn resolution(&self, direct: &[Need], names: &Names) -> Resolution {
        let mut left = self
            .packages
            .len()
            .saturating_mul(EDGES_OF_ONE)
            .saturating_add(MORE_EDGES);
        let mut is_cut = false;
        let mut resolve = |need: &Need| {
            if is_cut {
                return None;
            }
            let of_extras = match &need.when {
                When::Extra(extras) => extras.len().max(1),
                _ => 1,
            };
            let found = self.resolve(need, names);
            let edges = found
                .len()
                .saturating_mul(need.extras.len() + 1)
                .saturating_mul(of_extras);
            is_cut = edges > left;
            left = left.saturating_sub(edges);
            (!is_cut).then_some(found)
        };
        let direct = direct.iter().map(&mut resolve).collect();
        let packages = self.packages.iter();
        let needs = packages.map(|package| package.needs.iter().map(&mut resolve).collect());
        let needs = needs.collect();
        Resolution { direct, needs }
    }

    /// The scope of each package: development's alone is what every way to it leads through development. What nothing leads
    /// to is not judged, and nothing is where not every need is followed.
    fn scopes(&self, direct: &[Need], resolution: &Resolution) -> Vec<Option<Scope>> {
        let is_known = !direct.is_empty() || self.packages.iter().any(|package| package.own.is_some());
        let (used, reached) = match is_known && self.has_needs && resolution.is_whole() {
            true => (
                self.reached(direct, resolution, false),
                self.reached(direct, resolution, true),
            ),
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
    fn reached(&self, direct: &[Need], resolution: &Resolution, development: bool) -> Vec<bool> {
        let mut reached = vec![false; self.packages.len()];
        let mut seen: HashSet<(usize, Option<&str>)> = HashSet::new();
        let is_followed = |need: &Need| development || need.when != When::Development;
        let mut left = self.own_with_extras();
        let direct = direct.iter().zip(&resolution.direct);
        for (need, found) in direct.filter(|(need, _)| is_followed(need)) {
            lead(need, found, &mut left);
        }
        let of_extras = self.of_extras();
        while let Some((place, extra)) = left.pop() {
            if !seen.insert((place, extra)) {
                continue;
            }
            reached[place] = true;
            let needs = &self.packages[place].needs;
            let found = &resolution.needs[place];
            if let Some(extra) = extra {
                for one in of_extras.get(&(place, extra)).into_iter().flatten() {
                    lead(&needs[*one], &found[*one], &mut left);
                }
                continue;
            }
            for (need, found) in needs.iter().zip(found) {
                if is_followed(need) && !matches!(need.when, When::Extra(_)) {
                    lead(need, found, &mut left);
                }
            }
        }
        reached
    }

    /// The packages of the project: whoever uses it may ask for any of its extras.
    fn own_with_extras(&self) -> Vec<(usize, Option<&str>)> {
        let packages = self.packages.iter().enumerate();
        let own = packages.filter(|(_, package)| package.own.is_some());
        let asked = own.flat_map(|(place, package)| {
            let extras = extras(package).map(move |(extra, _)| (place, Some(extra)));
            std::iter::once((place, None)).chain(extras)
        });
        asked.collect()
    }

    /// The needs of each extra of each package.
    fn of_extras(&self) -> HashMap<(usize, &str), Vec<usize>> {
        let mut of_extras: HashMap<(usize, &str), Vec<usize>> = HashMap::new();
        for (place, package) in self.packages.iter().enumerate() {
            for (extra, need) in extras(package) {
                of_extras.entry((place, extra)).or_default().push(need);
            }
        }
        of_extras
    }

    /// Adds everything. `direct` is what the project needs beside what the lock file says of it.
    pub(super) fn list(&self, at: At<'_>, direct: &[Need], inventory: &mut Inventory) -> Listed {
        let At { place, .. } = at;
        let names = self.names();
        let needs: Vec<Need> = self.direct.iter().chain(direct).cloned().collect();
        let resolution = self.resolution(&needs, &names);
        let scopes = self.scopes(&needs, &resolution);
        let mut keys = Vec::with_capacity(self.packages.len());
        for (package, scope) in self.packages.iter().zip(scopes) {
            keys.push(self.add(package, scope, at, inventory));
        }
        for (package, (key, found)) in self.packages.iter().zip(keys.iter().zip(&resolution.needs)) {
            let Some(key) = *key else { continue };
            for needed in found.iter().flatten().flatten().filter_map(|place| keys[*place]) {
                inventory.depends(key, needed);
            }
            let is_whole = package
                .needs
                .iter()
                .zip(found)
                .all(|(need, found)| names.is_whole(need, found));
            if !self.has_needs || !is_whole {
                inventory.incomplete(key);
            }
        }
        if !resolution.is_whole() {
            let detail = "it says more of what needs what than is looked at";
            inventory.gap(Gap::new("too-large", place, detail));
        }
        let all = needs
            .iter()
            .chain(self.packages.iter().flat_map(|package| &package.needs));
        let crowded: BTreeSet<&str> = all.filter_map(|need| names.crowded(need)).collect();
        for name in crowded {
            inventory.gap(too_many(place, name));
        }
        let listed = |found: &Option<Vec<usize>>| found.iter().flatten().filter_map(|place| keys[*place]).collect();
        let direct = needs.iter().zip(&resolution.direct);
        let direct = direct.map(|(need, found)| (need.name.clone(), listed(found))).collect();
        Listed { keys, direct }
    }

    fn add(&self, package: &Locked, scope: Option<Scope>, at: At<'_>, inventory: &mut Inventory) -> Option<Key> {
        let At { place, options } = at;
        let component = release::component(&package.name, package.version.as_deref(), &package.origin, place);
        match component {
            Ok(mut component) => {
                component.scope = scope;
                files::describe(&package.files, options, &mut component);
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

/// The extras of a package, each with a need of it.
fn extras(package: &Locked) -> impl Iterator<Item = (&str, usize)> {
    package.needs.iter().enumerate().flat_map(|(place, need)| {
        let extras: &[String] = match &need.when {
            When::Extra(extras) => extras,
            _ => &[],
        };
        extras.iter().map(move |extra| (extra.as_str(), place))
    })
}

fn lead<'n>(need: &'n Need, found: &Option<Vec<usize>>, left: &mut Vec<(usize, Option<&'n str>)>) {
    for place in found.iter().flatten() {
        left.push((*place, None));
        left.extend(need.extras.iter().map(|extra| (*place, Some(extra.as_str()))));
    }
}

/// What the needs mean: the places of packages, or nothing where a limit was reached.
struct Resolution {
    direct: Vec<Option<Vec<usize>>>,
    /// Those of each package.
    needs: Vec<Vec<Option<Vec<usize>>>>,
}

impl Resolution {
    fn is_whole(&self) -> bool {
        let mut all = self.direct.iter().chain(self.needs.iter().flatten());
        all.all(Option::is_some)
    }
}

/// Where the packages of a name stand in a lock file.
pub(super) struct Names(HashMap<String, Vec<usize>>);

impl Names {
    /// The name that something asks for, if more packages have it than are looked at.
    fn crowded<'n>(&self, need: &'n Need) -> Option<&'n str> {
        let places = self.0.get(&need.name)?;
        (places.len() > MAX_CANDIDATES).then_some(need.name.as_str())
    }

    fn is_whole(&self, need: &Need, found: &Option<Vec<usize>>) -> bool {
        found.is_some() && self.crowded(need).is_none()
    }
}

/// Too many packages have one name.
pub(super) fn too_many(place: &str, name: &str) -> Gap {
    let detail =
        format!("expected at most {MAX_CANDIDATES} packages called `{name}`: which of them are meant is not said");
    Gap::new("too-large", place, detail)
}

/// What became of a lock file.
pub(super) struct Listed {
    /// In the order of the packages; none for one that cannot be named.
    pub(super) keys: Vec<Option<Key>>,
    /// What the project needs: its name, and the packages that it means.
    pub(super) direct: Vec<(String, Vec<Key>)>,
}
