//! The database of dpkg in, the packages that are installed and what they need out.
//!
//! Read are `var/lib/dpkg/status`, the single paragraphs in `var/lib/dpkg/status.d` of images without dpkg, and for the
//! licences `usr/share/doc/*/copyright`. Source: `dpkg-query(1)`, Debian Policy Manual.

mod control;
mod copyright;
mod relation;

use std::collections::BTreeMap;

use control::{Stanza, stanzas};
use packageurl::PackageUrl;
use relation::relations;

use crate::cyclonedx::{Component, ComponentKind, LicenceChoice, Property};
use crate::inventory::{Inventory, Key};
use crate::rootfs::{self, Provisions, System};
use crate::scan::{Candidate, Kind, Reader, Scan};
use crate::{Error, Gap};

pub(crate) const READER: Reader = Reader {
    kind: Kind::Dpkg,
    wants,
    recognises,
    read,
};

const STATUS: &str = "var/lib/dpkg/status";
/// A paragraph a file, beside lists of checksums.
const STATUS_DIRECTORY: &str = "var/lib/dpkg/status.d";
pub(crate) const LISTS: &str = "var/lib/dpkg/info/";

/// A desktop of 3,000 packages takes 4 MB.
const STATUS_LIMIT: u64 = 64 << 20;

fn wants(file: &Candidate<'_>) -> bool {
    let is_paragraph = |path: &str| {
        path.rsplit_once('/')
            .is_some_and(|(directory, _)| ends_in(directory, STATUS_DIRECTORY))
    };
    rootfs::lies_at(file, &[STATUS])
        || is_paragraph(file.path)
        || copyright::is_copyright(file.path)
        || (file.path.contains(LISTS) && file.path.ends_with(".list"))
}

fn ends_in(path: &str, place: &str) -> bool {
    rootfs::root_of(path, place).is_some()
}

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    let head = String::from_utf8_lossy(file.head);
    let is_status = head.starts_with("Package: ") && head.contains("\nStatus: ") && head.contains("\nVersion: ");
    is_status.then_some(STATUS)
}

fn read(scan: &Scan<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    for (root, paths) in databases(scan) {
        let system = System::of_packages(scan, &root, "debian", &mut inventory);
        let mut packages = Vec::new();
        let mut texts = Vec::new();
        for path in paths {
            match scan.read(&path, STATUS_LIMIT) {
                Ok(bytes) => {
                    let text = text(&path, bytes.unwrap_or_default(), &mut inventory);
                    if let Some(gap) = rootfs::cut_off(&path, &text).filter(|_| is_whole_database(&path)) {
                        inventory.gap(gap);
                    }
                    texts.push((path, text));
                }
                Err(gap) => inventory.gap(gap),
            }
        }
        for (path, text) in &texts {
            packages.extend(installed(path, text, &mut inventory));
        }
        Database { scan, system: &system }.list(&packages, &mut inventory);
    }
    inventory
}

/// What is no UTF-8 is told, and hides nothing else.
fn text(path: &str, bytes: Vec<u8>, inventory: &mut Inventory) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let offset = error.utf8_error().valid_up_to();
        let detail = format!("expected UTF-8, found another byte at offset {offset}");
        inventory.gap(Gap::new("not-utf8", path, detail));
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    })
}

/// Whether a file is that of dpkg itself: others hold one paragraph, without a state.
fn is_whole_database(path: &str) -> bool {
    ends_in(path, STATUS)
}

/// The files of each system, by its root.
fn databases(scan: &Scan<'_>) -> BTreeMap<String, Vec<String>> {
    let mut databases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in scan.listing().entries().iter().filter(|entry| entry.is_file()) {
        let root = match rootfs::root_of(&entry.path, STATUS) {
            Some(root) => Some(root),
            None if entry.name().ends_with(".md5sums") => None,
            None => rootfs::root_of(entry.parent(), STATUS_DIRECTORY),
        };
        if let Some(root) = root {
            databases.entry(root.to_owned()).or_default().push(entry.path.clone());
        }
    }
    databases
}

/// Fields that a package has once: a second one is of another package.
const ONCE: [&str; 4] = ["Package", "Status", "Version", "Architecture"];

/// A paragraph of an installed package.
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    stanza: Stanza<'a>,
    place: &'a str,
}

/// The packages of one file whose files are there: neither those of which only configuration is left, nor those that are known
/// and were never unpacked.
fn installed<'a>(path: &'a str, text: &'a str, inventory: &mut Inventory) -> Vec<Package<'a>> {
    let mut packages = Vec::new();
    for stanza in stanzas(text) {
        if let Some(field) = stanza.repeated(&ONCE) {
            let name = stanza.field("Package").unwrap_or_default();
            let detail = format!("expected one `{field}` in a paragraph, found another one in that of `{name}`");
            inventory.gap(Gap::new("damaged", path, detail));
            continue;
        }
        if !is_unpacked(&stanza, path, inventory) {
            continue;
        }
        match (stanza.field("Package"), stanza.field("Version")) {
            (Some(name), Some(version)) if !is_name(name) || !is_version(version) => {
                let detail = format!("expected the name and the version of a package, found `{name}` and `{version}`");
                inventory.gap(Gap::new("damaged", path, detail));
            }
            (Some(name), Some(version)) => packages.push(Package {
                name,
                version,
                architecture: stanza.field("Architecture").unwrap_or_default(),
                stanza,
                place: path,
            }),
            (name, _) => {
                let name = name.unwrap_or_default();
                let detail = format!("a paragraph has no name or no version: `{name}`");
                inventory.gap(Gap::new("damaged", path, detail));
            }
        }
    }
    packages
}

/// Whether all files of a package are there, whatever is left to be done.
fn is_unpacked(stanza: &Stanza<'_>, path: &str, inventory: &mut Inventory) -> bool {
    let name = stanza.field("Package").unwrap_or_default();
    // The third word; images without dpkg have none.
    let (code, detail) = match stanza.field("Status").and_then(|status| status.rsplit(' ').next()) {
        Some("installed" | "triggers-pending" | "triggers-awaited" | "unpacked" | "half-configured") => return true,
        Some("not-installed" | "config-files") => return false,
        Some("half-installed") => ("half-installed", format!("package `{name}` is installed in part")),
        Some(state) => (
            "damaged",
            format!("expected a state of package `{name}` that dpkg knows, found `{state}`"),
        ),
        None if !is_whole_database(path) => return true,
        None => (
            "damaged",
            format!("expected a state of package `{name}`, found no `Status`"),
        ),
    };
    inventory.gap(Gap::new(code, path, detail));
    false
}

/// Source: Debian Policy Manual, section 5.6.1. One character is enough for dpkg.
fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.starts_with(is_plain) && name.chars().all(|c| is_plain(c) || matches!(c, '+' | '-' | '.'))
}

/// Source: Debian Policy Manual, section 5.6.12. As dpkg does, a version of others may begin with a letter.
fn is_version(version: &str) -> bool {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let is_number = !epoch.is_empty() && epoch.bytes().all(|c| c.is_ascii_digit());
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '~' | ':');
    is_number && rest.starts_with(|c: char| c.is_ascii_alphanumeric()) && rest.chars().all(is_allowed)
}

struct Database<'a> {
    scan: &'a Scan<'a>,
    system: &'a System,
}

impl Database<'_> {
    fn list(&self, packages: &[Package<'_>], inventory: &mut Inventory) {
        let licences = self.licences(packages);
        let mut keys = Vec::new();
        let mut listed = Vec::new();
        for (package, licences) in packages.iter().zip(licences) {
            match self.component(package) {
                Ok(component) => {
                    let key = inventory.add(Component {
                        licenses: licences,
                        ..component
                    });
                    keys.push(key);
                    listed.push((package, key));
                }
                Err(error) => inventory.gap(Gap::new("damaged", package.place, error.to_string())),
            }
        }
        needs(&listed, inventory);
        let mut places: Vec<&str> = packages.iter().map(|package| package.place).collect();
        places.dedup();
        self.system.adopt(inventory, &keys, &places);
    }

    fn licences(&self, packages: &[Package<'_>]) -> Vec<Vec<LicenceChoice>> {
        use rayon::prelude::*;
        let of = |package: &Package<'_>| copyright::licences(self.scan, self.system, package.name);
        packages.par_iter().map(of).collect()
    }

    fn component(&self, package: &Package<'_>) -> Result<Component, Error> {
        let source = package.stanza.field("Source").map(|source| Property {
            name: "attest:deb:source",
            value: source.to_owned(),
        });
        let component = Component {
            version: Some(package.version.to_owned()),
            purl: Some(self.purl(package)?),
            supplier: package.stanza.field("Maintainer").and_then(rootfs::maintainer),
            properties: source.into_iter().collect(),
            ..Component::new(ComponentKind::Library, package.name)
        };
        Ok(self.system.package(component, package.place))
    }

    /// Epochs are part of the version. Source: purl specification, type `deb`.
    fn purl(&self, package: &Package<'_>) -> Result<String, Error> {
        let invalid = |error: packageurl::Error| Error::InvalidPurl {
            package: package.name.to_owned(),
            reason: error.to_string(),
        };
        let mut purl = PackageUrl::new("deb", package.name).map_err(invalid)?;
        purl.with_namespace(self.system.vendor("debian")).map_err(invalid)?;
        purl.with_version(package.version).map_err(invalid)?;
        if !package.architecture.is_empty() {
            purl.add_qualifier("arch", package.architecture).map_err(invalid)?;
        }
        if let Some(distribution) = self.system.distribution() {
            purl.add_qualifier("distro", distribution).map_err(invalid)?;
        }
        Ok(purl.to_string())
    }
}

/// Every installed package that satisfies a need or an alternative of it, by its name or by what it provides.
fn needs(listed: &[(&Package<'_>, Key)], inventory: &mut Inventory) {
    let mut provisions = Provisions::default();
    let mut architectures = BTreeMap::new();
    for (package, key) in listed {
        architectures.insert(*key, package.architecture);
        provisions.offer(package.name, *key);
        for provided in package.stanza.field("Provides").into_iter().flat_map(relations) {
            provisions.offer(provided.name, *key);
        }
    }
    for (package, key) in listed {
        let fields = ["Depends", "Pre-Depends"]
            .into_iter()
            .filter_map(|name| package.stanza.field(name));
        for relation in fields.flat_map(relations) {
            let wanted = relation.architecture.unwrap_or(package.architecture);
            let found = provisions.of(relation.name);
            // Of a package that is there for two architectures, the one that fits.
            let is_fitting = |key: &&Key| architectures[*key] == wanted;
            let fitting: Vec<Key> = found.iter().filter(is_fitting).copied().collect();
            let found = if found.len() > 1 && !fitting.is_empty() && is_one_name(&fitting, found, inventory) {
                &fitting
            } else {
                found
            };
            if !provisions.need(inventory, package.place, *key, found) {
                return;
            }
        }
    }
}

/// Whether all of them are one package, for several architectures.
fn is_one_name(fitting: &[Key], found: &[Key], inventory: &Inventory) -> bool {
    let name = |key: &Key| &inventory.packages()[key.place()].name;
    fitting
        .first()
        .is_some_and(|first| found.iter().all(|key| name(key) == name(first)))
}

/// The longest list, of the documentation of a large library, takes 4 MB.
const LIST_LIMIT: u64 = 64 << 20;

/// Says which file belongs to which package: from `info/*.list`, and `status.d/*.md5sums` of images without dpkg.
pub(crate) fn claim(scan: &Scan<'_>, claim: &mut rootfs::Claim<'_>) {
    for entry in scan.listing().entries().iter().filter(|entry| entry.is_file()) {
        let list = entry
            .name()
            .strip_suffix(".list")
            .zip(rootfs::root_of(entry.parent(), LISTS.trim_end_matches('/')));
        let sums = entry
            .name()
            .strip_suffix(".md5sums")
            .zip(rootfs::root_of(entry.parent(), STATUS_DIRECTORY));
        let Some((name, root)) = list.or(sums) else {
            continue;
        };
        // `name:architecture` where several may be there.
        let name = name.split(':').next().unwrap_or(name);
        let Ok(Some(bytes)) = scan.read(&entry.path, LIST_LIMIT) else {
            continue;
        };
        for line in String::from_utf8_lossy(&bytes).lines() {
            let path = match list {
                Some(_) => line,
                None => line.split_once("  ").map_or(line, |(_, path)| path),
            };
            claim("deb", name, &format!("{root}{}", path.trim_start_matches(['.', '/'])));
        }
    }
}

#[cfg(test)]
mod tests;
