//! The packages of others in which something was found: `node_modules/@esbuild/linux-x64/bin/esbuild` is there because of that
//! package, and for what that is needed for.

use std::collections::{BTreeSet, HashMap};

use crate::cyclonedx::Component;
use crate::inventory::Inventory;
use crate::scan::{Kind, Scan};
use crate::{cargo, javascript, python};

/// Directories of a package of Cargo from which nothing gets into what is built with it.
/// Source: The Cargo Book, "Package Layout".
const OF_DEVELOPERS: [&str; 3] = ["benches", "examples", "tests"];

/// In what something lies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holder<'a> {
    /// In the project itself, as far as anybody knows.
    Nothing,
    Package(&'a Component),
    /// In what is no part of what is listed.
    LeftOut,
}

/// Puts what readers found in packages of another manager below these packages.
pub(crate) fn put_into_packages(scan: &Scan<'_>, found: &mut [(Kind, Inventory)]) {
    let holders = Holders::of(scan, found);
    for (reader, inventory) in found.iter_mut().filter(|(reader, _)| *reader != Kind::File) {
        let mut known: HashMap<String, Holder<'_>> = HashMap::new();
        inventory.put_into(|place| {
            let path = place.split("!/").next().unwrap_or(place);
            *known
                .entry(path.to_owned())
                .or_insert_with(|| holders.holder(path, *reader))
        });
    }
}

/// What each manager listed.
struct Holders<'s> {
    scan: &'s Scan<'s>,
    /// By whole names: as much of each package as makes it known again.
    listed: HashMap<(Kind, String), Vec<Component>>,
    /// Name and version of the packages of Python that say of a file that it is theirs.
    owners: HashMap<String, (String, String)>,
    /// Whether it is settled which packages of Cargo are there.
    is_cargo_settled: bool,
}

impl<'s> Holders<'s> {
    fn of(scan: &'s Scan<'s>, found: &[(Kind, Inventory)]) -> Self {
        let mut holders = Self {
            scan,
            listed: HashMap::new(),
            owners: HashMap::new(),
            is_cargo_settled: false,
        };
        let mut places: BTreeSet<&str> = BTreeSet::new();
        for (reader, inventory) in found {
            for package in inventory.packages() {
                match reader {
                    Kind::JavaScript | Kind::Python | Kind::Cargo | Kind::Go => holders.add(*reader, package),
                    Kind::Binary | Kind::Jar => {
                        let occurrences = package.evidence.occurrences.iter();
                        places.extend(occurrences.map(|occurrence| occurrence.location.as_str()));
                    }
                    _ => {}
                }
            }
        }
        let files = places.iter().filter_map(|place| place.split("!/").next());
        holders.owners = python::owners(scan, &files.collect());
        holders
    }

    fn add(&mut self, kind: Kind, package: &Component) {
        if package.purl.is_none() {
            return;
        }
        self.is_cargo_settled |= kind == Kind::Cargo && package.version.is_some() && !package.is_own();
        let name = match &package.group {
            Some(group) => format!("{group}/{}", package.name),
            None if kind == Kind::Python => python::normalised(&package.name),
            None => package.name.clone(),
        };
        self.listed.entry((kind, name)).or_default().push(Component {
            group: package.group.clone(),
            version: package.version.clone(),
            purl: package.purl.clone(),
            scope: package.scope,
            ..Component::new(package.kind, package.name.as_str())
        });
    }

    fn listed(&self, kind: Kind, name: String) -> &[Component] {
        self.listed.get(&(kind, name)).map_or(&[], Vec::as_slice)
    }

    /// What a manager finds in its own packages it knows better.
    fn holder(&self, path: &str, reader: Kind) -> Holder<'_> {
        match self.scan.brought_along().outermost(path) {
            Some((_, kind)) if kind == reader => Holder::Nothing,
            Some((_, Kind::JavaScript)) => self.in_modules(path),
            Some((directory, Kind::Cargo)) => self.in_sources(directory, path),
            Some((directory, Kind::Go)) => self.in_vendor(directory),
            _ if reader == Kind::Binary && self.is_tool(path) => Holder::LeftOut,
            _ => self.in_environment(path),
        }
    }

    /// A package that nobody lists holds nothing, unless its manager says what is shipped and leaves it out.
    fn in_modules(&self, path: &str) -> Holder<'_> {
        let Some((name, version)) = javascript::installed_around(self.scan, path) else {
            return Holder::Nothing;
        };
        let listed = self.listed(Kind::JavaScript, name);
        let package = listed.iter().find(|package| package.version == version);
        let is_settled = || self.scan.options.shipped.is_some() && javascript::is_settled(self.scan, path);
        match package {
            Some(package) => Holder::Package(package),
            None if listed.is_empty() && is_settled() => Holder::LeftOut,
            None => Holder::Nothing,
        }
    }

    /// A store holds what many projects need.
    fn in_sources(&self, directory: &str, path: &str) -> Holder<'_> {
        let mut inside = path[directory.len()..].split('/').skip(1);
        if inside.next().is_some_and(|first| OF_DEVELOPERS.contains(&first)) {
            return Holder::LeftOut;
        }
        let Some((name, version)) = cargo::unpacked_identity(self.scan, directory) else {
            return Holder::Nothing;
        };
        let listed = self.listed(Kind::Cargo, name);
        let package = listed.iter().find(|package| package.version.as_ref() == Some(&version));
        match package {
            Some(package) => Holder::Package(package),
            None if self.is_cargo_settled => Holder::LeftOut,
            None => Holder::Nothing,
        }
    }

    /// One `vendor` has one version of each module.
    fn in_vendor(&self, directory: &str) -> Holder<'_> {
        let module = directory.rsplit("vendor/").next().unwrap_or_default();
        let listed = self.listed(Kind::Go, module.to_owned()).first();
        listed.map_or(Holder::Nothing, Holder::Package)
    }

    fn in_environment(&self, path: &str) -> Holder<'_> {
        let Some((name, version)) = self.owners.get(path) else {
            return Holder::Nothing;
        };
        let is_it = |package: &&Component| {
            let listed = package.version.as_deref();
            listed.is_some_and(|listed| python::is_same_version(listed, version))
        };
        let package = self.listed(Kind::Python, name.clone()).iter().find(is_it);
        package.map_or(Holder::Nothing, Holder::Package)
    }

    /// What somebody installed with Cargo lies beside its store, and is no part of a project that is read with that store.
    fn is_tool(&self, path: &str) -> bool {
        let is_of_store = |home: &str| {
            let directory = format!("{home}registry");
            let parts = ["cache", "index", "src"].map(|part| format!("{directory}/{part}"));
            parts.iter().any(|part| !self.scan.listing().below(part).is_empty())
        };
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let home = directory.strip_suffix("bin");
        let home = home.filter(|home| home.is_empty() || home.ends_with('/'));
        self.is_cargo_settled && home.is_some_and(is_of_store)
    }
}

#[cfg(test)]
mod tests;
