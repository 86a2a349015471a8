//! A project in, its packages as an inventory out.

use std::collections::HashSet;

use super::describe;
use super::features::{Request, Shipped, shipped};
use super::lock::{Lock, Locked};
use super::platform::Platform;
use super::project::{LOCK, MANIFEST, Own, Project, Workspace};
use super::resolution::Resolution;
use super::sources::Sources;
use crate::cyclonedx::{Component, ComponentKind, ReferenceKind, Scope};
use crate::inventory::{Inventory, Key};
use crate::scan::Scan;
use crate::tree::Entry;
use crate::{Gap, purl, reference};

/// What is known of a project that was locked.
pub(super) struct Locking<'a> {
    pub(super) scan: &'a Scan<'a>,
    pub(super) project: &'a Project,
    pub(super) lock: &'a Lock,
    pub(super) sources: &'a Sources,
}

impl Locking<'_> {
    /// Lists what the lock file chose; only what is shipped, if the scan is for a target.
    pub(super) fn list(&self) -> Inventory {
        let (needs, unknown) = self.lock.needs();
        let resolution = Resolution::new(self.project, self.lock, needs, self.sources);
        let mut listing = Listing {
            locking: self,
            resolution: &resolution,
            path: self.project.path(LOCK),
            inventory: Inventory::default(),
        };
        listing.doubts(unknown);
        match listing.shipped() {
            Some((roots, shipped)) => listing.only(&roots, &shipped),
            None => listing.all(),
        }
        listing.inventory
    }
}

struct Listing<'a> {
    locking: &'a Locking<'a>,
    resolution: &'a Resolution<'a>,
    /// The path of the lock file.
    path: String,
    inventory: Inventory,
}

impl Listing<'_> {
    fn gap(&mut self, code: &'static str, detail: impl Into<String>) {
        self.inventory.gap(Gap::new(code, &self.path, detail));
    }

    /// What the lock file says and cannot be, or does not say and should.
    fn doubts(&mut self, unknown: Vec<String>) {
        if let Some(form) = self.locking.lock.unknown_form {
            self.gap("damaged", format!("expected a form up to 4, found {form}"));
        }
        for name in unknown {
            self.gap("unresolved", format!("no package is called `{name}`"));
        }
        for (member, name) in self.resolution.not_locked() {
            let detail =
                format!("`{member}` needs `{name}`, which is not locked: the lock file is older than the manifest");
            self.gap("mismatch", detail);
        }
        let locals = self.resolution.nodes.iter().filter(|node| node.is_local);
        let lost = locals.filter(|node| node.own.is_none()).count();
        if lost > 0 {
            let detail = format!(
                "the manifests of {lost} own packages lie elsewhere: what only their tests need is not told apart"
            );
            self.gap("no-manifest", detail);
        }
        for (node, locked) in self.resolution.nodes.iter().zip(&self.locking.lock.packages) {
            let identity = (locked.name.clone(), locked.version.clone());
            let source = self.locking.sources.get(&identity).filter(|_| !node.is_local);
            let found = source.and_then(|source| Some((source, source.checksum.as_deref()?)));
            let expected = locked.digest().ok().flatten().map(|digest| digest.to_hex());
            if let (Some((source, found)), Some(expected)) = (found, expected)
                && found != expected
            {
                let detail = format!("expected the package with SHA-256 {expected}, found {found}");
                self.inventory.gap(Gap::new("mismatch", &source.directory, detail));
            }
        }
    }

    fn all(&mut self) {
        let development_only = self.resolution.is_development_only();
        let keys = self.add(|place| Some(development_only[place]));
        for (node, from) in self.resolution.nodes.iter().zip(&keys) {
            let needs = node.needs.iter().filter_map(|need| keys[*need]);
            for (from, to) in from.iter().flat_map(|from| needs.clone().map(move |to| (*from, to))) {
                self.inventory.depends_as_locked(from, to);
            }
        }
        let project = self.locking.project;
        let root = project.root().and_then(|own| self.resolution.place_of(own));
        let members = (0..keys.len()).filter(|place| self.resolution.nodes[*place].is_member());
        let members: Vec<Key> = members.filter_map(|place| keys[place]).collect();
        self.root(root.and_then(|place| keys[place]), &members, &keys);
    }

    fn only(&mut self, roots: &[usize], shipped: &Shipped) {
        let keys = self.add(|place| shipped.needs.contains_key(&place).then_some(false));
        for (from, needs) in &shipped.needs {
            for need in needs {
                if let (Some(from), Some(to)) = (keys[*from], keys[*need]) {
                    self.inventory.depends(from, to);
                }
            }
        }
        for key in shipped.unknown.iter().filter_map(|place| keys[*place]) {
            self.inventory.incomplete(key);
        }
        if !shipped.unknown.is_empty() {
            let count = shipped.unknown.len();
            let detail = format!(
                "the manifests of {count} packages lie elsewhere: what they need on other platforms, with other features \
                 and during the build alone is listed, too"
            );
            self.gap("no-sources", detail);
        }
        let roots: Vec<Key> = roots.iter().filter_map(|place| keys[*place]).collect();
        let only = (roots.len() == 1).then(|| roots[0]);
        self.root(only, &roots, &keys);
    }

    /// Adds the packages that are wanted, each with whether only tests need it.
    fn add(&mut self, wanted: impl Fn(usize) -> Option<bool>) -> Vec<Option<Key>> {
        let foreign: HashSet<(&str, &str)> = (self.resolution.nodes.iter())
            .filter(|node| !node.is_local)
            .map(|node| (node.name, node.version))
            .collect();
        let mut keys = Vec::with_capacity(self.resolution.nodes.len());
        for (place, locked) in self.locking.lock.packages.iter().enumerate() {
            let wanted = wanted(place).filter(|_| !locked.is_replaced());
            let Some((development_only, component)) = wanted.zip(self.component(place, locked)) else {
                keys.push(None);
                continue;
            };
            let key = self.inventory.add(Component {
                scope: development_only.then_some(Scope::Excluded),
                ..component
            });
            // One package URL may stand for a directory and for what its registry ships: then it is not own alone.
            let node = &self.resolution.nodes[place];
            if node.is_local && !foreign.contains(&(node.name, node.version)) {
                self.inventory.own(key);
            }
            keys.push(Some(key));
        }
        keys
    }

    fn component(&mut self, place: usize, locked: &Locked) -> Option<Component> {
        let purl = match purl::cargo(&locked.name, &locked.version, locked.source.as_deref()) {
            Ok(purl) => purl,
            Err(error) => {
                self.gap("damaged", error.to_string());
                return None;
            }
        };
        let digest = locked.digest().unwrap_or_else(|error| {
            self.gap("damaged", error.to_string());
            None
        });
        let node = &self.resolution.nodes[place];
        let component = Component {
            version: Some(locked.version.clone()),
            purl: Some(purl),
            origin: purl::cargo_origin(locked.source.as_deref()),
            hashes: digest
                .into_iter()
                .map(|digest| describe::sha256(digest.to_hex()))
                .collect(),
            ..Component::new(ComponentKind::Library, locked.name.as_str())
        };
        let component = match (node.own, node.manifest) {
            (Some(own), _) => own_component(self.locking.scan, self.locking.project, own, component),
            // What others say of themselves stands in their sources; the licence is what a reader of the list needs.
            (None, Some(manifest)) => Component {
                licenses: describe::licences(&manifest.about),
                ..component
            },
            (None, None) => component,
        };
        Some(component.found_at(self.path.as_str()))
    }

    /// Says what the project is: a package, or a workspace of members.
    fn root(&mut self, root: Option<Key>, members: &[Key], keys: &[Option<Key>]) {
        let project = self.locking.project;
        let manifest = project.path(MANIFEST);
        if let Some(root) = root {
            return self.inventory.project(&manifest, root);
        }
        if let Some(workspace) = &project.workspace {
            let root = self
                .inventory
                .add(workspace_component(workspace).found_at(manifest.as_str()));
            self.inventory.project(&manifest, root);
            for member in members {
                self.inventory.depends(root, *member);
            }
            return;
        }
        let locals = self.resolution.nodes.iter().zip(keys).filter(|(node, _)| node.is_local);
        let locals: Vec<Key> = locals.filter_map(|(_, key)| *key).collect();
        if let [only] = locals.as_slice() {
            self.inventory.project(&manifest, *only);
        }
    }

    fn shipped(&mut self) -> Option<(Vec<usize>, Shipped)> {
        let target = self.locking.scan.options.shipped.as_deref()?;
        let Some(platform) = Platform::parse(target) else {
            self.gap(
                "unknown-target",
                format!("nothing is known of `{target}`: what any target needs is listed"),
            );
            return None;
        };
        let mut roots = self.roots();
        roots.sort_unstable();
        if roots.is_empty() {
            self.gap(
                "unresolved",
                "no package is known that is shipped: what any target needs is listed",
            );
            return None;
        }
        self.inventory.property("attest:target", platform.triple());
        let request = Request {
            roots: &roots,
            features: None,
            platform: &platform,
            keeps_features_apart: self.locking.project.keeps_features_apart,
        };
        let shipped = shipped(self.resolution, &request);
        Some((roots, shipped))
    }

    /// What is shipped of a project: its root package; else the member that is called like the workspace, else those with
    /// a program, else all.
    fn roots(&self) -> Vec<usize> {
        let project = self.locking.project;
        if project.packages.is_empty() {
            let nodes = self.resolution.nodes.iter().enumerate();
            return nodes
                .filter(|(_, node)| node.is_local)
                .map(|(place, _)| place)
                .collect();
        }
        let candidates: Vec<&Own> = match project.root() {
            Some(root) => vec![root],
            None => {
                let name = project.workspace.as_ref().map(|workspace| workspace.name.as_str());
                let members = || project.packages.iter().filter(|own| own.is_member);
                let default = || members().filter(|own| own.is_default);
                let steps: [Vec<&Own>; 3] = [
                    members()
                        .filter(|own| Some(own.manifest.name.as_str()) == name)
                        .collect(),
                    default().filter(|own| self.locking.has_program(own)).collect(),
                    default().collect(),
                ];
                steps.into_iter().find(|step| !step.is_empty()).unwrap_or_default()
            }
        };
        candidates
            .into_iter()
            .filter_map(|own| self.resolution.place_of(own))
            .collect()
    }
}

impl Locking<'_> {
    fn has_program(&self, own: &Own) -> bool {
        own.manifest.shape.program || lies_there(self.scan, own, &["src/main.rs", "src/bin"])
    }
}

/// Adds what an own package says of itself: all of it at the root, without prose elsewhere.
pub(super) fn own_component(scan: &Scan<'_>, project: &Project, own: &Own, component: Component) -> Component {
    let kind = kind(scan, own);
    let mut described = describe::described(Component { kind, ..component }, &own.manifest.about);
    if own.directory != project.directory {
        described.description = None;
        described
            .external_references
            .retain(|reference| reference.kind == ReferenceKind::Vcs);
    }
    described
}

/// A package with a library is a library, even when it has a program, too.
fn kind(scan: &Scan<'_>, own: &Own) -> ComponentKind {
    let has_library = own.manifest.shape.library || lies_there(scan, own, &["src/lib.rs"]);
    let has_program = own.manifest.shape.program || lies_there(scan, own, &["src/main.rs", "src/bin"]);
    match has_program && !has_library {
        true => ComponentKind::Application,
        false => ComponentKind::Library,
    }
}

fn lies_there(scan: &Scan<'_>, own: &Own, names: &[&str]) -> bool {
    let mut paths = names.iter().map(|name| super::project::path(&own.directory, name));
    let listing = scan.listing();
    // An archive need not have an entry for a directory.
    paths.any(|path| listing.at(&path).is_some_and(Entry::is_file) || !listing.below(&path).is_empty())
}

/// A workspace is a component without a package URL: it has a name by courtesy only.
pub(super) fn workspace_component(workspace: &Workspace) -> Component {
    let repository = reference::external(ReferenceKind::Vcs, workspace.repository.as_deref());
    Component {
        version: workspace.version.clone(),
        external_references: repository.into_iter().collect(),
        ..Component::new(ComponentKind::Application, workspace.name.as_str())
    }
}
