//! The files of a Gradle build that are no programs in, the packages that they name out.
//!
//! A build script is a program, and only running it says what it asks for. What it got stands in its locks.

mod catalog;
mod configuration;
mod locks;
mod settings;
mod verification;

use std::collections::BTreeMap;

use self::configuration::{Configuration, Use};
use self::locks::Lock;
use self::settings::Settings;
use self::verification::Checksums;
use super::{properties, xml};
use crate::cyclonedx::{Component, ComponentKind, Scope};
use crate::inventory::Inventory;
use crate::scan::{Candidate, Kind, Reader, Scan};
use crate::{Gap, tree::Entry};

pub(crate) const READER: Reader = Reader {
    kind: Kind::Gradle,
    wants: |file| is_lock(file.path) || is_read(file.name()),
    recognises,
    read,
};

/// The name of the lock of a project.
const LOCK: &str = "gradle.lockfile";

/// The longest locks, of projects with hundreds of configurations, take a few megabytes.
const LOCK_LIMIT: u64 = 32 << 20;

/// Scripts, settings and catalogs are written by hand.
const SCRIPT_LIMIT: u64 = 4 << 20;

const SCRIPTS: [&str; 2] = ["build.gradle", "build.gradle.kts"];

fn is_read(name: &str) -> bool {
    SCRIPTS.contains(&name)
        || settings::NAMES.contains(&name)
        || matches!(name, settings::PROPERTIES | verification::NAME)
        || name.ends_with(catalog::ENDING)
}

/// A lock of a project, of its build script or of its settings; in Gradle before 7, one of each configuration.
fn is_lock(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, LOCK | "buildscript-gradle.lockfile" | "settings-gradle.lockfile")
        || locks::configuration_of_path(path).is_some()
}

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    let head = file
        .head
        .starts_with(b"# This is a Gradle generated file for dependency locking.");
    head.then_some(LOCK)
}

fn read(scan: &Scan<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let locks = read_locks(scan, &mut inventory);
    let checksums = read_checksums(scan, &mut inventory);
    list(&locks, &checksums, &mut inventory);
    for settings in Settings::read_all(scan, &mut inventory) {
        if let Some(component) = settings.component() {
            let key = inventory.add(component.found_at(settings.path.as_str()));
            inventory.project(&settings.path, key);
            inventory.incomplete(key);
        }
    }
    let unlocked = unlocked(scan, &locks);
    if !unlocked.is_empty() {
        catalog::list(scan, &locks, &mut inventory);
    }
    for script in unlocked {
        let detail = "its script is a program, and no lock says what it asked for; `gradle dependencies --write-locks` writes one";
        inventory.gap(Gap::new("no-lock", &script, detail));
    }
    inventory
}

fn files<'a>(scan: &Scan<'a>, is_wanted: impl Fn(&Entry) -> bool) -> impl Iterator<Item = &'a Entry> {
    let entries = scan.listing().entries().iter();
    entries
        .filter(move |entry| entry.is_file() && is_wanted(entry) && !scan.is_brought_along(&entry.path, Kind::Gradle))
}

fn read_locks(scan: &Scan<'_>, inventory: &mut Inventory) -> BTreeMap<String, Lock> {
    let mut locks = BTreeMap::new();
    for entry in files(scan, |entry| is_lock(&entry.path)) {
        match scan.text(&entry.path, LOCK_LIMIT) {
            Ok(text) => {
                let (lock, gap) = Lock::parse(&entry.path, &text.unwrap_or_default());
                locks.insert(entry.path.clone(), lock);
                if let Some(gap) = gap {
                    inventory.gap(gap);
                }
            }
            Err(gap) => inventory.gap(gap),
        }
    }
    locks
}

fn read_checksums(scan: &Scan<'_>, inventory: &mut Inventory) -> Checksums {
    let mut checksums = Checksums::default();
    for entry in files(scan, |entry| entry.name() == verification::NAME) {
        let read = scan.read(&entry.path, LOCK_LIMIT);
        let read = read.and_then(|bytes| checksums.add(&entry.path, &bytes.unwrap_or_default()));
        if let Err(gap) = read {
            inventory.gap(gap);
        }
    }
    checksums
}

/// Lists every locked package. A lock does not say who needs whom.
fn list(locks: &BTreeMap<String, Lock>, checksums: &Checksums, inventory: &mut Inventory) {
    let has_main = locks.values().any(Lock::has_main);
    for (path, lock) in locks {
        for (coordinates, configurations) in &lock.packages {
            let scope = scope(configurations, has_main);
            match coordinates.component(ComponentKind::Library) {
                Ok(component) => {
                    let hashes = checksums.of(coordinates);
                    let key = inventory.add(
                        Component {
                            scope,
                            hashes,
                            ..component
                        }
                        .found_at(path.as_str()),
                    );
                    inventory.incomplete(key);
                }
                Err(error) => inventory.gap(Gap::new("damaged", path, error.to_string())),
            }
        }
    }
}

/// What only tests, annotation processors or the build itself use is left out of what runs. Where a class path of the
/// program is known, whatever is not on it is left out, too; where none is, what has an unknown use may run.
fn scope(configurations: &[Configuration], has_main: bool) -> Option<Scope> {
    let runs = configurations.iter().any(|configuration| match configuration.usage {
        Use::Main => true,
        Use::Unknown => !has_main,
        Use::Development => false,
    });
    (!runs).then_some(Scope::Excluded)
}

/// The scripts of builds that have no lock at all, and of projects that ask for something and have none while others do.
fn unlocked(scan: &Scan<'_>, locks: &BTreeMap<String, Lock>) -> Vec<String> {
    let scripts = files(scan, |entry| SCRIPTS.contains(&entry.name()));
    let scripts = scripts.filter(|entry| {
        let directory = entry.parent();
        let below = |path: &String| match directory {
            "" => true,
            directory => path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')),
        };
        let first = if directory.is_empty() {
            String::new()
        } else {
            format!("{directory}/")
        };
        let mut own = locks
            .range(first..)
            .map(|(path, _)| path)
            .take_while(|path| below(path));
        own.next().is_none() && asks(scan, &entry.path)
    });
    scripts.map(|entry| entry.path.clone()).collect()
}

/// Whether a script has a block of dependencies. One that cannot be read may have.
fn asks(scan: &Scan<'_>, path: &str) -> bool {
    match scan.text(path, SCRIPT_LIMIT) {
        Ok(text) => text.is_none_or(|text| settings::without_comments(&text).contains("dependencies")),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests;
