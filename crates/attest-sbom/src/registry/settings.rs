//! Settings of managers in a tree in; of the packages that lie below them, which registry they come from out.
//!
//! Lock files leave out what their managers know otherwise. A setting counts for everything below its directory: at worst a
//! package is not asked for.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Origin, Registry};
use crate::inventory::Inventory;
use crate::scan::Scan;

/// They are written by hand.
const LIMIT: u64 = 1 << 20;

/// Files of lines or tables that name a registry of npm. Sources: npm's, Yarn's and Bun's documentation of their settings.
const OF_NPM: [&str; 4] = [".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml"];

/// Files that name an index of Python. Sources: uv's, PDM's, Poetry's and pip's documentation of their settings.
const OF_PYTHON: [&str; 4] = ["pyproject.toml", "uv.toml", "pip.conf", "pip.ini"];

pub(crate) fn is_of_npm(name: &str) -> bool {
    OF_NPM.contains(&name)
}

pub(crate) fn is_of_python(name: &str) -> bool {
    OF_PYTHON.contains(&name)
}

/// What one file says.
struct Setting {
    directory: String,
    registry: Registry,
    origins: BTreeSet<Origin>,
}

impl Setting {
    fn is_about(&self, registry: &str, place: &str) -> bool {
        let rest = place.strip_prefix(&self.directory);
        let is_below = rest.is_some_and(|rest| self.directory.is_empty() || rest.starts_with('/'));
        is_below && registry == self.registry.name()
    }
}

/// Says of packages of which nothing is known where they come from.
pub(crate) fn settle(scan: &Scan<'_>, inventory: &mut Inventory) {
    let entries = scan.listing().entries().iter().filter(|entry| entry.is_file());
    let settings: Vec<Setting> = entries
        .filter_map(|entry| read(scan, &entry.path, entry.name()))
        .collect();
    if settings.is_empty() {
        return;
    }
    for key in inventory.keys() {
        let package = inventory.package_mut(key);
        let purl = package.purl.as_deref().unwrap_or_default();
        let kind = purl.strip_prefix("pkg:").and_then(|rest| rest.split('/').next());
        let (Some(kind), Origin::Unsaid) = (kind, &package.origin) else {
            continue;
        };
        let places: Vec<&str> = package
            .evidence
            .occurrences
            .iter()
            .map(|one| one.location.as_str())
            .collect();
        let is_about = |setting: &&Setting| places.iter().any(|place| setting.is_about(kind, place));
        let found: BTreeSet<&Origin> = settings.iter().filter(is_about).flat_map(|one| &one.origins).collect();
        let found: Vec<&Origin> = found.into_iter().collect();
        package.origin = match found.as_slice() {
            [] => Origin::Unsaid,
            [one] => (*one).clone(),
            // Of several registries it is not known which one has a package.
            _ => Origin::Elsewhere,
        };
    }
}

/// Nothing of a file that names no registry, or that cannot be read.
fn read(scan: &Scan<'_>, path: &str, name: &str) -> Option<Setting> {
    let (registry, find): (_, fn(&str, &str) -> BTreeSet<Origin>) = match name {
        name if is_of_npm(name) => (Registry::Npm, of_lines),
        name if is_of_python(name) => (Registry::PyPi, of_python),
        _ => return None,
    };
    let text = scan.text(path, LIMIT).ok()??;
    let origins = find(name, &text);
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
    (!origins.is_empty()).then_some(Setting {
        directory,
        registry,
        origins,
    })
}

/// Keys that name a registry or an index, alone or, behind a colon, for a scope.
const KEYS: [&str; 7] = [
    "registry",
    "npmregistryserver",
    "index-url",
    "extra-index-url",
    "find-links",
    "no-index",
    "url",
];

/// Every line that names one, in any of the ways of writing.
fn of_lines(_: &str, text: &str) -> BTreeSet<Origin> {
    let named = text.lines().filter_map(|line| {
        let line = line.trim();
        let end = line
            .find(['=', ' ', '\t'])
            .or_else(|| line.find(": ").or(line.find(':')))?;
        let key = line[..end].trim_matches(['"', '\'', ':']).to_ascii_lowercase();
        let value = line[end..].trim_matches(|c: char| c.is_whitespace() || "=:\"',".contains(c));
        let is_key = KEYS.contains(&key.rsplit(':').next().unwrap_or_default());
        (is_key && !line.starts_with(['#', ';'])).then(|| Origin::registry(value))
    });
    named.collect()
}

#[derive(Deserialize)]
struct ManifestWire {
    #[serde(default)]
    tool: ToolWire,
}

#[derive(Deserialize, Default)]
struct ToolWire {
    #[serde(default)]
    uv: UvWire,
    #[serde(default)]
    poetry: SourcesWire,
    #[serde(default)]
    pdm: SourcesWire,
}

#[derive(Deserialize, Default)]
struct SourcesWire {
    #[serde(default)]
    source: Vec<PlaceWire>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct UvWire {
    #[serde(default)]
    index: Vec<PlaceWire>,
    index_url: Option<String>,
    extra_index_url: Option<toml::Value>,
    find_links: Option<toml::Value>,
    #[serde(default)]
    no_index: bool,
    #[serde(default)]
    pip: Option<Box<UvWire>>,
}

#[derive(Deserialize)]
struct PlaceWire {
    url: Option<String>,
    /// Whether it stands in place of the usual index.
    #[serde(default)]
    default: bool,
}

fn of_python(name: &str, text: &str) -> BTreeSet<Origin> {
    match name {
        "pyproject.toml" => {
            let Ok(ManifestWire { tool }) = toml::from_str(text) else {
                return BTreeSet::new();
            };
            let mut origins = of_uv(&tool.uv);
            let sources = tool.poetry.source.iter().chain(&tool.pdm.source);
            origins.extend(sources.map(|_| Origin::Elsewhere));
            origins
        }
        "uv.toml" => toml::from_str(text).map(|uv| of_uv(&uv)).unwrap_or_default(),
        _ => of_lines(name, text),
    }
}

/// One that stands beside the usual index has some of the packages, and nobody knows which.
fn of_uv(uv: &UvWire) -> BTreeSet<Origin> {
    let mut origins: BTreeSet<Origin> = uv.index_url.iter().map(|address| Origin::registry(address)).collect();
    origins.extend(uv.index.iter().map(|index| match &index.url {
        Some(address) if index.default => Origin::registry(address),
        _ => Origin::Elsewhere,
    }));
    let has_more = uv.extra_index_url.is_some() || uv.find_links.is_some() || uv.no_index;
    origins.extend(has_more.then_some(Origin::Elsewhere));
    origins.extend(uv.pip.iter().flat_map(|pip| of_uv(pip)));
    origins
}
