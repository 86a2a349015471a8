//! `Cargo.lock` and the manifests beside it in, packages and what needs what out. Nothing is run.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cyclonedx::{Component, ComponentKind, Hash};
use crate::inventory::{Inventory, Key};
use crate::scan::{Candidate, Kind, Reader, Scan, beside};
use crate::{Gap, purl};

pub(crate) const READER: Reader = Reader {
    kind: Kind::Cargo,
    wants: |file| matches!(file.name(), LOCK | MANIFEST),
    recognises,
    read,
};

const LOCK: &str = "Cargo.lock";
const MANIFEST: &str = "Cargo.toml";

/// A lock file of 5,000 packages takes about 1 MB.
const LOCK_LIMIT: u64 = 32 << 20;

/// The largest manifests, of packages with hundreds of features, take about 100 kB.
const MANIFEST_LIMIT: u64 = 4 << 20;

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    let head = String::from_utf8_lossy(file.head);
    let is_lock = head.contains("# It is not intended for manual editing.") && head.contains("[[package]]");
    is_lock.then_some(LOCK)
}

fn read(scan: &Scan<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    for lock in scan.named(LOCK) {
        if let Err(gap) = read_lock(scan, &lock.path, &mut inventory) {
            inventory.gap(gap);
        }
    }
    inventory
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<ManifestPackage>,
}

#[derive(Deserialize)]
struct ManifestPackage {
    name: String,
}

fn read_lock(scan: &Scan<'_>, path: &str, inventory: &mut Inventory) -> Result<(), Gap> {
    let damaged = |error: toml::de::Error| Gap::new("damaged", path, error.message());
    let text = scan.text(path, LOCK_LIMIT)?.unwrap_or_default();
    let lock: Lock = toml::from_str(&text).map_err(damaged)?;
    let mut keys = Vec::new();
    for package in &lock.package {
        keys.push(inventory.add(component(package, path)?));
    }
    let names = Names::new(&lock.package, &keys);
    for (package, key) in lock.package.iter().zip(&keys) {
        for dependency in &package.dependencies {
            match names.of(dependency) {
                Some(needed) => inventory.depends(*key, needed),
                None => inventory.gap(Gap::new(
                    "unresolved",
                    path,
                    format!("no package is called `{dependency}`"),
                )),
            }
        }
        if package.source.is_none() {
            inventory.own(*key);
        }
    }
    let manifest = beside(path, MANIFEST);
    if let Some(root) = root(scan, &manifest)?.and_then(|name| names.of(&name)) {
        inventory.project(&manifest, root);
    }
    Ok(())
}

fn root(scan: &Scan<'_>, path: &str) -> Result<Option<String>, Gap> {
    let Some(text) = scan.text(path, MANIFEST_LIMIT)? else {
        return Ok(None);
    };
    let manifest: Manifest = toml::from_str(&text).map_err(|error| Gap::new("damaged", path, error.message()))?;
    Ok(manifest.package.map(|package| package.name))
}

fn component(package: &Locked, path: &str) -> Result<Component, Gap> {
    let invalid = |error: crate::Error| Gap::new("damaged", path, error.to_string());
    let checksum = package.checksum.iter().map(|checksum| Hash {
        alg: "SHA-256",
        content: checksum.clone(),
    });
    Ok(Component {
        version: Some(package.version.clone()),
        hashes: checksum.collect(),
        purl: Some(purl::cargo(&package.name, &package.version, package.source.as_deref()).map_err(invalid)?),
        ..Component::new(ComponentKind::Library, package.name.as_str())
    }
    .found_at(path))
}

/// How a lock file names its packages: `name`, `name version` or `name version (source)`, as short as it is clear.
struct Names(BTreeMap<String, Key>);

impl Names {
    fn new(packages: &[Locked], keys: &[Key]) -> Self {
        let mut names = BTreeMap::new();
        for (package, key) in packages.iter().zip(keys) {
            let version = format!("{} {}", package.name, package.version);
            let source = package.source.as_ref().map(|source| format!("{version} ({source})"));
            names.extend(
                [Some(package.name.clone()), Some(version), source]
                    .into_iter()
                    .flatten()
                    .map(|name| (name, *key)),
            );
        }
        Self(names)
    }

    fn of(&self, name: &str) -> Option<Key> {
        self.0.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use crate::tree::Memory;
    use crate::{Metadata, Options, Root, scan};

    #[test]
    fn a_lock_file_is_a_graph_from_the_package_of_its_manifest() {
        let lock = "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"a 1.0.0\"]\n\
                    [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        let tree = Memory::new([("Cargo.lock", lock), ("Cargo.toml", "[package]\nname = \"app\"\n")]);
        let inventory = scan(&tree, &Options::default()).unwrap();
        let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&bom.to_json()).unwrap();
        assert_eq!(document["metadata"]["component"]["purl"], "pkg:cargo/app@0.1.0");
        assert_eq!(document["components"][0]["purl"], "pkg:cargo/a@1.0.0");
        assert_eq!(document["dependencies"][1]["dependsOn"][0], "a@1.0.0");
    }

    #[test]
    fn a_damaged_lock_file_is_a_gap() {
        let tree = Memory::new([("Cargo.lock", "[[package]]\nname = 1\n")]);
        let inventory = scan(&tree, &Options::default()).unwrap();
        assert!(inventory.is_empty());
        let codes: Vec<_> = inventory.gaps().map(crate::Gap::code).collect();
        assert_eq!(codes, ["damaged"]);
    }
}
