//! Documents in, one document of all of them out: each component once, each graph below one root.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cyclonedx::{
    Acknowledgement, Component, ComponentKind, ExternalReference, ForeignProperty, Hash, LicenceChoice, NamedLicence,
    Occurrence, OrganizationalEntity, Phase, ReferenceKind,
};
use crate::document::{self, Document, Licence, Reference};
use crate::{Bom, Error, Gap, Inventory, Metadata, Organization, Root, Timestamp, contact, licence};

/// A document, and what it is called: a file name.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name, for people.
    pub name: String,
    /// What it says.
    pub document: Document,
}

/// Puts documents together.
///
/// Components with one package URL are one; where two documents say different things of it, the first one counts. Their roots
/// hang on the new root, which is called like all of them where nobody says what it is. Each component has a reference to the
/// place in the document that it comes from (a BOM-Link), and what was not taken over is a gap.
///
/// # Errors
/// [`Error::NothingToList`] for documents without components.
pub fn merge(documents: &[Named], root: &Root, metadata: &Metadata) -> Result<Bom, Error> {
    let mut inventory = Inventory::default();
    for named in documents {
        add(&mut inventory, named);
    }
    let phases: BTreeSet<Phase> = documents
        .iter()
        .flat_map(|named| &named.document.phases)
        .filter_map(|phase| word(phase))
        .collect();
    let about = match root.name {
        Some(_) => root.clone(),
        None => of_all(documents),
    };
    let metadata = Metadata {
        supplier: metadata.supplier.clone().or_else(|| supplier(documents)),
        ..metadata.clone()
    };
    Ok(inventory.document(&about, &metadata)?.with_phases(phases))
}

/// The most names that make the name of what several documents are about.
const MAX_NAMES: usize = 8;

fn roots(documents: &[Named]) -> impl Iterator<Item = Option<&document::Component>> {
    let root = |named: &'_ Named| named.document.root;
    documents
        .iter()
        .map(move |named| root(named).map(|root| &named.document.components[root]))
}

/// What documents are about together: their names and versions, in one order, with `+` between them.
fn of_all(documents: &[Named]) -> Root {
    let abouts: BTreeSet<(&str, Option<&str>)> = roots(documents)
        .flatten()
        .map(|root| (root.name.as_str(), root.version.as_deref()))
        .collect();
    let joined = |parts: BTreeSet<&str>| {
        let shown: Vec<&str> = parts.iter().copied().take(MAX_NAMES).collect();
        let more = match parts.len().saturating_sub(MAX_NAMES) {
            0 => String::new(),
            more => format!("+{more}-more"),
        };
        (!shown.is_empty()).then(|| shown.join("+") + &more)
    };
    Root {
        name: joined(abouts.iter().map(|(name, _)| *name).collect()),
        version: joined(abouts.iter().filter_map(|(_, version)| *version).collect()),
    }
}

/// Who supplies everything that the documents are about, if that is one.
fn supplier(documents: &[Named]) -> Option<Organization> {
    let suppliers: BTreeSet<Option<&str>> = roots(documents).map(|root| root?.supplier.as_deref()).collect();
    let one = suppliers.first().copied().flatten().filter(|_| suppliers.len() == 1);
    one.map(|name| Organization {
        name: name.to_owned(),
        url: None,
        email: None,
    })
}

/// The latest moment that any of the documents stands for.
#[must_use]
pub fn latest(documents: &[Named]) -> Option<Timestamp> {
    let moments = documents.iter().filter_map(|named| named.document.timestamp.as_deref());
    moments.filter_map(|moment| Timestamp::from_rfc3339(moment).ok()).max()
}

fn add(inventory: &mut Inventory, named: &Named) {
    let document = &named.document;
    let mut lost = document.left_out.clone();
    let keys: Vec<_> = document
        .components
        .iter()
        .map(|component| inventory.add(converted(component, document, &mut lost)))
        .collect();
    for (from, needs) in &document.needs {
        for to in needs {
            inventory.depends(keys[*from], keys[*to]);
        }
    }
    for (component, key) in document.components.iter().zip(&keys) {
        if let Some(parent) = component.parent {
            inventory.depends(keys[parent], *key);
        }
    }
    // The root of a document that says nothing of its needs stands for all that it lists.
    if let Some(root) = document.root.filter(|_| document.needs.is_empty()) {
        for key in &keys {
            inventory.depends(keys[root], *key);
        }
    }
    for place in &document.incomplete {
        inventory.incomplete(keys[*place]);
    }
    if !document.is_complete {
        inventory.gap(Gap::new("incomplete", &named.name, "does not say that it is complete"));
    }
    if !lost.is_empty() {
        let names: Vec<String> = lost.into_iter().collect();
        let detail = format!("not taken over: {}", names.join(", "));
        inventory.gap(Gap::new("not-merged", &named.name, detail));
    }
}

/// What this writer has a word for; the names of the rest are noted.
fn converted(component: &document::Component, document: &Document, lost: &mut BTreeSet<String>) -> Component {
    let kind = word(&component.kind).unwrap_or(ComponentKind::Library);
    let mut references = references(&component.references, lost);
    references.extend(source(component, document));
    Component {
        supplier: component.supplier.as_ref().map(|name| OrganizationalEntity {
            name: name.clone(),
            url: Vec::new(),
            contact: Vec::new(),
        }),
        authors: component
            .authors
            .iter()
            .filter_map(|author| contact::author(author))
            .collect(),
        group: component.group.clone(),
        version: component.version.clone(),
        description: component.description.clone(),
        scope: component.scope.as_deref().and_then(word),
        hashes: hashes(&component.hashes, lost),
        licenses: licences(component),
        copyright: component.copyright.clone(),
        cpe: component.cpe.clone(),
        purl: component.purl.clone(),
        external_references: references,
        evidence: crate::cyclonedx::Evidence {
            occurrences: component
                .occurrences
                .iter()
                .map(|location| occurrence(location))
                .collect(),
        },
        foreign_properties: component.properties.iter().map(property).collect(),
        ..Component::new(kind, component.name.as_str())
    }
}

fn references(references: &[Reference], lost: &mut BTreeSet<String>) -> Vec<ExternalReference> {
    let mut known = Vec::new();
    for reference in references {
        match word(&reference.kind) {
            Some(kind) => known.push(ExternalReference {
                kind,
                url: reference.url.clone(),
                hashes: hashes(&reference.hashes, lost),
            }),
            None => {
                lost.insert(format!("externalReferences of type {}", reference.kind));
            }
        }
    }
    known
}

fn occurrence(location: &str) -> Occurrence {
    let location = location.to_owned();
    Occurrence { location, line: None }
}

fn property((name, value): &(String, String)) -> ForeignProperty {
    let (name, value) = (name.clone(), value.clone());
    ForeignProperty { name, value }
}

/// A value of one of the lists of words of CycloneDX.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::from(text)).ok()
}

const ALGORITHMS: &[&str] = &[
    "BLAKE2b-256",
    "BLAKE2b-384",
    "BLAKE2b-512",
    "BLAKE3",
    "MD5",
    "SHA-1",
    "SHA-256",
    "SHA-384",
    "SHA-512",
    "SHA3-256",
    "SHA3-384",
    "SHA3-512",
];

fn hashes(hashes: &std::collections::BTreeMap<String, String>, lost: &mut BTreeSet<String>) -> Vec<Hash> {
    let mut known = Vec::new();
    for (name, content) in hashes {
        match ALGORITHMS.iter().find(|alg| *alg == name) {
            Some(alg) => known.push(Hash {
                alg,
                content: content.clone(),
            }),
            None => {
                lost.insert(format!("hashes by {name}"));
            }
        }
    }
    known
}

/// One expression of all of them; a list of names where one of them is none.
fn licences(component: &document::Component) -> Vec<LicenceChoice> {
    let acknowledgement = |licence: &Licence| match licence.acknowledgement.as_deref() {
        Some("concluded") => Acknowledgement::Concluded,
        _ => Acknowledgement::Declared,
    };
    let counting = component.effective_licences();
    let text = component.licence_text().filter(|_| {
        counting
            .iter()
            .all(|licence| licence::is_expression(licence.terms.text()))
    });
    if let (Some(expression), Some(first)) = (text, counting.first()) {
        let acknowledgement = acknowledgement(first);
        return vec![LicenceChoice::Expression {
            expression,
            acknowledgement,
        }];
    }
    let named = |licence: &&Licence| LicenceChoice::Named {
        license: NamedLicence {
            name: licence.terms.text().to_owned(),
            acknowledgement: acknowledgement(licence),
        },
    };
    counting.iter().map(named).collect()
}

/// `urn:cdx:serial/version#reference`. Source: CycloneDX, BOM-Link.
fn source(component: &document::Component, document: &Document) -> Option<ExternalReference> {
    let serial = document.identity.as_deref()?.strip_prefix("urn:uuid:")?;
    let reference = component.reference.as_deref().map(escaped);
    let url = format!(
        "urn:cdx:{serial}/{}{}",
        document.version,
        reference.map(|reference| format!("#{reference}")).unwrap_or_default()
    );
    let (kind, hashes) = (ReferenceKind::Bom, Vec::new());
    Some(ExternalReference { kind, url, hashes })
}

/// What may not stand in the fragment of an address as it is (RFC 3986, section 3.5).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => escaped.push(char::from(byte)),
            _ if b"-._~!$&'()*+,;=:@/?".contains(&byte) => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
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
            assert_eq!(read.validate(&groups), []);
            let root = &read.components[read.root.unwrap()];
            (root.name.clone(), root.version.clone(), root.supplier.clone())
        };
        let text = |text: &str| Some(text.to_owned());
        let same = [of("two", "Example"), of("one", "Example")];
        assert_eq!(about(&same), ("one+two".to_owned(), text("1"), text("Example")));
        let others = [of("two", "Example"), of("one", "Other")];
        assert_eq!(about(&others), ("one+two".to_owned(), text("1"), text("one+two")));
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
}
