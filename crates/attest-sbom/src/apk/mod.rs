//! The database of apk in, the packages that are installed and what they need out.
//!
//! Source: apk-tools, `apk-installed(5)`, `apk-v2(5)` and `apk-world(5)`.

mod installed;

use installed::{Package, packages};
use packageurl::PackageUrl;

use crate::cyclonedx::{Component, ComponentKind, Property};
use crate::inventory::{Inventory, Key};
use crate::rootfs::{self, Provisions, System};
use crate::scan::{Candidate, Kind, Reader, Scan};
use crate::{Error, Gap, licence};

pub(crate) const READER: Reader = Reader {
    kind: Kind::Apk,
    wants: |file| rootfs::lies_at(file, &PLACES),
    recognises,
    read,
};

/// The second is where it lies since `/lib` is a link into `/usr`.
pub(crate) const PLACES: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];

/// It names every file: a desktop of 1,500 packages takes 30 MB.
pub(crate) const LIMIT: u64 = 256 << 20;

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    let head = String::from_utf8_lossy(file.head);
    (head.starts_with("C:Q1") && head.contains("\nP:") && head.contains("\nV:")).then_some(PLACES[0])
}

/// Where databases lie, and the roots of their systems.
pub(crate) fn databases<'a>(scan: &Scan<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let files = scan.named("installed");
    files.filter_map(|entry| {
        // The longer one first: it ends like the other.
        let mut places = PLACES.iter().rev();
        let root = places.find_map(|place| rootfs::root_of(&entry.path, place))?;
        Some((entry.path.as_str(), root))
    })
}

fn read(scan: &Scan<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    for (path, root) in databases(scan) {
        if let Err(gap) = read_database(scan, path, root, &mut inventory) {
            inventory.gap(gap);
        }
    }
    inventory
}

fn read_database(scan: &Scan<'_>, path: &str, root: &str, inventory: &mut Inventory) -> Result<(), Gap> {
    let bytes = scan.read(path, LIMIT)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    if let Some(gap) = rootfs::cut_off(path, &text) {
        inventory.gap(gap);
    }
    let system = System::of_packages(scan, root, "alpine", inventory);
    let mut listed: Vec<(Package<'_>, Key)> = Vec::new();
    for package in packages(&text) {
        let component = package.and_then(|package| Ok((component(&package, &system, path)?, package)));
        match component {
            Ok((component, package)) => listed.push((package, inventory.add(component))),
            Err(error) => inventory.gap(Gap::new("damaged", path, error.to_string())),
        }
    }
    needs(&listed, path, inventory);
    let keys: Vec<Key> = listed.iter().map(|(_, key)| *key).collect();
    system.adopt(inventory, &keys, &[path]);
    Ok(())
}

fn component(package: &Package<'_>, system: &System, path: &str) -> Result<Component, Error> {
    let property = |name, value: Option<&str>| {
        value.map(|value| Property {
            name,
            value: value.to_owned(),
        })
    };
    let origin = package.origin.filter(|origin| *origin != package.name);
    let component = Component {
        version: Some(package.version.to_owned()),
        licenses: licence::declared(package.licence, None),
        supplier: package.maintainer.and_then(rootfs::maintainer),
        purl: Some(purl(package, system)?),
        // The SHA-1 of the part of the package that holds its metadata: of no file that anybody has.
        properties: [
            property("attest:apk:checksum", package.checksum),
            property("attest:apk:origin", origin),
        ]
        .into_iter()
        .flatten()
        .collect(),
        ..Component::new(ComponentKind::Library, package.name)
    };
    Ok(system.package(component, path))
}

/// Source: purl specification, type `apk`.
fn purl(package: &Package<'_>, system: &System) -> Result<String, Error> {
    let invalid = |error: packageurl::Error| Error::InvalidPurl {
        package: package.name.to_owned(),
        reason: error.to_string(),
    };
    let mut purl = PackageUrl::new("apk", package.name).map_err(invalid)?;
    purl.with_namespace(system.vendor("alpine")).map_err(invalid)?;
    purl.with_version(package.version).map_err(invalid)?;
    if let Some(architecture) = package.architecture {
        purl.add_qualifier("arch", architecture).map_err(invalid)?;
    }
    if let Some(distribution) = system.distribution() {
        purl.add_qualifier("distro", distribution).map_err(invalid)?;
    }
    Ok(purl.to_string())
}

/// Every package that provides what is needed: its name, `so:`, `cmd:`, `pc:`, or a file.
fn needs(listed: &[(Package<'_>, Key)], path: &str, inventory: &mut Inventory) {
    let mut provisions = Provisions::default();
    for (package, key) in listed {
        provisions.offer(package.name, *key);
        for name in package.provides() {
            provisions.offer(name, *key);
        }
    }
    let mut files = Provisions::default();
    let is_path = |name: &str| name.starts_with('/');
    if listed.iter().any(|(package, _)| package.needs().any(is_path)) {
        for (package, key) in listed {
            for (directory, file) in package.files() {
                files.offer(format!("/{directory}/{file}"), *key);
            }
        }
    }
    for (package, key) in listed {
        for name in package.needs() {
            let found = if is_path(name) {
                files.of(name)
            } else {
                provisions.of(name)
            };
            if !provisions.need(inventory, path, *key, found) {
                return;
            }
        }
    }
}

/// Says which file and which directory belongs to which package.
pub(crate) fn claim(scan: &Scan<'_>, claim: &mut rootfs::Claim<'_>) {
    for (path, root) in databases(scan) {
        let Ok(Some(bytes)) = scan.read(path, LIMIT) else {
            continue;
        };
        for package in packages(&String::from_utf8_lossy(&bytes)).flatten() {
            for (directory, file) in package.files() {
                claim("apk", package.name, &format!("{root}{directory}/{file}"));
            }
            for directory in package.directories() {
                claim("apk", package.name, &format!("{root}{directory}"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
