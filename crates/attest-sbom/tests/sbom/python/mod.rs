//! Projects, environments and files of Python, made by hand.

mod files;
mod hashes;
mod hostile;
mod installed;
mod locks;

use attest_sbom::tree::Memory;
use attest_sbom::{Gap, Kind, Metadata, Options, Root, scan};
use serde_json::Value;

/// What a document says, in short.
struct Said {
    document: Value,
    gaps: Vec<String>,
}

fn said(files: &[(&str, &str)]) -> Said {
    of_bytes(
        files
            .iter()
            .map(|(path, text)| (*path, text.as_bytes().to_vec()))
            .collect(),
    )
}

fn of_bytes(files: Vec<(&str, Vec<u8>)>) -> Said {
    with(files, Options::default())
}

fn with(files: Vec<(&str, Vec<u8>)>, mut options: Options) -> Said {
    let tree = Memory::new(files);
    options.kinds = vec![Kind::Python];
    let inventory = scan(&tree, &options).unwrap();
    let gaps = inventory.gaps().map(Gap::to_string).collect();
    let document = match inventory.is_empty() {
        true => Value::Null,
        false => {
            let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
            serde_json::from_slice(&bom.to_json()).unwrap()
        }
    };
    Said { document, gaps }
}

impl Said {
    fn components(&self) -> impl Iterator<Item = &Value> {
        let inner = self.document["metadata"]["component"]["components"].as_array();
        self.document["components"]
            .as_array()
            .unwrap()
            .iter()
            .chain(inner.into_iter().flatten())
    }

    fn component(&self, name: &str) -> &Value {
        self.components().find(|component| component["name"] == name).unwrap()
    }

    fn purls(&self) -> Vec<&str> {
        let mut purls: Vec<_> = self
            .components()
            .filter_map(|component| component["purl"].as_str())
            .collect();
        purls.sort_unstable();
        purls
    }

    fn needs(&self, reference: &str) -> Vec<&str> {
        let list = self.document["dependencies"].as_array().unwrap();
        let one = list.iter().find(|one| one["ref"] == reference).unwrap();
        one["dependsOn"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| one.as_str().unwrap())
            .collect()
    }

    fn excluded(&self) -> Vec<&str> {
        let components = self.components().filter(|component| component["scope"] == "excluded");
        let mut names: Vec<_> = components
            .map(|component| component["name"].as_str().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    fn property(&self, component: &str, name: &str) -> Option<&str> {
        let list = self.component(component)["properties"].as_array()?;
        list.iter().find(|property| property["name"] == name)?["value"].as_str()
    }
}

const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

const METADATA: &str = "Metadata-Version: 2.4\nName: My.Pkg\nVersion: 1.0\nLicense-Expression: MIT\nRequires-Dist: dep[x]\n\
                        Requires-Dist: win; sys_platform == 'win32'\nRequires-Dist: old; python_version < '3'\nRequires-Dist: ext; extra == 'e'\n\ntext\n";

const EMBEDDED: &str = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5",
 "metadata": {"component": {"bom-ref": "root", "type": "library", "name": "core", "purl": "pkg:cargo/core@1?download_url=file://."}},
 "components": [
  {"bom-ref": "r1", "type": "library", "name": "serde", "version": "1.0.0", "purl": "pkg:cargo/serde@1.0.0", "licenses": [{"expression": "MIT OR Apache-2.0"}]},
  {"bom-ref": "r2", "type": "library", "name": "local", "version": "0.1", "purl": "pkg:cargo/local@0.1?download_url=file:///home/x", "licenses": [{"license": {"id": "MIT"}}, {"license": {"name": "Other"}}]},
  {"bom-ref": "r3", "type": "library", "name": "alone", "version": "1", "purl": "pkg:cargo/alone@1"}],
 "dependencies": [{"ref": "root", "dependsOn": ["r1"]}, {"ref": "r1", "dependsOn": ["r2"]}]}"#;
