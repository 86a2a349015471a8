//! `pdm.lock`.
//!
//! Source: pdm's documentation, "Lock file", and the files that pdm 2 writes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::files::ReleaseFile;
use super::lock::{Lock, Locked, Need, Purpose};
use super::lock_tables::LockTables;
use super::manifest::Manifest;
use super::release::Origin;
use super::requirement::Requirement;

#[derive(Deserialize, Default)]
struct MetadataWire {
    /// Up to the lock version 4.2, all files stand at the end, below `NAME VERSION`.
    #[serde(default)]
    files: BTreeMap<String, Vec<FileWire>>,
}

#[derive(Deserialize)]
struct PackageWire {
    name: String,
    version: Option<String>,
    /// With the strategy `inherit_metadata`.
    groups: Option<Vec<String>>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    files: Vec<FileWire>,
    git: Option<String>,
    revision: Option<String>,
    url: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct FileWire {
    file: Option<String>,
    /// With the strategy `static_urls`.
    url: Option<String>,
    hash: Option<String>,
}

pub(super) fn parse(text: &str, manifest: Option<&Manifest>) -> Result<Lock, String> {
    let wire: LockTables<PackageWire, MetadataWire> = LockTables::parse(text)?;
    let mut metadata = wire.metadata;
    let packages = wire
        .package
        .into_iter()
        .map(|package| locked(package, &mut metadata, manifest));
    Ok(Lock {
        packages: packages.collect(),
        direct: Vec::new(),
        has_needs: true,
    })
}

fn locked(package: PackageWire, metadata: &mut MetadataWire, manifest: Option<&Manifest>) -> Locked {
    let version = package.version.as_deref().unwrap_or_default();
    let mut files = package.files;
    files.extend(
        metadata
            .files
            .remove(&format!("{} {version}", package.name))
            .unwrap_or_default(),
    );
    let index = Origin::of_files(files.iter().filter_map(|file| file.url.as_deref()).map(Some));
    let files = files.iter().map(|file| {
        let name = file.file.as_deref().or(file.url.as_deref());
        ReleaseFile::new(name, file.hash.as_deref())
    });
    let requirements = package.dependencies.iter().filter_map(|text| Requirement::parse(text));
    Locked {
        needs: requirements.map(|requirement| Need::of(&requirement)).collect(),
        purpose: purpose(package.groups.as_deref(), manifest),
        origin: match (package.git, package.url, package.path) {
            (Some(git), _, _) => Origin::repository(&git, &package.revision.unwrap_or_default()),
            (_, Some(url), _) => Origin::Address(url),
            (_, _, Some(_)) => Origin::Folder,
            _ => index,
        },
        files: files.collect(),
        name: package.name,
        version: package.version,
        own: None,
    }
}

/// The lock file does not tell groups for development from extras, but the manifest does.
fn purpose(groups: Option<&[String]>, manifest: Option<&Manifest>) -> Purpose {
    let Some(groups) = groups.filter(|groups| !groups.is_empty()) else {
        return Purpose::Unsaid;
    };
    let is_development = |group: &String| manifest.is_some_and(|manifest| manifest.is_development_group(group));
    match groups {
        groups if groups.iter().any(|group| group == "default") => Purpose::Use,
        groups if groups.iter().all(is_development) => Purpose::Development,
        _ if manifest.is_some() => Purpose::Use,
        _ => Purpose::Unsaid,
    }
}
