use cyclonedx_bom::models::bom::{Bom, SpecVersion};
use cyclonedx_bom::validation::Validate;
use serde_json::Value;

use crate::records::{document, json};

/// The other reader stops at 1.5, which lacks a few of the fields.
fn downgraded(mut document: Value) -> Value {
    document["specVersion"] = "1.5".into();
    document.as_object_mut().unwrap().remove("$schema");
    document["metadata"].as_object_mut().unwrap().remove("manufacturer");
    let components = document["components"].as_array_mut().unwrap();
    for component in components.iter_mut() {
        strip(component);
    }
    strip(&mut document["metadata"]["component"]);
    document
}

fn strip(component: &mut Value) {
    component.as_object_mut().unwrap().remove("authors");
    for choice in component["licenses"].as_array_mut().into_iter().flatten() {
        choice.as_object_mut().unwrap().remove("acknowledgement");
    }
}

#[test]
fn another_reader_understands_the_document() {
    let bom = document();
    let document = downgraded(json(&bom));
    let theirs = Bom::parse_from_json_v1_5(document.to_string().as_bytes()).unwrap();
    let verdict = theirs.validate_version(SpecVersion::V1_5);
    assert!(verdict.passed(), "{verdict:?}");
    let components = theirs.components.unwrap().0;
    assert_eq!(components.len(), bom.component_count());
    for (theirs, ours) in components.iter().zip(document["components"].as_array().unwrap()) {
        let purl = theirs.purl.as_ref().unwrap().to_string();
        assert_eq!(purl, ours["purl"].as_str().unwrap());
        assert!(theirs.licenses.is_some() && theirs.hashes.is_some());
    }
}
