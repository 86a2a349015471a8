//! A tree in, what the programs in it say of themselves out.

use rayon::prelude::*;

use super::build_info::BuildInfo;
use super::image::Image;
use super::layout::{Layout, Malformed, is_program, layouts};
use super::{auditable, build_info, golang};
use crate::inventory::{Inventory, Key};
use crate::packed::OTHERS;
use crate::scan::{Kind, Reader, Scan};
use crate::subject::size_property;
use crate::tree::{Entry, EntryKind};
use crate::{Gap, plain};

pub(crate) const READER: Reader = Reader {
    kind: Kind::Binary,
    wants: |file| is_program(file.head) && is_likely(file.name(), file.is_executable),
    // A program that is named is opened whatever it is called, and keeps its name.
    recognises: |_| None,
    read,
};

/// The mark of a packer stands near the front.
const FRONT: u64 = 1024;

/// Endings of programs and libraries.
const ENDINGS: [&str; 8] = ["so", "exe", "dll", "dylib", "node", "elf", "bin", "pyd"];

/// Words in the names of programs that were downloaded, and lost their permission on the way.
const PLATFORMS: [&str; 8] = [
    "linux", "darwin", "windows", "macos", "amd64", "arm64", "x86_64", "aarch64",
];

/// Files that say of what system a tree is: in it, no program is what the document is about.
const SYSTEMS: [&str; 5] = [
    "etc/os-release",
    "usr/lib/os-release",
    "var/lib/dpkg/status",
    "lib/apk/db/installed",
    "var/lib/rpm/rpmdb.sqlite",
];

/// What one file says.
#[derive(Default)]
struct Found<'a> {
    path: &'a str,
    go: Vec<BuildInfo>,
    rust: Vec<auditable_serde::VersionInfo>,
    gap: Option<Gap>,
}

impl Found<'_> {
    /// Everything that is in it, and the programs that it is.
    fn list(&self, only_shipped: bool) -> (Inventory, Vec<Key>) {
        let mut inventory = Inventory::default();
        let mut programs = Vec::new();
        for info in &self.go {
            programs.extend(golang::add(info, self.path, &mut inventory));
        }
        for info in &self.rust {
            programs.extend(auditable::add(info, self.path, only_shipped, &mut inventory));
        }
        if let Some(gap) = &self.gap {
            inventory.gap(gap.clone());
        }
        (inventory, programs)
    }
}

/// Whether a file is worth opening: of a system's tens of thousands, only those that may be programs.
fn is_likely(name: &str, is_executable: bool) -> bool {
    let name = name.to_ascii_lowercase();
    is_executable
        || name.contains(".so.")
        || name
            .rsplit_once('.')
            .is_some_and(|(_, ending)| ENDINGS.contains(&ending))
        || PLATFORMS.iter().any(|word| name.contains(word))
}

/// The same of what is listed: its first bytes tell whether it is one.
pub(crate) fn may_be_program(entry: &Entry) -> bool {
    match entry.kind {
        EntryKind::File { is_executable, .. } => is_likely(entry.name(), is_executable),
        _ => false,
    }
}

fn read(scan: &Scan<'_>) -> Inventory {
    let entries = scan.listing().entries();
    // Whoever names one file or asks for programs wants it to be opened.
    let is_named = entries.len() == 1;
    let every = is_named || scan.options.kinds == [Kind::Binary];
    let likely = |entry: &&Entry| every && entry.is_file() || may_be_program(entry);
    let candidates: Vec<&Entry> = entries.iter().filter(likely).collect();
    let found: Vec<Found<'_>> = candidates
        .par_iter()
        .filter_map(|entry| open(scan, entry, is_named))
        .collect();
    let mut inventory = Inventory::default();
    let mut programs: Vec<(&str, Key)> = Vec::new();
    for one in &found {
        let (listed, keys) = one.list(scan.options.shipped.is_some());
        let taken = inventory.take(listed);
        programs.extend(keys.into_iter().map(|key| (one.path, taken[key.place()])));
    }
    describe(scan, &programs, &mut inventory);
    inventory
}

/// The one program of a directory is what the document is about, unless it is part of something greater.
fn describe(scan: &Scan<'_>, programs: &[(&str, Key)], inventory: &mut Inventory) {
    let is_system = SYSTEMS.iter().any(|path| scan.listing().at(path).is_some());
    let is_own = |(path, _): &&(&str, Key)| scan.brought_along().outermost(path).is_none();
    let programs: Vec<(&str, Key)> = programs.iter().filter(is_own).copied().collect();
    let Some(&(path, key)) = programs.first() else {
        return;
    };
    let is_alone = programs.iter().all(|(_, other)| *other == key);
    let is_of_others = programs
        .iter()
        .any(|(path, _)| path.split('/').any(|part| OTHERS.contains(&part)));
    let is_of_environment = programs.iter().any(|(path, _)| is_in_environment(scan, path));
    if is_alone && !is_system && !is_of_others && !is_of_environment {
        inventory.describes(path, key);
        if scan.is_named_file() {
            measure(scan, path, key, inventory);
        }
    }
}

/// A program that was named alone is that file. Those of a directory or a system are not read to their ends.
fn measure(scan: &Scan<'_>, path: &str, key: Key, inventory: &mut Inventory) {
    let Some(entry) = scan.listing().resolve(path) else {
        return;
    };
    match plain::sha256(scan, entry) {
        Ok(hash) => {
            let program = inventory.package_mut(key);
            program.hashes.push(hash);
            program.properties.push(size_property(entry.size()));
            program.file = Some(entry.name().to_owned());
        }
        Err(gap) => inventory.gap(gap),
    }
}

/// Whether a virtual environment of Python is above: what it holds are its packages.
fn is_in_environment(scan: &Scan<'_>, path: &str) -> bool {
    let mut above = path;
    while let Some((directory, _)) = above.rsplit_once('/') {
        if scan.listing().at(&format!("{directory}/pyvenv.cfg")).is_some() {
            return true;
        }
        above = directory;
    }
    scan.listing().at("pyvenv.cfg").is_some()
}

/// What a file says; nothing for one that is no program, or says nothing and need not.
fn open<'a>(scan: &Scan<'_>, entry: &'a Entry, is_named: bool) -> Option<Found<'a>> {
    let gap = |code, detail: &str| {
        Some(Found {
            path: &entry.path,
            gap: Some(Gap::new(code, &entry.path, detail)),
            ..Found::default()
        })
    };
    let image = match scan.open(&entry.path) {
        Ok(content) => Image::new(content?),
        Err(unreadable) => return gap(unreadable.code(), unreadable.detail()),
    };
    let front = image.and_then(|image| Ok((image.bytes(0, FRONT)?, image)));
    let (front, image) = match front {
        Ok(read) => read,
        Err(error) => return gap("unreadable", &error.to_string()),
    };
    if !is_program(&front) {
        return None;
    }
    let found = layouts(&image, &front).and_then(|layouts| lists(&image, &entry.path, &layouts));
    match found {
        Err(Malformed(reason)) => gap("damaged", &reason),
        Ok(found) if !found.go.is_empty() || !found.rust.is_empty() => Some(found),
        Ok(_) if front.windows(4).any(|mark| mark == b"UPX!") => {
            gap("packed", "it is packed by UPX: unpack it to see what is in it")
        }
        Ok(_) if is_named => gap("no-list", "nobody wrote into it what it was built from"),
        Ok(_) => None,
    }
}

fn lists<'a>(image: &Image<'_>, path: &'a str, layouts: &[Layout]) -> Result<Found<'a>, Malformed> {
    let mut found = Found {
        path,
        ..Found::default()
    };
    for layout in layouts {
        found.go.extend(build_info::read(image, layout)?);
        if let Some(span) = layout.audit.filter(|span| span.size > 0) {
            found.rust.push(auditable::read(image, span)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_a_program_is_opened() {
        for name in [
            "libssl.so",
            "libssl.so.3",
            "App.EXE",
            "app-linux-amd64",
            "_rust.cpython-311-x86_64-linux-gnu.so",
        ] {
            assert!(is_likely(name, false), "{name}");
        }
        assert!(is_likely("app", true));
        assert!(!is_likely("app", false) && !is_likely("readme.txt", false));
    }
}
