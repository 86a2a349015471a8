//! Lock files of npm, pnpm, Yarn and Bun, `package.json` and `node_modules` in, packages and what needs what out. Nothing is run.
//!
//! A lock file goes before what is installed, which then only tells the licences that the lock file does not have.

mod bun;
mod graph;
mod installed;
mod integrity;
mod loose;
mod manifest;
mod mapping;
mod npm;
mod package;
mod packed;
mod pnpm;
mod project;
mod published;
mod source;
mod systems;
mod unlocked;
mod workspace;
mod yarn;

use std::collections::{BTreeMap, BTreeSet};

use graph::Graph;
use installed::{Installed, directory_of, is_of_package};
use manifest::MANIFEST;
use project::{Project, above, in_directory};
use unlocked::{Covered, is_data};

pub(crate) use installed::{installed_around, is_settled};
pub(crate) use project::joined;
pub(crate) use published::published;

use crate::Gap;
use crate::inventory::Inventory;
use crate::registry::settings;
use crate::scan::{Candidate, Kind, Reader, Scan};

pub(crate) const READER: Reader = Reader {
    kind: Kind::JavaScript,
    wants,
    recognises,
    read,
};

/// How one kind of lock file is read.
type Read = fn(&Project<'_>, &str, &mut Inventory) -> Result<Graph, Gap>;

/// The names of lock files. Of the first two npm reads the first one only.
const LOCKS: [(&str, Read); 5] = [
    ("npm-shrinkwrap.json", npm::read),
    ("package-lock.json", npm::read),
    ("pnpm-lock.yaml", pnpm::read),
    ("yarn.lock", yarn::read),
    (BUN_LOCK, bun::read),
];

const BUN_LOCK: &str = "bun.lock";

/// What npm writes into `node_modules` of what it installed there.
const HIDDEN_LOCK: &str = ".package-lock.json";
const HIDDEN_LOCK_PATH: &str = "node_modules/.package-lock.json";

/// A lock file of 2,500 packages takes about 1 MB.
const LOCK_LIMIT: u64 = 32 << 20;

fn wants(file: &Candidate<'_>) -> bool {
    let is_in_modules = file.path.split('/').any(|part| part == "node_modules");
    match file.name() {
        MANIFEST => !is_in_modules || is_of_package(file.path),
        HIDDEN_LOCK => is_in_modules,
        name if settings::is_of_npm(name) => !is_in_modules,
        yarn::SETTINGS => !is_in_modules,
        name if name == bun::BINARY_LOCK => !is_in_modules,
        name => !is_in_modules && LOCKS.iter().any(|(lock, _)| *lock == name) || packed::may_be(file.path),
    }
}

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    let head = String::from_utf8_lossy(file.head);
    let has = |text: &str| head.contains(text);
    if has("# yarn lockfile v1") || (has("__metadata:") && has("cacheKey:")) {
        return Some("yarn.lock");
    }
    if head.starts_with(bun::BINARY_HEAD) {
        return Some(bun::BINARY_LOCK);
    }
    if has("\"lockfileVersion\":") {
        let is_bun = has("\"workspaces\": {") && !has("\"requires\":") && !has("\"packages\": {\n    \"\"");
        return Some(if is_bun { "bun.lock" } else { "package-lock.json" });
    }
    let begins = |line: &str| line.starts_with("lockfileVersion:");
    head.lines().any(begins).then_some("pnpm-lock.yaml")
}

fn read(scan: &Scan<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let installed = Installed::read(scan, &mut inventory);
    let mut covered = Covered::default();
    let locks = locks(scan);
    for gap in unread(scan, &locks) {
        inventory.gap(gap);
    }
    let (locks, mut others) = topmost(locks);
    for (directory, locks) in locks {
        if let [(first, ..), (second, ..), ..] = locks.as_slice() {
            let detail = format!("`{first}` and `{second}` may list different packages; both are listed here");
            inventory.gap(Gap::new("several-locks", &in_directory(&directory, second), detail));
        }
        for (name, read) in locks {
            let project = Project {
                scan,
                lock: &in_directory(&directory, name),
                directory: &directory,
                installed: &installed,
            };
            if let Err(gap) = read_lock(&project, read, &mut covered, &mut inventory) {
                inventory.gap(gap);
            }
        }
        covered.own.insert(directory.clone());
        covered.locked.insert(directory);
    }
    others.extend(unlocked::read(scan, &installed, &covered, &mut inventory));
    packed::read(scan, !covered.locked.is_empty(), &mut inventory);
    others.sort();
    inventory.not_listed(&others);
    inventory
}

/// Manifests below the top, of a tree in which nothing else was found.
pub(crate) fn read_scattered(scan: &Scan<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let covered = Covered {
        is_nothing: true,
        ..Covered::default()
    };
    let others = unlocked::read(scan, &Installed::default(), &covered, &mut inventory);
    inventory.not_listed(&others);
    inventory
}

/// The binary lock files of Bun without one in text beside them.
fn unread<'s>(scan: &'s Scan<'_>, locks: &'s Locks) -> impl Iterator<Item = Gap> + use<'s> {
    let has_text = |directory: &str| {
        let beside = locks.get(directory).into_iter().flatten();
        beside.clone().any(|(name, _)| *name == BUN_LOCK)
    };
    let files = scan.named(bun::BINARY_LOCK).map(|entry| entry.path.as_str());
    let unread = files.filter(move |path| !is_data(scan, path) && !has_text(directory_of(path)));
    unread.map(bun::unread)
}

/// Lock files by the directories that they lock.
type Locks = BTreeMap<String, Vec<(&'static str, Read)>>;

/// The lock files of projects that are in no other one, and the paths of the rest.
fn topmost(locks: Locks) -> (Locks, Vec<String>) {
    let directories: BTreeSet<String> = locks.keys().cloned().collect();
    let is_inside = |directory: &str| above(directory).any(|above| directories.contains(above));
    let (inside, topmost): (Locks, Locks) = locks.into_iter().partition(|(directory, _)| is_inside(directory));
    let mut others = Vec::new();
    for (directory, locks) in inside {
        let written = locks.iter().filter(|(name, _)| *name != HIDDEN_LOCK_PATH);
        others.extend(written.map(|(name, _)| in_directory(&directory, name)));
    }
    (topmost, others)
}

fn read_lock(project: &Project<'_>, read: Read, covered: &mut Covered, inventory: &mut Inventory) -> Result<(), Gap> {
    let text = project.scan.text(project.lock, LOCK_LIMIT)?.unwrap_or_default();
    let graph = read(project, &text, inventory)?;
    if graph.says_nothing() {
        let detail = "it lists no package, and no manifest beside it says whose lock file it is";
        return Err(Gap::new("nothing-found", project.lock, detail));
    }
    covered.own.extend(graph.directories().map(str::to_owned));
    graph.write(project, inventory);
    Ok(())
}

/// The lock files by the directories that they lock. Those that packages in `node_modules` brought along lock nothing.
fn locks(scan: &Scan<'_>) -> Locks {
    let mut locks = Locks::new();
    for (name, read) in LOCKS {
        for entry in scan.named(name) {
            let directory = directory_of(&entry.path);
            let is_foreign = directory.split('/').any(|part| part == "node_modules") || is_data(scan, &entry.path);
            let beside = locks.get(directory);
            let is_shadowed = name == LOCKS[1].0 && beside.is_some();
            if !is_foreign && !is_shadowed {
                locks.entry(directory.to_owned()).or_default().push((name, read));
            }
        }
    }
    for entry in scan.named(HIDDEN_LOCK) {
        let holder = directory_of(&entry.path).strip_suffix("node_modules");
        let is_own = |holder: &&str| !holder.split('/').any(|part| part == "node_modules");
        let holder = holder.filter(is_own).filter(|_| !is_data(scan, &entry.path));
        if let Some(directory) = holder {
            let directory = directory.trim_end_matches('/').to_owned();
            locks
                .entry(directory)
                .or_insert_with(|| vec![(HIDDEN_LOCK_PATH, npm::read)]);
        }
    }
    locks
}
