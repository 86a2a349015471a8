//! The manifests of a Maven build in, its modules and what they name as needed out.
//!
//! Maven writes no lock: what a build takes besides is decided while it runs, by the manifests of everything that it takes.
//! So nothing here is complete, and a version that a manifest elsewhere decides is not known.

mod effective;
mod listing;
pub(in crate::java) mod model;
mod projects;
pub(in crate::java) mod values;

use self::projects::Projects;
use crate::inventory::Inventory;
use crate::scan::{Candidate, Kind, Reader, Scan};

pub(crate) const READER: Reader = Reader {
    kind: Kind::Maven,
    wants: |file| is_manifest(file.path),
    recognises,
    read,
};

const MANIFEST: &str = "pom.xml";

/// The largest manifests, with thousands of managed versions, take about a megabyte.
const MANIFEST_LIMIT: u64 = 8 << 20;

/// A manifest of a build: those inside of jars are read with them.
fn is_manifest(path: &str) -> bool {
    let is_named = path == MANIFEST || path.ends_with("/pom.xml");
    is_named && !path.contains("META-INF/maven/")
}

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    let head = String::from_utf8_lossy(file.head);
    (head.contains("<project") && head.contains("http://maven.apache.org/POM/4")).then_some(MANIFEST)
}

fn read(scan: &Scan<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let projects = Projects::read(scan, &mut inventory);
    listing::list(&projects, &mut inventory);
    inventory
}

#[cfg(test)]
mod tests;
