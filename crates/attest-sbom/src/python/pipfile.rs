//! `Pipfile.lock` of pipenv: versions and hashes, but not what needs what.
//!
//! Source: pipenv's documentation, "Pipfile & Pipfile.lock".

use serde::Deserialize;
use serde_json::Value;

use super::files::ReleaseFile;
use super::lock::{Lock, Locked, Purpose};
use super::release::Origin;
use crate::keyed::Keyed;

#[derive(Deserialize)]
struct LockWire {
    #[serde(rename = "_meta")]
    settings: Option<Value>,
    /// Packages by the names of their categories and by their own.
    #[serde(flatten)]
    categories: Keyed<Keyed<PackageWire>>,
}

#[derive(Deserialize)]
struct PackageWire {
    /// The name of the source that it is from.
    index: Option<String>,
    version: Option<String>,
    #[serde(default)]
    hashes: Vec<String>,
    git: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    path: Option<String>,
    file: Option<String>,
    url: Option<String>,
}

pub(super) fn parse(text: &str) -> Result<Lock, String> {
    let wire: LockWire = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let sources = Sources::of(wire.settings.as_ref());
    let mut packages = Vec::new();
    for (category, Keyed(list)) in wire.categories.0 {
        let purpose = match category.as_str() {
            "default" => Purpose::Use,
            _ => Purpose::Development,
        };
        packages.extend(
            list.into_iter()
                .filter_map(|(name, package)| locked(name, package, (purpose, &sources))),
        );
    }
    Ok(Lock {
        packages,
        ..Lock::default()
    })
}

/// The addresses of the sources, by name; the first one is asked where a package names none.
#[derive(Deserialize, Default)]
struct Sources {
    #[serde(default)]
    sources: Vec<SourceWire>,
}

#[derive(Deserialize)]
struct SourceWire {
    name: Option<String>,
    url: String,
}

impl Sources {
    fn of(settings: Option<&Value>) -> Self {
        let read = settings.and_then(|settings| Self::deserialize(settings).ok());
        read.unwrap_or_default()
    }

    fn origin(&self, index: Option<&str>) -> Origin {
        let mut sources = self.sources.iter();
        let source = match index {
            Some(index) => sources.find(|source| source.name.as_deref() == Some(index)),
            None => sources.next(),
        };
        match (source, index) {
            (Some(source), _) => Origin::IndexAt(source.url.clone()),
            // One that is not described is somebody's own.
            (None, Some(index)) => Origin::IndexAt(index.to_owned()),
            (None, None) => Origin::Index,
        }
    }
}

/// Nothing for the project itself, which stands there as a folder.
fn locked(name: String, package: PackageWire, (purpose, sources): (Purpose, &Sources)) -> Option<Locked> {
    if package.path.as_deref() == Some(".") {
        return None;
    }
    let version = package
        .version
        .as_deref()
        .map(|version| version.trim_start_matches('=').trim().to_owned());
    let files = package.hashes.iter().map(|hash| ReleaseFile::new(None, Some(hash)));
    Some(Locked {
        version: version.filter(|version| version != "*"),
        origin: match (package.git, package.file.or(package.url), package.path) {
            (Some(git), _, _) => Origin::repository(&git, &package.reference.unwrap_or_default()),
            (_, Some(address), _) => Origin::Address(address),
            (_, _, Some(_)) => Origin::Folder,
            _ => sources.origin(package.index.as_deref()),
        },
        files: files.collect(),
        name,
        purpose,
        ..Locked::default()
    })
}
