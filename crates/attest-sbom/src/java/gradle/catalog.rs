//! A version catalog in, the packages that a build may ask for out: only where no lock says what it did ask for.
//!
//! Source: Gradle user guide, "Version Catalogs".

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Lock, SCRIPT_LIMIT, Scan};
use crate::Gap;
use crate::cyclonedx::{Component, ComponentKind};
use crate::inventory::Inventory;
use crate::java::coordinates::Coordinates;

/// How the names of catalogs end; they lie in `gradle/`.
pub(super) const ENDING: &str = ".versions.toml";

#[derive(Deserialize)]
struct Catalog {
    #[serde(default)]
    versions: BTreeMap<String, Version>,
    #[serde(default)]
    libraries: BTreeMap<String, Library>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Library {
    Short(String),
    Module {
        module: String,
        version: Option<VersionOf>,
    },
    Parts {
        group: String,
        name: String,
        version: Option<VersionOf>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum VersionOf {
    Reference {
        #[serde(rename = "ref")]
        name: String,
    },
    Version(Version),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Version {
    Exact(String),
    Rich {
        strictly: Option<String>,
        require: Option<String>,
        prefer: Option<String>,
    },
}

impl Version {
    /// What is taken unless something else asks for more.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Exact(version) => Some(version),
            Self::Rich {
                strictly,
                require,
                prefer,
            } => prefer.as_deref().or(strictly.as_deref()).or(require.as_deref()),
        }
    }
}

/// Lists the libraries of the catalogs of builds without locks.
pub(super) fn list(scan: &Scan<'_>, locks: &BTreeMap<String, Lock>, inventory: &mut Inventory) {
    for entry in super::files(scan, |entry| entry.name().ends_with(ENDING)) {
        let build = entry.parent().strip_suffix("gradle").unwrap_or_default();
        if locks.keys().any(|path| path.starts_with(build)) {
            continue;
        }
        if let Err(gap) = list_one(scan, &entry.path, inventory) {
            inventory.gap(gap);
        }
    }
}

fn list_one(scan: &Scan<'_>, path: &str, inventory: &mut Inventory) -> Result<(), Gap> {
    let text = scan.text(path, SCRIPT_LIMIT)?.unwrap_or_default();
    let catalog: Catalog = toml::from_str(&text).map_err(|error| Gap::new("damaged", path, error.message()))?;
    for (alias, library) in &catalog.libraries {
        let component = catalog
            .coordinates(library)
            .and_then(|coordinates| coordinates.component(ComponentKind::Library).ok());
        match component {
            Some(component) => {
                let key = inventory.add(Component { ..component }.found_at(path));
                inventory.incomplete(key);
            }
            None => inventory.gap(Gap::new(
                "damaged",
                path,
                format!("`{alias}` names no group and artifact"),
            )),
        }
    }
    let detail = "a catalog lists what may be asked for, not what is";
    inventory.gap(Gap::new("no-lock", path, detail));
    Ok(())
}

impl Catalog {
    fn coordinates(&self, library: &Library) -> Option<Coordinates> {
        match library {
            Library::Short(text) => {
                let mut parts = text.splitn(3, ':');
                Coordinates::new(parts.next()?, parts.next()?, parts.next())
            }
            Library::Module { module, version } => {
                let (group, artifact) = module.split_once(':')?;
                Coordinates::new(group, artifact, self.version(version.as_ref()))
            }
            Library::Parts { group, name, version } => Coordinates::new(group, name, self.version(version.as_ref())),
        }
    }

    fn version<'a>(&'a self, version: Option<&'a VersionOf>) -> Option<&'a str> {
        match version? {
            VersionOf::Version(version) => version.text(),
            VersionOf::Reference { name } => self.versions.get(name)?.text(),
        }
    }
}
