//! What was found, before it becomes a document: packages, what needs what, whose manifest lies where, and what is missing.

mod held;
mod merging;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use merging::{merge, without_repeats};

use crate::Gap;
use crate::cyclonedx::{Component, ComponentKind, Occurrence, Property};

/// The most other projects that are named: repositories hold hundreds of fixtures.
const NAMED_PROJECTS: usize = 16;

/// A package of an [`Inventory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(u32);

impl Key {
    pub(crate) const FIRST: Self = Self(0);
    pub(crate) const LAST: Self = Self(u32::MAX);

    pub(crate) fn place(self) -> usize {
        self.0 as usize
    }
}

/// Packages, each once: two with one package URL are one, found in two places.
///
/// The order in which they come does not matter.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    packages: Vec<Component>,
    by_identity: HashMap<String, Key>,
    edges: BTreeSet<(Key, Key)>,
    /// Packages of which their manager says that they need themselves.
    circular: BTreeSet<Key>,
    projects: BTreeMap<String, Key>,
    /// What everything is part of, whatever manifests there are: a system, an image.
    root: Option<Key>,
    incomplete: BTreeSet<Key>,
    /// Packages of which no manager says what they are needed for: files that merely lie there.
    lying: BTreeSet<Key>,
    /// What an input says of all of itself, such as the system that it is.
    properties: Vec<Property>,
    gaps: BTreeSet<Gap>,
}

impl Inventory {
    /// Adds a package, or what is new about one that is there. Its `bom_ref` is set later.
    pub(crate) fn add(&mut self, package: Component) -> Key {
        let identity = identity(&package);
        if let Some(&key) = self.by_identity.get(&identity) {
            self.same_purl(key, &package);
            if self.lying.remove(&key) {
                self.packages[key.place()].scope = package.scope;
            }
            merge(&mut self.packages[key.place()], package);
            return key;
        }
        let key = Key(u32::try_from(self.packages.len()).expect("a tree holds fewer packages than 2^32"));
        self.packages.push(package);
        self.by_identity.insert(identity, key);
        key
    }

    /// Adds a package that merely lies there as a file: what it is needed for is for those to say who list it.
    pub(crate) fn add_lying(&mut self, mut package: Component) -> Key {
        let known = self.by_identity.get(&identity(&package)).copied();
        let is_listed = known.is_some_and(|key| !self.lying.contains(&key));
        if let Some(key) = known {
            package.scope = self.packages[key.place()].scope;
        }
        let key = self.add(package);
        if !is_listed {
            self.lying.insert(key);
        }
        key
    }

    /// Says that packages which were added merely lie there.
    pub(crate) fn lie_there(&mut self, keys: impl IntoIterator<Item = Key>) {
        self.lying.extend(keys);
    }

    /// Whether a package is there by more than a file that lies there.
    pub(crate) fn lists(&self, purl: &str) -> bool {
        self.by_purl(purl).is_some_and(|key| !self.lying.contains(&key))
    }

    /// Names may differ where package URLs do not: those of npm and Go are in lower case, whatever the name is. Then one
    /// component stands for several packages, and is called like the first of them. To an index of Python they are one name.
    fn same_purl(&mut self, key: Key, other: &Component) {
        let package = &mut self.packages[key.place()];
        let (name, other_name) = (whole_name(package), whole_name(other));
        let purl = package.purl.clone().unwrap_or_default();
        let is_told_apart = ["pkg:npm/", "pkg:golang/"].iter().any(|kind| purl.starts_with(kind));
        if !is_told_apart || name == other_name || name.to_lowercase() != other_name.to_lowercase() {
            return;
        }
        let mut names = [name, other_name];
        names.sort();
        let [first, second] = &names;
        let detail = format!("`{first}` and `{second}` are both `{purl}`, and listed as one");
        if *first != whole_name(package) {
            package.group.clone_from(&other.group);
            package.name.clone_from(&other.name);
        }
        let place = other.evidence.occurrences.first();
        let place = place.map_or("", |occurrence| occurrence.location.as_str());
        self.gaps.insert(Gap::new("same-purl", place, detail));
    }

    /// The package with a package URL.
    pub(crate) fn by_purl(&self, purl: &str) -> Option<Key> {
        self.by_identity.get(purl).copied()
    }

    /// Says that one package needs another. That two become one makes it no package that needs itself.
    pub(crate) fn depends(&mut self, from: Key, to: Key) {
        if from != to {
            self.edges.insert((from, to));
        }
    }

    /// Says what a lock file does, which may be that a package needs itself: for its tests, with other features.
    pub(crate) fn depends_as_locked(&mut self, from: Key, to: Key) {
        self.depends(from, to);
        if from == to {
            self.circular.insert(from);
        }
    }

    /// Says that a package is what a manifest at this path describes. It is the project's own.
    pub(crate) fn project(&mut self, manifest: &str, key: Key) {
        self.projects.insert(manifest.to_owned(), key);
        self.own(key);
    }

    /// Says that a package is what a file at this path is, which may come from anybody: it is the project's own only if a manifest
    /// says so.
    pub(crate) fn describes(&mut self, file: &str, key: Key) {
        self.projects.insert(file.to_owned(), key);
    }

    /// Says what everything is part of. The document is about it, and not about the package of some manifest.
    pub(crate) fn root(&mut self, key: Key) {
        self.root = Some(key);
    }

    /// What everything is part of, where somebody said it.
    pub(crate) fn whole(&self) -> Option<Key> {
        self.root
    }

    /// Says that a package is the project's own: a member of its workspace.
    pub(crate) fn own(&mut self, key: Key) {
        let package = &mut self.packages[key.place()];
        if !package.is_own() {
            let value = "true".to_owned();
            package.properties.push(Property { name: OWN, value });
        }
    }

    /// Says that a package may need more than what is listed.
    pub(crate) fn incomplete(&mut self, key: Key) {
        self.incomplete.insert(key);
    }

    /// Says something of the whole input.
    pub(crate) fn property(&mut self, name: &'static str, value: impl Into<String>) {
        let value = value.into();
        self.properties.push(Property { name, value });
    }

    /// Says what somebody did not want to have read.
    pub(crate) fn narrow(&mut self, what: String) {
        self.property(EXCLUDED, what);
    }

    /// Whether somebody did not want to have everything read.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.properties.iter().any(|property| property.name == EXCLUDED)
    }

    /// The files of projects that are none of this one, and how many more there are.
    pub fn other_projects(&self) -> impl Iterator<Item = &str> {
        let named = self.properties.iter().filter(|property| property.name == NOT_LISTED);
        named.map(|property| property.value.as_str())
    }

    /// Names the files of projects that are none of this one.
    pub(crate) fn not_listed(&mut self, paths: &[String]) {
        for path in paths.iter().take(NAMED_PROJECTS) {
            self.property(NOT_LISTED, path.as_str());
        }
        if paths.len() > NAMED_PROJECTS {
            let more = format!("and {} more", paths.len() - NAMED_PROJECTS);
            self.property(NOT_LISTED, more);
        }
    }

    /// Says what is missing.
    pub fn gap(&mut self, gap: Gap) {
        self.gaps.insert(gap);
    }

    /// Takes everything of another inventory.
    pub fn absorb(&mut self, other: Self) {
        self.take(other);
    }

    /// Takes everything of another inventory; the keys that its packages have here.
    pub(crate) fn take(&mut self, other: Self) -> Vec<Key> {
        let lying = other.lying;
        let packages = other.packages.into_iter().zip(0..);
        let keys: Vec<Key> = packages
            .map(|(package, place)| match lying.contains(&Key(place)) {
                true => self.add_lying(package),
                false => self.add(package),
            })
            .collect();
        for (from, to) in other.edges {
            self.depends(keys[from.place()], keys[to.place()]);
        }
        self.circular
            .extend(other.circular.into_iter().map(|key| keys[key.place()]));
        self.incomplete
            .extend(other.incomplete.into_iter().map(|key| keys[key.place()]));
        for (manifest, key) in other.projects {
            self.projects.entry(manifest).or_insert(keys[key.place()]);
        }
        self.root = self.root.or(other.root.map(|key| keys[key.place()]));
        self.properties.extend(other.properties);
        self.gaps.extend(other.gaps);
        keys
    }

    /// What was found inside a file, as part of what the file is part of.
    pub(crate) fn below(mut self, file: &str) -> Self {
        let moved = |place: &str| match place {
            "" => file.to_owned(),
            place => format!("{file}/{place}"),
        };
        let occurrences = self
            .packages
            .iter_mut()
            .flat_map(|package| &mut package.evidence.occurrences);
        for occurrence in occurrences {
            occurrence.location = moved(&occurrence.location);
        }
        let projects = self.projects.into_iter().map(|(place, key)| (moved(&place), key));
        self.projects = projects.collect();
        let gaps = self
            .gaps
            .iter()
            .map(|gap| Gap::new(gap.code(), &moved(gap.place()), gap.detail()));
        self.gaps = gaps.collect();
        self
    }

    /// What is missing, in the order of the places.
    #[must_use]
    pub fn gaps(&self) -> impl ExactSizeIterator<Item = &Gap> {
        self.gaps.iter()
    }

    /// How many packages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packages.len()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// Leaves packages out for others that hold them: what needed the one needs the other.
    pub(crate) fn leave_out(&mut self, packages: &BTreeMap<Key, Key>) {
        let mut kept = Self::default();
        let all = std::mem::take(self);
        let keys: Vec<Option<Key>> = all
            .packages
            .into_iter()
            .zip(0..)
            .map(|(package, place)| (!packages.contains_key(&Key(place))).then(|| kept.add(package)))
            .collect();
        let key = |key: Key| keys[key.place()];
        let holder = |needed: Key| key(packages.get(&needed).copied().unwrap_or(needed));
        for (from, to) in all.edges {
            if let (Some(from), Some(to)) = (key(from), holder(to)) {
                kept.depends(from, to);
            }
        }
        kept.projects = all
            .projects
            .into_iter()
            .filter_map(|(path, of)| Some((path, key(of)?)))
            .collect();
        kept.root = all.root.and_then(key);
        kept.circular = all.circular.into_iter().filter_map(key).collect();
        kept.incomplete = all.incomplete.into_iter().filter_map(key).collect();
        kept.lying = all.lying.into_iter().filter_map(key).collect();
        (kept.properties, kept.gaps) = (all.properties, all.gaps);
        *self = kept;
    }

    /// The files that something was found in, or that a gap is about; of those in archives the archive.
    pub(crate) fn places(&self) -> HashSet<&str> {
        let occurrences = self.packages.iter().flat_map(|package| &package.evidence.occurrences);
        let places = occurrences.map(|occurrence| occurrence.location.as_str());
        let gaps = self.gaps.iter().map(Gap::place);
        let places = places.chain(gaps).chain(self.projects.keys().map(String::as_str));
        places.map(|place| place.split("!/").next().unwrap_or(place)).collect()
    }

    pub(crate) fn packages(&self) -> &[Component] {
        &self.packages
    }

    pub(crate) fn package_mut(&mut self, key: Key) -> &mut Component {
        &mut self.packages[key.place()]
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + use<> {
        (0..self.packages.len()).map(|place| Key(u32::try_from(place).expect("counted before")))
    }

    pub(crate) fn edges(&self) -> &BTreeSet<(Key, Key)> {
        &self.edges
    }

    pub(crate) fn needs_itself(&self, key: Key) -> bool {
        self.circular.contains(&key)
    }

    pub(crate) fn projects(&self) -> &BTreeMap<String, Key> {
        &self.projects
    }

    pub(crate) fn is_incomplete(&self, key: Key) -> bool {
        self.incomplete.contains(&key)
    }

    pub(crate) fn into_parts(mut self) -> (Vec<Component>, Vec<Property>) {
        for package in &mut self.packages {
            without_repeats(&mut package.hashes);
            without_repeats(&mut package.evidence.occurrences);
            without_repeats(&mut package.properties);
        }
        (self.packages, self.properties)
    }
}

/// The property with the whole name of an image, whatever names are written for it.
pub(crate) const IMAGE_REFERENCE: &str = "attest:oci:reference";

/// The package URL, of images the whole name, else everything that tells a component from others: its digest, and of a
/// component without one its place. Files are told apart by their places, whatever is in them, and without places by their digests.
pub(crate) fn identity(package: &Component) -> String {
    let mut properties = package.properties.iter();
    let image = properties.find(|property| property.name == IMAGE_REFERENCE);
    match (&package.purl, image) {
        (Some(purl), _) => purl.clone(),
        (None, Some(image)) => format!("{IMAGE_REFERENCE}\0{}", image.value),
        (None, None) => {
            let place = package.evidence.occurrences.first();
            let place = place.map(|occurrence| occurrence.location.as_str());
            let digest = package.hashes.first().map(|hash| hash.content.as_str());
            let place = match package.kind {
                ComponentKind::File => place.or(digest),
                _ => digest.or(place),
            };
            let parts = [
                package.group.as_deref(),
                Some(package.name.as_str()),
                package.version.as_deref(),
                place,
            ];
            format!(
                "{:?}\0{}",
                package.kind,
                parts.map(Option::unwrap_or_default).join("\0")
            )
        }
    }
}

/// Name and group together, however they are divided.
fn whole_name(package: &Component) -> String {
    match &package.group {
        Some(group) => format!("{group}/{}", package.name),
        None => package.name.clone(),
    }
}

/// The property of projects that are none of this one.
const NOT_LISTED: &str = "attest:not-listed";

/// The property of what was not to be read.
const EXCLUDED: &str = "attest:excluded";

/// The property of what is the project's own.
const OWN: &str = "attest:own";

impl Component {
    pub(crate) fn is_own(&self) -> bool {
        self.properties.iter().any(|property| property.name == OWN)
    }

    /// Says where the component was found.
    pub(crate) fn found_at(mut self, location: impl Into<String>) -> Self {
        let location = location.into();
        self.evidence.occurrences.push(Occurrence { location, line: None });
        self
    }
}
