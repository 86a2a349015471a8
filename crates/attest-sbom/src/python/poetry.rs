//! `poetry.lock`: every form that poetry 1 and 2 wrote.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::files::ReleaseFile;
use super::lock::{Lock, Locked, MAX_CANDIDATES, Need, Purpose, When};
use super::lock_tables::LockTables;
use super::marker::Marker;
use super::release::{Origin, normalised};

#[derive(Deserialize, Default)]
struct MetadataWire {
    /// Up to the lock version 1.1, all files stand at the end.
    #[serde(default)]
    files: BTreeMap<String, Vec<FileWire>>,
    #[serde(default)]
    hashes: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct PackageWire {
    name: String,
    version: String,
    /// Up to the lock version 1.1.
    category: Option<String>,
    /// From the lock version 2.1.
    groups: Option<Vec<String>>,
    #[serde(default)]
    files: Vec<FileWire>,
    #[serde(default)]
    dependencies: BTreeMap<String, DependencyWire>,
    #[serde(default)]
    extras: BTreeMap<String, Vec<String>>,
    source: Option<SourceWire>,
}

#[derive(Deserialize)]
struct FileWire {
    file: String,
    hash: Option<String>,
}

#[derive(Deserialize)]
struct SourceWire {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    url: String,
    resolved_reference: Option<String>,
    reference: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum DependencyWire {
    Versions(String),
    One(DependencyTable),
    Several(Vec<DependencyWire>),
}

#[derive(Deserialize)]
struct DependencyTable {
    version: Option<String>,
    #[serde(default)]
    optional: bool,
    markers: Option<String>,
    #[serde(default)]
    extras: Vec<String>,
}

pub(super) fn parse(text: &str) -> Result<Lock, String> {
    let wire: LockTables<PackageWire, MetadataWire> = LockTables::parse(text)?;
    let mut metadata = wire.metadata;
    let packages = wire.package.into_iter().map(|package| locked(package, &mut metadata));
    Ok(Lock {
        packages: packages.collect(),
        direct: Vec::new(),
        has_needs: true,
    })
}

fn locked(package: PackageWire, metadata: &mut MetadataWire) -> Locked {
    let mut files = package.files;
    files.extend(metadata.files.remove(&package.name).unwrap_or_default());
    let mut files: Vec<ReleaseFile> = files
        .iter()
        .map(|file| ReleaseFile::new(Some(&file.file), file.hash.as_deref()))
        .collect();
    let hashes = metadata.hashes.remove(&package.name).unwrap_or_default();
    files.extend(
        hashes
            .iter()
            .map(|hash| ReleaseFile::new(None, Some(&format!("sha256:{hash}")))),
    );
    let mut needs = Vec::new();
    let listing = listing(&package.extras);
    for (name, dependency) in &package.dependencies {
        add_needs(name, dependency, &listing, &mut needs);
    }
    Locked {
        origin: package.source.map_or(Origin::Index, origin),
        purpose: purpose(package.groups.as_deref(), package.category.as_deref()),
        name: package.name,
        version: Some(package.version),
        files,
        needs,
        own: None,
    }
}

fn purpose(groups: Option<&[String]>, category: Option<&str>) -> Purpose {
    let of = |is_used: bool| if is_used { Purpose::Use } else { Purpose::Development };
    match (groups, category) {
        (Some(groups), _) => of(groups.iter().any(|group| group == "main")),
        (None, Some(category)) => of(category == "main"),
        (None, None) => Purpose::Unsaid,
    }
}

fn origin(source: SourceWire) -> Origin {
    match source.kind.as_deref() {
        Some("git") => {
            let commit = source.resolved_reference.or(source.reference).unwrap_or_default();
            Origin::repository(&source.url, &commit)
        }
        Some("url") => Origin::Address(source.url),
        Some("directory" | "file") => Origin::Folder,
        // A source that the project names itself.
        Some("legacy") => Origin::IndexAt(source.url),
        _ => Origin::Index,
    }
}

fn add_needs(name: &str, dependency: &DependencyWire, extras: &HashMap<String, Vec<String>>, needs: &mut Vec<Need>) {
    match dependency {
        DependencyWire::Versions(versions) => needs.push(Need {
            name: normalised(name),
            versions: versions.clone(),
            ..Need::default()
        }),
        DependencyWire::One(table) => needs.push(Need {
            name: normalised(name),
            versions: table.version.clone().unwrap_or_default(),
            origin: None,
            extras: table.extras.iter().map(|extra| normalised(extra)).collect(),
            when: when(name, table, extras),
            is_conditional: table.markers.is_some(),
        }),
        // The parser does not nest them deeper than the text does, which it limits.
        DependencyWire::Several(several) => {
            for one in several {
                add_needs(name, one, extras, needs);
            }
        }
    }
}

/// The extras that list a package, by its name.
fn listing(extras: &BTreeMap<String, Vec<String>>) -> HashMap<String, Vec<String>> {
    let mut listing: HashMap<String, Vec<String>> = HashMap::new();
    for (extra, list) in extras {
        for listed in list {
            let name = normalised(listed.split([' ', '[', ';', '(']).next().unwrap_or_default());
            let listed = listing.entry(name).or_default();
            if listed.len() < MAX_CANDIDATES {
                listed.push(normalised(extra));
            }
        }
    }
    listing
}

/// An optional package is needed with the extras that its marker names, else with those that list it.
fn when(name: &str, table: &DependencyTable, extras: &HashMap<String, Vec<String>>) -> When {
    let marker = table.markers.as_deref().and_then(Marker::parse);
    let mut of: Vec<String> = marker.map(|marker| marker.extras()).unwrap_or_default();
    if of.is_empty() && table.optional {
        of = extras.get(&normalised(name)).cloned().unwrap_or_default();
    }
    match of.is_empty() {
        true => When::Always,
        false => When::Extra(of),
    }
}
