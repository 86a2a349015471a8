use serde_json::json;

use super::*;
use crate::document::Group;

fn named(name: &str, value: &Value) -> Named {
    Named {
        name: name.to_owned(),
        document: Document::read(value.to_string().as_bytes()).unwrap(),
    }
}

fn service(name: &str, shared: &Value) -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 2,
        "serialNumber": "urn:uuid:00000000-0000-4000-8000-000000000000",
        "metadata": { "timestamp": "2024-01-01T00:00:00Z", "lifecycles": [{ "phase": "build" }],
            "component": { "type": "application", "bom-ref": "root", "name": name, "version": "1" } },
        "components": [shared],
        "dependencies": [{ "ref": "root", "dependsOn": [shared["bom-ref"]] }, { "ref": shared["bom-ref"], "dependsOn": [] }],
        "compositions": [{ "aggregate": "complete", "assemblies": ["root"] }],
    })
}

fn merged(documents: &[Named]) -> (Bom, Value) {
    let root = Root {
        name: Some("all".to_owned()),
        version: Some("3".to_owned()),
        ..Root::default()
    };
    let bom = merge(documents, &root, &Metadata::default()).unwrap();
    let value = serde_json::from_slice(&bom.to_json()).unwrap();
    (bom, value)
}

#[test]
fn a_component_of_two_documents_is_listed_once_below_both_roots() {
    let shared = |reference: &str, hashes: Value| {
        json!({ "type": "library", "bom-ref": reference, "name": "a", "version": "1", "purl": "pkg:npm/a@1", "hashes": hashes,
            "licenses": [{ "license": { "id": "MIT" } }, { "license": { "name": "Ours" } }],
            "properties": [{ "name": "cdx:npm:package:path", "value": "x" }] })
    };
    let sha256 = json!([{ "alg": "SHA-256", "content": "ab".repeat(32) }]);
    let documents = [
        named("one.json", &service("one", &shared("x y", sha256))),
        named("two.json", &service("two", &shared("z", json!([])))),
    ];
    let (bom, value) = merged(&documents);
    assert_eq!(bom.gaps(), []);
    assert!(bom.is_complete());
    let names: Vec<_> = value["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["a", "one", "two"]);
    assert_eq!(value["metadata"]["component"]["name"], "all");
    assert_eq!(value["metadata"]["lifecycles"], json!([{ "phase": "build" }]));
    let component = &value["components"][0];
    assert_eq!(component["hashes"][0]["alg"], "SHA-256");
    assert_eq!(component["licenses"][0]["license"]["name"], "MIT");
    assert_eq!(component["licenses"][1]["license"]["name"], "Ours");
    assert_eq!(
        component["properties"],
        json!([{ "name": "cdx:npm:package:path", "value": "x" }])
    );
    let links: Vec<_> = component["externalReferences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["url"])
        .collect();
    let serial = "urn:cdx:00000000-0000-4000-8000-000000000000/2";
    assert_eq!(links, [&format!("{serial}#x%20y"), &format!("{serial}#z")]);
    let graph = Document::read(&bom.to_json()).unwrap();
    let needs = |name: &str| {
        let place = graph.components.iter().position(|one| one.name == name).unwrap();
        graph.needs[&place]
            .iter()
            .map(|key| graph.components[*key].name.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (needs("all"), needs("one"), needs("two")),
        (vec!["one", "two"], vec!["a"], vec!["a"])
    );
}

#[test]
fn what_is_called_like_the_new_root_is_the_new_root() {
    let library = |name: &str| json!({ "type": "library", "bom-ref": name, "name": name, "version": "1" });
    let mut value = service("all", &library("a"));
    value["metadata"]["component"]["version"] = json!("3");
    value["metadata"]["component"]["purl"] = json!("pkg:generic/all@3");
    let documents = [
        named("one.json", &value),
        named("two.json", &service("two", &library("b"))),
    ];
    let (bom, _) = merged(&documents);
    let graph = Document::read(&bom.to_json()).unwrap();
    let found = graph.validate(&[Group::Schema, Group::Integrity]);
    assert!(found.is_empty(), "{found:?}");
    let root = graph.root().unwrap();
    assert_eq!(
        (root.name.as_str(), root.purl.as_deref()),
        ("all", Some("pkg:generic/all@3"))
    );
    let needs = graph.needs[&graph.root.unwrap()].iter();
    let needs: Vec<_> = needs.map(|key| graph.components[*key].name.as_str()).collect();
    assert_eq!(needs, ["a", "two"]);
}

#[test]
fn several_licences_become_one_expression_unless_one_is_a_name() {
    let licences = |choices: Value| {
        let component = json!({ "type": "library", "bom-ref": "a", "name": "a", "licenses": choices });
        let (_, value) = merged(&[named("one.json", &service("one", &component))]);
        value["components"][0]["licenses"].clone()
    };
    let both = json!([{ "license": { "id": "MIT" } }, { "expression": "ISC OR Zlib" }]);
    let expected = json!([{ "expression": "MIT AND (ISC OR Zlib)", "acknowledgement": "declared" }]);
    assert_eq!(licences(both), expected);
    let concluded =
        json!([{ "license": { "name": "Ours", "acknowledgement": "concluded" } }, { "license": { "id": "MIT" } }]);
    let expected = json!([{ "license": { "name": "Ours", "acknowledgement": "concluded" } }]);
    assert_eq!(licences(concluded), expected);
    assert_eq!(licences(json!([])), Value::Null);
}

#[test]
fn what_is_not_taken_over_and_what_is_not_complete_is_a_gap() {
    let mut value = service(
        "one",
        &json!({ "type": "library", "bom-ref": "a", "name": "a", "pedigree": {} }),
    );
    value["compositions"] = json!([]);
    let (bom, _) = merged(&[named("one.json", &value)]);
    let gaps: Vec<_> = bom.gaps().iter().map(ToString::to_string).collect();
    assert_eq!(
        gaps,
        [
            "one.json: incomplete: does not say that it is complete",
            "one.json: not-merged: not taken over: pedigree",
        ]
    );
    assert!(!bom.is_complete());
}

#[test]
fn needs_that_lead_nowhere_and_references_of_two_are_gaps_and_make_nothing_complete() {
    let mut value = service("one", &json!({ "type": "library", "bom-ref": "a", "name": "a" }));
    let others = [("a", "b"), ("c", "c")];
    let others = others.map(|(reference, name)| json!({ "type": "library", "bom-ref": reference, "name": name }));
    value["components"].as_array_mut().unwrap().extend(others);
    value["dependencies"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "ref": "c", "dependsOn": ["x", "a", "y"] }));
    let (bom, merged) = merged(&[named("one.json", &value)]);
    let gaps: Vec<_> = bom.gaps().iter().map(ToString::to_string).collect();
    assert_eq!(
        gaps,
        [
            "one.json: damaged: 1 of its elements have the reference of another component: `attest sbom validate` names them \
             (duplicate-reference)",
            "one.json: damaged: 2 of its elements refer to nothing: `attest sbom validate` names them (dangling-reference)",
        ]
    );
    assert!(!bom.is_complete());
    let concerned = json!({ "aggregate": "incomplete", "dependencies": ["a", "b", "c"] });
    assert_eq!(merged["compositions"][0], concerned);
}

#[test]
fn the_order_of_documents_does_not_change_the_list() {
    let one = named(
        "one.json",
        &service("one", &json!({ "type": "library", "bom-ref": "a", "name": "a" })),
    );
    let two = named(
        "two.json",
        &service("two", &json!({ "type": "library", "bom-ref": "b", "name": "b" })),
    );
    let (there, _) = merged(&[one.clone(), two.clone()]);
    let (back, _) = merged(&[two, one]);
    assert_eq!(there.to_json(), back.to_json());
}

#[test]
fn what_nobody_names_is_called_like_what_it_is_made_of_and_is_valid() {
    let of = |name: &str, supplier: &str| {
        let library = json!({ "type": "library", "bom-ref": "a", "name": "a", "version": "1", "purl": "pkg:npm/a@1",
            "supplier": { "name": "npm" } });
        let mut value = service(name, &library);
        let root = &mut value["metadata"]["component"];
        root["supplier"] = json!({ "name": supplier });
        root["purl"] = format!("pkg:generic/{name}@1").into();
        named(name, &value)
    };
    let metadata = Metadata {
        timestamp: "0".parse().ok(),
        ..Metadata::default()
    };
    let about = |documents: &[Named]| {
        let bom = merge(documents, &Root::default(), &metadata).unwrap();
        let read = Document::read(&bom.to_json()).unwrap();
        let groups = [Group::Schema, Group::Integrity, Group::MinimumElements];
        let codes: Vec<_> = read.validate(&groups).into_iter().map(|finding| finding.code).collect();
        let root = &read.components[read.root.unwrap()];
        let expected: &[&str] = if root.supplier.is_some() { &[] } else { &["no-supplier"] };
        assert_eq!(codes, expected);
        (root.name.clone(), root.version.clone(), root.supplier.clone())
    };
    let text = |text: &str| Some(text.to_owned());
    let same = [of("two", "Example"), of("one", "Example")];
    assert_eq!(about(&same), ("one+two".to_owned(), text("1"), text("Example")));
    let others = [of("two", "Example"), of("one", "Other")];
    assert_eq!(about(&others), ("one+two".to_owned(), text("1"), None));
}

#[test]
fn documents_about_one_thing_are_merged_into_one_about_it() {
    let library = json!({ "type": "library", "bom-ref": "a", "name": "a", "version": "1", "purl": "pkg:npm/a@1" });
    let mut value = service("root", &library);
    value["metadata"]["component"]["group"] = "@acme".into();
    value["metadata"]["component"]["purl"] = "pkg:npm/%40acme/root@1".into();
    let one = named("one.json", &value);
    let about = |documents: &[Named]| {
        let bom = merge(documents, &Root::default(), &Metadata::default()).unwrap();
        serde_json::from_slice::<Value>(&bom.to_json()).unwrap()
    };
    for documents in [vec![one.clone()], vec![one.clone(), one.clone()]] {
        let merged = about(&documents);
        let root = &merged["metadata"]["component"];
        assert_eq!((&root["group"], &root["name"]), (&json!("@acme"), &json!("root")));
        assert_eq!(root["purl"], "pkg:npm/%40acme/root@1");
        assert_eq!(root["supplier"]["name"], "@acme");
        assert_eq!(merged["components"].as_array().unwrap().len(), 1);
    }
    let merged = about(&[one, named("two.json", &service("two", &library))]);
    assert_eq!(merged["metadata"]["component"]["name"], "@acme/root+two");
}

#[test]
fn nothing_merged_with_nothing_is_an_error() {
    let error = merge(&[], &Root::default(), &Metadata::default()).unwrap_err();
    assert_eq!(error, Error::NothingToList);
}

#[test]
fn the_latest_moment_counts() {
    let mut newer = service("two", &json!({ "type": "library", "name": "a" }));
    newer["metadata"]["timestamp"] = "2024-01-01T01:30:00.5+01:00".into();
    let documents = [
        named("one.json", &service("one", &json!({ "type": "library", "name": "a" }))),
        named("two.json", &newer),
    ];
    assert_eq!(latest(&documents).unwrap().to_string(), "2024-01-01T00:30:00Z");
}

/// A document of a release: what it is about, and one component.
fn of_release(kind: &str, version: &str, purl: Option<&str>, digit: &str) -> Value {
    let library = json!({ "type": "library", "bom-ref": "a", "name": "a", "version": "1", "purl": "pkg:npm/a@1", "supplier": { "name": "npm" } });
    let mut value = service("mill", &library);
    let root = &mut value["metadata"]["component"];
    root["type"] = kind.into();
    root["version"] = version.into();
    root["supplier"] = json!({ "name": "Example" });
    root["hashes"] = json!([{ "alg": "SHA-256", "content": digit.repeat(64) }]);
    root["properties"] = json!([{ "name": "attest:size", "value": digit }]);
    if let Some(purl) = purl {
        root["purl"] = purl.into();
    }
    value
}

#[test]
fn the_lists_of_a_release_are_of_one_product() {
    let digest = format!("sha256:{}", "3".repeat(64));
    let image = format!("pkg:oci/mill@{digest}");
    let documents = [
        of_release("application", "2.3.0", Some("pkg:generic/mill@2.3.0"), "1"),
        of_release("application", "2.3.0", None, "2"),
        of_release("container", &digest, Some(&image), "3"),
        of_release("library", "2.3.0", Some("pkg:pypi/mill@2.3.0"), "4"),
    ];
    let documents = documents.map(|value| named("one.json", &value));
    let bom = merge(&documents, &Root::default(), &Metadata::default()).unwrap();
    assert_eq!(bom.gaps(), []);
    let read = Document::read(&bom.to_json()).unwrap();
    let findings = read.validate(&[Group::Schema, Group::Integrity, Group::MinimumElements]);
    let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["no-timestamp"]);
    let root = &read.components[read.root.unwrap()];
    assert_eq!((root.name.as_str(), root.version.as_deref()), ("mill", Some("2.3.0")));
    assert_eq!(root.purl.as_deref(), Some("pkg:generic/mill@2.3.0"));
    // It is none of the files that the documents are about.
    assert!(root.hashes.is_empty() && root.properties.is_empty(), "{root:?}");
    assert_eq!(read.components.len(), 4);
}

#[test]
fn one_thing_that_is_another_file_in_each_document_is_no_file() {
    let purl = Some("pkg:generic/mill@2.3.0");
    let hashes = |digits: &[&str]| {
        let documents = digits
            .iter()
            .map(|digit| of_release("application", "2.3.0", purl, digit));
        let documents: Vec<Named> = documents.map(|value| named("one.json", &value)).collect();
        let bom = merge(&documents, &Root::default(), &Metadata::default()).unwrap();
        assert_eq!(bom.gaps(), []);
        let value: Value = serde_json::from_slice(&bom.to_json()).unwrap();
        value["metadata"]["component"]["hashes"].clone()
    };
    assert_eq!(hashes(&["1", "1"])[0]["content"], "1".repeat(64));
    assert_eq!(hashes(&["1", "2"]), Value::Null);
}

#[test]
fn of_versions_that_differ_none_is_that_of_all() {
    let documents = ["1.0", "2.0"].map(|version| named(version, &of_release("application", version, None, "1")));
    let bom = merge(&documents, &Root::default(), &Metadata::default()).unwrap();
    let value: Value = serde_json::from_slice(&bom.to_json()).unwrap();
    let root = &value["metadata"]["component"];
    assert_eq!(
        (&root["name"], &root["purl"]),
        (&json!("mill"), &json!("pkg:generic/mill"))
    );
    assert_eq!(root["version"], Value::Null);
}

#[test]
fn of_hashes_that_contradict_each_other_none_is_kept_and_told() {
    let with = |name: &str, digit: &str| {
        let sha256 =
            json!([{ "alg": "SHA-256", "content": digit.repeat(64) }, { "alg": "SHA-1", "content": "a".repeat(40) }]);
        let library = json!({ "type": "library", "bom-ref": "a", "name": "a", "version": "1", "purl": "pkg:npm/a@1", "hashes": sha256 });
        named(name, &service(name, &library))
    };
    let (bom, value) = merged(&[with("one", "1"), with("two", "2"), with("three", "3")]);
    let gaps: Vec<_> = bom.gaps().iter().map(ToString::to_string).collect();
    assert_eq!(gaps.len(), 1);
    assert!(
        gaps[0].contains("mismatch: expected one SHA-256 of `pkg:npm/a@1`"),
        "{gaps:?}"
    );
    assert_eq!(
        value["components"][0]["hashes"],
        json!([{ "alg": "SHA-1", "content": "a".repeat(40) }])
    );
    assert_eq!(merged(&[with("one", "1"), with("two", "1")]).0.gaps(), []);
}

#[test]
fn files_of_one_name_in_two_documents_are_two_if_they_differ() {
    let with = |name: &str, digit: &str| {
        let file = json!({ "type": "file", "bom-ref": "f", "name": "app", "hashes": [{ "alg": "SHA-256", "content": digit.repeat(64) }] });
        named(name, &service(name, &file))
    };
    let files = |documents: &[Named]| {
        let (bom, value) = merged(documents);
        assert_eq!(bom.gaps(), []);
        let components = value["components"].as_array().unwrap();
        components.iter().filter(|one| one["type"] == "file").count()
    };
    assert_eq!(files(&[with("one", "1"), with("two", "2")]), 2);
    assert_eq!(files(&[with("one", "1"), with("two", "1")]), 1);
}
