use attest_sbom::cargo::{self, Records};
use attest_sbom::{Metadata, Subject};
use proptest::prelude::*;
use serde_json::Value;

use crate::records::{document, file, metadata, records, subject};

fn bytes_of(records: &Records) -> Vec<u8> {
    cargo::document(records, &subject(), &metadata()).unwrap().to_json()
}

#[test]
fn the_directory_of_the_project_leaves_no_trace() {
    let elsewhere = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).unwrap();
        text.replace("/project", "/another/place")
            .replace("/cargo/", "/x/")
            .into_bytes()
    };
    let original = records();
    let moved = Records {
        metadata: elsewhere(&original.metadata),
        messages: elsewhere(&original.messages),
        ..records()
    };
    assert_eq!(bytes_of(&moved), bytes_of(&original));
    let text = String::from_utf8(bytes_of(&original)).unwrap();
    assert!(!text.contains("/project") && !text.contains("/cargo/registry"));
}

#[test]
fn without_a_target_directory_of_its_own_the_graph_tells_what_is_linked() {
    let text = String::from_utf8(records().messages).unwrap();
    let plain = Records {
        messages: text
            .replace("/project/target/x86_64-unknown-linux-gnu/", "/project/target/")
            .into_bytes(),
        ..records()
    };
    assert_eq!(bytes_of(&plain), bytes_of(&records()));
}

#[test]
fn the_serial_number_follows_the_content() {
    let first = document();
    assert_eq!(first.serial_number(), document().serial_number());
    let untimed = cargo::document(&records(), &subject(), &Metadata::default()).unwrap();
    assert_ne!(first.serial_number(), untimed.serial_number());
    let files = vec![file("other")];
    let other = cargo::document(&records(), &Subject { files, ..subject() }, &metadata()).unwrap();
    assert_ne!(first.serial_number(), other.serial_number());
}

fn shuffled(length: usize) -> impl Strategy<Value = Vec<usize>> {
    Just((0..length).collect::<Vec<_>>()).prop_shuffle()
}

fn reordered(items: &mut Value, order: &[usize]) {
    let old = items.as_array().unwrap().clone();
    *items = order.iter().map(|&index| old[index].clone()).collect();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_order_of_the_records_does_not_matter(packages in shuffled(31), nodes in shuffled(31), lines in shuffled(45)) {
        let original = records();
        let mut metadata: Value = serde_json::from_slice(&original.metadata).unwrap();
        reordered(&mut metadata["packages"], &packages);
        reordered(&mut metadata["resolve"]["nodes"], &nodes);
        let text = String::from_utf8(original.messages.clone()).unwrap();
        let all: Vec<_> = text.lines().collect();
        let mut messages: Vec<_> = lines.iter().map(|&index| all[index]).collect();
        messages.push(all[45]);
        let shuffled = Records {
            metadata: serde_json::to_vec(&metadata).unwrap(),
            messages: messages.join("\n").into_bytes(),
            ..records()
        };
        prop_assert_eq!(bytes_of(&shuffled), bytes_of(&original));
    }
}
