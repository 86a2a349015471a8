//! The database of rpm in, the packages that are installed and what they need out.
//!
//! Read are the three forms that it has had, `rpmdb.sqlite`, `Packages.db` and `Packages`, by small readers that only look: no
//! library that could write or lock, and nothing that is not asked for. Sources: rpm, "Package Format v4" and `rpmdb(8)`.

mod berkeley;
mod blobs;
mod header;
mod ndb;
mod sqlite;
mod write_ahead;

use std::collections::{HashMap, HashSet};

use blobs::{Problem, Source};
use header::{Header, Tag};
use packageurl::PackageUrl;

use crate::cyclonedx::{Acknowledgement, Component, ComponentKind, LicenceChoice, Property};
use crate::inventory::{Inventory, Key};
use crate::rootfs::{self, Provisions, System};
use crate::scan::{Candidate, Kind, Reader, Scan, beside};
use crate::{Error, Gap, licence};

pub(crate) const READER: Reader = Reader {
    kind: Kind::Rpm,
    wants,
    recognises,
    read,
};

/// Where databases lie: of most, of those since Fedora 36, and of images that are kept as trees of commits.
const DIRECTORIES: [&str; 3] = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];

const SQLITE: &str = "rpmdb.sqlite";
/// What was written and is not in the database yet.
const WRITE_AHEAD: &str = "rpmdb.sqlite-wal";
const NDB: &str = "Packages.db";
const BERKELEY: &str = "Packages";

fn wants(file: &Candidate<'_>) -> bool {
    let is_database = matches!(file.name(), SQLITE | WRITE_AHEAD | NDB | BERKELEY);
    is_database && root(file.path).is_some()
}

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    match file.head {
        head if ndb::is_ndb(head) => Some("var/lib/rpm/Packages.db"),
        head if berkeley::is_hash(head) => Some("var/lib/rpm/Packages"),
        head if sqlite::is_sqlite(head) && file.name() == SQLITE => Some("var/lib/rpm/rpmdb.sqlite"),
        _ => None,
    }
}

fn root(path: &str) -> Option<&str> {
    let (directory, _) = path.rsplit_once('/')?;
    DIRECTORIES.iter().find_map(|place| rootfs::root_of(directory, place))
}

/// Databases and the roots of their systems.
fn databases<'a>(scan: &Scan<'a>) -> Vec<(&'a str, &'a str)> {
    let files = [SQLITE, NDB, BERKELEY].into_iter().flat_map(|name| scan.named(name));
    let known = files.filter_map(|entry| Some((entry.path.as_str(), root(&entry.path)?)));
    known.collect()
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

/// Shows the header of every package.
fn visit(scan: &Scan<'_>, path: &str, each: &mut dyn FnMut(Header<'_>)) -> Result<(), Gap> {
    let Some(mut content) = scan.open(path)? else {
        return Ok(());
    };
    let mut broken = 0_usize;
    let mut blob = |bytes: &[u8]| match Header::parse(bytes) {
        Some(header) => each(header),
        None => broken += 1,
    };
    let result = match path.rsplit('/').next() {
        Some(SQLITE) => {
            let ahead = scan.open(&beside(path, WRITE_AHEAD))?;
            sqlite::visit(Source::new(&mut *content), ahead, &mut blob)
        }
        Some(NDB) => ndb::visit(&mut Source::new(&mut *content), &mut blob),
        _ => berkeley::visit(&mut Source::new(&mut *content), &mut blob),
    };
    result.map_err(|problem| problem.gap(path))?;
    match broken {
        0 => Ok(()),
        count => Err(Problem::Headers { count }.gap(path)),
    }
}

/// What is kept of a header.
struct Package {
    name: String,
    version: String,
    epoch: u32,
    architecture: Option<String>,
    supplier: Option<String>,
    licence: Option<String>,
    properties: Vec<Property>,
    requires: Vec<String>,
    provides: Vec<String>,
}

impl Package {
    /// Nothing for a key of a signer, which is kept among the packages.
    fn new(header: Header<'_>) -> Option<Self> {
        let property = |name, tag| header.text(tag).map(|value| Property { name, value });
        let name = header.text(Tag::Name).filter(|name| name != "gpg-pubkey")?;
        let (version, release) = (header.text(Tag::Version)?, header.text(Tag::Release));
        let texts = |tag| header.texts(tag).map(std::borrow::Cow::into_owned).collect();
        Some(Self {
            name,
            version: release.map_or(version.clone(), |release| format!("{version}-{release}")),
            epoch: header.number(Tag::Epoch).unwrap_or(0),
            architecture: header.text(Tag::Architecture),
            supplier: header.text(Tag::Vendor).or_else(|| header.text(Tag::Packager)),
            licence: header.text(Tag::License),
            properties: [
                property("attest:rpm:source", Tag::SourcePackage),
                property("attest:rpm:modularity", Tag::ModularityLabel),
                // Of the header, not of the file of the package.
                property("attest:rpm:header-sha256", Tag::Sha256Header),
            ]
            .into_iter()
            .flatten()
            .collect(),
            requires: texts(Tag::RequireName),
            provides: texts(Tag::ProvideName),
        })
    }

    fn needs(&self) -> impl Iterator<Item = &str> {
        self.requires.iter().flat_map(|text| required(text))
    }

    fn component(&self, system: &System, path: &str) -> Result<Component, Error> {
        let component = Component {
            version: Some(self.version.clone()),
            licenses: self.licences(),
            supplier: self.supplier.clone().and_then(|name| rootfs::maintainer(&name)),
            purl: Some(self.purl(system)?),
            properties: self.properties.clone(),
            ..Component::new(ComponentKind::Library, self.name.as_str())
        };
        Ok(system.package(component, path))
    }

    /// An expression of SPDX, or names as they were usual before.
    fn licences(&self) -> Vec<LicenceChoice> {
        let declared = licence::declared(self.licence.as_deref(), None);
        let is_expression = declared
            .iter()
            .any(|choice| matches!(choice, LicenceChoice::Expression { .. }));
        let older = self.licence.as_deref().and_then(rootfs::of_nested_names);
        match older {
            Some(expression) if !is_expression => vec![LicenceChoice::Expression {
                expression,
                acknowledgement: Acknowledgement::Declared,
            }],
            _ => declared,
        }
    }

    /// Source: purl specification, type `rpm`.
    fn purl(&self, system: &System) -> Result<String, Error> {
        let invalid = |error: packageurl::Error| Error::InvalidPurl {
            package: self.name.clone(),
            reason: error.to_string(),
        };
        let mut purl = PackageUrl::new("rpm", self.name.as_str()).map_err(invalid)?;
        purl.with_namespace(vendor(system)).map_err(invalid)?;
        purl.with_version(self.version.as_str()).map_err(invalid)?;
        if let Some(architecture) = &self.architecture {
            purl.add_qualifier("arch", architecture.as_str()).map_err(invalid)?;
        }
        if let Some(distribution) = system.distribution() {
            purl.add_qualifier("distro", distribution).map_err(invalid)?;
        }
        if self.epoch > 0 {
            purl.add_qualifier("epoch", self.epoch.to_string()).map_err(invalid)?;
        }
        Ok(purl.to_string())
    }
}

/// The name space is the vendor, which has another name than its system in two cases.
fn vendor(system: &System) -> &str {
    match system.vendor("rpm") {
        "rhel" => "redhat",
        id if id.starts_with("opensuse") => "opensuse",
        id => id,
    }
}

fn read_database(scan: &Scan<'_>, path: &str, root: &str, inventory: &mut Inventory) -> Result<(), Gap> {
    let system = System::of_packages(scan, root, "rpm", inventory);
    let mut packages: Vec<Package> = Vec::new();
    let read = visit(scan, path, &mut |header| packages.extend(Package::new(header)));
    let mut listed: Vec<(&Package, Key)> = Vec::new();
    for package in &packages {
        match package.component(&system, path) {
            Ok(component) => listed.push((package, inventory.add(component))),
            Err(error) => inventory.gap(Gap::new("damaged", path, error.to_string())),
        }
    }
    needs(scan, path, &listed, inventory);
    let keys: Vec<Key> = listed.iter().map(|(_, key)| *key).collect();
    system.adopt(inventory, &keys, &[path]);
    read
}

/// Every package that provides what is needed by name, or has the file.
fn needs(scan: &Scan<'_>, path: &str, listed: &[(&Package, Key)], inventory: &mut Inventory) {
    let mut provisions = Provisions::default();
    for (package, key) in listed {
        provisions.offer(package.name.as_str(), *key);
        for name in &package.provides {
            provisions.offer(name.as_str(), *key);
        }
    }
    offer_files(scan, path, listed, &mut provisions);
    for (package, key) in listed {
        for name in package.needs() {
            if !provisions.need(inventory, path, *key, provisions.of(name)) {
                return;
            }
        }
    }
}

/// Files are provided, too. Those that nobody needs are not remembered: a system has a hundred thousand.
fn offer_files(scan: &Scan<'_>, path: &str, listed: &[(&Package, Key)], provisions: &mut Provisions<'_>) {
    let needed = listed.iter().flat_map(|(package, _)| package.needs());
    let needed: HashSet<&str> = needed.filter(|name| name.starts_with('/')).collect();
    let keys: HashMap<&str, Key> = listed
        .iter()
        .map(|(package, key)| (package.name.as_str(), *key))
        .collect();
    if needed.is_empty() {
        return;
    }
    let mut offer = |header: Header<'_>| {
        let key = header.text(Tag::Name).and_then(|name| keys.get(name.as_str()).copied());
        for file in header.files().filter(|file| needed.contains(file.as_str())) {
            if let Some(key) = key {
                provisions.offer(file, key);
            }
        }
    };
    // What is damaged was told when the packages were read.
    let _ = visit(scan, path, &mut offer);
}

/// The names in a need: one, or those of `(a or b)`; in `(a if b)` the condition is no need.
fn required(text: &str) -> impl Iterator<Item = &str> {
    let is_rich = text.starts_with('(');
    let end = [" if ", " unless "].iter().filter_map(|word| text.find(word)).min();
    let text = if is_rich {
        &text[..end.unwrap_or(text.len())]
    } else {
        text
    };
    let mut is_version = false;
    let words = text.split(move |c: char| is_rich && c == ' ').filter_map(move |word| {
        let word = if is_rich { word.trim_start_matches('(') } else { word };
        let skipped = std::mem::replace(&mut is_version, matches!(word, "<" | "<=" | "=" | ">=" | ">"));
        let is_name = !skipped && !is_version && !matches!(word, "and" | "or" | "with" | "without" | "else" | "");
        is_name.then(|| if is_rich { balanced(word) } else { word })
    });
    words.filter(|name| !name.starts_with("rpmlib("))
}

/// Without the parentheses that close what was opened in front of the name; `libc.so.6()(64bit)` keeps its own.
fn balanced(word: &str) -> &str {
    let mut word = word;
    while word.ends_with(')') && word.matches(')').count() > word.matches('(').count() {
        word = &word[..word.len() - 1];
    }
    word
}

/// Says which file belongs to which package.
pub(crate) fn claim(scan: &Scan<'_>, claim: &mut rootfs::Claim<'_>) {
    for (path, root) in databases(scan) {
        let mut each = |header: Header<'_>| {
            if let Some(name) = header.text(Tag::Name) {
                for file in header.files() {
                    claim("rpm", &name, &format!("{root}{}", file.trim_start_matches('/')));
                }
            }
        };
        // What is damaged was told when the packages were read.
        let _ = visit(scan, path, &mut each);
    }
}

#[cfg(test)]
mod tests;
