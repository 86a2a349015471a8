//! A tree in; which of its files came along with a package of some manager, out.
//!
//! Manifests and lock files in a package were written for whoever develops it: nothing of what they name is there because of them.
//! To readers of other kinds they are data. What reads packages of the kind itself knows better.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::scan::{Kind, Scan};
use crate::tree::Entry;
use crate::{cargo, golang};

/// Files that settle versions, and who reads them.
const LOCKS: [(&str, Kind); 14] = [
    ("Cargo.lock", Kind::Cargo),
    ("package-lock.json", Kind::JavaScript),
    ("npm-shrinkwrap.json", Kind::JavaScript),
    ("yarn.lock", Kind::JavaScript),
    ("pnpm-lock.yaml", Kind::JavaScript),
    ("bun.lock", Kind::JavaScript),
    ("go.sum", Kind::Go),
    ("uv.lock", Kind::Python),
    ("poetry.lock", Kind::Python),
    ("pdm.lock", Kind::Python),
    ("Pipfile.lock", Kind::Python),
    ("pylock.toml", Kind::Python),
    ("gradle.lockfile", Kind::Gradle),
    ("Chart.lock", Kind::Helm),
];

/// The directories that hold packages of others, beside those that are known by their names.
pub(crate) struct BroughtAlong(HashMap<String, Kind>);

impl BroughtAlong {
    /// A mark is believed only where its manager makes one: anybody can write a file of its name.
    pub(crate) fn find(scan: &Scan<'_>) -> Self {
        let entries = scan.listing().entries().par_iter().filter(|entry| entry.is_file());
        Self(entries.flat_map_iter(|entry| by_mark(scan, entry)).collect())
    }

    /// Whether a directory is itself a package that lies there by a mark of this kind.
    pub(crate) fn is_package(&self, directory: &str, kind: Kind) -> bool {
        self.0.get(directory) == Some(&kind)
    }

    /// Whether a directory is itself a package that lies there by any mark.
    pub(crate) fn holds(&self, directory: &str) -> bool {
        self.0.contains_key(directory)
    }

    /// The manager into whose packages a path leads first, and the directory that tells it. Modules of Go lie in each other: of
    /// them it is the innermost.
    pub(crate) fn outermost<'p>(&self, path: &'p str) -> Option<(&'p str, Kind)> {
        let mut known = self.around(path);
        let first = known.next()?;
        let inner = known.take_while(|(_, kind)| first.1 == Kind::Go && *kind == Kind::Go);
        Some(inner.last().unwrap_or(first))
    }

    /// Whether a file lies in a package of another kind.
    pub(crate) fn has(&self, path: &str, reader: Kind) -> bool {
        self.around(path).any(|(_, kind)| kind != reader)
    }

    /// The directories around a file that hold packages or are one, from the outermost.
    fn around<'p>(&self, path: &'p str) -> impl Iterator<Item = (&'p str, Kind)> {
        let directories = path.match_indices('/').map(|(end, _)| &path[..end]);
        directories.filter_map(|directory| {
            let kind = by_name(directory).or_else(|| self.0.get(directory).copied());
            Some((directory, kind?))
        })
    }
}

/// The lock files that no reader takes because they came along with a package of another kind.
pub(crate) fn locks(scan: &Scan<'_>) -> Vec<String> {
    let entries = scan.listing().entries().iter().filter(|entry| entry.is_file());
    let passed_over = entries.filter(|entry| {
        let lock = LOCKS.iter().find(|(name, _)| *name == entry.name());
        lock.is_some_and(|(_, kind)| scan.options.reads(*kind) && scan.is_brought_along(&entry.path, *kind))
    });
    passed_over.map(|entry| entry.path.clone()).collect()
}

fn by_name(directory: &str) -> Option<Kind> {
    match directory.rsplit('/').next()? {
        "node_modules" => Some(Kind::JavaScript),
        "site-packages" | "dist-packages" => Some(Kind::Python),
        _ => None,
    }
}

/// The packages that a file marks, and their kind. A package that is looked at itself is the project.
fn by_mark(scan: &Scan<'_>, entry: &Entry) -> Vec<(String, Kind)> {
    let directory = entry.parent();
    let is_of_cargo = match entry.name() {
        cargo::UNPACKED => cargo::is_unpacked(scan, directory),
        cargo::CHECKSUMS => cargo::is_vendored(scan, directory),
        "modules.txt" => {
            let modules = golang::vendored(scan, &entry.path).into_iter();
            return modules.map(|module| (module, Kind::Go)).collect();
        }
        _ => false,
    };
    let package = is_of_cargo.then(|| (directory.to_owned(), Kind::Cargo));
    package.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use crate::tree::Memory;

    const MANIFEST: &str = "[package]\nname = \"x\"\nversion = \"1.0.0\"\n";
    const LIST: &str = "# example.com/x v1.0.0\n## explicit\nexample.com/x/y\n";

    fn came_along(files: &[(&str, &str)], path: &str, reader: Kind) -> bool {
        let tree = Memory::new(files.iter().copied());
        Scan::of(&tree, &Options::default()).is_brought_along(path, reader)
    }

    #[test]
    fn packages_are_known_by_names_and_marks() {
        assert!(came_along(&[], "a/node_modules/x/go.mod", Kind::Go));
        assert!(came_along(&[], "lib/site-packages/x/pom.xml", Kind::Maven));
        let vendored = [("v/x/.cargo-checksum.json", "{}"), ("v/x/Cargo.toml", MANIFEST)];
        assert!(came_along(&vendored, "v/x/y/go.mod", Kind::Go));
        let unpacked = [
            ("registry/src/i/x-1.0.0/.cargo-ok", ""),
            ("registry/src/i/x-1.0.0/Cargo.toml", MANIFEST),
        ];
        assert!(came_along(
            &unpacked,
            "registry/src/i/x-1.0.0/package.json",
            Kind::JavaScript
        ));
        for store in ["index.crates.io-1949cf8c6b5b557f", "src/a.example-0123456789abcdef"] {
            let unpacked = [
                (format!("{store}/x-1.0.0/.cargo-ok"), ""),
                (format!("{store}/x-1.0.0/Cargo.toml"), MANIFEST),
            ];
            let unpacked = unpacked.each_ref().map(|(path, text)| (path.as_str(), *text));
            let path = format!("{store}/x-1.0.0/package.json");
            assert!(came_along(&unpacked, &path, Kind::JavaScript), "{store}");
        }
        let modules = [("go.mod", "module m\n"), ("vendor/modules.txt", LIST)];
        assert!(came_along(
            &modules,
            "vendor/example.com/x/package.json",
            Kind::JavaScript
        ));
    }

    #[test]
    fn neither_neighbours_nor_readers_of_the_kind_nor_projects_are_meant() {
        assert!(!came_along(&[], "a/node_modules/x/package.json", Kind::JavaScript));
        assert!(!came_along(&[], "node_modules", Kind::Go));
        let vendored = [("v/x/.cargo-checksum.json", "{}"), ("v/x/Cargo.toml", MANIFEST)];
        assert!(!came_along(&vendored, "v/y/go.mod", Kind::Go));
        let top = [(".cargo-checksum.json", "{}"), ("Cargo.toml", MANIFEST)];
        assert!(!came_along(&top, "go.mod", Kind::Go));
        let modules = [("go.mod", "module m\n"), ("vendor/modules.txt", LIST)];
        assert!(!came_along(&modules, "vendor/web/package.json", Kind::JavaScript));
    }

    #[test]
    fn a_mark_that_its_manager_did_not_make_hides_nothing() {
        for directory in ["web", "x-1.0.0", "registry/src/i/x-1.0.1", "registry/src/i/y-1.0.0"] {
            let mark = format!("{directory}/.cargo-ok");
            let manifest = format!("{directory}/Cargo.toml");
            let path = format!("{directory}/package-lock.json");
            assert!(!came_along(
                &[(&mark, ""), (&manifest, MANIFEST)],
                &path,
                Kind::JavaScript
            ));
            assert!(!came_along(&[(&mark, "")], &path, Kind::JavaScript), "{directory}");
        }
        let alone = [("v/x/.cargo-checksum.json", "{}")];
        assert!(!came_along(&alone, "v/x/package-lock.json", Kind::JavaScript));
        let path = "vendor/example.com/x/package-lock.json";
        assert!(!came_along(&[("vendor/modules.txt", LIST)], path, Kind::JavaScript));
        for list in ["", "x\n", "example.com/x\n", "# example.com/x v1.0.0\nexample.com/y\n"] {
            let files = [("go.mod", "module m\n"), ("vendor/modules.txt", list)];
            assert!(!came_along(&files, path, Kind::JavaScript), "{list}");
        }
    }
}
