//! `uv.lock`, and the locks of scripts.
//!
//! Source: uv's documentation, "Locking and syncing", and the files that uv writes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::files::ReleaseFile;
use super::lock::{Lock, Locked, Need, Purpose, When};
use super::release::{Origin, normalised};

#[derive(Deserialize)]
struct LockWire {
    #[serde(default, alias = "distribution")]
    package: Vec<PackageWire>,
    #[serde(default)]
    manifest: ManifestWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct ManifestWire {
    #[serde(default)]
    members: Vec<String>,
    /// Of a script, or of a workspace that is no package.
    #[serde(default)]
    requirements: Vec<RequirementWire>,
    #[serde(default)]
    dependency_groups: BTreeMap<String, Vec<RequirementWire>>,
}

#[derive(Deserialize)]
struct RequirementWire {
    name: String,
    #[serde(default)]
    extras: Vec<String>,
    specifier: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct PackageWire {
    name: String,
    version: Option<String>,
    #[serde(default)]
    source: SourceWire,
    #[serde(default)]
    dependencies: Vec<DependencyWire>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<DependencyWire>>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Vec<DependencyWire>>,
    sdist: Option<FileWire>,
    #[serde(default)]
    wheels: Vec<FileWire>,
}

#[derive(Deserialize, Default, Clone)]
struct SourceWire {
    registry: Option<String>,
    git: Option<String>,
    url: Option<String>,
    path: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
    #[serde(rename = "virtual")]
    of_no_package: Option<String>,
}

#[derive(Deserialize)]
struct DependencyWire {
    name: String,
    version: Option<String>,
    source: Option<SourceWire>,
    #[serde(default)]
    extra: Extras,
}

/// A list; the first versions wrote one name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Extras {
    One(String),
    Several(Vec<String>),
}

impl Default for Extras {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

#[derive(Deserialize)]
struct FileWire {
    url: Option<String>,
    path: Option<String>,
    filename: Option<String>,
    hash: Option<String>,
}

pub(super) fn parse(text: &str) -> Result<Lock, String> {
    let wire: LockWire = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let mut direct: Vec<Need> = wire.manifest.requirements.iter().map(required).collect();
    let groups = wire.manifest.dependency_groups.values().flatten();
    direct.extend(groups.map(|requirement| Need {
        when: When::Development,
        ..required(requirement)
    }));
    let members: BTreeSet<String> = wire.manifest.members.into_iter().collect();
    let packages = wire.package.into_iter().map(|package| locked(package, &members));
    Ok(Lock {
        packages: packages.collect(),
        direct,
        has_needs: true,
    })
}

fn required(requirement: &RequirementWire) -> Need {
    Need {
        name: normalised(&requirement.name),
        versions: requirement.specifier.clone().unwrap_or_default(),
        extras: requirement.extras.iter().map(|extra| normalised(extra)).collect(),
        ..Need::default()
    }
}

fn locked(package: PackageWire, members: &BTreeSet<String>) -> Locked {
    let mut needs: Vec<Need> = package.dependencies.iter().map(|one| need(one, When::Always)).collect();
    for (extra, list) in &package.optional_dependencies {
        let when = When::Extra(vec![normalised(extra)]);
        needs.extend(list.iter().map(|one| need(one, when.clone())));
    }
    let groups = package.dev_dependencies.values().flatten();
    needs.extend(groups.map(|one| need(one, When::Development)));
    let files = package.sdist.iter().chain(&package.wheels).map(file);
    Locked {
        own: own(&package.source, members.contains(&package.name)),
        origin: origin(&package.source),
        files: files.collect(),
        purpose: Purpose::Unsaid,
        name: package.name,
        version: package.version,
        needs,
    }
}

fn file(file: &FileWire) -> ReleaseFile {
    let name = file
        .filename
        .as_deref()
        .or(file.url.as_deref())
        .or(file.path.as_deref());
    ReleaseFile::new(name, file.hash.as_deref())
}

fn need(dependency: &DependencyWire, when: When) -> Need {
    let extras: &[String] = match &dependency.extra {
        Extras::One(extra) => std::slice::from_ref(extra),
        Extras::Several(extras) => extras,
    };
    Need {
        name: normalised(&dependency.name),
        versions: dependency
            .version
            .iter()
            .map(|version| format!("==={version}"))
            .collect(),
        origin: dependency.source.as_ref().map(origin),
        extras: extras.iter().map(|extra| normalised(extra)).collect(),
        when,
        is_conditional: false,
    }
}

/// Members of the workspace, and what is installed as it lies there.
fn own(source: &SourceWire, is_member: bool) -> Option<String> {
    let edited = source.editable.as_ref().or(source.of_no_package.as_ref());
    let member = source.directory.as_ref().filter(|_| is_member);
    edited.or(member).cloned()
}

fn origin(source: &SourceWire) -> Origin {
    let folders = [&source.path, &source.directory, &source.editable, &source.of_no_package];
    match source {
        SourceWire { git: Some(git), .. } => {
            let (address, commit) = git.rsplit_once('#').unwrap_or((git, ""));
            Origin::repository(address, commit)
        }
        SourceWire { url: Some(url), .. } => Origin::Address(url.clone()),
        _ if folders.iter().any(|folder| folder.is_some()) => Origin::Folder,
        SourceWire {
            registry: Some(address),
            ..
        } => Origin::IndexAt(address.clone()),
        _ => Origin::Index,
    }
}
