//! Modules that are built with one list of versions, and the components that this list makes.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::manifest::{Manifest, Replace, Replacement};
use super::module::{self, compare};
use super::projects::within;
use super::sums::Sums;
use super::vendor::Vendor;
use crate::cyclonedx::{Component, ComponentKind, Property, Scope};
use crate::inventory::{Inventory, Key};
use crate::{Gap, Options};

/// A module of the tree.
pub(super) struct Member {
    pub(super) path: String,
    pub(super) manifest: Manifest,
    /// Its component, if it has a name.
    pub(super) key: Option<Key>,
}

/// One module, or those of a workspace.
pub(super) struct Build<'a> {
    /// Where it is built: `replace` of a workspace and `vendor` are relative to this.
    pub(super) directory: &'a str,
    pub(super) members: Vec<(&'a str, &'a Member)>,
    /// Directories in place of modules that the members need: own code, whose own replacements and exclusions do not count.
    pub(super) stand_ins: Vec<(&'a str, &'a Member)>,
    /// Those of the workspace, which go before those of the modules.
    pub(super) replaces: Vec<&'a Replace>,
    pub(super) sums: Sums,
    pub(super) vendor: Option<Vendor>,
}

/// What a path and a version come to.
enum Resolved {
    Own(Key),
    Module {
        path: String,
        version: String,
    },
    /// A directory that is not in the tree.
    Outside,
}

impl Build<'_> {
    pub(super) fn list(&self, options: &Options, members: &BTreeMap<String, Member>, inventory: &mut Inventory) {
        let keys = self.modules(options, members, inventory);
        for (_, member) in &self.members {
            self.edges(member, &keys, inventory);
            self.judge(member, options, inventory);
        }
        for (_, stand_in) in &self.stand_ins {
            self.edges(stand_in, &keys, inventory);
        }
    }

    /// A component for each module that is needed.
    fn modules(
        &self,
        options: &Options,
        members: &BTreeMap<String, Member>,
        inventory: &mut Inventory,
    ) -> BTreeMap<&str, Key> {
        let mut keys = BTreeMap::new();
        let names = self.names(members);
        for (path, needed) in self.needed() {
            if options.shipped.is_some() && !self.is_used(path, &needed) {
                continue;
            }
            match names.resolve(path, needed.version) {
                Resolved::Own(key) => drop(keys.insert(path, key)),
                Resolved::Outside => {
                    let detail = format!("`{path}` is replaced by a directory that is not here");
                    inventory.gap(Gap::new("unresolved", needed.places[0], detail));
                }
                Resolved::Module { path: by, version } => match self.component(path, &by, &version, &needed) {
                    Ok(component) => {
                        let key = inventory.add(component);
                        inventory.incomplete(key);
                        keys.insert(path, key);
                    }
                    Err(error) => inventory.gap(Gap::new("damaged", needed.places[0], error.to_string())),
                },
            }
        }
        keys
    }

    /// The modules that any member needs, each in the latest version that one asks for.
    /// Source: "Go Modules Reference", section "Minimal version selection (MVS)".
    fn needed(&self) -> BTreeMap<&str, Needed<'_>> {
        let mut needed: BTreeMap<&str, Needed<'_>> = BTreeMap::new();
        let main = || self.members.iter().map(|(_, member)| *member);
        let excludes = || main().flat_map(|member| &member.manifest.excludes);
        let excludes: HashSet<&(String, String)> = excludes().collect();
        let stand_ins = self.stand_ins.iter().map(|(_, stand_in)| *stand_in);
        // Who lists everything lists all that any build of it takes from what stands in: the rest is for the tests of that.
        let is_whole = main().all(|member| member.manifest.lists_indirect());
        for (member, is_main) in main().map(|main| (main, true)).chain(stand_ins.map(|one| (one, false))) {
            for require in &member.manifest.requires {
                if excludes.contains(&(require.path.clone(), require.version.clone())) {
                    continue;
                }
                let needed = needed.entry(&require.path).or_insert_with(|| Needed {
                    is_for_tests: is_whole && !is_main,
                    ..Needed::default()
                });
                needed.add(&require.version, &member.path);
            }
        }
        if let Some(vendor) = &self.vendor {
            for (path, module) in &vendor.modules {
                if module.packages > 0 && !needed.contains_key(path.as_str()) {
                    needed.entry(path).or_default().add(&module.version, &vendor.list);
                }
            }
        }
        needed
    }

    fn names<'a>(&'a self, members: &'a BTreeMap<String, Member>) -> Names<'a> {
        let own = self
            .members
            .iter()
            .filter_map(|(_, member)| Some((member.manifest.module.as_deref()?, member.key?)));
        let of_workspace = self.replaces.iter().map(|replace| (self.directory, *replace));
        let of_modules = self.members.iter().flat_map(|(directory, member)| {
            let replaces = member.manifest.replaces.iter();
            replaces.map(move |replace| (*directory, replace))
        });
        let mut replaces: HashMap<&str, Vec<(&str, &Replace)>> = HashMap::new();
        for (base, replace) in of_workspace.chain(of_modules) {
            replaces.entry(&replace.path).or_default().push((base, replace));
        }
        let own = own.collect();
        Names { own, replaces, members }
    }

    fn component(&self, path: &str, by: &str, version: &str, needed: &Needed<'_>) -> Result<Component, crate::Error> {
        let mut component = module::component(ComponentKind::Library, by, Some(version))?;
        for place in &needed.places {
            component = component.found_at(*place);
        }
        component.properties.extend(self.sums.property(by, version));
        if (by, version) != (path, needed.version) {
            let value = format!("{path}@{}", needed.version);
            let name = "attest:go:replaces";
            component.properties.push(Property { name, value });
        }
        if !self.is_used(path, needed) {
            component.scope = Some(Scope::Excluded);
        }
        let vendored = self.vendor.as_ref().and_then(|vendor| vendor.modules.get(path));
        component
            .licenses
            .extend(vendored.and_then(|module| module.licence.clone()));
        Ok(component)
    }

    /// Whether a package of a module takes part: if only what does was copied, those without one do not.
    fn is_used(&self, path: &str, needed: &Needed<'_>) -> bool {
        if needed.is_for_tests {
            return false;
        }
        let packages = |vendor: &Vendor| vendor.modules.get(path).map_or(0, |module| module.packages);
        self.vendor.as_ref().is_none_or(|vendor| packages(vendor) > 0)
    }

    fn edges(&self, member: &Member, keys: &BTreeMap<&str, Key>, inventory: &mut Inventory) {
        let Some(from) = member.key else {
            return;
        };
        for require in member.manifest.requires.iter().filter(|require| !require.is_indirect) {
            match keys.get(require.path.as_str()) {
                Some(to) => inventory.depends(from, *to),
                None => inventory.incomplete(from),
            }
        }
    }

    /// What the files of a module do not say, or say twice and differently.
    fn judge(&self, member: &Member, options: &Options, inventory: &mut Inventory) {
        let manifest = &member.manifest;
        let Some(vendor) = &self.vendor else {
            if !manifest.lists_indirect() && !manifest.requires.is_empty() {
                let go = manifest
                    .go
                    .as_deref()
                    .map_or("a version of Go before 1.17".to_owned(), |go| format!("Go {go}"));
                let detail = format!("{go} lists only what the module itself imports, not what that needs in turn");
                inventory.gap(Gap::new("unresolved", &member.path, detail));
            }
            if options.shipped.is_some() {
                let detail = "it does not say which modules end up in a program; the program itself does";
                inventory.gap(Gap::new("unresolved", &member.path, detail));
            }
            return;
        };
        for require in &manifest.requires {
            let copied = vendor.modules.get(&require.path);
            if let Some(copied) = copied.filter(|copied| self.members.len() == 1 && copied.version != require.version) {
                let (path, expected, found) = (&require.path, &require.version, &copied.version);
                let detail = format!("`{path}`: expected `{expected}` as in `go.mod`, found `{found}`");
                inventory.gap(Gap::new("mismatch", &vendor.list, detail));
            }
        }
    }
}

/// What the paths of modules stand for.
struct Names<'a> {
    /// The modules of a workspace.
    own: HashMap<&'a str, Key>,
    /// What stands in for a module, and the directory that it is relative to: those that go before others first.
    replaces: HashMap<&'a str, Vec<(&'a str, &'a Replace)>>,
    members: &'a BTreeMap<String, Member>,
}

impl Names<'_> {
    fn resolve(&self, path: &str, version: &str) -> Resolved {
        if let Some(key) = self.own.get(path) {
            return Resolved::Own(*key);
        }
        match self.replaced(path, version) {
            None => Resolved::Module {
                path: path.to_owned(),
                version: version.to_owned(),
            },
            Some((_, Replacement::Module { path, version })) => Resolved::Module {
                path: path.clone(),
                version: version.clone(),
            },
            Some((base, Replacement::Directory(directory))) => {
                let member = within(base, directory).and_then(|directory| self.members.get(&directory));
                member
                    .and_then(|member| member.key)
                    .map_or(Resolved::Outside, Resolved::Own)
            }
        }
    }

    /// A replacement of the very version goes before one of all.
    fn replaced(&self, path: &str, version: &str) -> Option<(&str, &Replacement)> {
        let replaces = self.replaces.get(path)?;
        let of = |wanted: Option<&str>| {
            replaces
                .iter()
                .find(|(_, replace)| replace.version.as_deref() == wanted)
        };
        let (base, replace) = of(Some(version)).or_else(|| of(None))?;
        Some((base, &replace.by))
    }
}

/// A module that is asked for, and by which files.
#[derive(Default)]
struct Needed<'a> {
    version: &'a str,
    places: Vec<&'a str>,
    /// Only the tests of what stands in for another module need it.
    is_for_tests: bool,
}

impl<'a> Needed<'a> {
    fn add(&mut self, version: &'a str, place: &'a str) {
        if self.places.is_empty() || compare(self.version, version).is_lt() {
            self.version = version;
        }
        if self.places.last() != Some(&place) {
            self.places.push(place);
        }
    }
}
