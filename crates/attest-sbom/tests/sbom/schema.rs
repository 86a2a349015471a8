use attest_sbom::files::{self, Product};
use attest_sbom::{Bom, Format, Metadata, Subject, cargo};
use jsonschema::{Retrieve, Uri, Validator};
use serde_json::Value;

use crate::records::{document, file, json, metadata, records, resolution, subject};

/// Answers references between the schemas from the checked-in copies.
struct CheckedIn;

impl Retrieve for CheckedIn {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().rsplit('/').next().unwrap_or_default();
        Ok(schema(name))
    }
}

fn schema(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
    serde_json::from_slice(&std::fs::read(format!("{folder}/{name}")).unwrap()).unwrap()
}

fn validator(name: &str) -> Validator {
    let schema = schema(name);
    let options = jsonschema::options()
        .with_retriever(CheckedIn)
        .should_validate_formats(true);
    options.build(&schema).unwrap()
}

fn faults(document: &Value) -> Vec<String> {
    faults_by("bom-1.6.schema.json", document)
}

fn faults_by(schema: &str, document: &Value) -> Vec<String> {
    let validator = validator(schema);
    let faults = validator.iter_errors(document);
    faults
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect()
}

#[track_caller]
fn assert_valid(bom: &Bom) {
    assert_eq!(faults(&json(bom)), Vec::<String>::new());
}

#[test]
fn a_document_of_a_build_is_valid() {
    assert_valid(&document());
}

#[test]
fn a_document_with_several_files_is_valid() {
    let subject = Subject {
        files: vec![file("a"), file("b")],
        ..subject()
    };
    assert_valid(&cargo::document(&records(), &subject, &metadata()).unwrap());
}

#[test]
fn a_document_of_a_resolution_is_valid() {
    assert_valid(&cargo::resolved_document(&resolution(), &subject(), &Metadata::default()).unwrap());
}

#[test]
fn a_document_of_files_is_valid() {
    let product = Product {
        name: "app".to_owned(),
        version: None,
    };
    assert_valid(&files::document(&product, &[file("a"), file("b")], &metadata()).unwrap());
}

#[test]
fn a_document_is_valid_in_every_format() {
    for (format, schema) in [
        (Format::CycloneDx14, "bom-1.4.schema.json"),
        (Format::CycloneDx15, "bom-1.5.schema.json"),
        (Format::CycloneDx16, "bom-1.6.schema.json"),
        (Format::CycloneDx17, "bom-1.7.schema.json"),
        (Format::Spdx23, "spdx-2.3.schema.json"),
    ] {
        let files = vec![file("a"), file("b")];
        let bom = cargo::document(&records(), &Subject { files, ..subject() }, &metadata()).unwrap();
        let value: Value = serde_json::from_slice(&bom.write(format).unwrap()).unwrap();
        assert_eq!(faults_by(schema, &value), Vec::<String>::new(), "{format}");
        let version = value.get("specVersion").or(value.get("spdxVersion")).unwrap();
        assert!(
            format
                .to_string()
                .ends_with(version.as_str().unwrap().trim_start_matches("SPDX-"))
        );
    }
}

/// The judge must be able to say no, or its yes is worth nothing.
#[test]
fn a_damaged_document_is_not_valid() {
    type Damage = fn(&mut Value);
    let damages: [Damage; 6] = [
        |document| document["serialNumber"] = "urn:uuid:1".into(),
        |document| document["components"][0]["type"] = "crate".into(),
        |document| document["components"][0]["hashes"][0]["content"] = "00".into(),
        |document| document["components"][0]["invented"] = true.into(),
        |document| document["metadata"]["timestamp"] = "yesterday".into(),
        |document| document["compositions"][0]["aggregate"] = "all".into(),
    ];
    for (index, damage) in damages.into_iter().enumerate() {
        let mut document = json(&document());
        damage(&mut document);
        assert!(!faults(&document).is_empty(), "damage {index} was not seen");
    }
}
