//! The packages that were chosen, what each needs, and what the manifests say of that: the ground for scope and features.

use std::collections::{BTreeSet, HashMap};

use semver::{Version, VersionReq};

use super::lock::Lock;
use super::manifest::{Declared, Manifest, Origin, Purpose};
use super::project::{Own, Project};
use super::sources::Sources;

/// The packages in the order of the lock file.
pub(super) struct Resolution<'a> {
    pub(super) nodes: Vec<Node<'a>>,
}

/// A package that was chosen.
pub(super) struct Node<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    /// Whether it lies in a directory rather than in a registry or a repository.
    pub(super) is_local: bool,
    /// The directory of the project that it is.
    pub(super) own: Option<&'a Own>,
    /// The packages that it needs, by their places, for whatever purpose, in the order of their names.
    pub(super) needs: Vec<usize>,
    pub(super) manifest: Option<&'a Manifest>,
}

impl Node<'_> {
    /// Whether it is a member of the workspace, so that the lock file holds what its tests need, too.
    pub(super) fn is_member(&self) -> bool {
        self.own.is_some_and(|own| own.is_member)
    }
}

impl<'a> Resolution<'a> {
    pub(super) fn new(project: &'a Project, lock: &'a Lock, needs: Vec<Vec<usize>>, sources: &'a Sources) -> Self {
        let own = OwnPackages::new(&project.packages);
        let nodes = lock.packages.iter().zip(needs).map(|(package, mut needs)| {
            needs.sort_by_key(|place| lock.packages[*place].name.as_str());
            let is_local = package.source.is_none();
            let own = is_local.then(|| own.find(&package.name, &package.version)).flatten();
            let identity = (package.name.clone(), package.version.clone());
            let source = (!is_local).then(|| sources.get(&identity)).flatten();
            Node {
                name: &package.name,
                version: &package.version,
                is_local,
                own,
                needs,
                manifest: own.map(|own| &own.manifest).or(source.map(|source| &source.manifest)),
            }
        });
        Self { nodes: nodes.collect() }
    }

    /// The place of a package of the project.
    pub(super) fn place_of(&self, own: &Own) -> Option<usize> {
        let is_it = |node: &Node<'_>| node.own.is_some_and(|one| std::ptr::eq(one, own));
        self.nodes.iter().position(is_it)
    }

    /// Which of the packages that a package needs were chosen for something that it declares. A patch may stand in with a
    /// version that was not asked for.
    pub(super) fn chosen(&self, from: usize, declared: &Declared) -> Vec<usize> {
        let needs = &self.nodes[from].needs;
        let name = declared.package.as_str();
        let start = needs.partition_point(|place| self.nodes[*place].name < name);
        let of_name: Vec<usize> = needs[start..]
            .iter()
            .copied()
            .take_while(|place| self.nodes[*place].name == name)
            .collect();
        if of_name.len() < 2 {
            return of_name;
        }
        let requirement = declared
            .requirement
            .as_deref()
            .and_then(|text| VersionReq::parse(text).ok());
        let is_asked_for = |place: &usize| {
            let version = Version::parse(self.nodes[*place].version).ok();
            match (&requirement, version) {
                (Some(requirement), Some(version)) => requirement.matches(&version),
                _ => true,
            }
        };
        let in_directory = matches!(declared.origin, Origin::Directory(_));
        let of_version = some_of(of_name, is_asked_for);
        some_of(of_version, |place| self.nodes[*place].is_local == in_directory)
    }

    /// Whether a package is needed by tests, benches and examples alone: told for what members lead to, never guessed.
    pub(super) fn is_development_only(&self) -> Vec<bool> {
        let members = |node: &Node<'_>| node.is_member();
        let locals = |node: &Node<'_>| node.is_local;
        let start: &dyn Fn(&Node<'_>) -> bool = match self.nodes.iter().any(members) {
            true => &members,
            false => &locals,
        };
        let all = self.reached(start, |place| self.nodes[place].needs.clone());
        let shipped = self.reached(start, |place| self.needs_beside_tests(place));
        all.into_iter()
            .zip(shipped)
            .map(|(is_reached, is_shipped)| is_reached && !is_shipped)
            .collect()
    }

    fn needs_beside_tests(&self, from: usize) -> Vec<usize> {
        let node = &self.nodes[from];
        // Lock files hold what tests need of members alone.
        let Some(manifest) = node.manifest.filter(|_| node.is_member()) else {
            return node.needs.clone();
        };
        let chosen = |is_wanted: fn(Purpose) -> bool| -> Vec<usize> {
            let declared = manifest
                .dependencies
                .iter()
                .filter(|declared| is_wanted(declared.purpose));
            declared.flat_map(|declared| self.chosen(from, declared)).collect()
        };
        let of_tests: BTreeSet<usize> = chosen(|purpose| purpose == Purpose::Development).into_iter().collect();
        let mut needs = chosen(|purpose| purpose != Purpose::Development);
        needs.extend(node.needs.iter().filter(|place| !of_tests.contains(place)));
        needs
    }

    fn reached(&self, start: &dyn Fn(&Node<'_>) -> bool, needs: impl Fn(usize) -> Vec<usize>) -> Vec<bool> {
        let mut reached: Vec<bool> = self.nodes.iter().map(start).collect();
        let mut left: Vec<usize> = (0..self.nodes.len()).filter(|place| reached[*place]).collect();
        while let Some(place) = left.pop() {
            for need in needs(place) {
                if !std::mem::replace(&mut reached[need], true) {
                    left.push(need);
                }
            }
        }
        reached
    }

    /// What members declare and the lock file does not hold: the name of the member and of what it needs.
    pub(super) fn not_locked(&self) -> Vec<(&'a str, &'a str)> {
        let mut missing = Vec::new();
        for (place, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.is_member()) {
            let declared = node.manifest.into_iter().flat_map(|manifest| &manifest.dependencies);
            let absent = declared.filter(|declared| self.chosen(place, declared).is_empty());
            missing.extend(absent.map(|declared| (node.name, declared.package.as_str())));
        }
        missing
    }
}

/// Those that pass, unless none does.
fn some_of(places: Vec<usize>, passes: impl Fn(&usize) -> bool) -> Vec<usize> {
    let passing: Vec<usize> = places.iter().copied().filter(passes).collect();
    match passing.is_empty() {
        true => places,
        false => passing,
    }
}

/// A lock file names packages in directories by name and version alone.
struct OwnPackages<'a>(HashMap<&'a str, Vec<&'a Own>>);

impl<'a> OwnPackages<'a> {
    fn new(packages: &'a [Own]) -> Self {
        let mut by_name: HashMap<&str, Vec<&Own>> = HashMap::new();
        for own in packages {
            by_name.entry(&own.manifest.name).or_default().push(own);
        }
        Self(by_name)
    }

    /// The version of a manifest may be newer than the lock file.
    fn find(&self, name: &str, version: &str) -> Option<&'a Own> {
        let of_name = self.0.get(name)?;
        let same = of_name.iter().find(|own| own.manifest.version == version);
        let only = (of_name.len() == 1).then(|| &of_name[0]);
        same.or(only).copied()
    }
}
