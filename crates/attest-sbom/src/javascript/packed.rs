//! Packages of npm as files: what each says of itself, and its hash.

use rayon::prelude::*;

use super::manifest::{MANIFEST, MANIFEST_LIMIT, Manifest};
use super::package::Package;
use super::source::Source;
use crate::Gap;
use crate::cyclonedx::Component;
use crate::inventory::Inventory;
use crate::packed;
use crate::registry::Origin;
use crate::scan::Scan;
use crate::tree::Entry;

/// Whether a file is called like a package, and lies where no packaged chart of Helm and nothing of others does.
pub(super) fn may_be(path: &str) -> bool {
    let is_chart = path.rsplit('/').nth(1) == Some("charts");
    path.ends_with(".tgz") && !is_chart && !packed::may_be_of_others(path)
}

/// Adds the packages that lie in the tree as files. Beside lock files only what they name counts: a cache holds much more.
pub(super) fn read(scan: &Scan<'_>, is_locked: bool, inventory: &mut Inventory) {
    // One that was named is opened as an archive.
    if scan.is_named_file() {
        return;
    }
    let entries = scan.listing().entries();
    let files: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.is_file() && may_be(&entry.path) && !packed::is_of_others(scan, &entry.path))
        .collect();
    let read: Vec<Result<Option<Found>, Gap>> = files.par_iter().map(|entry| found(scan, &entry.path)).collect();
    for found in read {
        match found {
            Ok(Some(found)) => found.add(is_locked, entries.len() == 1, inventory),
            Ok(None) => {}
            Err(gap) => inventory.gap(gap),
        }
    }
}

struct Found {
    component: Component,
    is_needy: bool,
}

impl Found {
    fn add(mut self, is_locked: bool, is_alone: bool, inventory: &mut Inventory) {
        let known = self.component.purl.as_deref().and_then(|purl| inventory.by_purl(purl));
        if is_locked && known.is_none() {
            return;
        }
        // What merely lies there may be of any registry, or of none.
        if known.is_none() {
            self.component.origin = Origin::Elsewhere;
        }
        let place = self.component.evidence.occurrences[0].location.clone();
        let key = inventory.add_lying(self.component);
        // Then the document is about it.
        if is_alone {
            inventory.describes(&place, key);
        }
        // What a lock file chose for it is known from there.
        if known.is_none() && self.is_needy {
            inventory.incomplete(key);
            inventory.gap(Gap::new(
                "no-lock",
                &place,
                "what it needs is not listed: no lock file chose it",
            ));
        }
    }
}

fn found(scan: &Scan<'_>, path: &str) -> Result<Option<Found>, Gap> {
    let Some(package) = package(scan, path)? else {
        return Ok(None);
    };
    Ok(Some(Found {
        component: package.component(path)?,
        is_needy: package.is_incomplete,
    }))
}

/// What an archive says of itself; nothing for an archive of something else. What it needs is not known beyond that it does.
pub(super) fn package(scan: &Scan<'_>, path: &str) -> Result<Option<Package>, Gap> {
    let Some(packed) = packed::read(scan, path, MANIFEST, MANIFEST_LIMIT)? else {
        return Ok(None);
    };
    let manifest = Manifest::parse(&packed.manifest, path)?;
    let (Some(name), Some(version)) = (manifest.name.text(), manifest.version.text()) else {
        return Ok(None);
    };
    Ok(Some(Package {
        hashes: vec![packed.hash],
        licences: manifest.licences(),
        place: Some(path.to_owned()),
        is_incomplete: !manifest.needs(false).is_empty(),
        ..Package::new(Some(name), Some(version), Source::Registry)
    }))
}
