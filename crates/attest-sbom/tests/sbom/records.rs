use std::path::PathBuf;

use attest_digest::{Algorithms, Measured};
use attest_sbom::cargo::{Records, Resolution};
use attest_sbom::{Bom, File, Metadata, Organization, Subject};
use serde_json::Value;

pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";
pub(crate) const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A file below `fixtures/`.
pub(crate) fn fixture(path: &str) -> Vec<u8> {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(path);
    std::fs::read(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()))
}

/// The records of the real build.
pub(crate) fn records() -> Records {
    Records {
        metadata: fixture("sbom/attest-digest/metadata.json"),
        messages: fixture("sbom/attest-digest/messages.json"),
        lock: Some(fixture("sbom/attest-digest/Cargo.lock")),
        target: TARGET.to_owned(),
        only_shipped: false,
    }
}

pub(crate) fn resolution() -> Resolution {
    let Records {
        metadata, lock, target, ..
    } = records();
    let only_shipped = false;
    Resolution {
        metadata,
        lock,
        target,
        only_shipped,
    }
}

/// The trimmed workspace has one member without a binary, so it must be named.
pub(crate) fn subject() -> Subject {
    Subject {
        package: Some("attest-digest".to_owned()),
        files: vec![file("libattest_digest.rlib")],
    }
}

pub(crate) fn file(name: &str) -> File {
    let algorithms: Algorithms = "sha256,sha512".parse().unwrap();
    File::new(name, Measured::of_bytes(name.as_bytes(), &algorithms)).unwrap()
}

pub(crate) fn metadata() -> Metadata {
    let organization = Organization {
        name: "Example".to_owned(),
        url: Some("https://example.com".to_owned()),
        email: Some("release@example.com".to_owned()),
    };
    Metadata {
        timestamp: Some("1700000000".parse().unwrap()),
        manufacturer: Some(organization.clone()),
        supplier: Some(organization),
        ..Metadata::default()
    }
}

pub(crate) fn document() -> Bom {
    attest_sbom::cargo::document(&records(), &subject(), &metadata()).unwrap()
}

pub(crate) fn json(bom: &Bom) -> Value {
    serde_json::from_slice(&bom.to_json()).unwrap()
}

/// The records after `change` was made to the metadata.
pub(crate) fn with_metadata(change: impl FnOnce(&mut Value)) -> Records {
    let mut records = records();
    let mut metadata: Value = serde_json::from_slice(&records.metadata).unwrap();
    change(&mut metadata);
    records.metadata = serde_json::to_vec(&metadata).unwrap();
    records
}

/// The description of a package in the metadata.
pub(crate) fn package<'a>(metadata: &'a mut Value, name: &str) -> &'a mut Value {
    let packages = metadata["packages"].as_array_mut().unwrap();
    packages.iter_mut().find(|package| package["name"] == name).unwrap()
}

/// The component of a document that has this name.
pub(crate) fn component<'a>(document: &'a Value, name: &str) -> &'a Value {
    let components = document["components"].as_array().unwrap();
    components.iter().find(|component| component["name"] == name).unwrap()
}
