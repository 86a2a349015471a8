//! A project without a lock file in, what its manifests ask for out: names and requirements, no versions.

use std::collections::BTreeMap;

use super::list;
use super::list::workspace_component;
use super::manifest::{Declared, Origin, Purpose};
use super::project::{MANIFEST, Own, Project};
use crate::cyclonedx::{Component, ComponentKind, Scope};
use crate::inventory::{Inventory, Key};
use crate::scan::Scan;
use crate::{Gap, purl, reference, registry};

/// Lists the packages of a project and what they ask for themselves; what that needs, nobody knows yet.
pub(super) fn list(scan: &Scan<'_>, project: &Project) -> Inventory {
    let mut inventory = Inventory::default();
    let mut keys = BTreeMap::new();
    for own in &project.packages {
        match own_component(scan, project, own) {
            Ok(component) => {
                let key = inventory.add(component);
                inventory.own(key);
                keys.insert(own.directory.as_str(), key);
            }
            Err(gap) => inventory.gap(gap),
        }
    }
    for own in &project.packages {
        if let Some(key) = keys.get(own.directory.as_str()).copied() {
            needs(&mut inventory, own, key, &keys);
        }
    }
    let manifest = project.path(MANIFEST);
    match (keys.get(project.directory.as_str()), &project.workspace) {
        (Some(root), _) => inventory.project(&manifest, *root),
        (None, Some(workspace)) => {
            let root = inventory.add(workspace_component(workspace).found_at(manifest.as_str()));
            inventory.project(&manifest, root);
            keys.values().for_each(|member| inventory.depends(root, *member));
        }
        (None, None) => {}
    }
    inventory
}

fn own_component(scan: &Scan<'_>, project: &Project, own: &Own) -> Result<Component, Gap> {
    let place = super::project::path(&own.directory, MANIFEST);
    let manifest = &own.manifest;
    let invalid = |error: crate::Error| Gap::new("damaged", &place, error.to_string());
    let component = Component {
        version: Some(manifest.version.clone()),
        purl: Some(purl::cargo(&manifest.name, &manifest.version, None).map_err(invalid)?),
        ..Component::new(ComponentKind::Library, manifest.name.as_str())
    };
    // Where it is not reached from the root, it hangs on the topmost manifest.
    Ok(list::own_component(scan, project, own, component).found_at(project.path(MANIFEST)))
}

fn needs(inventory: &mut Inventory, own: &Own, key: Key, keys: &BTreeMap<&str, Key>) {
    let place = super::project::path(&own.directory, MANIFEST);
    for declared in &own.manifest.dependencies {
        // What lies outside is nobody's business.
        let inside = match &declared.origin {
            Origin::Directory(Some(directory)) => keys.get(directory.as_str()).copied(),
            _ => None,
        };
        let needed = match inside {
            Some(needed) => needed,
            None => match component(declared) {
                Ok(component) => {
                    let needed = inventory.add(component.found_at(place.as_str()));
                    inventory.incomplete(needed);
                    needed
                }
                Err(error) => {
                    inventory.gap(Gap::new("damaged", &place, error.to_string()));
                    continue;
                }
            },
        };
        inventory.depends(key, needed);
    }
}

/// `=1.2.3` and a whole commit are the only requirements that one version alone can meet.
fn component(declared: &Declared) -> Result<Component, crate::Error> {
    let requirement = declared.requirement.as_deref().map(str::trim);
    let exact = requirement.and_then(|text| text.strip_prefix('=')).map(str::trim);
    let exact = exact.filter(|version| semver::Version::parse(version).is_ok());
    let source = match &declared.origin {
        Origin::Git {
            url,
            commit: Some(commit),
        } => Some(format!("git+{url}#{commit}")),
        _ => None,
    };
    let purl = purl::cargo_requirement(&declared.package, exact, source.as_deref())?;
    let requirement = requirement.filter(|_| exact.is_none()).map(reference::requirement);
    Ok(Component {
        version: exact.map(str::to_owned),
        purl: Some(purl),
        // A manifest may mean a registry that only the configuration of Cargo knows.
        origin: registry::Origin::Elsewhere,
        scope: (declared.purpose == Purpose::Development).then_some(Scope::Excluded),
        properties: requirement.into_iter().collect(),
        ..Component::new(ComponentKind::Library, declared.package.as_str())
    })
}
