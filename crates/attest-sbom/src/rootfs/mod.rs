//! The files by which a system says what it is in, the component of that operating system out, with its packages below it.
//!
//! Packages of a system are named by what hands them out, which their own database does not say: `os-release` does.

mod ownership;
mod provisions;
mod release;
mod short_name;
mod unowned;

use std::collections::BTreeSet;

pub(crate) use ownership::{Claim, leave_out_owned};
pub(crate) use provisions::Provisions;
pub(crate) use short_name::{expression as of_short_names, nested as of_nested_names};
pub(crate) use unowned::list_unowned;

use crate::cyclonedx::{Component, ComponentKind, OrganizationalEntity};
use crate::inventory::{Inventory, Key};
use crate::scan::{Candidate, Kind, Reader, Scan};
use crate::{Gap, contact};
use release::Release;

/// The system that the whole tree is, where it has no database of packages.
pub(crate) const READER: Reader = Reader {
    kind: Kind::System,
    wants: |file| release::is_known(file.path),
    recognises: |_| None,
    read: |scan| {
        let mut inventory = Inventory::default();
        let system = System::at(scan, "", &mut inventory);
        system.adopt(&mut inventory, &[], &[]);
        inventory
    },
};

/// A root directory, and what it says of itself.
pub(crate) struct System {
    /// Empty, or a path that ends in `/`.
    root: String,
    release: Option<(String, Release)>,
}

impl System {
    /// Looks at what lies below a root, which is empty or ends in `/`.
    pub(crate) fn at(scan: &Scan<'_>, root: &str, inventory: &mut Inventory) -> Self {
        let release = release::find(scan, root).unwrap_or_else(|gap| {
            inventory.gap(gap);
            None
        });
        let root = root.to_owned();
        Self { root, release }
    }

    /// The same for a system that has packages: who hands them out has to be known.
    pub(crate) fn of_packages(scan: &Scan<'_>, root: &str, usual: &str, inventory: &mut Inventory) -> Self {
        let system = Self::at(scan, root, inventory);
        if system.release.is_none() {
            inventory.gap(Gap::new(
                "no-os-release",
                root.trim_end_matches('/'),
                format!("the system does not say which it is; its packages are taken for those of `{usual}`"),
            ));
        }
        system
    }

    /// The name space of its package URLs.
    pub(crate) fn vendor<'a>(&'a self, usual: &'a str) -> &'a str {
        self.release.as_ref().map_or(usual, |(_, release)| release.id.as_str())
    }

    /// What the qualifier `distro` says.
    pub(crate) fn distribution(&self) -> Option<String> {
        self.release.as_ref().map(|(_, release)| release.distribution())
    }

    /// A path of the system as one of the tree.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    /// A package of this system: one name is one package in it. The system says for all of them which database they are from,
    /// unless nothing is known of it.
    pub(crate) fn package(&self, component: Component, database: &str) -> Component {
        let bom_ref = Some(component.name.clone());
        let component = Component { bom_ref, ..component };
        match self.release {
            Some(_) => component,
            None => component.found_at(database),
        }
    }

    /// Adds the operating system, with the packages below it that no other needs. It is what the document is about when it
    /// fills the whole tree.
    pub(crate) fn adopt(&self, inventory: &mut Inventory, packages: &[Key], databases: &[&str]) {
        let Some((place, release)) = &self.release else {
            return;
        };
        let mut system = Component {
            version: release.version.clone(),
            description: release.pretty_name.clone(),
            cpe: release.cpe.clone(),
            supplier: release.vendor.clone().map(organization),
            ..Component::new(ComponentKind::OperatingSystem, release.id.as_str())
        }
        .found_at(place.as_str());
        for database in databases {
            system = system.found_at(*database);
        }
        let system = inventory.add(system);
        for key in tops(inventory, packages) {
            inventory.depends(system, key);
        }
        if self.root.is_empty() {
            inventory.root(system);
        }
    }
}

/// The roots below the top in which a file lies that describes a system.
fn roots<'s>(scan: &Scan<'s>) -> BTreeSet<&'s str> {
    let entries = scan.listing().entries().iter();
    let roots = entries.filter_map(|entry| release::root_in(&entry.path));
    roots.filter(|root| !root.is_empty()).collect()
}

/// Says that systems below the top are not known, of whose packages no database was read.
pub(crate) fn note_without_databases(scan: &Scan<'_>, inventory: &mut Inventory) {
    if !scan.options.reads(Kind::System) {
        return;
    }
    let systems = inventory.packages().iter();
    let systems = systems.filter(|package| package.kind == ComponentKind::OperatingSystem);
    let places = systems.flat_map(|system| &system.evidence.occurrences);
    let known: BTreeSet<String> = places.map(|place| place.location.clone()).collect();
    for root in roots(scan) {
        match release::find(scan, root) {
            Ok(Some((place, release))) if !known.contains(&place) => {
                inventory.gap(without_database(&place, &release.id));
            }
            Ok(_) => {}
            Err(gap) => inventory.gap(gap),
        }
    }
}

fn without_database(place: &str, id: &str) -> Gap {
    let detail = format!("the system says ID={id}, and no database that is understood");
    Gap::new("no-database", place, detail)
}

/// Says that a system is not known by half, of whose packages no database was read: it is of another manager, or was taken away.
pub(crate) fn note_without_database(inventory: &mut Inventory) {
    let Some(system) = inventory.whole().map(|key| &inventory.packages()[key.place()]) else {
        return;
    };
    // The first place is that of `os-release`, the others are databases.
    if let (ComponentKind::OperatingSystem, [place]) = (system.kind, system.evidence.occurrences.as_slice()) {
        let gap = without_database(&place.location, &system.name);
        inventory.gap(gap);
    }
}

/// The packages that no other needs, and of circles that nobody needs the first.
fn tops(inventory: &Inventory, packages: &[Key]) -> Vec<Key> {
    let among: BTreeSet<Key> = packages.iter().copied().collect();
    let edges = inventory.edges();
    let needed: BTreeSet<Key> = edges
        .iter()
        .filter(|(from, _)| among.contains(from))
        .map(|(_, to)| *to)
        .collect();
    let mut order: Vec<Key> = among.iter().copied().collect();
    order.sort_by_cached_key(|key| (needed.contains(key), inventory.packages()[key.place()].purl.clone()));
    let mut reached = BTreeSet::new();
    let mut tops = Vec::new();
    for key in order {
        if reached.contains(&key) {
            continue;
        }
        tops.push(key);
        let mut left = vec![key];
        while let Some(key) = left.pop() {
            if reached.insert(key) {
                let below = edges.range((key, Key::FIRST)..=(key, Key::LAST));
                left.extend(below.map(|(_, to)| *to));
            }
        }
    }
    tops
}

/// That a database is cut off: managers write an empty line behind every package, the last one, too.
pub(crate) fn cut_off(path: &str, text: &str) -> Option<Gap> {
    let rest = text.trim_end();
    let is_whole = rest.is_empty() || text[rest.len()..].matches('\n').count() > 1;
    let detail =
        "expected an empty line behind the last package, found the end of the file: what came behind is not listed";
    (!is_whole).then(|| Gap::new("damaged", path, detail))
}

/// Where a root begins in which a file lies at `place`: nothing for a file that lies elsewhere.
pub(crate) fn root_of<'a>(path: &'a str, place: &str) -> Option<&'a str> {
    let root = path.strip_suffix(place)?;
    (root.is_empty() || root.ends_with('/')).then_some(root)
}

/// `Name <mail>`, as the maintainer of a package stands in a database: the name, else the mail address.
pub(crate) fn maintainer(text: &str) -> Option<OrganizationalEntity> {
    let contact = contact::author(text)?;
    contact.name.or(contact.email).map(organization)
}

pub(crate) fn organization(name: String) -> OrganizationalEntity {
    let (url, contact) = (Vec::new(), Vec::new());
    OrganizationalEntity { name, url, contact }
}

/// Whether a file is one of those at `places` of some root.
pub(crate) fn lies_at(file: &Candidate<'_>, places: &[&str]) -> bool {
    places.iter().any(|place| root_of(file.path, place).is_some())
}
