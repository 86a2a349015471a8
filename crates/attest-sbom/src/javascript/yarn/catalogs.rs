use std::collections::HashMap;

use attest_archive::yaml::Node;

use crate::Gap;
use crate::inventory::Inventory;
use crate::javascript::mapping::{at, documents, entries, entries_at};
use crate::javascript::project::{Project, in_directory};

/// The settings of a project. They may hold secrets: nothing but the catalogs is looked at.
pub(in crate::javascript) const SETTINGS: &str = ".yarnrc.yml";

/// People write it, and a catalog of ten thousand packages takes about 400 kB.
const SETTINGS_LIMIT: u64 = 4 << 20;

/// The name of the catalog that is not named.
const DEFAULT: &str = "default";

/// Ranges that a project gives names to, by the catalog and the package.
///
/// Source: <https://yarnpkg.com/features/catalogs>. A lock file has the ranges, and in the needs of a package their names.
#[derive(Debug, Default)]
pub(super) struct Catalogs {
    ranges: HashMap<(String, String), String>,
}

impl Catalogs {
    /// Reads those of a project; settings that are not understood are a gap, and have none.
    pub(super) fn read(project: &Project<'_>, inventory: &mut Inventory) -> Self {
        let path = in_directory(project.directory, SETTINGS);
        Self::of(project, &path).unwrap_or_else(|gap| {
            inventory.gap(gap);
            Self::default()
        })
    }

    fn of(project: &Project<'_>, path: &str) -> Result<Self, Gap> {
        let text = project.scan.text(path, SETTINGS_LIMIT)?.unwrap_or_default();
        let documents = documents(project, &text).map_err(|gap| Gap::new(gap.code(), path, gap.detail()))?;
        let mut catalogs = Self::default();
        for settings in &documents {
            if let Some(catalog) = at(settings, "catalog") {
                catalogs.add(DEFAULT, catalog);
            }
            for (name, catalog) in entries_at(settings, "catalogs") {
                catalogs.add(name, catalog);
            }
        }
        Ok(catalogs)
    }

    fn add(&mut self, catalog: &str, ranges: &Node) {
        for (name, range) in entries(ranges) {
            if let Some(range) = range.text() {
                let key = (catalog.to_owned(), name.to_owned());
                self.ranges.insert(key, range.to_owned());
            }
        }
    }

    /// The range itself, for one that names a catalog what that says.
    pub(super) fn range<'r>(&'r self, name: &str, range: &'r str) -> &'r str {
        let Some(catalog) = range.strip_prefix("catalog:") else {
            return range;
        };
        let catalog = if catalog.is_empty() { DEFAULT } else { catalog };
        let found = self.ranges.get(&(catalog.to_owned(), name.to_owned()));
        found.map_or(range, String::as_str)
    }
}
