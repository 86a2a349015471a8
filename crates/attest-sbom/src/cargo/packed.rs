//! Packages of Cargo as files: what each says of itself, and its hash.

use std::collections::HashSet;

use rayon::prelude::*;

use super::describe;
use super::manifest::{Inheritance, ManifestWire};
use super::project::{MANIFEST, MANIFEST_LIMIT};
use crate::cyclonedx::{Component, ComponentKind};
use crate::inventory::Inventory;
use crate::packed::{self, Packed};
use crate::registry::Origin;
use crate::scan::Scan;
use crate::tree::Entry;
use crate::{Gap, purl};

const ENDING: &str = ".crate";

/// Whether a file is called like a package.
pub(super) fn is_packed(name: &str) -> bool {
    name.ends_with(ENDING)
}

/// Adds the packages that lie in the tree as files. Beside lock files only what they name counts: a store holds much more.
pub(super) fn read(scan: &Scan<'_>, wanted: Option<&HashSet<(&str, &str)>>, inventory: &mut Inventory) {
    // One that was named is opened as an archive.
    if scan.is_named_file() {
        return;
    }
    let entries = scan.listing().entries();
    let wanted: Option<HashSet<String>> = wanted.map(|wanted| {
        let names = wanted.iter().map(|(name, version)| format!("{name}-{version}{ENDING}"));
        names.collect()
    });
    let is_wanted = |entry: &&Entry| wanted.as_ref().is_none_or(|wanted| wanted.contains(entry.name()));
    let is_part = |entry: &&Entry| scan.brought_along().outermost(&entry.path).is_some();
    let files = entries
        .iter()
        .filter(|entry| entry.is_file() && is_packed(entry.name()) && !is_part(entry));
    let files: Vec<&Entry> = files.filter(is_wanted).collect();
    let read: Vec<Result<Option<Found>, Gap>> = files.par_iter().map(|entry| one(scan, &entry.path)).collect();
    for found in read {
        match found {
            Ok(Some(found)) => add(found, entries.len() == 1, inventory),
            Ok(None) => {}
            Err(gap) => inventory.gap(gap),
        }
    }
}

struct Found {
    component: Component,
    is_needy: bool,
}

fn one(scan: &Scan<'_>, path: &str) -> Result<Option<Found>, Gap> {
    let damaged = |detail: String| Gap::new("damaged", path, detail);
    let Some(Packed { manifest, hash }) = packed::read(scan, path, MANIFEST, MANIFEST_LIMIT)? else {
        return Ok(None);
    };
    let wire: ManifestWire = toml::from_str(&manifest).map_err(|error| damaged(error.message().to_owned()))?;
    let read = wire.read(Inheritance {
        directory: "",
        workspace: None,
    });
    let Some(manifest) = read.map(|read| read.manifest) else {
        return Err(damaged("its `Cargo.toml` describes no package".to_owned()));
    };
    let purl = purl::cargo(&manifest.name, &manifest.version, None).map_err(|error| damaged(error.to_string()))?;
    let component = Component {
        version: Some(manifest.version.clone()),
        purl: Some(purl),
        hashes: vec![hash],
        licenses: describe::licences(&manifest.about),
        ..Component::new(ComponentKind::Library, manifest.name.as_str())
    };
    Ok(Some(Found {
        component: component.found_at(path),
        is_needy: !manifest.dependencies.is_empty(),
    }))
}

fn add(found: Found, is_alone: bool, inventory: &mut Inventory) {
    let purl = found.component.purl.as_deref().unwrap_or_default();
    let known = inventory.by_purl(purl);
    let locked = known.and_then(|key| inventory.packages()[key.place()].hashes.first().cloned());
    let hash = found.component.hashes.first().cloned();
    if let (Some(locked), Some(hash)) = (locked, hash)
        && locked != hash
    {
        let (expected, found_hash) = (locked.content, hash.content);
        let detail = format!("expected the package with SHA-256 {expected}, found {found_hash}");
        let place = &found.component.evidence.occurrences[0].location;
        return inventory.gap(Gap::new("mismatch", place, detail));
    }
    let mut component = found.component;
    // What merely lies there may be of any registry, or of none.
    if known.is_none() {
        component.origin = Origin::Elsewhere;
    }
    let place = component.evidence.occurrences[0].location.clone();
    let key = inventory.add_lying(component);
    // Then the document is about it.
    if is_alone {
        inventory.describes(&place, key);
    }
    // What a lock file chose for it is known from there.
    if known.is_none() && found.is_needy {
        inventory.incomplete(key);
        inventory.gap(Gap::new(
            "no-lock",
            &place,
            "what it needs is not listed: no lock file chose it",
        ));
    }
}
