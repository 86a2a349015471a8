use attest_sbom::cargo::{self, Records};
use attest_sbom::{Error, Subject};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::records::{document, json as parsed, metadata, package, records, subject, with_metadata};

fn error_of(records: &Records) -> Error {
    cargo::document(records, &subject(), &metadata()).unwrap_err()
}

fn with_messages(change: impl FnOnce(String) -> String) -> Records {
    let messages = change(String::from_utf8(records().messages).unwrap());
    Records {
        messages: messages.into_bytes(),
        ..records()
    }
}

#[test]
fn messages_that_were_cut_off_are_rejected() {
    let cut = with_messages(|text| text.lines().take(40).collect::<Vec<_>>().join("\n"));
    assert_eq!(error_of(&cut), Error::Unfinished);
    let torn = with_messages(|text| text[..text.len() - 20].to_owned());
    assert!(matches!(error_of(&torn), Error::InvalidMessage { line: 46, .. }));
}

#[test]
fn messages_of_a_failed_build_are_rejected() {
    let failed = with_messages(|text| text.replace("\"success\":true", "\"success\":false"));
    assert_eq!(error_of(&failed), Error::BuildFailed);
}

#[test]
fn messages_of_another_build_are_rejected() {
    let foreign = with_messages(|text| text.replace("#hex@0.4.3", "#hex@0.4.2"));
    let id = "registry+https://github.com/rust-lang/crates.io-index#hex@0.4.2".to_owned();
    assert_eq!(error_of(&foreign), Error::ForeignMessage { id });
}

#[test]
fn a_build_without_the_package_is_rejected() {
    let without = with_messages(|text| {
        let lines = text.lines().filter(|line| !line.contains("/crates/attest-digest#"));
        lines.collect::<Vec<_>>().join("\n")
    });
    let package = "attest-digest".to_owned();
    assert_eq!(error_of(&without), Error::NotBuilt { package });
}

#[test]
fn a_graph_that_names_an_unknown_package_is_rejected() {
    let records =
        with_metadata(|metadata| metadata["resolve"]["nodes"][0]["deps"] = json!([{"name": "x", "pkg": "x"}]));
    assert_eq!(error_of(&records), Error::UndescribedPackage { id: "x".to_owned() });
}

#[test]
fn metadata_without_a_graph_is_rejected() {
    let records = with_metadata(|metadata| metadata["resolve"] = Value::Null);
    assert_eq!(error_of(&records), Error::NoResolve);
}

#[test]
fn metadata_nested_too_deeply_is_rejected() {
    let deep = "[".repeat(100_000);
    let records = Records {
        metadata: format!("{{\"metadata\":{deep}").into_bytes(),
        ..records()
    };
    let Error::InvalidMetadata { reason } = error_of(&records) else {
        panic!("another error");
    };
    assert!(reason.starts_with("recursion limit exceeded"), "{reason}");
}

#[test]
fn a_target_that_is_no_triple_is_rejected() {
    for found in ["", "../x", "a b"] {
        let records = Records {
            target: found.to_owned(),
            ..records()
        };
        assert_eq!(
            error_of(&records),
            Error::InvalidTarget {
                found: found.to_owned()
            }
        );
    }
}

#[test]
fn an_unknown_package_is_named_beside_those_that_there_are() {
    let subject = Subject {
        package: Some("attest-digset".to_owned()),
        files: vec![],
    };
    let expected = Error::UnknownPackage {
        package: "attest-digset".to_owned(),
        members: vec!["attest-digest".to_owned()],
    };
    assert_eq!(
        cargo::document(&records(), &subject, &metadata()).unwrap_err(),
        expected
    );
}

#[test]
fn without_a_binary_the_package_must_be_named() {
    let subject = Subject::default();
    let expected = Error::SeveralPackages { candidates: vec![] };
    assert_eq!(
        cargo::document(&records(), &subject, &metadata()).unwrap_err(),
        expected
    );
}

#[test]
fn a_cycle_ends() {
    // `hex` now needs `attest-digest`, as crates that test each other do.
    let records = with_metadata(|metadata| {
        let root = package(metadata, "attest-digest")["id"].clone();
        let nodes = metadata["resolve"]["nodes"].as_array_mut().unwrap();
        let hex = nodes
            .iter_mut()
            .find(|node| node["id"].as_str().unwrap().contains("#hex@"))
            .unwrap();
        hex["deps"] = json!([{"name": "attest_digest", "pkg": root, "dep_kinds": [{"kind": null, "target": null}]}]);
    });
    let bom = cargo::document(&records, &subject(), &metadata()).unwrap();
    assert_eq!(bom.component_count(), document().component_count());
    let edges = parsed(&bom)["dependencies"].as_array().unwrap().clone();
    let hex = edges
        .iter()
        .find(|entry| entry["ref"] == "pkg:cargo/hex@0.4.3")
        .unwrap();
    assert_eq!(hex["dependsOn"], json!(["pkg:cargo/attest-digest@0.1.0"]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_damaged_byte_makes_it_panic(place in 0usize..60_000, byte: u8, of_messages: bool) {
        let mut records = records();
        let bytes = if of_messages { &mut records.messages } else { &mut records.metadata };
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(bom) = cargo::document(&records, &subject(), &metadata()) {
            prop_assert!(bom.component_count() > 0);
        }
    }
}
