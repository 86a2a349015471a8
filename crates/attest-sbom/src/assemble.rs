//! An inventory in, the content of a document out: the root is chosen, and everything is tied to it.

use std::collections::BTreeSet;

use crate::bom::Content;
use crate::cyclonedx::{
    Aggregate, Component, ComponentKind, Composition, Dependency, OrganizationalEntity, Phase, Scope,
};
use crate::golang::module::FROM_SOURCE;
use crate::graph::{Graph, UNNAMED};
use crate::inventory::{Inventory, Key};
use crate::{Bom, Error, File, Gap, Metadata, purl, subject, supplier};

/// What a document is about, where its maker says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Root {
    /// The name, in place of the one that a manifest has.
    pub name: Option<String>,
    /// The version, in place of the one that a manifest has.
    pub version: Option<String>,
    /// The version where the manifest has none, as those of Go.
    pub otherwise: Option<String>,
    /// Whether it is around everything that manifests describe: none of them is about it, though one lies above the others.
    pub is_around: bool,
    /// Whether it was built: then nothing will become of what is listed.
    pub is_built: bool,
}

impl Inventory {
    /// Makes the document.
    ///
    /// The root is the package of the topmost manifest; where several lie as high or none is there, it is a component of its
    /// own. Whatever no other package needs hangs on the root, through the file that lists it if the root is a package: it
    /// is not known that the root itself needs it. The project's other own packages are parts of the root: they stand
    /// inside it, beside nothing of others.
    ///
    /// # Errors
    /// [`Error::NothingToList`] for an inventory without packages, and [`Error::InvalidPurl`] for an empty name of the root.
    pub fn document(self, root: &Root, metadata: &Metadata) -> Result<Bom, Error> {
        self.document_of(root, &[], metadata)
    }

    /// Makes the document of files that were measured: the root is the only one of them, or holds them.
    ///
    /// # Errors
    /// As for [`Inventory::document`], and [`Error::DuplicateFile`].
    pub fn document_of(self, root: &Root, files: &[File], metadata: &Metadata) -> Result<Bom, Error> {
        let (content, gaps) = self.content_of(root, files, metadata)?;
        Ok(Bom::new(content, metadata).with_gaps(gaps))
    }

    /// What the document holds, before it is sorted, and what it cannot say.
    pub(crate) fn content_of(
        mut self,
        root: &Root,
        files: &[File],
        metadata: &Metadata,
    ) -> Result<(Content, Vec<Gap>), Error> {
        if self.is_empty() {
            return Err(Error::NothingToList);
        }
        let top = self.top().filter(|_| !root.is_around);
        // Systems and images are built; of manifests and lock files something may become.
        let phase = match self.whole().is_some() || root.is_built {
            true => Phase::PostBuild,
            false => Phase::PreBuild,
        };
        self.fill_suppliers(top, root, metadata);
        let is_complete = self.gaps().len() == 0 && !self.is_narrowed();
        let gaps: Vec<Gap> = self.gaps().cloned().collect();
        let graph = Graph::new(&self, top);
        let (references, dependencies, listing_files) = graph.dependencies(&self);
        let incomplete = self.keys().filter(|key| self.is_incomplete(*key));
        let incomplete: BTreeSet<String> = incomplete.map(|key| references[key.place()].clone()).collect();
        let (mut packages, mut properties) = self.into_parts();
        properties.extend(gaps.iter().map(Gap::property));
        for (package, reference) in packages.iter_mut().zip(references) {
            package.bom_ref = Some(reference);
        }
        let (described, mut packages) = apart(packages, top);
        packages.extend(listing_files);
        let content = Content {
            phase,
            compositions: compositions(&dependencies, &described, &incomplete, is_complete),
            root: with_files(supplied(renamed(described, root)?, root, metadata), root, files)?,
            components: packages,
            dependencies,
            properties,
        };
        Ok((content, gaps))
    }

    /// Whether a manifest says what all of this is.
    #[must_use]
    pub fn has_root(&self) -> bool {
        self.top().is_some()
    }

    /// Whether a manifest in `directory` says which package all of this is. One that lies deeper speaks for its own directory alone,
    /// and a package of others, such as a jar, for itself. The directory at the very top is the empty text.
    #[must_use]
    pub fn has_root_in(&self, directory: &str) -> bool {
        let lies_there = |path: &String| path.rsplit_once('/').map_or("", |(parent, _)| parent) == directory;
        self.highest().is_some_and(Component::is_own) && self.projects().keys().any(lies_there)
    }

    /// Whether the manifest that says what all of this is identifies the package: with a name, and a version where one is usual.
    #[must_use]
    pub fn is_identified(&self) -> bool {
        self.highest().is_some_and(|top| top.purl.is_some())
    }

    fn highest(&self) -> Option<&Component> {
        self.top().map(|top| &self.packages()[top.place()])
    }

    /// The package of the manifest that lies higher than every other.
    fn top(&self) -> Option<Key> {
        if let Some(whole) = self.whole() {
            return Some(whole);
        }
        let depth = |path: &str| path.matches('/').count();
        let least = self.projects().keys().map(|path| depth(path)).min()?;
        let highest: BTreeSet<Key> = self
            .projects()
            .iter()
            .filter(|(path, _)| depth(path) == least)
            .map(|(_, key)| *key)
            .collect();
        match highest.len() {
            1 => highest.first().copied(),
            _ => None,
        }
    }

    /// What the maker of the document says of what is own goes before the rules.
    fn fill_suppliers(&mut self, top: Option<Key>, root: &Root, metadata: &Metadata) {
        let project = root
            .name
            .clone()
            .or_else(|| top.map(|top| self.packages()[top.place()].name.clone()));
        let stated: Option<OrganizationalEntity> = metadata.supplier.as_ref().map(Into::into);
        for key in self.keys() {
            let package = self.package_mut(key);
            if package.supplier.is_some() || package.kind == ComponentKind::File {
                continue;
            }
            // Of what the document is about its maker says so, whatever name space it has.
            let is_made = Some(key) == top && !package.is_own();
            let by_maker = || stated.clone().or_else(|| supplier::of_project(&metadata.about));
            let by_maker = is_made.then(by_maker).flatten();
            package.supplier = by_maker.or_else(|| supplier::of(package, metadata, project.as_deref()));
        }
    }
}

/// What the document is about, with the project's other own packages in it, and what comes from others.
fn apart(mut packages: Vec<Component>, top: Option<Key>) -> (Component, Vec<Component>) {
    let mut described = match top {
        Some(key) => packages.remove(key.place()),
        None => Component {
            bom_ref: Some(UNNAMED.to_owned()),
            ..Component::new(ComponentKind::Application, "project")
        },
    };
    let (own, others): (Vec<_>, Vec<_>) = packages.into_iter().partition(Component::is_own);
    described.components.extend(own);
    (described, others)
}

/// What is around everything holds its files, be it one alone.
fn with_files(mut described: Component, root: &Root, files: &[File]) -> Result<Component, Error> {
    if !root.is_around {
        return subject::with_files(described, files);
    }
    let owner = described.bom_ref.clone().unwrap_or_default();
    let parts = File::sorted(files)?.into_iter().map(|file| file.component(&owner));
    described.components.extend(parts);
    Ok(described)
}

/// What the maker says goes before what a manifest says of itself: that is another name for something, in no ecosystem.
fn renamed(mut described: Component, root: &Root) -> Result<Component, Error> {
    described.scope = None::<Scope>;
    if described
        .version
        .as_deref()
        .is_none_or(|version| version == FROM_SOURCE)
        && let (Some(version), Some(purl)) = (&root.otherwise, &described.purl)
    {
        let (purl, version) = purl::with_version(purl, version)?;
        (described.purl, described.version) = (Some(purl), Some(version));
    }
    let version = root.version.as_ref().or(described.version.as_ref()).cloned();
    let Some(name) = &root.name else {
        if root.version.is_some() {
            (described.purl, described.version) = (None, version);
        }
        return Ok(described);
    };
    described.purl = Some(purl::generic(name, version.as_deref())?);
    (described.group, described.version) = (None, version);
    described.name.clone_from(name);
    Ok(described)
}

/// What has a name of its maker's is supplied by whom the maker names, else by the project that it is.
fn supplied(mut described: Component, root: &Root, metadata: &Metadata) -> Component {
    if root.name.is_some() && described.supplier.is_none() {
        let stated = metadata.supplier.as_ref().map(Into::into);
        described.supplier = stated.or_else(|| supplier::of_maker(&described, &metadata.about, root.name.as_deref()));
    }
    described
}

fn compositions(
    dependencies: &[Dependency],
    root: &Component,
    incomplete: &BTreeSet<String>,
    is_complete: bool,
) -> Vec<Composition> {
    let unknown: Vec<String> = incomplete.iter().cloned().collect();
    let all = dependencies.iter().map(|dependency| dependency.reference.clone());
    let known: Vec<String> = all.filter(|reference| !incomplete.contains(reference)).collect();
    // Whether everything is listed is another question than whether it is known what everything needs.
    let aggregate = match is_complete {
        true => Aggregate::Complete,
        false => Aggregate::Incomplete,
    };
    let mut compositions = vec![Composition {
        aggregate,
        assemblies: root.bom_ref.iter().cloned().collect(),
        dependencies: if aggregate == Aggregate::Complete {
            known
        } else {
            Vec::new()
        },
    }];
    if !unknown.is_empty() {
        compositions.push(Composition {
            aggregate: Aggregate::Incomplete,
            assemblies: Vec::new(),
            dependencies: unknown,
        });
    }
    compositions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(name: &str) -> Component {
        Component {
            version: Some("1.0.0".to_owned()),
            purl: Some(format!("pkg:cargo/{name}@1.0.0")),
            ..Component::new(ComponentKind::Library, name)
        }
        .found_at("Cargo.lock")
    }

    fn document(inventory: Inventory) -> serde_json::Value {
        let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
        serde_json::from_slice(&bom.to_json()).unwrap()
    }

    fn dependencies(document: &serde_json::Value) -> Vec<(String, Vec<String>)> {
        let list = document["dependencies"].as_array().unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        list.iter()
            .map(|one| {
                (
                    text(&one["ref"]),
                    one["dependsOn"].as_array().into_iter().flatten().map(text).collect(),
                )
            })
            .collect()
    }

    #[test]
    fn what_nobody_needs_hangs_on_the_file_that_lists_it() {
        let mut inventory = Inventory::default();
        let app = inventory.add(library("app"));
        let used = inventory.add(library("used"));
        inventory.add(library("alone"));
        inventory.depends(app, used);
        inventory.project("Cargo.toml", app);
        let document = document(inventory);
        assert_eq!(document["metadata"]["component"]["name"], "app");
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            dependencies(&document),
            [
                ("alone@1.0.0".to_owned(), list(&[])),
                ("app@1.0.0".to_owned(), list(&["file:Cargo.lock", "used@1.0.0"])),
                ("file:Cargo.lock".to_owned(), list(&["alone@1.0.0"])),
                ("used@1.0.0".to_owned(), list(&[])),
            ]
        );
    }

    #[test]
    fn a_circle_that_nobody_needs_is_reached_through_its_first() {
        let mut inventory = Inventory::default();
        let one = inventory.add(library("one"));
        let two = inventory.add(library("two"));
        inventory.depends(one, two);
        inventory.depends(two, one);
        let document = document(inventory);
        let root = dependencies(&document).into_iter().find(|(name, _)| name == UNNAMED);
        assert_eq!(root.unwrap().1, ["one@1.0.0"]);
    }

    #[test]
    fn one_package_in_two_places_is_one_component() {
        let mut inventory = Inventory::default();
        let first = inventory.add(Component {
            scope: Some(Scope::Excluded),
            ..library("a")
        });
        let second = inventory.add(library("a").found_at("other/Cargo.lock"));
        assert_eq!(first, second);
        let document = document(inventory);
        let component = &document["components"][0];
        assert_eq!(component["evidence"]["occurrences"].as_array().unwrap().len(), 2);
        assert_eq!(component.get("scope"), None);
        assert_eq!(component["supplier"]["name"], "Rust crates");
    }

    #[test]
    fn own_packages_are_parts_of_the_root_and_others_are_not() {
        let mut inventory = Inventory::default();
        let [app, member, used] = ["app", "member", "used"].map(|name| inventory.add(library(name)));
        inventory.depends(member, used);
        inventory.project("Cargo.toml", app);
        inventory.own(member);
        let document = document(inventory);
        let names = |list: &serde_json::Value| {
            let names = list.as_array().unwrap().iter();
            names
                .map(|one| one["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&document["metadata"]["component"]["components"]), ["member"]);
        assert_eq!(names(&document["components"]), ["Cargo.lock", "used"]);
    }

    #[test]
    fn a_manifest_that_lies_deeper_is_a_part_of_what_is_around_it() {
        let mut inventory = Inventory::default();
        let [app, used] = ["app", "used"].map(|name| inventory.add(library(name)));
        inventory.depends(app, used);
        inventory.project("source/crate/Cargo.toml", app);
        assert!(
            inventory.has_root_in("source/crate") && !inventory.has_root_in("source") && !inventory.has_root_in("")
        );
        let around = Root {
            name: Some("product".to_owned()),
            version: Some("2.0.0".to_owned()),
            is_around: true,
            ..Root::default()
        };
        let bom = inventory.document(&around, &Metadata::default()).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&bom.to_json()).unwrap();
        let root = &document["metadata"]["component"];
        assert_eq!(root["purl"], "pkg:generic/product@2.0.0");
        let own = root["components"].as_array().unwrap();
        assert!(own.len() == 1 && own[0]["purl"] == "pkg:cargo/app@1.0.0", "{own:?}");
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(dependencies(&document).contains(&("root".to_owned(), list(&["app@1.0.0"]))));
    }

    #[test]
    fn an_inventory_without_packages_makes_no_document() {
        let error = Inventory::default()
            .document(&Root::default(), &Metadata::default())
            .unwrap_err();
        assert_eq!(error, Error::NothingToList);
    }

    #[test]
    fn of_a_package_whose_needs_are_unknown_nothing_is_said_but_that() {
        let mut inventory = Inventory::default();
        let app = inventory.add(library("app"));
        let unknown = inventory.add(library("unknown"));
        let partly = inventory.add(library("partly"));
        inventory.depends(app, unknown);
        inventory.depends(app, partly);
        inventory.depends(partly, unknown);
        inventory.incomplete(unknown);
        inventory.incomplete(partly);
        inventory.project("Cargo.toml", app);
        let document = document(inventory);
        let said: Vec<String> = dependencies(&document).into_iter().map(|(name, _)| name).collect();
        assert_eq!(said, ["app@1.0.0", "partly@1.0.0"]);
        let expected = serde_json::json!(["partly@1.0.0", "unknown@1.0.0"]);
        assert!(
            document["compositions"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["dependencies"] == expected)
        );
    }

    #[test]
    fn a_gap_makes_the_document_incomplete() {
        let mut inventory = Inventory::default();
        inventory.add(library("a"));
        inventory.gap(Gap::new("no-lock", "Cargo.toml", "versions are not known"));
        let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
        assert!(!bom.is_complete());
        assert_eq!(bom.gaps().len(), 1);
    }
}
