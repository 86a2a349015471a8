use attest_sbom::cargo::{self, Records};
use attest_sbom::{Error, Subject};
use serde_json::{Value, json};

use crate::records::{REGISTRY, component, file, json as parsed, metadata, package, records, subject, with_metadata};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn document_of(records: &Records) -> Value {
    parsed(&cargo::document(records, &subject(), &metadata()).unwrap())
}

fn with_hex(change: impl FnOnce(&mut Value)) -> Value {
    let document = document_of(&with_metadata(|metadata| change(package(metadata, "hex"))));
    component(&document, "hex").clone()
}

#[test]
fn a_package_from_git_is_named_by_its_commit() {
    let hex = with_hex(|hex| hex["source"] = format!("git+https://example.com/hex.git?tag=v1#{COMMIT}").into());
    let expected = format!("pkg:cargo/hex@0.4.3?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fhex.git%40{COMMIT}");
    assert_eq!(hex["purl"], expected);
    assert_eq!(hex.get("hashes"), None, "the lock file has no checksum for this source");
}

#[test]
fn a_package_of_another_registry_is_not_taken_for_the_public_one() {
    let hex = with_hex(|hex| hex["source"] = "sparse+https://user:secret@cargo.example.com/".into());
    assert_eq!(
        hex["purl"],
        "pkg:cargo/hex@0.4.3?repository_url=https:%2F%2Fcargo.example.com%2F"
    );
    assert_eq!(hex.get("hashes"), None);
}

#[test]
fn a_package_that_lies_in_a_folder_is_not_own_unless_it_is_a_member() {
    let hex = with_hex(|hex| hex["source"] = Value::Null);
    assert_eq!(hex["purl"], "pkg:cargo/hex@0.4.3");
    assert!(!hex.to_string().contains("attest:own"));
    let document = document_of(&with_metadata(|metadata| {
        let id = package(metadata, "hex")["id"].clone();
        metadata["workspace_members"].as_array_mut().unwrap().push(id);
    }));
    assert!(component(&document, "hex").to_string().contains("attest:own"));
}

#[test]
fn what_nobody_declared_is_absent() {
    let hex = with_hex(|hex| {
        for key in ["license", "repository", "homepage", "documentation", "description"] {
            hex[key] = Value::Null;
        }
        hex["authors"] = json!([]);
    });
    for key in ["licenses", "externalReferences", "description", "authors"] {
        assert_eq!(hex.get(key), None, "{key}");
    }
}

#[test]
fn odd_declarations_are_kept_as_text_and_never_as_something_else() {
    let hex = with_hex(|hex| {
        hex["license"] = "Do What You Like".into();
        hex["repository"] = "git@example.com:hex".into();
        hex["authors"] = json!(["Ann <ann@example.com>", ""]);
        hex["description"] = "  two\n   lines\n".into();
    });
    let licence = json!([{"license": {"name": "Do What You Like", "acknowledgement": "declared"}}]);
    assert_eq!(hex["licenses"], licence);
    assert_eq!(hex["authors"], json!([{"name": "Ann", "email": "ann@example.com"}]));
    assert_eq!(hex["description"], "two lines");
    assert!(!hex.to_string().contains("git@example.com"));
}

/// Two compilations of one package, for the build machine and for the target, are one component with all features.
#[test]
fn a_package_compiled_twice_is_listed_once() {
    let text = String::from_utf8(records().messages).unwrap();
    let hex = text
        .lines()
        .find(|line| line.contains("#hex@") && line.contains("rlib"))
        .unwrap();
    let mut host: Value = serde_json::from_str(hex).unwrap();
    host["features"] = json!(["serde"]);
    host["filenames"] = json!(["/project/target/debug/deps/libhex-0.rlib"]);
    let twice = Records {
        messages: format!("{host}\n{text}").into_bytes(),
        ..records()
    };
    let document = document_of(&twice);
    let named = document["components"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|component| component["name"] == "hex");
    assert_eq!(named.count(), 1);
    let hex = component(&document, "hex");
    assert_eq!(hex["scope"], "required");
    assert_eq!(hex["properties"][0]["value"], "alloc,default,serde,std");
}

#[test]
fn two_packages_with_one_package_url_have_two_references() {
    // A copy of `shlex` in a folder, beside the one of the registry, under one name and version.
    let records = with_metadata(|metadata| {
        let hex = package(metadata, "hex");
        hex["name"] = "shlex".into();
        hex["version"] = "2.0.1".into();
        hex["source"] = Value::Null;
    });
    let document = document_of(&records);
    let components = document["components"].as_array().unwrap().iter();
    let references = components
        .filter(|component| component["name"] == "shlex")
        .map(|component| &component["bom-ref"]);
    let references: Vec<_> = references.collect();
    assert_eq!(references, ["pkg:cargo/shlex@2.0.1", "pkg:cargo/shlex@2.0.1#2"]);
    let first = component(&document, "shlex");
    assert!(
        first.get("hashes").is_some(),
        "the one of the registry keeps the plain reference"
    );
}

#[test]
fn several_binaries_are_parts_of_the_root() {
    let subject = Subject {
        files: vec![file("b"), file("a")],
        ..subject()
    };
    let document = parsed(&cargo::document(&records(), &subject, &metadata()).unwrap());
    let root = &document["metadata"]["component"];
    assert_eq!(root.get("hashes"), None);
    assert_eq!(root["components"][0]["bom-ref"], "pkg:cargo/attest-digest@0.1.0#a");
    assert_eq!(root["components"][1]["type"], "file");
    let twice = Subject {
        files: vec![file("a"), file("a")],
        ..subject.clone()
    };
    let error = cargo::document(&records(), &twice, &metadata()).unwrap_err();
    assert_eq!(error, Error::DuplicateFile { name: "a".to_owned() });
}

#[test]
fn a_checksum_belongs_to_its_source() {
    let mut records = records();
    let lock = String::from_utf8(records.lock.take().unwrap()).unwrap();
    records.lock = Some(
        lock.replace(REGISTRY, "registry+https://cargo.example.com/index")
            .into_bytes(),
    );
    assert_eq!(component(&document_of(&records), "hex").get("hashes"), None);
}

#[test]
fn a_package_that_only_tests_use_is_listed_as_excluded_and_the_graph_as_inexact() {
    let records = with_metadata(|metadata| {
        let nodes = metadata["resolve"]["nodes"].as_array_mut().unwrap();
        for dep in nodes.iter_mut().flat_map(|node| node["deps"].as_array_mut().unwrap()) {
            if dep["name"] == "hex" {
                dep["dep_kinds"] = json!([{"kind": "dev", "target": null}]);
            }
        }
    });
    let document = document_of(&records);
    assert_eq!(component(&document, "hex")["scope"], "excluded");
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
}
