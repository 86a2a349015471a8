//! A tree in, every module of Go in it out: alone, or together with others in a workspace.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{Build, Member};
use super::projects::{self, Workspace, is_project};
use super::sums::Sums;
use super::vendor;
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

pub(super) const MANIFEST: &str = "go.mod";
const SUMS: &str = "go.sum";
const WORK: &str = "go.work";
const WORK_SUMS: &str = "go.work.sum";

/// What Go itself reads at most. Source: `golang.org/x/mod/zip`, constant `MaxGoMod`.
pub(super) const MANIFEST_LIMIT: u64 = 16 << 20;

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
    let projects = projects::find(scan, &mut inventory);
    let members = &projects.members;
    let workspaces = projects.workspaces.iter();
    let joined: BTreeSet<&String> = workspaces.flat_map(|workspace| &workspace.members).collect();
    let mut builds: Vec<Build<'_>> = Vec::new();
    for directory in members.keys().filter(|directory| !joined.contains(directory)) {
        builds.push(alone(scan, directory, &members[directory], &mut inventory));
    }
    for workspace in &projects.workspaces {
        builds.push(together(scan, workspace, members, &mut inventory));
    }
    for build in &builds {
        build.list(scan.options, members, &mut inventory);
    }
    for sums in scan.named(SUMS) {
        if is_project(&sums.path) && scan.listing().at(&beside(&sums.path, MANIFEST)).is_none() {
            let detail = "it lists everything that was ever considered; without a `go.mod` nothing says what is needed";
            inventory.gap(Gap::new("no-manifest", &sums.path, detail));
        }
    }
    inventory
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
    workspace: &'a Workspace,
    members: &'a BTreeMap<String, Member>,
    inventory: &mut Inventory,
) -> Build<'a> {
    let own = || {
        workspace
            .members
            .iter()
            .map(|directory| (directory.as_str(), &members[directory]))
    };
    let files = own()
        .map(|(_, member)| beside(&member.path, SUMS))
        .chain([beside(&workspace.path, WORK_SUMS)]);
    Build {
        directory: workspace.directory(),
        members: own().collect(),
        replaces: workspace.manifest.replaces.iter().collect(),
        sums: sums(scan, files, inventory),
        vendor: vendored(scan, workspace.directory(), inventory),
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
