use std::collections::BTreeSet;

use super::members::{self, Extent};
use super::{LOCK, MANIFEST, Manifests, Own, Project, Workspace, around, path};
use crate::Gap;
use crate::cargo::lock::{LOCK_LIMIT, Lock};
use crate::cargo::manifest::Manifest;
use crate::scan::{Kind, Scan};

/// The projects of a tree.
#[derive(Debug, Default)]
pub(in super::super) struct Found {
    pub(in super::super) projects: Vec<Project>,
    /// Lock files of other projects inside of these.
    pub(in super::super) others: Vec<String>,
    pub(in super::super) gaps: Vec<Gap>,
}

/// Finds the projects that lie in no other one: what a project holds beside its own packages, such as fixtures and fuzz
/// targets with a workspace of their own, is not part of it. Nor is a package without a lock file a project if another
/// project is made of it, by a path that may lead anywhere.
pub(in super::super) fn find(
    scan: &Scan<'_>,
    manifests: &mut Manifests<'_>,
    is_foreign: impl Fn(&str) -> bool,
) -> Found {
    let places = Places::new(scan, is_foreign);
    let mut found = Found::default();
    let (tops, inner) = tops(scan, manifests, &places, &mut found.gaps);
    let mut parts = Parts::default();
    for top in in_order(tops, manifests) {
        if top.lock.is_none() && parts.have(&top.directory) {
            continue;
        }
        if manifests.are_exhausted() {
            let detail = "too many packages are part of several projects: this one is not listed";
            found
                .gaps
                .push(Gap::new("too-large", &path(&top.directory, MANIFEST), detail));
            continue;
        }
        let project = project(manifests, &places, top);
        if project.lock.is_some() || !parts.have_members_of(&project) {
            parts.add(&project);
            found.projects.push(project);
        }
    }
    found.projects.sort_by_key(|project| order(&project.directory));
    let others = inner.into_iter().filter(|directory| !parts.are_made_of(directory));
    found.others = others.map(|directory| path(directory, LOCK)).collect();
    found
}

/// Where a project may begin: a lock file or a manifest that lies in no other project.
struct Top {
    directory: String,
    lock: Option<Lock>,
}

/// The tops, from the highest to the lowest, and the directories of the lock files that lie in one.
fn tops<'a>(
    scan: &Scan<'_>,
    manifests: &mut Manifests<'_>,
    places: &Places<'a>,
    gaps: &mut Vec<Gap>,
) -> (Vec<Top>, Vec<&'a str>) {
    let (mut tops, mut inner) = (Vec::new(), Vec::new());
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for directory in places.top_down() {
        if around(directory).skip(1).any(|outer| taken.contains(outer)) {
            inner.extend(places.locks.contains(directory).then_some(directory));
            continue;
        }
        let lock = lock(scan, directory).unwrap_or_else(|gap| {
            gaps.push(gap);
            None
        });
        let wire = manifests.wire(directory);
        if lock.is_some() || wire.is_some_and(|wire| wire.package.is_some() || wire.workspace.is_some()) {
            taken.insert(directory);
            let directory = directory.to_owned();
            tops.push(Top { directory, lock });
        }
    }
    (tops, inner)
}

/// Those with a lock file first, then what nobody needs, workspaces before packages, then what needs each other: so what is
/// part of a project is known before it is taken for one.
fn in_order(mut tops: Vec<Top>, manifests: &mut Manifests<'_>) -> Vec<Top> {
    let mut needed: BTreeSet<String> = BTreeSet::new();
    for top in tops.iter().filter(|top| top.lock.is_none()) {
        let manifest = manifests.package(&top.directory);
        let directories = manifest.iter().flat_map(Manifest::directories);
        let others = directories.filter(|directory| **directory != *top.directory);
        needed.extend(others.map(str::to_owned));
    }
    tops.sort_by_cached_key(|top| {
        let is_needed = top.lock.is_none() && needed.contains(&top.directory);
        let wire = manifests.wire(&top.directory);
        let is_alone = wire.is_none_or(|wire| wire.workspace.is_none());
        (top.lock.is_none(), is_needed, is_alone, order(&top.directory))
    });
    tops
}

/// Which directories the projects are made of.
#[derive(Default)]
struct Parts {
    all: BTreeSet<String>,
    members: BTreeSet<String>,
}

impl Parts {
    fn add(&mut self, project: &Project) {
        let directory = |own: &Own| own.directory.clone();
        self.all.extend(project.packages.iter().map(directory));
        let members = project.packages.iter().filter(|own| own.is_member);
        self.members.extend(members.map(directory));
    }

    fn have(&self, directory: &str) -> bool {
        self.all.contains(directory)
    }

    /// Whether a project is nothing but a part of others.
    fn have_members_of(&self, project: &Project) -> bool {
        let mut members = project.packages.iter().filter(|own| own.is_member).peekable();
        members.peek().is_some() && members.all(|own| self.have(&own.directory))
    }

    /// A lock file in a member of a workspace is one that Cargo does not read.
    fn are_made_of(&self, directory: &str) -> bool {
        self.members.contains(directory)
    }
}

/// The directories with manifests and lock files.
struct Places<'a> {
    manifests: BTreeSet<&'a str>,
    locks: BTreeSet<&'a str>,
}

impl<'a> Places<'a> {
    fn new(scan: &Scan<'a>, is_foreign: impl Fn(&str) -> bool) -> Self {
        let directories = |name| {
            let own = scan
                .named(name)
                .filter(|entry| !scan.is_brought_along(&entry.path, Kind::Cargo));
            own.map(|entry| entry.parent())
                .filter(|directory| !is_foreign(directory))
                .collect()
        };
        Self {
            manifests: directories(MANIFEST),
            locks: directories(LOCK),
        }
    }

    fn top_down(&self) -> Vec<&'a str> {
        let mut all: Vec<&str> = self.manifests.union(&self.locks).copied().collect();
        all.sort_by_cached_key(|directory| order(directory));
        all
    }
}

/// The highest first.
fn order(directory: &str) -> (usize, String) {
    (around(directory).count(), directory.to_owned())
}

fn lock(scan: &Scan<'_>, directory: &str) -> Result<Option<Lock>, Gap> {
    let path = path(directory, LOCK);
    let Some(text) = scan.text(&path, LOCK_LIMIT as u64)? else {
        return Ok(None);
    };
    let damaged = |error: crate::Error| Gap::new("damaged", &path, error.to_string());
    Lock::parse(text.as_bytes()).map(Some).map_err(damaged)
}

fn project(manifests: &mut Manifests<'_>, places: &Places<'_>, Top { directory, lock }: Top) -> Project {
    let mut project = Project {
        directory,
        lock,
        ..Project::default()
    };
    let Some(wire) = manifests.wire(&project.directory) else {
        return project;
    };
    project.keeps_features_apart = wire.keeps_features_apart();
    let extent = Extent::new(&project.directory, wire.workspace.as_ref());
    project.packages = members::packages(manifests, &project, &extent, &places.manifests);
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
