//! Manifests and a target in, what really gets compiled into something out: the features that are asked for, the optional
//! packages that they bring, and the platforms that are meant.
//!
//! Source: The Cargo Book, "Features" and "Feature resolver version 2"; "Dependency Resolution".

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::manifest::{Declared, Manifest, Purpose};
use super::platform::Platform;
use super::resolution::Resolution;

/// What is built, and for what.
pub(super) struct Request<'r> {
    /// The packages that are built, by their places.
    pub(super) roots: &'r [usize],
    /// The features of the roots; the default ones when nothing is said.
    pub(super) features: Option<&'r BTreeSet<String>>,
    pub(super) platform: &'r Platform,
    /// Whether features for what runs during the build, and for other platforms, are kept apart from the others.
    pub(super) keeps_features_apart: bool,
}

/// What ends up in the roots: packages, each with what it uses there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shipped {
    pub(super) needs: BTreeMap<usize, BTreeSet<usize>>,
    /// Those of the packages that do not run during the build.
    pub(super) linked: BTreeSet<usize>,
    /// The packages of which nobody knows what they need of what was chosen for them: all of it is in the list.
    pub(super) unknown: BTreeSet<usize>,
}

/// Follows what the roots use. Procedural macros, which run during the build, are among it, as `cargo tree` has it.
pub(super) fn shipped(resolution: &Resolution<'_>, request: &Request<'_>) -> Shipped {
    Solver::solved(resolution, request).walk()
}

/// Every package that gets compiled, be it for the build alone, with the features of all its compilations together.
pub(super) fn compiled(resolution: &Resolution<'_>, request: &Request<'_>) -> BTreeMap<usize, BTreeSet<String>> {
    let solver = Solver::solved(resolution, request);
    let mut compiled: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for unit in &solver.entered {
        compiled.entry(unit.place).or_default();
    }
    for (unit, feature) in &solver.features {
        if let Some(features) = compiled.get_mut(&unit.place) {
            features.insert((*feature).to_owned());
        }
    }
    compiled
}

/// A package for one of two purposes; its features may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Unit {
    place: usize,
    runs_during_build: bool,
}

enum Task<'a> {
    Package(Unit),
    Feature(Unit, &'a str),
    /// An optional dependency, by its alias.
    Optional(Unit, &'a str),
    /// A feature of a dependency.
    Inner(Unit, Inner<'a>),
    /// Every feature: nobody knows which.
    Everything(Unit),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Inner<'a> {
    alias: &'a str,
    feature: &'a str,
    /// Only if something else brings the dependency.
    is_weak: bool,
}

/// What is looked up of a manifest, by name.
struct Table<'a> {
    manifest: &'a Manifest,
    by_alias: HashMap<&'a str, Vec<&'a Declared>>,
    /// Optional dependencies that are features of the same name: nothing calls them `dep:`.
    implicit: HashSet<&'a str>,
}

impl<'a> Table<'a> {
    fn new(manifest: &'a Manifest) -> Self {
        let mut by_alias: HashMap<&str, Vec<&Declared>> = HashMap::new();
        for declared in &manifest.dependencies {
            by_alias.entry(&declared.alias).or_default().push(declared);
        }
        let values = manifest.features.values().flatten();
        let hidden: HashSet<&str> = values.filter_map(|value| value.strip_prefix("dep:")).collect();
        let optional = manifest.dependencies.iter().filter(|declared| declared.is_optional);
        let implicit = optional
            .map(|declared| declared.alias.as_str())
            .filter(|alias| !hidden.contains(alias) && !manifest.features.contains_key(*alias));
        Self {
            manifest,
            implicit: implicit.collect(),
            by_alias,
        }
    }
}

struct Solver<'a, 'r> {
    resolution: &'r Resolution<'a>,
    request: &'r Request<'r>,
    tables: Vec<Option<Table<'a>>>,
    tasks: Vec<Task<'a>>,
    entered: HashSet<Unit>,
    features: HashSet<(Unit, &'a str)>,
    optional: HashSet<(Unit, &'a str)>,
    waiting: HashMap<(Unit, &'a str), Vec<Inner<'a>>>,
}

impl<'a, 'r> Solver<'a, 'r> {
    fn solved(resolution: &'r Resolution<'a>, request: &'r Request<'r>) -> Self {
        let mut solver = Self::new(resolution, request);
        for &root in request.roots {
            solver.root(root);
        }
        solver.run();
        solver
    }

    fn new(resolution: &'r Resolution<'a>, request: &'r Request<'r>) -> Self {
        let tables = resolution.nodes.iter().map(|node| node.manifest.map(Table::new));
        Self {
            resolution,
            request,
            tables: tables.collect(),
            tasks: Vec::new(),
            entered: HashSet::new(),
            features: HashSet::new(),
            optional: HashSet::new(),
            waiting: HashMap::new(),
        }
    }

    fn root(&mut self, place: usize) {
        let unit = self.unit_of_root(place);
        match (self.request.features, self.resolution.nodes[place].manifest) {
            (Some(wanted), Some(manifest)) => {
                let wanted = manifest.features.keys().filter(|feature| wanted.contains(*feature));
                self.tasks.extend(wanted.map(|feature| Task::Feature(unit, feature)));
                let optional = manifest.dependencies.iter().map(|declared| &declared.alias);
                let optional =
                    optional.filter(|alias| self.request.features.is_some_and(|wanted| wanted.contains(*alias)));
                self.tasks.extend(optional.map(|alias| Task::Feature(unit, alias)));
            }
            _ => self.tasks.push(Task::Feature(unit, DEFAULT)),
        }
        self.tasks.push(Task::Package(unit));
    }

    fn unit_of_root(&self, place: usize) -> Unit {
        let runs_during_build = self.request.keeps_features_apart && self.is_procedural_macro(place);
        Unit {
            place,
            runs_during_build,
        }
    }

    fn run(&mut self) {
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Package(unit) => self.package(unit),
                Task::Feature(unit, feature) => self.feature(unit, feature),
                Task::Optional(unit, alias) => self.optional(unit, alias),
                Task::Inner(unit, inner) => self.inner(unit, inner),
                Task::Everything(unit) => self.everything(unit),
            }
        }
    }

    fn feature(&mut self, unit: Unit, feature: &'a str) {
        if !self.features.insert((unit, feature)) {
            return;
        }
        let Some(table) = &self.tables[unit.place] else {
            return;
        };
        if let Some(values) = table.manifest.features.get(feature) {
            self.tasks.extend(values.iter().map(|value| task(unit, value)));
        } else if table.implicit.contains(feature) {
            self.tasks.push(Task::Optional(unit, feature));
        }
    }

    fn optional(&mut self, unit: Unit, alias: &'a str) {
        if !self.optional.insert((unit, alias)) {
            return;
        }
        let waiting = self.waiting.remove(&(unit, alias)).unwrap_or_default();
        self.tasks
            .extend(waiting.into_iter().map(|inner| Task::Inner(unit, inner)));
        for declared in self.declared(unit, alias) {
            self.ask(unit, declared);
        }
    }

    fn inner(&mut self, unit: Unit, inner: Inner<'a>) {
        let Inner {
            alias,
            feature,
            is_weak,
        } = inner;
        for declared in self.declared(unit, alias) {
            if declared.is_optional {
                if is_weak && !self.optional.contains(&(unit, alias)) {
                    self.waiting.entry((unit, alias)).or_default().push(inner);
                    continue;
                }
                self.tasks.push(Task::Optional(unit, alias));
                if !is_weak {
                    self.tasks.push(Task::Feature(unit, alias));
                }
            }
            for needed in self.units(unit, declared) {
                self.tasks.push(Task::Feature(needed, feature));
            }
        }
    }

    fn everything(&mut self, unit: Unit) {
        let Some(table) = &self.tables[unit.place] else {
            return;
        };
        let features = table
            .manifest
            .features
            .keys()
            .map(|feature| Task::Feature(unit, feature));
        self.tasks.extend(features);
        let implicit = table.implicit.iter().map(|alias| Task::Feature(unit, alias));
        self.tasks.extend(implicit);
    }

    /// Asks for a dependency with the features that are declared for it.
    fn ask(&mut self, unit: Unit, declared: &'a Declared) {
        for needed in self.units(unit, declared) {
            let features = declared.features.iter().map(|feature| task(needed, feature));
            self.tasks.extend(features);
            if declared.has_default_features {
                self.tasks.push(Task::Feature(needed, DEFAULT));
            }
            self.tasks.push(Task::Package(needed));
        }
    }

    /// Asks for what a package always needs.
    fn package(&mut self, unit: Unit) {
        if !self.entered.insert(unit) {
            return;
        }
        if self.tables[unit.place].is_none() {
            for &place in &self.resolution.nodes[unit.place].needs {
                let needed = Unit { place, ..unit };
                self.tasks.extend([Task::Everything(needed), Task::Package(needed)]);
            }
        }
        let always: Vec<&Declared> = self
            .all_declared(unit)
            .filter(|declared| !declared.is_optional)
            .collect();
        for declared in always {
            self.ask(unit, declared);
        }
    }

    /// What counts for features: the first resolver looks at every platform, and at what the tests of the roots need.
    fn counts(&self, unit: Unit, declared: &Declared) -> bool {
        match self.request.keeps_features_apart {
            true => declared.purpose != Purpose::Development && self.is_for_platform(declared),
            false => declared.purpose != Purpose::Development || self.request.roots.contains(&unit.place),
        }
    }

    fn is_for_platform(&self, declared: &Declared) -> bool {
        let condition = declared.platform.as_deref();
        condition.is_none_or(|condition| self.request.platform.matches(condition))
    }

    fn all_declared(&self, unit: Unit) -> impl Iterator<Item = &'a Declared> + '_ {
        let manifest = self.resolution.nodes[unit.place].manifest;
        let declared = manifest.into_iter().flat_map(|manifest| &manifest.dependencies);
        declared.filter(move |declared| self.counts(unit, declared))
    }

    fn declared(&self, unit: Unit, alias: &str) -> Vec<&'a Declared> {
        let table = self.tables[unit.place].as_ref();
        let of_alias = table.and_then(|table| table.by_alias.get(alias));
        let of_alias = of_alias.into_iter().flatten().copied();
        of_alias.filter(|declared| self.counts(unit, declared)).collect()
    }

    fn units(&self, unit: Unit, declared: &Declared) -> Vec<Unit> {
        let chosen = self.resolution.chosen(unit.place, declared).into_iter();
        chosen
            .map(|place| {
                let during_build =
                    unit.runs_during_build || declared.purpose == Purpose::Build || self.is_procedural_macro(place);
                let runs_during_build = self.request.keeps_features_apart && during_build;
                Unit {
                    place,
                    runs_during_build,
                }
            })
            .collect()
    }

    fn is_procedural_macro(&self, place: usize) -> bool {
        let manifest = self.resolution.nodes[place].manifest;
        manifest.is_some_and(|manifest| manifest.shape.procedural_macro)
    }

    /// Follows what is neither for tests nor for build scripts.
    fn walk(&self) -> Shipped {
        let mut shipped = Shipped::default();
        let mut seen = HashSet::new();
        let mut left: Vec<Unit> = self.request.roots.iter().map(|root| self.unit_of_root(*root)).collect();
        while let Some(unit) = left.pop() {
            if !seen.insert(unit) {
                continue;
            }
            if !unit.runs_during_build && !self.is_procedural_macro(unit.place) {
                shipped.linked.insert(unit.place);
            }
            let used = self.used(unit, &mut shipped.unknown);
            let needs = shipped.needs.entry(unit.place).or_default();
            needs.extend(used.iter().map(|unit| unit.place));
            left.extend(used);
        }
        shipped
    }

    fn used(&self, unit: Unit, unknown: &mut BTreeSet<usize>) -> Vec<Unit> {
        let node = &self.resolution.nodes[unit.place];
        let Some(manifest) = node.manifest else {
            if !node.needs.is_empty() {
                unknown.insert(unit.place);
            }
            return node.needs.iter().map(|&place| Unit { place, ..unit }).collect();
        };
        let normal = manifest.dependencies.iter().filter(|declared| {
            let is_on = || !declared.is_optional || self.optional.contains(&(unit, declared.alias.as_str()));
            declared.purpose == Purpose::Normal && self.is_for_platform(declared) && is_on()
        });
        normal.flat_map(|declared| self.units(unit, declared)).collect()
    }
}

const DEFAULT: &str = "default";

/// A value of a feature, as it is written: `feature`, `dep:alias`, `alias/feature` or `alias?/feature`.
fn task(unit: Unit, value: &str) -> Task<'_> {
    if let Some(alias) = value.strip_prefix("dep:") {
        return Task::Optional(unit, alias);
    }
    let Some((alias, feature)) = value.split_once('/') else {
        return Task::Feature(unit, value);
    };
    let inner = Inner {
        alias: alias.strip_suffix('?').unwrap_or(alias),
        feature,
        is_weak: alias.ends_with('?'),
    };
    Task::Inner(unit, inner)
}
