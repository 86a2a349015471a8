//! A tree in, the modules of Go that are the project's own out, and which of them are built together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::build::Member;
use super::manifest::{Manifest, Replace, Replacement};
use super::module::{self, FROM_SOURCE};
use super::read::{MANIFEST, MANIFEST_LIMIT, damaged};
use crate::cyclonedx::ComponentKind;
use crate::inventory::Inventory;
use crate::scan::{Kind, Scan};
use crate::tree::Entry;
use crate::{Gap, licence, packed};

const WORK: &str = "go.work";

/// Modules by their directories, and the workspaces that hold some of them together.
pub(super) struct Projects {
    pub(super) members: BTreeMap<String, Member>,
    pub(super) workspaces: Vec<Workspace>,
    /// The directories that are listed only because they stand in for a module that another one needs.
    pub(super) stand_ins: BTreeSet<String>,
}

/// A `go.work`, and the directories of its modules.
pub(super) struct Workspace {
    pub(super) path: String,
    pub(super) manifest: Manifest,
    pub(super) members: BTreeSet<String>,
}

impl Workspace {
    pub(super) fn directory(&self) -> &str {
        parent(&self.path)
    }
}

/// Finds them; each becomes a component, so that others can name it.
///
/// A module below another one belongs to it only through a workspace or a replacement. Else it is another project, such as
/// the tools or the examples of this one, which is named but not listed.
pub(super) fn find(scan: &Scan<'_>, inventory: &mut Inventory) -> Projects {
    let mut members = members(scan, inventory);
    let workspaces = workspaces(scan, &members, inventory);
    let tops = tops(&members, &workspaces);
    let listed = listed(&members, &workspaces, &tops);
    let others = members.iter().filter(|(directory, _)| !listed.contains(*directory));
    let others = others.map(|(_, member)| member.path.clone());
    let others: Vec<String> = others.chain(put_aside(scan)).collect();
    inventory.not_listed(&others);
    members.retain(|directory, _| listed.contains(directory));
    for (directory, member) in &mut members {
        if let Err(gap) = describe(scan, directory, member, inventory) {
            inventory.gap(gap);
        }
    }
    let joined = workspaces.iter().flat_map(|workspace| &workspace.members);
    let main: BTreeSet<&String> = joined.chain(&tops).collect();
    let stand_ins = members.keys().filter(|directory| !main.contains(directory));
    Projects {
        stand_ins: stand_ins.cloned().collect(),
        members,
        workspaces,
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Whether a file belongs to the project: not to what it depends on, nor to what its tests play with.
/// Source: `go help packages`, of directories that Go passes over.
pub(super) fn is_project(scan: &Scan<'_>, path: &str) -> bool {
    let mut parts = parent(path).split('/');
    let is_passed_over = |part: &str| {
        matches!(part, "testdata" | "vendor" | "node_modules") || part.starts_with('_') || part.contains("@v")
    };
    !scan.is_brought_along(path, Kind::Go) && !parts.any(is_passed_over)
}

/// Modules in a `vendor` that Go did not fill: it passes them over, and somebody put them there.
fn put_aside(scan: &Scan<'_>) -> Vec<String> {
    let is_aside = |path: &str| {
        let mut vendors = path.match_indices("vendor/").map(|(start, _)| start);
        let Some(start) = vendors.find(|start| *start == 0 || path[..*start].ends_with('/')) else {
            return false;
        };
        let (before, inside) = (&path[..start], &path[start + "vendor/".len()..]);
        !packed::is_filled(scan, &format!("{before}vendor")) && is_project(scan, &format!("{before}{inside}"))
    };
    let is_own = |path: &str| !scan.is_brought_along(path, Kind::Go);
    let modules = scan
        .named(MANIFEST)
        .filter(|entry| is_own(&entry.path) && is_aside(&entry.path));
    modules.map(|entry| entry.path.clone()).collect()
}

fn members(scan: &Scan<'_>, inventory: &mut Inventory) -> BTreeMap<String, Member> {
    let mut members = BTreeMap::new();
    for entry in scan.named(MANIFEST).filter(|entry| is_project(scan, &entry.path)) {
        let manifest = match scan.text(&entry.path, MANIFEST_LIMIT) {
            Ok(text) => Manifest::parse(&text.unwrap_or_default()),
            Err(gap) => {
                inventory.gap(gap);
                continue;
            }
        };
        // The standard library and the tools of Go, which stand in every installation of it.
        if !matches!(manifest.module.as_deref(), Some("std" | "cmd")) {
            let (path, key) = (entry.path.clone(), None);
            members.insert(entry.parent().to_owned(), Member { path, manifest, key });
        }
    }
    members
}

fn describe(scan: &Scan<'_>, directory: &str, member: &mut Member, inventory: &mut Inventory) -> Result<(), Gap> {
    let path = &member.path;
    if let Some(line) = member.manifest.damaged {
        inventory.gap(damaged(path, line));
    }
    let invalid = |detail: String| Gap::new("damaged", path, detail);
    let name = member.manifest.module.as_ref();
    let name = name.ok_or_else(|| invalid("it does not name a module".to_owned()))?;
    let component = module::component(ComponentKind::Application, name, Some(FROM_SOURCE));
    let mut component = component.map_err(|error| invalid(error.to_string()))?;
    component.licenses.extend(licence::of_directory(scan, directory));
    let key = inventory.add(component.found_at(path));
    inventory.project(path, key);
    member.key = Some(key);
    Ok(())
}

fn workspaces(scan: &Scan<'_>, members: &BTreeMap<String, Member>, inventory: &mut Inventory) -> Vec<Workspace> {
    let mut workspaces = Vec::new();
    for entry in scan.named(WORK).filter(|entry| is_project(scan, &entry.path)) {
        match scan.text(&entry.path, MANIFEST_LIMIT) {
            Ok(text) => workspaces.push(workspace(&text.unwrap_or_default(), entry, members, inventory)),
            Err(gap) => inventory.gap(gap),
        }
    }
    // A module belongs to the workspace that lies next to it.
    workspaces.sort_by_key(|workspace| Reverse(workspace.path.matches('/').count()));
    let mut taken = BTreeSet::new();
    for workspace in &mut workspaces {
        workspace.members.retain(|directory| taken.insert(directory.clone()));
    }
    workspaces
}

fn workspace(text: &str, entry: &Entry, members: &BTreeMap<String, Member>, inventory: &mut Inventory) -> Workspace {
    let manifest = Manifest::parse(text);
    if let Some(line) = manifest.damaged {
        inventory.gap(damaged(&entry.path, line));
    }
    let mut found = BTreeSet::new();
    for used in &manifest.uses {
        match within(entry.parent(), used).filter(|directory| members.contains_key(directory)) {
            Some(directory) => drop(found.insert(directory)),
            None => {
                let detail = "it uses a directory in which there is no module";
                inventory.gap(Gap::new("unresolved", &entry.path, detail));
            }
        }
    }
    Workspace {
        path: entry.path.clone(),
        manifest,
        members: found,
    }
}

/// The directories of the modules that lie below no other one and below no workspace.
fn tops(members: &BTreeMap<String, Member>, workspaces: &[Workspace]) -> Vec<String> {
    let all: BTreeSet<&str> = members
        .keys()
        .map(String::as_str)
        .chain(workspaces.iter().map(Workspace::directory))
        .collect();
    let is_inside = |directory: &str| {
        let mut above = directory;
        while !above.is_empty() {
            above = parent(above);
            if all.contains(above) {
                return true;
            }
        }
        false
    };
    let tops = members.keys().filter(|directory| !is_inside(directory));
    tops.cloned().collect()
}

/// The directories of what belongs together: the topmost modules, those of workspaces, and what stands in for others there.
fn listed(members: &BTreeMap<String, Member>, workspaces: &[Workspace], tops: &[String]) -> BTreeSet<String> {
    let mut left = tops.to_vec();
    let mut directories: Vec<(&str, &Manifest)> = Vec::new();
    for workspace in workspaces {
        left.extend(workspace.members.iter().cloned());
        directories.push((workspace.directory(), &workspace.manifest));
    }
    let mut listed = BTreeSet::new();
    loop {
        for (base, manifest) in directories.drain(..) {
            left.extend(replaced(base, &manifest.replaces).filter(|directory| members.contains_key(directory)));
        }
        let Some(directory) = left.pop() else {
            return listed;
        };
        if let Some((directory, member)) = members.get_key_value(&directory)
            && listed.insert(directory.clone())
        {
            directories.push((directory, &member.manifest));
        }
    }
}

/// The directories of the tree that stand in for modules, as replacements that lie in a directory say.
pub(super) fn replaced<'r>(
    base: &'r str,
    replaces: impl IntoIterator<Item = &'r Replace>,
) -> impl Iterator<Item = String> {
    replaces.into_iter().filter_map(move |replace| match &replace.by {
        Replacement::Directory(directory) => within(base, directory),
        Replacement::Module { .. } => None,
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use crate::tree::Memory;

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
    fn modules_in_a_vendor_that_go_did_not_fill_are_put_aside() {
        let options = Options::default();
        let aside = |files: &[&str]| {
            let tree = Memory::new(files.iter().map(|path| (*path, "")));
            put_aside(&Scan::of(&tree, &options))
        };
        assert_eq!(aside(&["x/vendor/m/go.mod", "vendored/go.mod"]), ["x/vendor/m/go.mod"]);
        assert_eq!(aside(&["vendor/m/go.mod", "vendor/modules.txt"]), [""; 0]);
        assert_eq!(
            aside(&["vendor/testdata/go.mod", "node_modules/x/vendor/go.mod"]),
            [""; 0]
        );
    }

    #[test]
    fn what_is_vendored_or_downloaded_is_no_project() {
        let (tree, options) = (Memory::new::<&str, &str>([]), Options::default());
        let scan = Scan::of(&tree, &options);
        for path in [
            "vendor/example.com/a/go.mod",
            "x/testdata/m/go.mod",
            "_examples/go.mod",
            "pkg/mod/example.com/a@v1.0.0/go.mod",
        ] {
            assert!(!is_project(&scan, path), "{path}");
        }
        assert!(is_project(&scan, "go.mod") && is_project(&scan, "internal/tools/go.mod"));
    }
}
