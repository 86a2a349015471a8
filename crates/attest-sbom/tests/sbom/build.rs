use std::collections::{BTreeMap, BTreeSet};

use attest_sbom::{Metadata, cargo};
use serde_json::Value;

use crate::records::{
    component, document, fixture, json, metadata, package, records, resolution, subject, with_metadata,
};

fn text(path: &str) -> String {
    String::from_utf8(fixture(path)).unwrap()
}

/// `name vVERSION` as `cargo tree` writes it, to a package URL.
fn purl(tree: &str) -> String {
    let (name, version) = tree.split_once(" v").unwrap();
    let version = version.split(' ').next().unwrap();
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

/// Who uses whom, by cargo's own tree.
fn edges_of_cargo() -> BTreeSet<(String, String)> {
    let mut path = Vec::new();
    let mut edges = BTreeSet::new();
    for line in text("sbom/attest-digest/tree.txt").lines() {
        let (depth, package) = line.split_once(' ').unwrap();
        path.truncate(depth.parse().unwrap());
        let package = purl(package);
        if let Some(parent) = path.last() {
            edges.insert((String::clone(parent), package.clone()));
        }
        path.push(package);
    }
    edges
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn graph(document: &Value) -> BTreeMap<String, Vec<String>> {
    let entries = document["dependencies"].as_array().unwrap().iter();
    let entry = |entry: &Value| (entry["ref"].as_str().unwrap().to_owned(), strings(&entry["dependsOn"]));
    entries.map(entry).collect()
}

fn references(document: &Value) -> BTreeSet<String> {
    let components = document["components"].as_array().unwrap().iter();
    components
        .map(|component| component["bom-ref"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_graph_is_the_one_that_cargo_tree_shows() {
    let edges: BTreeSet<_> = graph(&json(&document()))
        .into_iter()
        .flat_map(|(from, to)| to.into_iter().map(move |to| (from.clone(), to)))
        .collect();
    assert_eq!(edges, edges_of_cargo());
}

#[test]
fn what_is_required_is_what_cargo_tree_says_is_linked() {
    let document = json(&document());
    let components = document["components"].as_array().unwrap().iter();
    let required = components.filter(|component| component["scope"] == "required");
    let required: BTreeSet<_> = required
        .map(|component| component["purl"].as_str().unwrap().to_owned())
        .collect();
    let mut linked: BTreeSet<_> = text("sbom/attest-digest/linked.txt").lines().map(purl).collect();
    linked.remove("pkg:cargo/attest-digest@0.1.0");
    assert_eq!(required, linked);
}

#[test]
fn every_component_is_in_the_graph_once_and_reachable_from_the_root() {
    let document = json(&document());
    let graph = graph(&document);
    let root = document["metadata"]["component"]["bom-ref"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut reached = BTreeSet::new();
    let mut waiting = vec![root.clone()];
    while let Some(reference) = waiting.pop() {
        waiting.extend(
            graph[&reference]
                .iter()
                .filter(|next| !reached.contains(*next))
                .cloned(),
        );
        reached.insert(reference);
    }
    reached.remove(&root);
    assert_eq!(reached, references(&document));
    assert_eq!(graph.len(), reached.len() + 1);
}

#[test]
fn what_was_not_compiled_is_not_listed() {
    let described: Value = serde_json::from_slice(&fixture("sbom/attest-digest/metadata.json")).unwrap();
    let names = described["packages"].as_array().unwrap().iter();
    let names: BTreeSet<_> = names
        .map(|package| package["name"].as_str().unwrap().to_owned())
        .collect();
    let document = json(&document());
    let listed = document["components"].as_array().unwrap().iter();
    let listed: BTreeSet<_> = listed
        .map(|component| component["name"].as_str().unwrap().to_owned())
        .collect();
    let missing: Vec<_> = names.difference(&listed).collect();
    assert_eq!(
        missing,
        ["attest-digest", "jobserver", "libc"],
        "described, and not listed"
    );
}

#[test]
fn a_component_says_what_its_package_declares() {
    let document = json(&document());
    let blake3 = component(&document, "blake3");
    assert_eq!(blake3["purl"], blake3["bom-ref"]);
    assert_eq!(blake3["type"], "library");
    assert_eq!(blake3["licenses"][0]["acknowledgement"], "declared");
    assert_eq!(blake3["hashes"][0]["alg"], "SHA-256");
    assert_eq!(blake3["supplier"]["name"], "Rust crates");
    let properties = blake3["properties"].as_array().unwrap();
    let native = properties
        .iter()
        .filter(|property| property["name"] == "attest:cargo:native-library");
    assert_eq!(native.count(), 2);
    let lock = text("sbom/attest-digest/Cargo.lock");
    assert!(lock.contains(blake3["hashes"][0]["content"].as_str().unwrap()));
}

#[test]
fn what_is_own_is_supplied_by_whom_the_maker_names_else_by_the_account_of_its_repository() {
    let records = with_metadata(|metadata| {
        let member = package(metadata, "blake3")["id"].clone();
        metadata["workspace_members"].as_array_mut().unwrap().push(member);
    });
    let supplier = |metadata: &Metadata| {
        let document = json(&cargo::document(&records, &subject(), metadata).unwrap());
        component(&document, "blake3")["supplier"]["name"].clone()
    };
    assert_eq!(supplier(&metadata()), "Example");
    assert_eq!(supplier(&Metadata::default()), "github.com/BLAKE3-team");
}

#[test]
fn the_root_carries_the_digest_of_its_only_file() {
    let document = json(&document());
    let root = &document["metadata"]["component"];
    assert_eq!(root["purl"], "pkg:cargo/attest-digest@0.1.0");
    assert_eq!(root["hashes"][0]["alg"], "SHA-256");
    assert_eq!(root["hashes"][1]["alg"], "SHA-512");
    assert_eq!(root["properties"][0]["name"], "attest:own");
}

#[test]
fn a_build_is_complete_but_for_what_native_libraries_bring() {
    let document = json(&document());
    assert_eq!(document["metadata"]["lifecycles"][0]["phase"], "build");
    assert_eq!(document["compositions"][0]["aggregate"], "complete");
    let unknown = &document["compositions"][1];
    assert_eq!(unknown["aggregate"], "unknown");
    assert_eq!(
        strings(&unknown["assemblies"]),
        [component(&document, "blake3")["bom-ref"].as_str().unwrap()]
    );
}

#[test]
fn what_is_shipped_is_listed_without_what_runs_during_the_build() {
    let mut records = records();
    let full = json(&cargo::document(&records, &subject(), &metadata()).unwrap());
    records.only_shipped = true;
    let shipped = json(&cargo::document(&records, &subject(), &metadata()).unwrap());
    let required = |document: &Value| -> BTreeSet<String> {
        let components = document["components"].as_array().unwrap().iter();
        let required = components.filter(|component| component["scope"] == "required");
        required.map(|one| one["purl"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(required(&shipped), required(&full));
    assert!(shipped["components"].as_array().unwrap().len() < full["components"].as_array().unwrap().len());
    assert!(!shipped.to_string().contains("excluded"));
    let mut resolution = resolution();
    let full = json(&cargo::resolved_document(&resolution, &subject(), &metadata()).unwrap());
    resolution.only_shipped = true;
    let shipped = json(&cargo::resolved_document(&resolution, &subject(), &metadata()).unwrap());
    assert!(
        required(&shipped).is_superset(&required(&full)),
        "procedural macros beside"
    );
    assert!(!shipped.to_string().contains("excluded"));
    assert!(full.to_string().contains("excluded"));
}

#[test]
fn a_resolution_says_that_it_is_incomplete() {
    let bom = cargo::resolved_document(&resolution(), &subject(), &metadata()).unwrap();
    assert!(!bom.is_complete());
    let document = json(&bom);
    assert_eq!(document["metadata"]["lifecycles"][0]["phase"], "pre-build");
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
    assert!(references(&document).is_superset(&references(&json(&self::document()))));
}
