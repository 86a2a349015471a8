//! Jars in, the packages in them out: those that Maven wrote its name into, those that were copied into others, and jars in
//! jars.

mod about;
mod entries;
mod identity;
mod inside;
mod licensing;
mod listing;
mod package;

use std::collections::BTreeSet;

use rayon::prelude::*;

use self::entries::Entries;
use self::inside::{Allowance, Jar};
use self::package::{Found, Package};
use crate::inventory::{Inventory, Key};
use crate::scan::{Candidate, Kind, Reader, Scan};
use crate::tree::Entry;
use crate::{Gap, java};

pub(crate) const READER: Reader = Reader {
    kind: Kind::Jar,
    wants: |file| is_archive(file.path) || is_unpacked(file.path) || is_beside(file.path),
    recognises,
    read,
};

/// What jars are called: plain ones, web and enterprise applications, Android libraries, plug-ins of Jenkins, NetBeans and
/// OSGi containers, and the archives of resource adapters and services, which share an ending with nothing else.
const ENDINGS: [&str; 12] = [
    "jar", "war", "ear", "aar", "hpi", "jpi", "nbm", "kar", "sar", "par", "lpkg", "jpr",
];

/// A manifest of Maven is at most as large as this; ten times the largest that are published.
const POM_LIMIT: u64 = 4 << 20;

fn is_archive(path: &str) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// A manifest that lies in a directory that was a jar.
fn is_unpacked(path: &str) -> bool {
    package::directory(path).is_some()
}

/// A manifest in a repository of Maven, or of a project that jars were built from.
fn is_beside(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "pom.xml" || name.ends_with(".pom")
}

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    // What the `jar` program writes first.
    let is_jar =
        file.head.starts_with(b"PK\x03\x04") && file.head.get(30..).is_some_and(|name| name.starts_with(b"META-INF/"));
    is_jar.then_some("application.jar")
}

fn read(scan: &Scan<'_>) -> Inventory {
    let entries = scan.listing().entries();
    let jars: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.is_file() && is_archive(&entry.path))
        .collect();
    let read: Vec<Result<Jar, Gap>> = jars.par_iter().map(|entry| open(scan, &entry.path)).collect();
    let mut inventory = Inventory::default();
    let mut found = Vec::new();
    for jar in read {
        match jar {
            Ok(jar) => found.push(jar),
            Err(gap) => inventory.gap(gap),
        }
    }
    let unpacked = unpacked(scan, &mut inventory);
    let beside = match found.is_empty() && unpacked.is_empty() {
        true => Vec::new(),
        false => beside(scan, &mut found),
    };
    let keys = Entries::new(&found, &unpacked, &beside).list(&mut inventory);
    if let ([jar], [key], [_]) = (found.as_slice(), keys.as_slice(), entries) {
        // A jar that nothing lies beside is what is asked about.
        inventory.describes(&jar.place, *key);
    }
    // What another jar holds is there because of that.
    let held: BTreeSet<Key> = inventory.edges().iter().map(|(_, held)| *held).collect();
    inventory.lie_there(keys.into_iter().filter(|key| !held.contains(key)));
    inventory
}

fn open(scan: &Scan<'_>, path: &str) -> Result<Jar, Gap> {
    let content = scan.open(path)?;
    let mut content = content.ok_or_else(|| Gap::new("unreadable", path, "it is no longer there"))?;
    inside::look(&mut *content, path, &mut Allowance::default())
}

/// The packages of jars that were unpacked, each with the directory that it lies in.
fn unpacked(scan: &Scan<'_>, inventory: &mut Inventory) -> Vec<(String, package::Package)> {
    let mut packages = Found::default();
    for entry in scan.listing().entries().iter().filter(|entry| entry.is_file()) {
        let Some(directory) = package::directory(&entry.path) else {
            continue;
        };
        match scan.read(&entry.path, POM_LIMIT) {
            Ok(bytes) => packages.add(directory, &entry.path, &bytes.unwrap_or_default()),
            Err(gap) => inventory.gap(gap),
        }
    }
    let (packages, gaps) = packages.finish();
    for gap in gaps {
        inventory.gap(gap);
    }
    packages
}

/// The packages of manifests that lie beside jars: `NAME.pom` says what `NAME.jar` is, as in a repository of Maven; the others
/// may be continued by manifests in jars. What is no manifest is nothing here: its own reader tells it.
fn beside(scan: &Scan<'_>, jars: &mut [Jar]) -> Vec<Package> {
    let entries = scan.listing().entries().iter();
    let manifests = entries.filter(|entry| entry.is_file() && is_beside(&entry.path) && !is_unpacked(&entry.path));
    let mut others = Vec::new();
    for entry in manifests {
        let bytes = scan.read(&entry.path, POM_LIMIT).ok().flatten();
        let Some(package) = bytes.and_then(|bytes| Package::of_manifest(&bytes)) else {
            continue;
        };
        let stem = entry.path.strip_suffix(".pom");
        let jar = stem.and_then(|stem| {
            let is_its = |jar: &&mut Jar| jar.place.rsplit_once('.').is_some_and(|(place, _)| place == stem);
            jars.iter_mut().find(is_its)
        });
        match jar {
            Some(jar) if identity::own(jar).is_none() => jar.packages.push(package),
            _ => others.push(package),
        }
    }
    others
}

/// A gap for something that is not as its format says.
fn damaged(place: &str, error: &dyn std::error::Error) -> Gap {
    Gap::new("damaged", place, error.to_string())
}

use java::{
    coordinates::Coordinates, file_name::FileName, licences, manifest::Manifest, maven, properties, published, xml,
};

#[cfg(test)]
pub(crate) mod tests;
