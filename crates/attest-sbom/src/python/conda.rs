//! Environments of conda: one file for each package that is installed.
//!
//! Source: conda's documentation, "Package metadata"; purl specification, type `conda`.

use std::collections::HashMap;

use packageurl::PackageUrl;
use serde::Deserialize;

use super::files::parse_hash;
use crate::cyclonedx::{Component, ComponentKind};
use crate::inventory::{Inventory, Key};
use crate::scan::Scan;
use crate::{Gap, licence, rootfs};

/// Packages of a hundred thousand files list them all, with their hashes.
const RECORD_LIMIT: u64 = 128 << 20;

#[derive(Deserialize)]
struct RecordWire {
    name: String,
    version: String,
    build: Option<String>,
    channel: Option<String>,
    subdir: Option<String>,
    #[serde(rename = "fn")]
    file: Option<String>,
    license: Option<String>,
    md5: Option<String>,
    sha256: Option<String>,
    #[serde(default)]
    depends: Vec<String>,
}

/// Whether a file describes a package of such an environment.
pub(super) fn is_record(path: &str) -> bool {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    name.ends_with(".json") && parent.rsplit('/').next() == Some("conda-meta")
}

/// Reads every environment.
pub(super) fn read(scan: &Scan<'_>, inventory: &mut Inventory) {
    let mut environments: HashMap<&str, Vec<(RecordWire, Key)>> = HashMap::new();
    for entry in scan
        .listing()
        .entries()
        .iter()
        .filter(|entry| entry.is_file() && is_record(&entry.path))
    {
        match read_one(scan, &entry.path, inventory) {
            Ok(found) => environments.entry(entry.parent()).or_default().push(found),
            Err(gap) => inventory.gap(gap),
        }
    }
    for records in environments.values() {
        let names: HashMap<&str, Key> = records
            .iter()
            .map(|(record, key)| (record.name.as_str(), *key))
            .collect();
        for (record, key) in records {
            // `name versions build`
            let needed = record
                .depends
                .iter()
                .filter_map(|text| text.split([' ', '=', '<', '>']).next());
            for needed in needed.filter_map(|name| names.get(name)) {
                inventory.depends(*key, *needed);
            }
        }
    }
}

/// Which files a package consists of.
#[derive(Deserialize)]
struct FilesWire {
    #[serde(default)]
    files: Vec<String>,
}

/// Says which file belongs to which record, by the paths of both.
pub(crate) fn claim(scan: &Scan<'_>, claim: &mut rootfs::Claim<'_>) {
    let entries = scan.listing().entries().iter();
    for entry in entries.filter(|entry| entry.is_file() && is_record(&entry.path)) {
        let Ok(Some(bytes)) = scan.read(&entry.path, RECORD_LIMIT) else {
            continue;
        };
        let Ok(FilesWire { files }) = serde_json::from_slice(&bytes) else {
            continue;
        };
        let above = entry.parent().trim_end_matches("conda-meta");
        for file in files {
            claim("conda", &entry.path, &format!("{above}{file}"));
        }
    }
}

fn read_one(scan: &Scan<'_>, path: &str, inventory: &mut Inventory) -> Result<(RecordWire, Key), Gap> {
    let bytes = scan.read(path, RECORD_LIMIT)?.unwrap_or_default();
    let record: RecordWire =
        serde_json::from_slice(&bytes).map_err(|error| Gap::new("damaged", path, error.to_string()))?;
    let url = package_url(&record).map_err(|error| Gap::new("damaged", path, error.to_string()))?;
    let hashes = [("md5", &record.md5), ("sha256", &record.sha256)];
    let hashes = hashes
        .into_iter()
        .filter_map(|(name, hash)| parse_hash(&format!("{name}:{}", hash.as_deref()?)));
    let component = Component {
        version: Some(record.version.clone()),
        hashes: hashes.collect(),
        licenses: licence::declared(record.license.as_deref(), None),
        purl: Some(url),
        ..Component::new(ComponentKind::Library, record.name.as_str())
    };
    let key = inventory.add(component.found_at(path));
    Ok((record, key))
}

fn package_url(record: &RecordWire) -> packageurl::Result<String> {
    let mut url = PackageUrl::new("conda", record.name.as_str())?;
    url.with_version(record.version.as_str())?;
    // The name of a channel stands before the system, in its address.
    let channel = record.channel.as_deref().map(|channel| {
        let system = record.subdir.as_deref().unwrap_or_default();
        let address = channel
            .trim_end_matches('/')
            .trim_end_matches(system)
            .trim_end_matches('/');
        address.rsplit('/').next().unwrap_or(address)
    });
    let file = record.file.as_deref().unwrap_or_default();
    let kind = ["tar.bz2", "conda"]
        .into_iter()
        .find(|kind| file.ends_with(&format!(".{kind}")));
    let qualifiers = [
        ("build", record.build.as_deref()),
        ("channel", channel),
        ("subdir", record.subdir.as_deref()),
        ("type", kind),
    ];
    for (name, value) in qualifiers {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            url.add_qualifier(name, value.to_owned())?;
        }
    }
    Ok(url.to_string())
}

#[cfg(test)]
mod tests {
    use crate::tree::Memory;
    use crate::{Options, scan};

    fn record(name: &str, files: &[&str]) -> String {
        let channel = "https://example.org/forge/linux-64";
        let (version, subdir) = ("1", "linux-64");
        serde_json::json!({
            "name": name, "version": version, "channel": channel, "subdir": subdir, "files": files,
        })
        .to_string()
    }

    #[test]
    fn what_a_package_brought_along_is_that_package_in_its_own_environment() {
        let metadata = |name: &str| format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1\n");
        let file = "lib/python3.11/site-packages/a-1.dist-info/METADATA";
        let tree = Memory::new([
            ("one/conda-meta/a-1-0.json".to_owned(), record("a", &[file])),
            (format!("one/{file}"), metadata("a")),
            (format!("one/{}", file.replace("a-1", "b-1")), metadata("b")),
            (format!("two/{}", file.replace("a-1", "c-1")), metadata("c")),
            ("two/conda-meta/d-1-0.json".to_owned(), record("d", &[file])),
        ]);
        let inventory = scan(&tree, &Options::default()).unwrap();
        let mut purls: Vec<&str> = inventory
            .packages()
            .iter()
            .filter_map(|package| package.purl.as_deref())
            .collect();
        purls.sort_unstable();
        assert_eq!(
            purls,
            [
                "pkg:conda/a@1?channel=forge&subdir=linux-64",
                "pkg:conda/d@1?channel=forge&subdir=linux-64",
                "pkg:pypi/b@1",
                "pkg:pypi/c@1",
            ]
        );
    }
}
