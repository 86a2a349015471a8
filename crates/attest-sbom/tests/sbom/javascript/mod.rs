//! Small inputs of every form that lock files of JavaScript have; the texts are written for these tests.

mod bun;
mod installed;
mod npm;
mod odd;
mod pnpm;
mod shipped;
mod yarn;

use std::collections::BTreeMap;

use attest_sbom::tree::Memory;
use attest_sbom::{Gap, Inventory, Metadata, Options, Root, scan};
use serde_json::Value;

/// A document, as lines that are easy to compare.
pub(crate) struct Found {
    pub(crate) document: Value,
    pub(crate) gaps: Vec<String>,
}

pub(crate) fn found<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Found {
    let inventory = inventory(files);
    let gaps = inventory.gaps().map(Gap::to_string).collect();
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    Found {
        document: serde_json::from_slice(&bom.to_json()).unwrap(),
        gaps,
    }
}

pub(crate) fn inventory<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Inventory {
    scan(&Memory::new(files), &Options::default()).unwrap()
}

impl Found {
    fn all(&self) -> Vec<&Value> {
        let mut all = Vec::new();
        let mut left = vec![&self.document["metadata"]["component"]];
        left.extend(self.document["components"].as_array().unwrap());
        while let Some(component) = left.pop() {
            left.extend(component["components"].as_array().into_iter().flatten());
            all.push(component);
        }
        all.retain(|component| component["type"] != "file");
        all
    }

    /// Every package URL, with what it is if it is not required.
    pub(crate) fn packages(&self) -> Vec<String> {
        let described = |component: &Value| {
            let name = component["purl"].as_str().or(component["name"].as_str()).unwrap();
            let scope = component["scope"].as_str().map(|scope| format!(" {scope}"));
            format!("{name}{}", scope.unwrap_or_default())
        };
        let mut packages: Vec<String> = self.all().into_iter().map(described).collect();
        packages.sort();
        packages
    }

    /// `a@1 -> b@1` for every package that needs another.
    pub(crate) fn edges(&self) -> Vec<String> {
        let names: BTreeMap<&str, &str> = self
            .all()
            .into_iter()
            .map(|component| {
                (
                    component["bom-ref"].as_str().unwrap(),
                    component["bom-ref"].as_str().unwrap(),
                )
            })
            .collect();
        let mut edges = Vec::new();
        for dependency in self.document["dependencies"].as_array().unwrap() {
            let from = dependency["ref"].as_str().unwrap();
            for to in dependency["dependsOn"].as_array().into_iter().flatten() {
                let to = to.as_str().unwrap();
                if names.contains_key(from) && names.contains_key(to) {
                    edges.push(format!("{from} -> {to}"));
                }
            }
        }
        edges.sort();
        edges
    }

    pub(crate) fn component(&self, name: &str) -> &Value {
        let mut all = self.all().into_iter();
        all.find(|component| component["bom-ref"] == name)
            .unwrap_or_else(|| panic!("no {name}"))
    }
}
