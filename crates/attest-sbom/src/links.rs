//! Links of a tree in, those that hide something out.
//!
//! Readers take regular files, and nothing outside of a tree is ever read. So a link in place of a manifest is told, unless what it
//! leads to is read where it lies, and so is one to a directory outside. Links to directories are not followed: what they lead to
//! inside of the tree is read where it lies, and a circle of links leads nowhere.

use rayon::prelude::*;

use crate::inventory::Inventory;
use crate::packed::is_of_others;
use crate::scan::{Scan, is_wanted_by_name};
use crate::tree::{Entry, EntryKind};
use crate::{Gap, licence};

/// The most links that are named: beyond that a number tells as much.
const NAMED: usize = 16;

/// Says which links stand where a reader wants a file. Systems are full of links, and what others made is theirs.
pub(crate) fn note(scan: &Scan<'_>, inventory: &mut Inventory) {
    if inventory.whole().is_some() {
        return;
    }
    let hidden: Vec<(&Entry, &str)> = scan
        .listing()
        .entries()
        .par_iter()
        .filter_map(|entry| Some((entry, hides(scan, entry)?)))
        .collect();
    for (entry, detail) in hidden.iter().take(NAMED) {
        inventory.gap(Gap::new("unresolved", &entry.path, *detail));
    }
    if let Some(more @ 1..) = hidden.len().checked_sub(NAMED) {
        inventory.gap(Gap::new(
            "unresolved",
            "",
            format!("{more} more links are not followed"),
        ));
    }
}

/// Where it leads is not said: outside of the tree that is nobody's business.
fn hides(scan: &Scan<'_>, entry: &Entry) -> Option<&'static str> {
    let EntryKind::Link { .. } = &entry.kind else {
        return None;
    };
    let is_wanted = |path: &str| is_wanted_by_name(path, scan.options);
    // A directory of packages may be a link itself.
    if !is_of_others(scan, &format!("{}/", entry.parent())) && scan.leads_outside(entry) {
        return Some("a link to a directory outside of what is read: nothing of it is listed");
    }
    if !is_wanted(&entry.path) || licence::is_licence_file(entry.name()) || is_of_others(scan, &entry.path) {
        return None;
    }
    match scan.listing().resolve(&entry.path) {
        None => Some("a link that leads to no file of what is read: nothing of it is listed"),
        Some(file) if !is_wanted(&file.path) => Some("a link to a file that is not read under its own name"),
        Some(_) => None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::tree::Directory;
    use crate::{Options, scan};

    #[test]
    fn a_directory_outside_is_told_and_one_inside_is_read_where_it_lies() {
        let (directory, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = |name: &str| directory.path().join(name);
        for name in ["project/x", "project/node_modules/z", "beside"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        fs::create_dir(outside.path().join("target")).unwrap();
        let tag = "Signature: 8a477f597d28d172789f06886806bc55";
        fs::write(outside.path().join("target/CACHEDIR.TAG"), tag).unwrap();
        fs::write(path("project/x/requirements.txt"), "a==1\n").unwrap();
        for (target, link) in [
            (outside.path().join("target").as_path(), "target"),
            ("..".as_ref(), "x/up"),
            ("../..".as_ref(), "x/above"),
            ("../beside".as_ref(), "node_modules/z/beside"),
            ("round".as_ref(), "round"),
            ("x/requirements.txt".as_ref(), "list"),
            ("../beside".as_ref(), "vendor"),
        ] {
            symlink(target, path("project").join(link)).unwrap();
        }
        let tree = Directory::new(path("project")).unwrap();
        let inventory = scan(&tree, &Options::default()).unwrap();
        let gaps: Vec<String> = inventory.gaps().map(Gap::to_string).collect();
        let detail = "unresolved: a link to a directory outside of what is read: nothing of it is listed";
        assert_eq!(gaps, [format!("vendor: {detail}"), format!("x/above: {detail}")]);
        assert_eq!(inventory.len(), 1);
    }

    #[test]
    fn a_manifest_that_is_a_link_is_told_unless_it_is_read_where_it_lies() {
        let (directory, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = |name: &str| directory.path().join(name);
        for name in ["x", "y", "node_modules/z"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        fs::write(outside.path().join("Cargo.lock"), "").unwrap();
        fs::write(path("requirements.txt"), "a==1\n").unwrap();
        fs::write(path("x/own.json"), "{}").unwrap();
        for (target, link) in [
            (outside.path().join("Cargo.lock").as_path(), "x/Cargo.lock"),
            ("../requirements.txt".as_ref(), "y/requirements.txt"),
            ("own.json".as_ref(), "x/package.json"),
            ("nothing".as_ref(), "x/LICENSE"),
            ("nothing".as_ref(), "x/notes.md"),
            ("nothing".as_ref(), "node_modules/z/package.json"),
        ] {
            symlink(target, path(link)).unwrap();
        }
        let inventory = scan(&Directory::new(directory.path()).unwrap(), &Options::default()).unwrap();
        let gaps: Vec<String> = inventory.gaps().map(Gap::to_string).collect();
        assert_eq!(
            gaps,
            [
                "x/Cargo.lock: unresolved: a link that leads to no file of what is read: nothing of it is listed",
                "x/package.json: unresolved: a link to a file that is not read under its own name",
            ]
        );
    }
}
