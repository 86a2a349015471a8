//! Lock files of version 1, which npm 5 and 6 wrote: packages in each other, as they lie in `node_modules`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::javascript::loose::Loose;
use crate::javascript::manifest::Manifest;
use crate::javascript::package::split_version;
use crate::javascript::source::{Source, version_in_address};
use crate::keyed::repeated;

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Lock<'a> {
    #[serde(default)]
    dependencies: Loose<'a>,
}

/// The packages by the paths where they lie, as later versions have them.
pub(super) fn packages(text: &str) -> Result<BTreeMap<String, Manifest<'_>>, serde_json::Error> {
    let lock: Lock<'_> = serde_json::from_str(text)?;
    let mut packages = BTreeMap::new();
    let mut left = vec![(String::new(), lock.dependencies)];
    while let Some((above, table)) = left.pop() {
        if let Some(name) = table.repeated() {
            return Err(repeated(name));
        }
        let Loose::Table(table) = table else { continue };
        for (name, package) in table {
            if let Some(field) = package.repeated() {
                return Err(repeated(field));
            }
            let Loose::Table(fields) = package else { continue };
            let separator = if above.is_empty() { "" } else { "/" };
            let path = format!("{above}{separator}node_modules/{name}");
            let (mut manifest, inner) = told(fields);
            let above = match folder(&manifest) {
                Some(folder) => {
                    packages.insert(path, link(&folder));
                    manifest.version = Loose::Nothing;
                    packages.insert(folder.clone(), manifest);
                    folder
                }
                None => {
                    packages.insert(path.clone(), described(manifest, &name));
                    path
                }
            };
            left.push((above, inner));
        }
    }
    Ok(packages)
}

/// What an entry says of its package, and the packages in it.
fn told<'a>(fields: Vec<(Cow<'a, str>, Loose<'a>)>) -> (Manifest<'a>, Loose<'a>) {
    let mut manifest = Manifest::default();
    let mut inner = Loose::Nothing;
    for (field, value) in fields {
        match field.as_ref() {
            "version" => manifest.version = value,
            "resolved" => manifest.resolved = value,
            "integrity" => manifest.integrity = value,
            "dev" => manifest.dev = value,
            "requires" => manifest.dependencies = value,
            "dependencies" => inner = value,
            _ => {}
        }
    }
    (manifest, inner)
}

/// The folder of which a package is a link.
fn folder(manifest: &Manifest<'_>) -> Option<String> {
    let path = manifest.version.text()?.strip_prefix("file:")?;
    let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| path.ends_with(ending));
    (!is_archive && !path.is_empty()).then(|| path.trim_start_matches("./").to_owned())
}

fn link<'a>(folder: &str) -> Manifest<'a> {
    Manifest {
        link: Loose::True,
        resolved: Loose::Text(Cow::Owned(folder.to_owned())),
        ..Manifest::default()
    }
}

/// Where a version would stand there may be an alias or an address.
fn described<'a>(mut manifest: Manifest<'a>, name: &str) -> Manifest<'a> {
    let Some(version) = manifest.version.text().map(str::to_owned) else {
        return manifest;
    };
    if let Some((name, real)) = version.strip_prefix("npm:").and_then(split_version) {
        manifest.name = Loose::Text(Cow::Owned(name.to_owned()));
        manifest.version = Loose::Text(Cow::Owned(real.to_owned()));
    } else if Source::of(&version) != Source::Registry || version.contains("://") {
        let in_address = version_in_address(&version, name).map(str::to_owned);
        manifest.version = in_address.map_or(Loose::Nothing, |version| Loose::Text(Cow::Owned(version)));
        manifest.resolved = Loose::Text(Cow::Owned(version));
    }
    manifest
}
