use std::collections::BTreeMap;

use cargo_metadata::PackageId;

use super::graph::described;
use super::lock::Checksums;
use super::messages::{self, Artifacts};
use super::selection::Selection;
use super::workspace::Workspace;
use super::{Records, Resolution, describe};
use crate::bom::Content;
use crate::cyclonedx::{Aggregate, Component, ComponentKind, Composition, Dependency, Phase, Property, Scope};
use crate::{Bom, Error, File, Inventory, Metadata, Subject, subject, supplier};

/// Lists exactly the packages that were compiled in a build.
///
/// # Errors
/// When a record is too large, malformed, cut off, of a failed build, or when the records are of different builds.
pub fn document(records: &Records, subject: &Subject, metadata: &Metadata) -> Result<Bom, Error> {
    document_beside(records, subject, Inventory::default(), metadata)
}

/// The same, and what is handed out `beside` the programs that were built.
///
/// # Errors
/// As [`document`].
pub fn document_beside(
    records: &Records,
    subject: &Subject,
    beside: Inventory,
    metadata: &Metadata,
) -> Result<Bom, Error> {
    let workspace = Workspace::parse(&records.metadata)?;
    let root = workspace.subject(subject.package.as_deref())?;
    let artifacts = messages::parse(&records.messages)?;
    let target = target(&records.target)?;
    let selection = Selection::of_build(&workspace, root, &artifacts, target)?;
    let drawing = Drawing {
        workspace: &workspace,
        selection: match records.only_shipped {
            true => selection.only_shipped(),
            false => selection,
        },
        checksums: Checksums::parse(records.lock.as_deref())?,
        artifacts: Some(&artifacts),
        target,
    };
    let mut content = drawing.content(&subject.files, metadata)?;
    let gaps = beside.join(&mut content, metadata)?;
    Ok(Bom::new(content, metadata).with_gaps(gaps))
}

/// Lists the packages that Cargo would compile, without a build; the document says that it is incomplete.
///
/// # Errors
/// When a record is too large or malformed.
pub fn resolved_document(resolution: &Resolution, subject: &Subject, metadata: &Metadata) -> Result<Bom, Error> {
    let workspace = Workspace::parse(&resolution.metadata)?;
    let root = workspace.subject(subject.package.as_deref())?;
    let target = target(&resolution.target)?;
    let drawing = Drawing {
        workspace: &workspace,
        selection: Selection::of_resolve(&workspace, root, target, resolution.only_shipped)?,
        checksums: Checksums::parse(resolution.lock.as_deref())?,
        artifacts: None,
        target,
    };
    Ok(Bom::new(drawing.content(&subject.files, metadata)?, metadata))
}

fn target(text: &str) -> Result<&str, Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match !text.is_empty() && text.bytes().all(allowed) {
        true => Ok(text),
        false => Err(Error::InvalidTarget { found: text.to_owned() }),
    }
}

struct Drawing<'a> {
    workspace: &'a Workspace,
    selection: Selection<'a>,
    checksums: Checksums,
    artifacts: Option<&'a Artifacts>,
    target: &'a str,
}

impl Drawing<'_> {
    fn content(&self, files: &[File], metadata: &Metadata) -> Result<Content, Error> {
        let mut components = BTreeMap::new();
        for (id, _) in self.selection.graph.edges() {
            components.insert(id, self.component(id)?);
        }
        separate(&mut components);
        let project = components.get(self.selection.root).map(|root| root.name.clone());
        for component in components.values_mut() {
            component.supplier = supplier::of(component, metadata, project.as_deref());
        }
        let references: BTreeMap<_, _> = components
            .iter()
            .map(|(&id, component)| (id, reference(component)))
            .collect();
        let dependencies = self.dependencies(&references);
        let compositions = self.compositions(&references);
        let root = components.remove(self.selection.root).ok_or(Error::NoResolve)?;
        Ok(Content {
            phase: self.phase(),
            root: of_files(root, files)?,
            components: components.into_values().collect(),
            dependencies,
            compositions,
            properties: self.properties(),
        })
    }

    fn component(&self, id: &PackageId) -> Result<Component, Error> {
        let mut component = describe::component(described(self.workspace, id)?, &self.checksums)?;
        component.properties.extend(self.component_properties(id));
        if id != self.selection.root {
            component.scope = Some(match self.selection.linked.contains(id) {
                true => Scope::Required,
                false => Scope::Excluded,
            });
        }
        Ok(component)
    }

    fn component_properties(&self, id: &PackageId) -> Vec<Property> {
        let own = self.workspace.is_member(id).then(|| Property {
            name: "attest:own",
            value: "true".to_owned(),
        });
        let compiled = self.artifacts.and_then(|artifacts| artifacts.get(id));
        let features = compiled.and_then(|compiled| describe::features(compiled.features.iter().map(String::as_str)));
        let libraries = compiled.into_iter().flat_map(|compiled| &compiled.native_libraries);
        let libraries = describe::native_libraries(libraries.map(String::as_str));
        own.into_iter().chain(features).chain(libraries).collect()
    }

    fn dependencies(&self, references: &BTreeMap<&PackageId, String>) -> Vec<Dependency> {
        let edges = self.selection.graph.edges();
        edges
            .map(|(from, to)| Dependency {
                reference: references[from].clone(),
                depends_on: to.map(|id| references[id].clone()).collect(),
            })
            .collect()
    }

    /// What is listed is all that Cargo compiled; what a native library brings along, Cargo does not know.
    fn compositions(&self, references: &BTreeMap<&PackageId, String>) -> Vec<Composition> {
        let is_complete = self.artifacts.is_some() && self.selection.graph.is_exact();
        let listed = Composition {
            aggregate: if is_complete {
                Aggregate::Complete
            } else {
                Aggregate::Incomplete
            },
            assemblies: vec![references[self.selection.root].clone()],
            dependencies: references.values().cloned().collect(),
        };
        let native = self.artifacts.into_iter().flatten();
        let native = native.filter(|(_, compiled)| !compiled.native_libraries.is_empty());
        let native: Vec<_> = native.filter_map(|(id, _)| references.get(id).cloned()).collect();
        let unknown = (!native.is_empty()).then_some(Composition {
            aggregate: Aggregate::Unknown,
            assemblies: native,
            dependencies: Vec::new(),
        });
        std::iter::once(listed).chain(unknown).collect()
    }

    fn phase(&self) -> Phase {
        match self.artifacts {
            Some(_) => Phase::Build,
            None => Phase::PreBuild,
        }
    }

    fn properties(&self) -> Vec<Property> {
        let basis = if self.artifacts.is_some() { "build" } else { "resolve" };
        let property = |name, value: &str| Property {
            name,
            value: value.to_owned(),
        };
        vec![property("attest:basis", basis), property("attest:target", self.target)]
    }
}

fn reference(component: &Component) -> String {
    component.bom_ref.clone().unwrap_or_default()
}

/// Two packages of one name and version may share a package URL, one from a folder and one from a registry; their
/// references must differ. The one from the registry comes first in the order of ids, or the order is that of the folders.
fn separate(components: &mut BTreeMap<&PackageId, Component>) {
    let mut seen = BTreeMap::<String, u32>::new();
    let mut ordered: Vec<_> = components.values_mut().collect();
    ordered.sort_by_key(|component| (component.bom_ref.clone(), component.hashes.is_empty()));
    for component in ordered {
        let count = seen.entry(component.bom_ref.clone().unwrap_or_default()).or_default();
        *count += 1;
        if *count > 1 {
            component.bom_ref = component.bom_ref.take().map(|text| format!("{text}#{count}"));
        }
    }
}

/// What has binaries is an application, whatever else it is.
fn of_files(mut root: Component, files: &[File]) -> Result<Component, Error> {
    if !files.is_empty() {
        root.kind = ComponentKind::Application;
    }
    subject::with_files(root, files)
}
