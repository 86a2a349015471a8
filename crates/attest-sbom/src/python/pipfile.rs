//! `Pipfile.lock` of pipenv: versions and hashes, but not what needs what.
//!
//! Source: pipenv's documentation, "Pipfile & Pipfile.lock".

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::files::ReleaseFile;
use super::lock::{Lock, Locked, Purpose};
use super::release::Origin;

#[derive(Deserialize)]
struct PackageWire {
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
    let wire: BTreeMap<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut packages = Vec::new();
    for (category, list) in wire {
        if category == "_meta" {
            continue;
        }
        let list: BTreeMap<String, PackageWire> = serde_json::from_value(list).map_err(|error| error.to_string())?;
        let purpose = match category.as_str() {
            "default" => Purpose::Use,
            _ => Purpose::Development,
        };
        packages.extend(
            list.into_iter()
                .filter_map(|(name, package)| locked(name, package, purpose)),
        );
    }
    Ok(Lock {
        packages,
        ..Lock::default()
    })
}

/// Nothing for the project itself, which stands there as a folder.
fn locked(name: String, package: PackageWire, purpose: Purpose) -> Option<Locked> {
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
            _ => Origin::Index,
        },
        files: files.collect(),
        name,
        purpose,
        ..Locked::default()
    })
}
