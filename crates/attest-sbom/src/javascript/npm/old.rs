//! Lock files of version 1, which npm 5 and 6 wrote: packages in each other, as they lie in `node_modules`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::javascript::loose::Loose;
use crate::javascript::manifest::Manifest;
use crate::javascript::package::split_version;
use crate::javascript::source::Source;

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
        let Loose::Table(table) = table else { continue };
        for (name, package) in table {
            let Loose::Table(fields) = package else { continue };
            let separator = if above.is_empty() { "" } else { "/" };
            let path = format!("{above}{separator}node_modules/{name}");
            let mut manifest = Manifest::default();
            for (field, value) in fields {
                match field.as_ref() {
                    "version" => manifest.version = value,
                    "resolved" => manifest.resolved = value,
                    "integrity" => manifest.integrity = value,
                    "dev" => manifest.dev = value,
                    "requires" => manifest.dependencies = value,
                    "dependencies" => left.push((path.clone(), value)),
                    _ => {}
                }
            }
            packages.insert(path, described(manifest));
        }
    }
    Ok(packages)
}

/// Where a version would stand there may be an alias or an address.
fn described(mut manifest: Manifest<'_>) -> Manifest<'_> {
    let Some(version) = manifest.version.text().map(str::to_owned) else {
        return manifest;
    };
    if let Some((name, real)) = version.strip_prefix("npm:").and_then(split_version) {
        manifest.name = Loose::Text(Cow::Owned(name.to_owned()));
        manifest.version = Loose::Text(Cow::Owned(real.to_owned()));
    } else if Source::of(&version) != Source::Registry || version.contains("://") {
        manifest.resolved = Loose::Text(Cow::Owned(version));
        manifest.version = Loose::Nothing;
    }
    manifest
}
