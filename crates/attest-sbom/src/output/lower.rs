//! A CycloneDX 1.6 document in, the same in another version out.
//!
//! Source: the JSON schemas of CycloneDX 1.4, 1.5, 1.6 and 1.7.

use serde_json::{Map, Value, json};

/// The versions that are made of 1.6, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V1_4,
    V1_5,
    V1_7,
}

impl Version {
    fn number(self) -> &'static str {
        match self {
            Self::V1_4 => "1.4",
            Self::V1_5 => "1.5",
            Self::V1_7 => "1.7",
        }
    }
}

/// What a version lacks is moved to where it has a place for it, or to a property, or left out.
pub(super) fn lower(mut document: Value, version: Version) -> Value {
    let number = version.number();
    document["$schema"] = format!("http://cyclonedx.org/schema/bom-{number}.schema.json").into();
    document["specVersion"] = number.into();
    if version == Version::V1_7 {
        return document;
    }
    if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut) {
        lower_metadata(metadata, version);
    }
    lower_components(document.get_mut("components"), version);
    document
}

fn lower_metadata(metadata: &mut Map<String, Value>, version: Version) {
    // The one who made the document was called by another name, which 1.6 still has.
    rename(metadata, "manufacturer", "manufacture");
    if let Some(component) = metadata.get_mut("component").and_then(Value::as_object_mut) {
        lower_component(component, version);
    }
    for choice in list(metadata.get_mut("licenses")) {
        lower_licence(choice);
    }
    if version == Version::V1_4 {
        let phases = metadata.shift_remove("lifecycles").unwrap_or_default();
        let phases = texts(&phases, "phase").map(|phase| property("attest:lifecycle", &phase));
        add(metadata, "properties", phases.collect());
        flatten_tools(metadata);
    }
}

/// Puts a member in the place of another, in the order that it had.
fn rename(object: &mut Map<String, Value>, from: &str, to: &str) {
    let members = std::mem::take(object);
    let renamed = |(name, value)| (if name == from { to.to_owned() } else { name }, value);
    *object = members.into_iter().map(renamed).collect();
}

/// Version 1.4 lists tools without saying that they are components.
fn flatten_tools(metadata: &mut Map<String, Value>) {
    let Some(tools) = metadata.get_mut("tools") else {
        return;
    };
    let components = tools.get("components").and_then(Value::as_array).into_iter().flatten();
    let tool = |component: &Value| {
        let kept = ["name", "version", "hashes"].map(|name| (name.to_owned(), component.get(name).cloned()));
        let kept = kept.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Value::Object(kept.collect())
    };
    *tools = components.map(tool).collect();
}

fn lower_components(components: Option<&mut Value>, version: Version) {
    for component in list(components).filter_map(Value::as_object_mut) {
        lower_component(component, version);
    }
}

/// What a component of 1.5 has no place for.
const NEWER: &[&str] = &["manufacturer", "omniborId", "swhid", "cryptoProperties", "tags"];

fn lower_component(component: &mut Map<String, Value>, version: Version) {
    if let Some(authors) = component.get("authors") {
        let author = author(authors);
        rename(component, "authors", "author");
        component.insert("author".to_owned(), author.into());
    }
    component.retain(|name, _| !NEWER.contains(&name.as_str()));
    lower_kind(component, version);
    for choice in list(component.get_mut("licenses")) {
        lower_licence(choice);
    }
    for reference in list(component.get_mut("externalReferences")) {
        lower_reference(reference, version);
    }
    lower_evidence(component, version);
    // Components of components are at most as deep as what was read, which is limited.
    lower_components(component.get_mut("components"), version);
}

fn lower_kind(component: &mut Map<String, Value>, version: Version) {
    let kind = component.get("type").and_then(Value::as_str).unwrap_or_default();
    let nearest = match (kind, version) {
        ("cryptographic-asset", _) => "library",
        ("platform", Version::V1_4) => "framework",
        ("device-driver", Version::V1_4) => "firmware",
        ("machine-learning-model" | "data", Version::V1_4) => "file",
        _ => return,
    };
    component.insert("type".to_owned(), nearest.into());
}

fn author(authors: &Value) -> String {
    let author = |author: &Value| {
        let text = |name: &str| author.get(name).and_then(Value::as_str);
        match (text("name"), text("email")) {
            (Some(name), Some(email)) => format!("{name} <{email}>"),
            (one, other) => one.or(other).unwrap_or_default().to_owned(),
        }
    };
    let authors = authors.as_array().into_iter().flatten().map(author);
    authors.collect::<Vec<_>>().join(", ")
}

/// Nobody says in older versions whether a licence was declared or concluded.
fn lower_licence(choice: &mut Value) {
    let license = choice.get_mut("license").and_then(Value::as_object_mut);
    if let Some(license) = license {
        license.shift_remove("acknowledgement");
    }
    if let Some(choice) = choice.as_object_mut() {
        choice.shift_remove("acknowledgement");
    }
}

/// The kinds of references that 1.4 has; 1.5 has all that are written but the newest.
const REFERENCES_1_4: &[&str] = &[
    "vcs",
    "issue-tracker",
    "website",
    "advisories",
    "bom",
    "mailing-list",
    "social",
    "chat",
    "documentation",
    "support",
    "distribution",
    "license",
    "build-meta",
    "build-system",
    "release-notes",
    "other",
];

const REFERENCES_NEW_IN_1_6: &[&str] = &[
    "source-distribution",
    "electronic-signature",
    "digital-signature",
    "rfc-9116",
];

fn lower_reference(reference: &mut Value, version: Version) {
    let kind = reference
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let is_known = match version {
        Version::V1_4 => REFERENCES_1_4.contains(&kind.as_str()),
        _ => !REFERENCES_NEW_IN_1_6.contains(&kind.as_str()),
    };
    if !is_known {
        reference["type"] = "other".into();
        reference["comment"] = kind.into();
    }
}

/// Places have no line in 1.5, and no place at all in 1.4.
fn lower_evidence(component: &mut Map<String, Value>, version: Version) {
    let Some(evidence) = component.get_mut("evidence") else {
        return;
    };
    let places: Vec<_> = texts(&evidence["occurrences"], "location").collect();
    if version >= Version::V1_5 {
        let places = places.iter().map(|place| json!({ "location": place }));
        evidence["occurrences"] = places.collect();
        return;
    }
    component.shift_remove("evidence");
    let places = places.iter().map(|place| property("attest:occurrence", place));
    add(component, "properties", places.collect());
}

fn property(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

fn add(object: &mut Map<String, Value>, name: &str, values: Vec<Value>) {
    if values.is_empty() {
        return;
    }
    let list = object.entry(name).or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut() {
        list.extend(values);
    }
}

fn list(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_array_mut).into_iter().flatten()
}

fn texts(list: &Value, member: &str) -> impl Iterator<Item = String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(move |one| Some(one.get(member)?.as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest() -> Value {
        json!({
            "$schema": "", "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": {
                "lifecycles": [{ "phase": "build" }],
                "tools": { "components": [{ "type": "application", "name": "attest", "version": "1" }] },
                "manufacturer": { "name": "Example" },
                "component": { "type": "application", "name": "app" },
            },
            "components": [{
                "type": "platform", "bom-ref": "a", "authors": [{ "name": "Ann", "email": "ann@example.com" }, { "name": "Bob" }],
                "name": "a", "licenses": [{ "expression": "MIT", "acknowledgement": "declared" }],
                "externalReferences": [{ "type": "source-distribution", "url": "https://example.com/a" }],
                "evidence": { "occurrences": [{ "location": "x.lock", "line": 3 }] },
            }],
            "dependencies": [{ "ref": "a", "dependsOn": [] }],
        })
    }

    #[test]
    fn version_1_7_has_everything() {
        let newer = lower(newest(), Version::V1_7);
        assert_eq!(newer["specVersion"], "1.7");
        assert_eq!(newer["components"], newest()["components"]);
        assert_eq!(newer["metadata"], newest()["metadata"]);
    }

    #[test]
    fn what_1_5_lacks_is_moved_or_left_out() {
        let older = lower(newest(), Version::V1_5);
        assert_eq!(older["metadata"]["manufacture"]["name"], "Example");
        assert_eq!(older["metadata"]["lifecycles"], newest()["metadata"]["lifecycles"]);
        assert_eq!(
            older["components"][0],
            json!({
                "type": "platform", "bom-ref": "a", "author": "Ann <ann@example.com>, Bob", "name": "a",
                "licenses": [{ "expression": "MIT" }],
                "externalReferences": [{ "type": "other", "url": "https://example.com/a", "comment": "source-distribution" }],
                "evidence": { "occurrences": [{ "location": "x.lock" }] },
            })
        );
        assert_eq!(older["dependencies"], newest()["dependencies"]);
    }

    #[test]
    fn what_1_4_lacks_becomes_a_property() {
        let oldest = lower(newest(), Version::V1_4);
        assert_eq!(
            oldest["metadata"]["tools"],
            json!([{ "name": "attest", "version": "1" }])
        );
        assert_eq!(oldest["metadata"].get("lifecycles"), None);
        assert_eq!(
            oldest["metadata"]["properties"],
            json!([{ "name": "attest:lifecycle", "value": "build" }])
        );
        let component = &oldest["components"][0];
        assert_eq!(component["type"], "framework");
        assert_eq!(component.get("evidence"), None);
        assert_eq!(
            component["properties"],
            json!([{ "name": "attest:occurrence", "value": "x.lock" }])
        );
    }
}
