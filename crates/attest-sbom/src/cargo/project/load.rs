use std::collections::HashMap;
use std::rc::Rc;

use super::{MANIFEST, around, path};
use crate::Gap;
use crate::cargo::manifest::{Inheritance, Manifest, ManifestWire, Read};
use crate::scan::Scan;

/// The largest manifests, of packages with hundreds of features, take about 100 kB.
pub(in super::super) const MANIFEST_LIMIT: u64 = 4 << 20;

/// The manifests of a tree, each read once, when it is asked for.
pub(in super::super) struct Manifests<'a> {
    scan: &'a Scan<'a>,
    wires: HashMap<String, Option<Rc<ManifestWire>>>,
    gaps: Vec<Gap>,
    /// How often a package was looked at for some project.
    steps: usize,
}

/// Projects that are made of the same packages look at them anew, each for itself. The largest repositories have some
/// thousand packages and some hundred projects.
const MAX_STEPS: usize = 200_000;

impl<'a> Manifests<'a> {
    pub(in super::super) fn new(scan: &'a Scan<'a>) -> Self {
        Self {
            scan,
            wires: HashMap::new(),
            gaps: Vec::new(),
            steps: 0,
        }
    }

    pub(in super::super) fn into_gaps(self) -> Vec<Gap> {
        self.gaps
    }

    pub(super) fn note(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    pub(super) fn step(&mut self) {
        self.steps += 1;
    }

    /// Whether no further project can be looked at.
    pub(super) fn are_exhausted(&self) -> bool {
        self.steps > MAX_STEPS
    }

    pub(super) fn exists(&self, directory: &str) -> bool {
        let entry = self.scan.listing().at(&path(directory, MANIFEST));
        entry.is_some_and(|entry| entry.is_file())
    }

    /// The manifest in a directory, as it is written; a gap, once, if it cannot be read.
    pub(in super::super) fn wire(&mut self, directory: &str) -> Option<Rc<ManifestWire>> {
        if let Some(known) = self.wires.get(directory) {
            return known.clone();
        }
        let wire = match read(self.scan, &path(directory, MANIFEST)) {
            Ok(wire) => wire.map(Rc::new),
            Err(gap) => {
                self.gaps.push(gap);
                None
            }
        };
        self.wires.insert(directory.to_owned(), wire.clone());
        wire
    }

    /// The package that a directory holds.
    pub(super) fn package(&mut self, directory: &str) -> Option<Manifest> {
        let wire = self.wire(directory)?;
        let root = self.workspace_of(directory, &wire);
        let root = root.map(|(root, wire)| (wire, root));
        let workspace = root
            .as_ref()
            .and_then(|(wire, root)| Some((wire.workspace.as_ref()?, root.as_str())));
        let Read { manifest, missing } = wire.read(Inheritance { directory, workspace })?;
        for name in missing {
            let detail = format!("it inherits `{name}`, which no workspace declares");
            self.gaps
                .push(Gap::new("unresolved", &path(directory, MANIFEST), detail));
        }
        Some(manifest)
    }

    /// The directory of the workspace that a package belongs to, by what it says, or the nearest around it.
    pub(super) fn workspace_of(
        &mut self,
        directory: &str,
        wire: &Rc<ManifestWire>,
    ) -> Option<(String, Rc<ManifestWire>)> {
        if wire.workspace.is_some() {
            return Some((directory.to_owned(), Rc::clone(wire)));
        }
        let stated = wire.package.as_ref().and_then(|package| package.workspace.as_deref());
        if let Some(stated) = stated {
            let root = crate::cargo::manifest::joined(directory, stated)?;
            let wire = self.wire(&root)?;
            return Some((root, wire));
        }
        around(directory).skip(1).find_map(|root| {
            let wire = self.exists(root).then(|| self.wire(root)).flatten()?;
            wire.workspace.is_some().then(|| (root.to_owned(), wire))
        })
    }
}

/// Reads one manifest; nothing if there is none.
pub(in super::super) fn read(scan: &Scan<'_>, path: &str) -> Result<Option<ManifestWire>, Gap> {
    let Some(text) = scan.text(path, MANIFEST_LIMIT)? else {
        return Ok(None);
    };
    let damaged = |error: toml::de::Error| Gap::new("damaged", path, error.message());
    toml::from_str(&text).map(Some).map_err(damaged)
}
