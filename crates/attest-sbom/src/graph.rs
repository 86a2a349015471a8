//! An inventory in, who needs whom out: everything is tied to the root, and every component gets the reference by which others
//! name it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::cyclonedx::{Component, ComponentKind, Dependency};
use crate::inventory::{Inventory, Key};

/// The reference of a root that no manifest describes.
pub(crate) const UNNAMED: &str = "root";

/// Who needs whom, from the root.
pub(crate) struct Graph {
    top: Option<Key>,
    needs: Vec<Vec<Key>>,
    /// What hangs on the root itself, and what on a file that hangs on the root.
    direct: Vec<Key>,
    listed: BTreeMap<String, Vec<Key>>,
}

impl Graph {
    pub(crate) fn new(inventory: &Inventory, top: Option<Key>) -> Self {
        let mut needs = vec![Vec::new(); inventory.len()];
        for (from, to) in inventory.edges() {
            needs[from.place()].push(*to);
        }
        let mut graph = Self {
            top,
            needs,
            direct: Vec::new(),
            listed: BTreeMap::new(),
        };
        graph.tie(inventory);
        graph
    }

    /// Ties to the root whatever is not reached from it: first what nothing else needs, then circles.
    fn tie(&mut self, inventory: &Inventory) {
        let mut reached = vec![false; self.needs.len()];
        if let Some(top) = self.top {
            self.reach(top, &mut reached);
        }
        let needed: BTreeSet<Key> = inventory.edges().iter().map(|(_, to)| *to).collect();
        let mut keys: Vec<Key> = inventory.keys().collect();
        let name = |key: &Key| {
            let package = &inventory.packages()[key.place()];
            (
                needed.contains(key),
                package.purl.as_deref().unwrap_or_default(),
                package.name.as_str(),
                place(package),
            )
        };
        keys.sort_by(|a, b| name(a).cmp(&name(b)));
        for key in keys {
            if reached[key.place()] {
                continue;
            }
            let package = &inventory.packages()[key.place()];
            match (self.top, place(package)) {
                (Some(_), Some(place)) => self.listed.entry(place.to_owned()).or_default().push(key),
                _ => self.direct.push(key),
            }
            self.reach(key, &mut reached);
        }
    }

    fn reach(&self, from: Key, reached: &mut [bool]) {
        let mut left = vec![from];
        while let Some(key) = left.pop() {
            if !std::mem::replace(&mut reached[key.place()], true) {
                left.extend(&self.needs[key.place()]);
            }
        }
    }

    /// What ties a package to the root is what others need, hence what it needs itself for is added here alone.
    fn needs_of(&self, key: Key, inventory: &Inventory) -> impl Iterator<Item = Key> {
        let itself = inventory.needs_itself(key).then_some(key);
        self.needs[key.place()].iter().copied().chain(itself)
    }

    /// The references in the order of the keys, all dependencies, and the files that list what nothing needs.
    pub(crate) fn dependencies(&self, inventory: &Inventory) -> (Vec<String>, Vec<Dependency>, Vec<Component>) {
        let references = references(inventory.packages());
        let reference = |key: &Key| references[key.place()].clone();
        let root = self.top.map_or(UNNAMED.to_owned(), |top| reference(&top));
        // Of a package whose needs are not known nothing is said: an empty list would say that it needs nothing.
        let is_known = |key: &Key| !inventory.is_incomplete(*key) || !self.needs[key.place()].is_empty();
        let mut dependencies: Vec<Dependency> = inventory
            .keys()
            .filter(is_known)
            .map(|key| Dependency {
                reference: reference(&key),
                depends_on: self.needs_of(key, inventory).map(|key| reference(&key)).collect(),
            })
            .collect();
        let mut of_root: Vec<String> = self.direct.iter().map(reference).collect();
        let mut files = Vec::new();
        for (path, keys) in &self.listed {
            let bom_ref = format!("file:{path}");
            of_root.push(bom_ref.clone());
            dependencies.push(Dependency {
                reference: bom_ref.clone(),
                depends_on: keys.iter().map(reference).collect(),
            });
            files.push(Component {
                bom_ref: Some(bom_ref),
                ..Component::new(ComponentKind::File, path)
            });
        }
        match dependencies.iter_mut().find(|dependency| dependency.reference == root) {
            Some(dependency) => dependency.depends_on.extend(of_root),
            None => dependencies.push(Dependency {
                reference: root,
                depends_on: of_root,
            }),
        }
        (references, dependencies, files)
    }
}

fn place(package: &Component) -> Option<&str> {
    let places = package
        .evidence
        .occurrences
        .iter()
        .map(|occurrence| occurrence.location.as_str());
    places.min()
}

/// `name@version` where that is one component's alone, else its package URL, else with a number.
fn references(packages: &[Component]) -> Vec<String> {
    let mut short: Vec<String> = packages.iter().map(short).collect();
    let mut count: HashMap<&str, usize> = HashMap::from([(UNNAMED, 2)]);
    for text in &short {
        *count.entry(text).or_default() += 1;
    }
    let shared: Vec<bool> = short.iter().map(|text| count[text.as_str()] > 1).collect();
    let mut order: Vec<usize> = (0..packages.len()).filter(|place| shared[*place]).collect();
    let described = |place: &usize| {
        let package = &packages[*place];
        (
            package.purl.as_deref(),
            self::place(package),
            package.version.as_deref(),
        )
    };
    order.sort_by(|a, b| described(a).cmp(&described(b)));
    for (number, place) in order.into_iter().enumerate() {
        short[place] = match &packages[place].purl {
            Some(purl) => purl.clone(),
            None => format!("{}#{}", short[place], number + 1),
        };
    }
    short
}

/// What a reader chose, else name and version.
fn short(package: &Component) -> String {
    if let Some(reference) = &package.bom_ref {
        return reference.clone();
    }
    let group = package
        .group
        .as_ref()
        .map(|group| format!("{group}/"))
        .unwrap_or_default();
    match &package.version {
        Some(version) => format!("{group}{}@{version}", package.name),
        None => format!("{group}{}", package.name),
    }
}
