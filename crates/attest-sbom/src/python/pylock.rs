//! `pylock.toml`, the lock file of no manager in particular.
//!
//! Source: PyPA "pylock.toml specification" (PEP 751).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::files::ReleaseFile;
use super::lock::{Lock, Locked, Need, Purpose};
use super::marker::{Marker, World};
use super::release::{Origin, normalised};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct LockWire {
    packages: Vec<PackageWire>,
    #[serde(default)]
    default_groups: Vec<String>,
}

#[derive(Deserialize)]
struct PackageWire {
    name: String,
    version: Option<String>,
    marker: Option<String>,
    #[serde(default)]
    dependencies: Vec<DependencyWire>,
    index: Option<String>,
    vcs: Option<VcsWire>,
    directory: Option<DirectoryWire>,
    archive: Option<FileWire>,
    sdist: Option<FileWire>,
    #[serde(default)]
    wheels: Vec<FileWire>,
}

#[derive(Deserialize)]
struct DependencyWire {
    name: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct VcsWire {
    url: Option<String>,
    commit_id: String,
}

#[derive(Deserialize)]
struct DirectoryWire {
    path: String,
}

#[derive(Deserialize)]
struct FileWire {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

impl FileWire {
    /// Neither an address nor a path is in a lock that leaves both to the index.
    fn is_somewhere(&self) -> bool {
        self.url.is_some() || self.path.is_some()
    }
}

pub(super) fn parse(text: &str) -> Result<Lock, String> {
    let wire: LockWire = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let groups = Groups(wire.default_groups.iter().map(|group| normalised(group)).collect());
    let has_needs = wire.packages.iter().any(|package| !package.dependencies.is_empty());
    let packages = wire.packages.into_iter().map(|package| locked(package, &groups));
    Ok(Lock {
        packages: packages.collect(),
        direct: Vec::new(),
        has_needs,
    })
}

fn locked(package: PackageWire, groups: &Groups) -> Locked {
    let files = package.archive.iter().chain(&package.sdist).chain(&package.wheels);
    let published = package.sdist.iter().chain(&package.wheels);
    let index = Origin::of_files(
        published
            .filter(|file| file.is_somewhere())
            .map(|file| file.url.as_deref()),
    );
    let needs = package.dependencies.iter().filter_map(|dependency| {
        Some(Need {
            name: normalised(dependency.name.as_deref()?),
            versions: dependency
                .version
                .iter()
                .map(|version| format!("==={version}"))
                .collect(),
            ..Need::default()
        })
    });
    Locked {
        needs: needs.collect(),
        files: files.map(file).collect(),
        purpose: purpose(package.marker.as_deref(), groups),
        own: package.directory.as_ref().map(|directory| directory.path.clone()),
        origin: match (
            package.vcs,
            package.directory,
            package.archive.and_then(|archive| archive.url),
        ) {
            (Some(vcs), _, _) => Origin::repository(&vcs.url.unwrap_or_default(), &vcs.commit_id),
            (_, Some(_), _) => Origin::Folder,
            (_, _, Some(address)) => Origin::Address(address),
            _ => package.index.map_or(index, Origin::IndexAt),
        },
        name: package.name,
        version: package.version,
    }
}

fn file(file: &FileWire) -> ReleaseFile {
    let name = file.name.as_deref().or(file.url.as_deref()).or(file.path.as_deref());
    ReleaseFile::of_table(name, &file.hashes)
}

/// Only development needs what no choice of extras installs without a group that is not among the default ones.
fn purpose(marker: Option<&str>, groups: &Groups) -> Purpose {
    match marker.and_then(Marker::parse) {
        Some(marker) if !marker.can_hold(groups) => Purpose::Development,
        _ => Purpose::Use,
    }
}

/// The groups that are installed unless somebody asks for something else.
struct Groups(Vec<String>);

impl World for Groups {
    fn value(&self, _: &str) -> Option<&str> {
        None
    }

    fn holds(&self, set: &str, name: &str) -> Option<bool> {
        (set == "dependency_groups").then(|| self.0.iter().any(|group| group == name))
    }
}
