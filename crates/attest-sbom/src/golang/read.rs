//! A tree in, every module of Go in it out: alone, or together with others in a workspace.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{Build, Member};
use super::manifest::Manifest;
use super::module::{self, FROM_SOURCE};
use super::sums::Sums;
use super::vendor;
use crate::cyclonedx::ComponentKind;
use crate::inventory::Inventory;
use crate::scan::{Candidate, Kind, Reader, Scan, beside};
use crate::{Gap, licence};

pub(crate) const READER: Reader = Reader {
    kind: Kind::Go,
    wants: |file| {
        matches!(file.name(), MANIFEST | SUMS | WORK | WORK_SUMS)
            || file.path.ends_with("vendor/modules.txt")
            || is_vendored_licence(file)
    },
    recognises,
    read,
};

const MANIFEST: &str = "go.mod";
const SUMS: &str = "go.sum";
const WORK: &str = "go.work";
const WORK_SUMS: &str = "go.work.sum";

/// What Go itself reads at most. Source: `golang.org/x/mod/zip`, constant `MaxGoMod`.
const MANIFEST_LIMIT: u64 = 16 << 20;

/// The file of a project with a thousand modules in many versions takes about 1 MB.
const SUMS_LIMIT: u64 = 64 << 20;

fn is_vendored_licence(file: &Candidate<'_>) -> bool {
    (file.path.starts_with("vendor/") || file.path.contains("/vendor/")) && licence::is_licence_file(file.name())
}

fn recognises(file: &Candidate<'_>) -> Option<&'static str> {
    let head = String::from_utf8_lossy(file.head);
    let has = |word: &str| head.lines().any(|line| line.starts_with(word));
    (has("module ") && (has("go 1.") || has("require ") || has("require("))).then_some(MANIFEST)
}

/// A file of a directory, which may be the top.
pub(super) fn inside(directory: &str, name: &str) -> String {
    match directory {
        "" => name.to_owned(),
        _ => format!("{directory}/{name}"),
    }
}

pub(super) fn damaged(path: &str, line: usize) -> Gap {
    Gap::new("damaged", path, format!("line {line} is not understood"))
}

fn read(scan: &Scan<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let members = members(scan, &mut inventory);
    let workspaces = workspaces(scan, &members, &mut inventory);
    let in_workspace: BTreeSet<&str> = workspaces
        .iter()
        .flat_map(|workspace| workspace.members.iter().copied())
        .collect();
    let mut builds: Vec<Build<'_>> = Vec::new();
    for (directory, member) in &members {
        if !in_workspace.contains(directory.as_str()) {
            builds.push(alone(scan, directory, member, &mut inventory));
        }
    }
    for workspace in &workspaces {
        builds.push(together(scan, workspace, &members, &mut inventory));
    }
    for build in &builds {
        build.list(scan.options, &members, &mut inventory);
    }
    for sums in scan.named(SUMS) {
        if is_project(&sums.path) && scan.listing().at(&beside(&sums.path, MANIFEST)).is_none() {
            let detail = "it lists everything that was ever considered; without a `go.mod` nothing says what is needed";
            inventory.gap(Gap::new("no-manifest", &sums.path, detail));
        }
    }
    inventory
}

/// Whether a file belongs to the project: not to what it depends on, nor to what its tests play with.
/// Source: `go help packages`, of directories that Go passes over.
fn is_project(path: &str) -> bool {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut parts = directory.split('/');
    !parts.any(|part| {
        matches!(part, "testdata" | "vendor" | "node_modules") || part.starts_with('_') || part.contains("@v")
    })
}

/// Every module of the tree by its directory; each becomes a component first, so that others can name it.
fn members(scan: &Scan<'_>, inventory: &mut Inventory) -> BTreeMap<String, Member> {
    let mut members = BTreeMap::new();
    for entry in scan.named(MANIFEST).filter(|entry| is_project(&entry.path)) {
        match member(scan, &entry.path, inventory) {
            Ok(Some(member)) => {
                members.insert(entry.parent().to_owned(), member);
            }
            Ok(None) => {}
            Err(gap) => inventory.gap(gap),
        }
    }
    members
}

fn member(scan: &Scan<'_>, path: &str, inventory: &mut Inventory) -> Result<Option<Member>, Gap> {
    let text = scan.text(path, MANIFEST_LIMIT)?.unwrap_or_default();
    let manifest = Manifest::parse(&text);
    // The standard library and the tools of Go, which stand in every installation of it.
    if matches!(manifest.module.as_deref(), Some("std" | "cmd")) {
        return Ok(None);
    }
    if let Some(line) = manifest.damaged {
        inventory.gap(damaged(path, line));
    }
    let mut key = None;
    match &manifest.module {
        Some(name) => {
            let mut component = module::component(ComponentKind::Application, name, Some(FROM_SOURCE))
                .map_err(|error| Gap::new("damaged", path, error.to_string()))?;
            let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
            component.licenses.extend(licence::of_directory(scan, directory));
            let added = inventory.add(component.found_at(path));
            inventory.project(path, added);
            key = Some(added);
        }
        None => inventory.gap(Gap::new("damaged", path, "it does not name a module")),
    }
    let path = path.to_owned();
    Ok(Some(Member { path, manifest, key }))
}

/// A `go.work`, and the directories of the modules that it holds together.
struct Workspace<'a> {
    path: String,
    manifest: Manifest,
    members: BTreeSet<&'a str>,
}

fn workspaces<'a>(
    scan: &Scan<'_>,
    members: &'a BTreeMap<String, Member>,
    inventory: &mut Inventory,
) -> Vec<Workspace<'a>> {
    let mut workspaces = Vec::new();
    for entry in scan.named(WORK).filter(|entry| is_project(&entry.path)) {
        let text = match scan.text(&entry.path, MANIFEST_LIMIT) {
            Ok(text) => text.unwrap_or_default(),
            Err(gap) => {
                inventory.gap(gap);
                continue;
            }
        };
        let manifest = Manifest::parse(&text);
        if let Some(line) = manifest.damaged {
            inventory.gap(damaged(&entry.path, line));
        }
        let mut found = BTreeSet::new();
        for used in &manifest.uses {
            let directory = within(entry.parent(), used).and_then(|directory| members.get_key_value(&directory));
            match directory {
                Some((directory, _)) => drop(found.insert(directory.as_str())),
                None => inventory.gap(Gap::new(
                    "unresolved",
                    &entry.path,
                    "it uses a directory in which there is no module",
                )),
            }
        }
        let path = entry.path.clone();
        workspaces.push(Workspace {
            path,
            manifest,
            members: found,
        });
    }
    // A module belongs to the workspace that lies next to it.
    workspaces.sort_by_key(|workspace| std::cmp::Reverse(workspace.path.matches('/').count()));
    let mut taken = BTreeSet::new();
    for workspace in &mut workspaces {
        workspace.members.retain(|directory| taken.insert(*directory));
    }
    workspaces
}

/// A path relative to a directory, made one of the tree; nothing if it leads out of it.
pub(super) fn within(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn alone<'a>(scan: &Scan<'_>, directory: &'a str, member: &'a Member, inventory: &mut Inventory) -> Build<'a> {
    Build {
        directory,
        members: vec![(directory, member)],
        replaces: Vec::new(),
        sums: sums(scan, [member.path.as_str()].map(|path| beside(path, SUMS)), inventory),
        vendor: vendored(scan, directory, inventory),
    }
}

fn together<'a>(
    scan: &Scan<'_>,
    workspace: &'a Workspace<'a>,
    members: &'a BTreeMap<String, Member>,
    inventory: &mut Inventory,
) -> Build<'a> {
    let directory = workspace.path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let own = || {
        workspace
            .members
            .iter()
            .map(|directory| (*directory, &members[*directory]))
    };
    let files = own()
        .map(|(_, member)| beside(&member.path, SUMS))
        .chain([beside(&workspace.path, WORK_SUMS)]);
    Build {
        directory,
        members: own().collect(),
        replaces: workspace.manifest.replaces.iter().collect(),
        sums: sums(scan, files, inventory),
        vendor: vendored(scan, directory, inventory),
    }
}

fn sums(scan: &Scan<'_>, files: impl IntoIterator<Item = String>, inventory: &mut Inventory) -> Sums {
    let mut sums = Sums::default();
    for path in files {
        match scan.text(&path, SUMS_LIMIT) {
            Ok(text) => {
                if let Some(line) = sums.add(&text.unwrap_or_default()) {
                    inventory.gap(damaged(&path, line));
                }
            }
            Err(gap) => inventory.gap(gap),
        }
    }
    sums
}

fn vendored(scan: &Scan<'_>, directory: &str, inventory: &mut Inventory) -> Option<vendor::Vendor> {
    vendor::read(scan, directory).unwrap_or_else(|gap| {
        inventory.gap(gap);
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_inside_the_tree_only() {
        assert_eq!(within("a/b", "../c").as_deref(), Some("a/c"));
        assert_eq!(within("", "./c/").as_deref(), Some("c"));
        assert_eq!(within("a", ".").as_deref(), Some("a"));
        for path in ["../..", "../../a", "/c", "C:\\c"] {
            assert_eq!(within("a", path), None, "{path}");
        }
    }

    #[test]
    fn what_is_vendored_or_downloaded_is_no_project() {
        for path in [
            "vendor/example.com/a/go.mod",
            "x/testdata/m/go.mod",
            "_examples/go.mod",
            "pkg/mod/example.com/a@v1.0.0/go.mod",
        ] {
            assert!(!is_project(path), "{path}");
        }
        assert!(is_project("go.mod") && is_project("internal/tools/go.mod"));
    }
}
