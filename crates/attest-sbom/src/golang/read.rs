//! A tree in, every module of Go in it out: alone, or together with others in a workspace.

use std::collections::BTreeSet;

use super::build::{Build, Member};
use super::manifest::Replace;
use super::projects::{self, Projects, Workspace, is_project, replaced};
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
    for build in builds(scan, &projects, &mut inventory) {
        build.list(scan.options, &projects.members, &mut inventory);
    }
    for sums in scan.named(SUMS) {
        if is_project(scan, &sums.path) && scan.listing().at(&beside(&sums.path, MANIFEST)).is_none() {
            let detail = "it lists everything that was ever considered; without a `go.mod` nothing says what is needed";
            inventory.gap(Gap::new("no-manifest", &sums.path, detail));
        }
    }
    inventory
}

/// What is built together: workspaces and modules, each with what stands in for what it needs. What stands in only for
/// what something else needs that stands in is built alone: Go looks at the replacements of the main module only.
fn builds<'a>(scan: &Scan<'_>, projects: &'a Projects, inventory: &mut Inventory) -> Vec<Build<'a>> {
    let members = &projects.members;
    let workspaces = projects.workspaces.iter();
    let joined: BTreeSet<&String> = workspaces.flat_map(|workspace| &workspace.members).collect();
    let is_alone = |directory: &&String| !joined.contains(directory) && !projects.stand_ins.contains(*directory);
    let mut builds: Vec<Build<'_>> = Vec::new();
    for directory in members.keys().filter(is_alone) {
        builds.push(alone(scan, directory, projects, inventory));
    }
    for workspace in &projects.workspaces {
        builds.push(together(scan, workspace, projects, inventory));
    }
    let built = builds.iter().flat_map(|build| &build.stand_ins);
    let built: BTreeSet<&str> = built.map(|(directory, _)| *directory).collect();
    let left = projects.stand_ins.iter();
    let left: Vec<&String> = left.filter(|directory| !built.contains(directory.as_str())).collect();
    for directory in left {
        builds.push(alone(scan, directory, projects, inventory));
    }
    builds
}

fn alone<'a>(scan: &Scan<'_>, directory: &'a str, projects: &'a Projects, inventory: &mut Inventory) -> Build<'a> {
    let members = vec![(directory, &projects.members[directory])];
    build(scan, (directory, members, Vec::new()), projects, inventory)
}

fn together<'a>(
    scan: &Scan<'_>,
    workspace: &'a Workspace,
    projects: &'a Projects,
    inventory: &mut Inventory,
) -> Build<'a> {
    let own = workspace.members.iter();
    let own = own.map(|directory| (directory.as_str(), &projects.members[directory]));
    let replaces = workspace.manifest.replaces.iter().collect();
    let mut build = build(
        scan,
        (workspace.directory(), own.collect(), replaces),
        projects,
        inventory,
    );
    add_sums(scan, &beside(&workspace.path, WORK_SUMS), &mut build.sums, inventory);
    build
}

/// The members of a build with the directory that its own replacements are relative to.
type Parts<'a> = (&'a str, Vec<(&'a str, &'a Member)>, Vec<&'a Replace>);

fn build<'a>(
    scan: &Scan<'_>,
    (directory, members, replaces): Parts<'a>,
    projects: &'a Projects,
    inventory: &mut Inventory,
) -> Build<'a> {
    let of_members = members
        .iter()
        .flat_map(|(base, member)| replaced(base, &member.manifest.replaces));
    let by: BTreeSet<String> = of_members
        .chain(replaced(directory, replaces.iter().copied()))
        .collect();
    let stand_ins = by.iter().filter_map(|directory| projects.stand_ins.get(directory));
    let stand_ins: Vec<(&str, &Member)> = stand_ins
        .map(|directory| (directory.as_str(), &projects.members[directory]))
        .filter(|(directory, _)| members.iter().all(|(member, _)| member != directory))
        .collect();
    let mut sums = Sums::default();
    for (_, member) in members.iter().chain(&stand_ins) {
        add_sums(scan, &beside(&member.path, SUMS), &mut sums, inventory);
    }
    Build {
        directory,
        vendor: vendored(scan, directory, inventory),
        members,
        stand_ins,
        replaces,
        sums,
    }
}

fn add_sums(scan: &Scan<'_>, path: &str, sums: &mut Sums, inventory: &mut Inventory) {
    match scan.text(path, SUMS_LIMIT) {
        Ok(text) => {
            if let Some(line) = sums.add(&text.unwrap_or_default()) {
                inventory.gap(damaged(path, line));
            }
        }
        Err(gap) => inventory.gap(gap),
    }
}

fn vendored(scan: &Scan<'_>, directory: &str, inventory: &mut Inventory) -> Option<vendor::Vendor> {
    vendor::read(scan, directory).unwrap_or_else(|gap| {
        inventory.gap(gap);
        None
    })
}
