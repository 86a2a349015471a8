//! A tree in, the manifests of its builds out: those at the top of one, and the modules that these name.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Pom;
use super::{MANIFEST, MANIFEST_LIMIT, is_manifest};
use crate::Gap;
use crate::inventory::Inventory;
use crate::scan::{Kind, Scan};

/// The manifests that belong to builds, by their paths.
pub(super) struct Projects {
    poms: BTreeMap<String, Pom>,
    /// The paths of those with this group and artifact, as they are written.
    named: BTreeMap<(String, String), BTreeSet<String>>,
    /// Which manifest names which as its module, and all that are named so.
    modules: BTreeMap<String, Vec<String>>,
    is_module: BTreeSet<String>,
}

impl Projects {
    pub(super) fn read(scan: &Scan<'_>, inventory: &mut Inventory) -> Self {
        let mut poms = BTreeMap::new();
        let entries = scan.listing().entries().iter();
        let entries = entries.filter(|entry| entry.is_file() && is_manifest(&entry.path));
        for entry in entries.filter(|entry| !scan.is_brought_along(&entry.path, Kind::Maven)) {
            match manifest(scan, &entry.path) {
                Ok(pom) => drop(poms.insert(entry.path.clone(), pom)),
                Err(gap) => inventory.gap(gap),
            }
        }
        let mut projects = Self {
            named: BTreeMap::new(),
            is_module: BTreeSet::new(),
            modules: modules(&poms),
            poms,
        };
        projects.is_module = projects.modules.values().flatten().cloned().collect();
        projects.leave_out_resources();
        for (path, pom) in &projects.poms {
            if let (Some(group), Some(artifact)) = (pom.group(), &pom.artifact) {
                let name = (group.to_owned(), artifact.clone());
                projects.named.entry(name).or_default().insert(path.clone());
            }
        }
        projects
    }

    /// What lies in the sources of a build and is none of its modules are templates and tests, not builds.
    fn leave_out_resources(&mut self) {
        let is_in_sources = |path: &str| {
            let mut above = path
                .match_indices("/src/")
                .map(|(at, _)| format!("{}/{MANIFEST}", &path[..at]));
            (path.starts_with("src/") && self.poms.contains_key(MANIFEST))
                || above.any(|pom| self.poms.contains_key(&pom))
        };
        let is_resource = |path: &String| !self.is_module.contains(path) && is_in_sources(path);
        let resources: Vec<String> = self.poms.keys().filter(|path| is_resource(path)).cloned().collect();
        for path in resources {
            self.poms.remove(&path);
            self.modules.remove(&path);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Pom)> {
        self.poms.iter().map(|(path, pom)| (path.as_str(), pom))
    }

    pub(super) fn at(&self, path: &str) -> Option<(&str, &Pom)> {
        self.poms.get_key_value(path).map(|(path, pom)| (path.as_str(), pom))
    }

    /// The modules that a manifest names, as far as they are there.
    pub(super) fn modules(&self, path: &str) -> &[String] {
        self.modules.get(path).map_or(&[], Vec::as_slice)
    }

    /// Whether some manifest names this one as its module.
    pub(super) fn is_module(&self, path: &str) -> bool {
        self.is_module.contains(path)
    }

    /// The manifest that this one continues: where it says that it lies, else any that has the name.
    pub(super) fn parent(&self, path: &str, pom: &Pom) -> Option<(&str, &Pom)> {
        let parent = pom.parent.as_ref()?;
        let fits =
            |other: &Pom| other.group() == Some(&parent.group) && other.artifact.as_deref() == Some(&parent.artifact);
        let beside = parent.path.as_deref().and_then(|to| self.at(&manifest_path(path, to)?));
        beside.filter(|(_, other)| fits(other)).or_else(|| {
            let named = self.named(&parent.group, &parent.artifact)?;
            (named.1.version() == Some(&parent.version)).then_some(named)
        })
    }

    /// The only manifest with a name.
    pub(super) fn named(&self, group: &str, artifact: &str) -> Option<(&str, &Pom)> {
        let paths = self.named.get(&(group.to_owned(), artifact.to_owned()))?;
        match paths.len() {
            1 => self.at(paths.first()?),
            _ => None,
        }
    }
}

fn manifest(scan: &Scan<'_>, path: &str) -> Result<Pom, Gap> {
    let bytes = scan.read(path, MANIFEST_LIMIT)?.unwrap_or_default();
    Pom::parse(&bytes).map_err(|error| Gap::new("damaged", path, error.to_string()))
}

fn modules(poms: &BTreeMap<String, Pom>) -> BTreeMap<String, Vec<String>> {
    let of = |path: &str, pom: &Pom| {
        let paths = pom.modules.iter().filter_map(|module| manifest_path(path, module));
        let mut paths: Vec<String> = paths
            .filter(|module| module != path && poms.contains_key(module))
            .collect();
        paths.sort();
        paths.dedup();
        paths
    };
    poms.iter().map(|(path, pom)| (path.clone(), of(path, pom))).collect()
}

/// The path of a manifest as another one names it, by its file or its directory; nothing if that leads out of the tree.
fn manifest_path(from: &str, to: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in to.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    if !parts.last().is_some_and(|last| last.ends_with(".xml")) {
        parts.push(MANIFEST);
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_found_from_another_and_never_outside() {
        for (from, to, expected) in [
            ("pom.xml", "core", Some("core/pom.xml")),
            ("a/pom.xml", "../b/c/", Some("b/c/pom.xml")),
            ("a/pom.xml", "../pom.xml", Some("pom.xml")),
            (
                "a/b/pom.xml",
                "../parent/pom-parent.xml",
                Some("a/parent/pom-parent.xml"),
            ),
            ("pom.xml", "../pom.xml", None),
        ] {
            assert_eq!(manifest_path(from, to).as_deref(), expected, "{from} {to}");
        }
    }
}
