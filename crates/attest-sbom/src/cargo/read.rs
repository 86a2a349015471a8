//! `Cargo.lock` and manifests in, packages and what needs what out. Nothing is run.

use std::collections::HashSet;

use super::list::Locking;
use super::packed;
use super::project::{Found, LOCK, MANIFEST, Manifests, Project, find};
use super::sources::{CHECKSUMS, Places, Sources, UNPACKED};
use super::unlocked;
use crate::Gap;
use crate::inventory::Inventory;
use crate::scan::{Candidate, Kind, Reader, Scan};

pub(crate) const READER: Reader = Reader {
    kind: Kind::Cargo,
    wants: |file| matches!(file.name(), LOCK | MANIFEST | CHECKSUMS | UNPACKED) || packed::is_packed(file.name()),
    recognises,
    read,
};

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    let head = String::from_utf8_lossy(file.head);
    let is_lock = head.contains("# It is not intended for manual editing.") && head.contains("[[package]]");
    is_lock.then_some(LOCK)
}

fn read(scan: &Scan<'_>) -> Inventory {
    let places = Places::find(scan);
    let mut manifests = Manifests::new(scan);
    let Found {
        projects,
        mut others,
        gaps,
    } = find(scan, &mut manifests, |directory| places.hold(directory));
    let (sources, missing) = places.read(scan, &wanted(&projects));
    let mut inventory = Inventory::default();
    for gap in gaps.into_iter().chain(missing).chain(manifests.into_gaps()) {
        inventory.gap(gap);
    }
    for project in &projects {
        inventory.absorb(list(scan, project, &sources));
    }
    let is_locked = projects.iter().any(|project| project.lock.is_some());
    packed::read(scan, is_locked.then(|| wanted(&projects)).as_ref(), &mut inventory);
    others.extend(places.locks(scan, &sources));
    inventory.not_listed(&others);
    inventory
}

fn list(scan: &Scan<'_>, project: &Project, sources: &Sources) -> Inventory {
    if let Some(lock) = &project.lock {
        let locking = Locking {
            scan,
            project,
            lock,
            sources,
        };
        return locking.list();
    }
    let mut inventory = unlocked::list(scan, project);
    let path = project.path(MANIFEST);
    let detail =
        "no Cargo.lock that can be read lies beside it: which versions are used, and what they need, is not settled";
    inventory.gap(Gap::new("no-lock", &path, detail));
    inventory
}

fn wanted(projects: &[Project]) -> HashSet<(&str, &str)> {
    let locks = projects.iter().filter_map(|project| project.lock.as_ref());
    let packages = locks
        .flat_map(|lock| &lock.packages)
        .filter(|package| package.source.is_some());
    packages
        .map(|package| (package.name.as_str(), package.version.as_str()))
        .collect()
}
