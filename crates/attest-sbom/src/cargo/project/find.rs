use std::collections::{BTreeMap, BTreeSet};

use super::members::{self, Extent};
use super::{LOCK, MANIFEST, Manifests, Project, Workspace, around, path};
use crate::Gap;
use crate::cargo::lock::{LOCK_LIMIT, Lock};
use crate::scan::Scan;

/// The projects of a tree.
#[derive(Debug, Default)]
pub(in super::super) struct Found {
    pub(in super::super) projects: Vec<Project>,
    /// Lock files of other projects inside of these.
    pub(in super::super) others: Vec<String>,
    pub(in super::super) gaps: Vec<Gap>,
}

/// Finds the projects that lie in no other one: what a project holds beside its own packages, such as fixtures and fuzz
/// targets with a workspace of their own, is not part of it.
pub(in super::super) fn find(
    scan: &Scan<'_>,
    manifests: &mut Manifests<'_>,
    is_foreign: impl Fn(&str) -> bool,
) -> Found {
    let places = Places::new(scan, is_foreign);
    let mut found = Found::default();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut inner = Vec::new();
    for &directory in places.top_down().iter() {
        if around(directory).skip(1).any(|outer| taken.contains(outer)) {
            inner.extend(places.locks.contains(directory).then_some(directory));
            continue;
        }
        let lock = match lock(scan, directory) {
            Ok(lock) => lock,
            Err(gap) => {
                found.gaps.push(gap);
                None
            }
        };
        let project = project(manifests, &places, directory, lock);
        if project.lock.is_some() || project.has_manifest {
            taken.insert(directory);
            found.projects.push(project);
        }
    }
    let owned = owners(&found.projects);
    let is_part = |directory: &str, of: &dyn Fn(&str) -> bool| owned.get(directory).is_some_and(|owner| of(owner));
    let others = inner.into_iter().filter(|directory| !is_part(directory, &|_| true));
    found.others = others.map(|directory| path(directory, LOCK)).collect();
    let lonely: Vec<bool> = found
        .projects
        .iter()
        .map(|project| project.lock.is_some() || !is_part(&project.directory, &|owner| owner != project.directory))
        .collect();
    let mut lonely = lonely.into_iter();
    found.projects.retain(|_| lonely.next().unwrap_or(true));
    found
}

/// The project that each directory of a package belongs to; a workspace goes before the package alone.
fn owners(projects: &[Project]) -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for project in projects {
        for own in project.packages.iter().filter(|own| own.is_member) {
            if own.directory != project.directory || !owners.contains_key(&own.directory) {
                owners.insert(own.directory.clone(), project.directory.clone());
            }
        }
    }
    owners
}

/// The directories with manifests and lock files.
struct Places<'a> {
    manifests: BTreeSet<&'a str>,
    locks: BTreeSet<&'a str>,
}

impl<'a> Places<'a> {
    fn new(scan: &Scan<'a>, is_foreign: impl Fn(&str) -> bool) -> Self {
        let directories = |name| {
            let entries = scan.named(name).map(|entry| entry.parent());
            entries.filter(|directory| !is_foreign(directory)).collect()
        };
        Self {
            manifests: directories(MANIFEST),
            locks: directories(LOCK),
        }
    }

    fn top_down(&self) -> Vec<&'a str> {
        let mut all: Vec<&str> = self.manifests.union(&self.locks).copied().collect();
        let depth = |directory: &str| around(directory).count();
        all.sort_by_key(|directory| (depth(directory), *directory));
        all
    }
}

fn lock(scan: &Scan<'_>, directory: &str) -> Result<Option<Lock>, Gap> {
    let path = path(directory, LOCK);
    let Some(text) = scan.text(&path, LOCK_LIMIT as u64)? else {
        return Ok(None);
    };
    let damaged = |error: crate::Error| Gap::new("damaged", &path, error.to_string());
    Lock::parse(text.as_bytes()).map(Some).map_err(damaged)
}

fn project(manifests: &mut Manifests<'_>, places: &Places<'_>, directory: &str, lock: Option<Lock>) -> Project {
    let mut project = Project {
        directory: directory.to_owned(),
        lock,
        ..Project::default()
    };
    let Some(wire) = manifests.wire(directory) else {
        return project;
    };
    project.has_manifest = wire.package.is_some() || wire.workspace.is_some();
    project.keeps_features_apart = wire.keeps_features_apart();
    let extent = Extent::new(directory, wire.workspace.as_ref());
    // Patterns look further down only.
    let below: Vec<&str> = places.manifests.iter().copied().collect();
    project.packages = members::packages(manifests, &project, &extent, &below);
    if let (None, Some(workspace)) = (&wire.package, &wire.workspace) {
        let repository = workspace.package.repository.clone();
        let name = repository.as_deref().and_then(last_part);
        project.workspace = Some(Workspace {
            name: name.unwrap_or_else(|| fallback_name(&project)),
            version: workspace.package.version.clone(),
            repository,
        });
    }
    project
}

/// A workspace has no name: that of its repository, or of its directory.
fn fallback_name(project: &Project) -> String {
    let mut repositories = project
        .packages
        .iter()
        .map(|own| own.manifest.about.repository.as_deref());
    let first = repositories.next().flatten();
    let shared = first.filter(|first| repositories.all(|other| other == Some(*first)));
    let directory = project.directory.rsplit('/').next().filter(|name| !name.is_empty());
    let name = shared.and_then(last_part).or(directory.map(str::to_owned));
    name.unwrap_or_else(|| "workspace".to_owned())
}

fn last_part(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next()?.trim_end_matches('/');
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let name = path.split_once('/')?.1.rsplit('/').next()?.trim_end_matches(".git");
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_called_by_its_last_part() {
        for (address, name) in [
            ("https://example.com/owner/app", Some("app")),
            ("https://example.com/owner/app.git/", Some("app")),
            ("https://example.com", None),
            ("", None),
        ] {
            assert_eq!(last_part(address).as_deref(), name, "{address}");
        }
    }
}
