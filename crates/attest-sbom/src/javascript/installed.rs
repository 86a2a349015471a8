use std::collections::HashMap;

use rayon::prelude::*;

use super::HIDDEN_LOCK_PATH;
use super::manifest::{self, MANIFEST, Manifest, Need};
use super::package::Package;
use super::project::{above, in_directory};
use crate::Gap;
use crate::cyclonedx::LicenceChoice;
use crate::inventory::Inventory;
use crate::scan::Scan;

/// What lies in `node_modules`, by the manifests of the packages.
#[derive(Debug, Default)]
pub(super) struct Installed {
    packages: Vec<InstalledPackage>,
    /// By name and version.
    licences: HashMap<(String, String), Vec<LicenceChoice>>,
}

/// A package in `node_modules`.
#[derive(Debug)]
pub(super) struct InstalledPackage {
    /// Its directory in the tree.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) licences: Vec<LicenceChoice>,
    pub(super) needs: Vec<(String, Need)>,
}

impl Installed {
    pub(super) fn read(scan: &Scan<'_>, inventory: &mut Inventory) -> Self {
        let entries = scan.named(MANIFEST).filter(|entry| is_of_package(&entry.path));
        let paths: Vec<&str> = entries.map(|entry| entry.path.as_str()).collect();
        let read: Vec<Result<Option<InstalledPackage>, Gap>> = paths
            .par_iter()
            .map(|path| InstalledPackage::read(scan, path))
            .collect();
        let mut installed = Self::default();
        for package in read {
            match package {
                Ok(package) => installed.packages.extend(package),
                Err(gap) => inventory.gap(gap),
            }
        }
        for package in &installed.packages {
            if let (Some(version), false) = (&package.version, package.licences.is_empty()) {
                let identity = (package.name.clone(), version.clone());
                installed
                    .licences
                    .entry(identity)
                    .or_insert_with(|| package.licences.clone());
            }
        }
        installed
    }

    pub(super) fn packages(&self) -> &[InstalledPackage] {
        &self.packages
    }

    /// The licence that the installed files of a package declare.
    pub(super) fn licences(&self, package: &Package) -> Vec<LicenceChoice> {
        let (Some(name), Some(version)) = (&package.name, &package.version) else {
            return Vec::new();
        };
        let found = self.licences.get(&(name.clone(), version.clone()));
        found.cloned().unwrap_or_default()
    }
}

impl InstalledPackage {
    /// Nothing for a manifest without a name: npm does not take it for a package, either.
    fn read(scan: &Scan<'_>, path: &str) -> Result<Option<Self>, Gap> {
        let text = manifest::text(scan, path)?.unwrap_or_default();
        let manifest = Manifest::parse(&text, path)?;
        let needs = manifest.needs(false).into_iter();
        Ok(manifest.name.text().map(|name| Self {
            path: directory_of(path).to_owned(),
            name: name.to_owned(),
            version: manifest.version.text().map(str::to_owned),
            licences: manifest.licences(),
            needs: needs.map(|(name, _, need)| (name.to_owned(), need)).collect(),
        }))
    }
}

pub(super) fn directory_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Whether a manifest is the one of a package in `node_modules`, not one of the many inside of packages.
pub(super) fn is_of_package(path: &str) -> bool {
    is_installed(directory_of(path))
}

/// Where managers keep packages apart from each other: pnpm, Bun, and npm and Yarn.
const STORES: [&str; 3] = [".pnpm", ".bun", ".store"];

const MODULES: &str = "node_modules";

/// How Yarn calls every package of its store.
const PACKAGE: &str = "package";

/// Whether a directory is the one of a package in `node_modules`, at any depth, also in the store of a project.
pub(super) fn is_installed(directory: &str) -> bool {
    let mut parts = directory.split('/').skip_while(|part| *part != MODULES).skip(1);
    while let Some(part) = parts.next() {
        let is_package = match STORES.contains(&part) {
            true => match behind_entry(&mut parts) {
                Some(MODULES) => continue,
                behind => behind == Some(PACKAGE),
            },
            false => !part.is_empty() && !part.starts_with('.') && (!part.starts_with('@') || parts.next().is_some()),
        };
        match (is_package, parts.next()) {
            (true, None) => return true,
            (true, Some(MODULES)) => {}
            _ => return false,
        }
    }
    false
}

/// What stands behind an entry of a store, one for each package; `node_modules` in its place has what is found from everywhere.
fn behind_entry<'p>(parts: &mut impl Iterator<Item = &'p str>) -> Option<&'p str> {
    let entry = parts.next().filter(|entry| *entry != MODULES);
    let Some(entry) = entry else { return Some(MODULES) };
    let behind = parts.next()?;
    // npm has a directory for the scope of a name.
    match entry.starts_with('@') && ![MODULES, PACKAGE].contains(&behind) {
        true => parts.next(),
        false => Some(behind),
    }
}

/// Name and version of the package in `node_modules` in which a file lies, as its manifest says.
pub(crate) fn installed_around(scan: &Scan<'_>, path: &str) -> Option<(String, Option<String>)> {
    let directories = above(path).filter(|directory| is_installed(directory));
    let manifests = directories.map(|directory| in_directory(directory, MANIFEST));
    let mut packages = manifests.filter_map(|manifest| InstalledPackage::read(scan, &manifest).ok().flatten());
    packages.next().map(|package| (package.name, package.version))
}

/// Whether a manifest or a lock file says what the `node_modules` around a file is for.
pub(crate) fn is_settled(scan: &Scan<'_>, path: &str) -> bool {
    let is_modules = |part: &str| part == "node_modules";
    let holder: Vec<&str> = path.split('/').take_while(|part| !is_modules(part)).collect();
    let holder = holder.join("/");
    let is_there = |name: &str| scan.listing().resolve(&in_directory(&holder, name)).is_some();
    is_there(MANIFEST) || is_there(HIDDEN_LOCK_PATH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_told_from_what_lies_in_them() {
        for path in [
            "node_modules/a/package.json",
            "x/y/node_modules/@s/a/package.json",
            "node_modules/a/node_modules/b/package.json",
            "node_modules/.pnpm/a@1.0.0/node_modules/@s/a/package.json",
            "node_modules/.pnpm/node_modules/a/package.json",
            "node_modules/.bun/@s+a@1.0.0/node_modules/@s/a/package.json",
            "node_modules/.store/@s/a@1.0.0-x/node_modules/@s/a/package.json",
            "node_modules/.store/a-npm-1.0.0-x/package/package.json",
            "node_modules/.store/@s-a-npm-1.0.0-x/package/node_modules/b/package.json",
        ] {
            assert!(is_of_package(path), "{path}");
        }
        for path in [
            "package.json",
            "node_modules/package.json",
            "node_modules/@s/package.json",
            "node_modules/a/dist/package.json",
            "node_modules/a/test/node_modules/b/package.json",
            "node_modules/.bin/package.json",
            "node_modules/.pnpm/a@1.0.0/package.json",
            "node_modules/.pnpm/package.json",
            "node_modules/.store/a@1.0.0-x/dist/package.json",
            "node_modules/.store/a-npm-1.0.0-x/package/dist/package.json",
            "node_modules/.vite/deps/package.json",
        ] {
            assert!(!is_of_package(path), "{path}");
        }
    }
}
