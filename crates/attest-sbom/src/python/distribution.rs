//! Wheels and sdists as files: what is in one, and not what it would need once it is installed.

use std::io::{Read, Seek};

use attest_archive::python::FileName;
use attest_archive::read::{EntryKind, Limits, ReadError, list_zip, read_archive};

use super::installed::{self, Form, METADATA_LIMIT};
use super::known::Known;
use super::requirements;
use crate::inventory::{Inventory, Key};
use crate::packed::sha256;
use crate::registry::Origin;
use crate::scan::Scan;
use crate::tree::{Entry, Memory};
use crate::{Gap, Options};

/// The most metadata, licences and lists of contents of one wheel that are held at once.
const MAX_HELD: u64 = 48 << 20;

/// The largest sdists that are opened: one has to be read whole to know whether it is one, and every archive of sources of
/// anything may have such a name.
const SDIST_LIMIT: u64 = 64 << 20;

/// Whether a file is read: a wheel, or what may be an sdist, by its name.
pub(super) fn is_read(name: &str, size: u64) -> bool {
    let may_be = name.ends_with(".whl") || name.ends_with(".tar.gz") && size <= SDIST_LIMIT;
    may_be && FileName::parse(name).is_ok()
}

/// Python itself brings along the wheels of pip, which are not installed.
const OF_PYTHON: &str = "/ensurepip/_bundled/";

/// Reads every wheel and every sdist.
pub(super) fn read(scan: &Scan<'_>, inventory: &mut Inventory) {
    let entries = scan.listing().entries().iter();
    let files = entries.filter(|entry| entry.is_file() && is_read(entry.name(), entry.size()));
    let is_part = |entry: &Entry| scan.brought_along().outermost(&entry.path).is_some();
    for entry in files.filter(|entry| !is_part(entry) && !entry.path.contains(OF_PYTHON)) {
        match read_one(scan, &entry.path, inventory) {
            Ok(Some(found)) => inventory.absorb(found),
            Ok(None) => {}
            Err(gap) => inventory.gap(gap),
        }
    }
}

fn read_one(scan: &Scan<'_>, path: &str, listed: &Inventory) -> Result<Option<Inventory>, Gap> {
    let damaged = |error: ReadError| Gap::new("damaged", path, error.to_string());
    let Some(mut file) = scan.open(path)? else {
        return Ok(None);
    };
    let held = match path.ends_with(".whl") {
        true => of_wheel(&mut file).map_err(damaged)?,
        false => of_sdist(&mut file).map_err(damaged)?,
    };
    let Some(metadata) = held
        .iter()
        .map(|(path, _)| path)
        .find(|path| path.ends_with("/METADATA"))
        .cloned()
    else {
        // An archive of another kind may have such a name.
        let is_wheel = path.ends_with(".whl");
        return if is_wheel {
            Err(Gap::new("damaged", path, "it has no metadata"))
        } else {
            Ok(None)
        };
    };
    let mut found = Inventory::default();
    let package = of_metadata(held, &metadata, listed, &mut found)?;
    file.rewind().map_err(|error| damaged(ReadError::from(error)))?;
    let hash = sha256(&mut file).map_err(damaged)?;
    found.package_mut(package).hashes.push(hash);
    // What merely lies there may be of any index, or of none.
    found.package_mut(package).origin = Origin::Elsewhere;
    found.lie_there([package]);
    if scan.listing().entries().len() == 1 {
        found.describes("", package);
    }
    let mut found = found.below(path);
    for occurrence in &mut found.package_mut(package).evidence.occurrences {
        path.clone_into(&mut occurrence.location);
    }
    Ok(Some(found))
}

/// The package as it would be installed; what it needs beyond itself is known where something else lists it.
fn of_metadata(
    held: Vec<(String, Vec<u8>)>,
    metadata: &str,
    listed: &Inventory,
    found: &mut Inventory,
) -> Result<Key, Gap> {
    let memory = Memory::new(held);
    let options = Options::default();
    let inner = Scan::of(&memory, &options);
    let package = installed::read_package(&inner, metadata, Form::DistInfo, &mut Known::default(), found)?;
    let needed = package.requirements.iter().filter(|one| one.of_extras().is_empty());
    let needed: Vec<String> = needed.map(|one| one.name.clone()).collect();
    let purl = found.packages()[package.key.place()].purl.as_deref();
    let is_listed = purl.is_some_and(|purl| listed.lists(purl));
    if !needed.is_empty() && !is_listed {
        found.incomplete(package.key);
        found.gap(requirements::unsettled_gap("", &needed));
    }
    Ok(package.key)
}

/// The members of the one `dist-info` directory at the top that tell something.
fn of_wheel(file: &mut (impl Read + Seek)) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
    let is_at_top = |name: &str| name.split('/').next().is_some_and(|top| top.ends_with(".dist-info"));
    let listed = list_zip(file, &Limits::default(), |name| {
        is_at_top(name) && installed::is_wanted(name)
    })?;
    let mut left = MAX_HELD;
    let mut held = Vec::new();
    for member in listed.into_iter().filter(|member| !member.is_directory()) {
        let bytes = member.bytes(file, METADATA_LIMIT.min(left))?;
        left -= bytes.len() as u64;
        held.push((member.name, bytes));
    }
    Ok(held)
}

/// `PKG-INFO` and the licences at the top, as they would stand in a wheel.
fn of_sdist(file: &mut (impl Read + Seek)) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
    let mut held = Vec::new();
    let mut left = MAX_HELD;
    read_archive(file, &Limits::default(), |entry, bytes| {
        let path = entry.path.as_str();
        let (EntryKind::File { .. }, Some((top, name))) = (&entry.kind, path.split_once('/')) else {
            return Ok(());
        };
        if name == "PKG-INFO" || crate::licence::is_licence_file(name) && !name.contains('/') {
            let mut content = Vec::new();
            bytes.take(METADATA_LIMIT.min(left)).read_to_end(&mut content)?;
            left -= content.len() as u64;
            let name = if name == "PKG-INFO" { "METADATA" } else { name };
            held.push((format!("{top}.dist-info/{name}"), content));
        }
        Ok::<_, ReadError>(())
    })?;
    Ok(held)
}
