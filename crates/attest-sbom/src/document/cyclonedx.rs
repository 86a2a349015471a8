use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::element::{At, Form, contacts, hashes, licences, name_of, no_licences, references};
use super::{Component, Document, Finding};
use crate::Error;

/// The versions whose members this reader knows.
const VERSIONS: &[&str] = &["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

/// What a component may hold that is taken.
const TAKEN: &[&str] = &[
    "type",
    "bom-ref",
    "group",
    "name",
    "version",
    "purl",
    "cpe",
    "supplier",
    "author",
    "authors",
    "publisher",
    "scope",
    "description",
    "copyright",
    "licenses",
    "hashes",
    "externalReferences",
    "evidence",
    "properties",
    "components",
    "mime-type",
];

/// The types of what is taken of a component.
const COMPONENT: Form = Form {
    lists: &[
        "authors",
        "licenses",
        "hashes",
        "externalReferences",
        "properties",
        "components",
    ],
    objects: &["supplier", "evidence"],
    texts: &[
        "type",
        "bom-ref",
        "group",
        "name",
        "version",
        "purl",
        "cpe",
        "author",
        "publisher",
        "scope",
        "description",
        "copyright",
    ],
};

/// The types of what is taken of a document.
const DOCUMENT: Form = Form {
    lists: &["components", "dependencies", "compositions", "properties"],
    objects: &["metadata"],
    texts: &["serialNumber"],
};

/// What a document may hold that is taken, or says nothing of what is inside.
const TAKEN_OF_DOCUMENT: &[&str] = &[
    "$schema",
    "bomFormat",
    "specVersion",
    "serialNumber",
    "version",
    "metadata",
    "components",
    "dependencies",
    "compositions",
    "properties",
];

const METADATA: Form = Form {
    lists: &["authors", "lifecycles"],
    objects: &["component"],
    texts: &["timestamp"],
};

/// Reads CycloneDX in the form of its JSON. XML in that form has no schema to be held to.
pub(super) fn read(value: Value, is_json: bool) -> Result<Document, Error> {
    let top = At::top(&value);
    let number = top.text("specVersion").unwrap_or_default();
    let is_ours = top.text("bomFormat").is_none_or(|format| format == "CycloneDX");
    if !is_ours || !VERSIONS.contains(&number) {
        return Err(Error::UnsupportedDocument {
            found: format!("{} {number}", top.text("bomFormat").unwrap_or("CycloneDX"))
                .trim_end()
                .to_owned(),
        });
    }
    let mut document = Document {
        format: format!("CycloneDX {number}"),
        identity: top.owned("serialNumber"),
        version: value.get("version").and_then(Value::as_u64).unwrap_or(1),
        ..Document::default()
    };
    top.note_others(TAKEN_OF_DOCUMENT, &mut document.left_out);
    if is_json {
        document.findings.extend(top.wrong_types(&DOCUMENT));
        let metadata = value.get("metadata").map(|metadata| At::new(metadata, "/metadata"));
        document
            .findings
            .extend(metadata.iter().flat_map(|at| at.wrong_types(&METADATA)));
    }
    read_metadata(&value, &mut document);
    let mut reader = Reader {
        document,
        by_reference: HashMap::new(),
        is_json,
    };
    reader.read_components(&value)?;
    reader.read_needs(&value);
    reader.read_compositions(&value);
    let mut document = reader.document;
    if is_json {
        document.value = value;
    }
    Ok(document)
}

fn read_metadata(value: &Value, document: &mut Document) {
    let Some(metadata) = value.get("metadata") else {
        return;
    };
    let metadata = At::new(metadata, "/metadata");
    document.timestamp = metadata.owned("timestamp");
    document.authors = contacts(metadata.value.get("authors"));
    for name in ["manufacturer", "manufacture", "supplier"] {
        document.authors.extend(metadata.value.get(name).and_then(name_of));
    }
    let phases = metadata
        .value
        .get("lifecycles")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    document.phases = phases.filter_map(|phase| At::top(phase).owned("phase")).collect();
    let tools = metadata.value.get("tools");
    let listed = tools.and_then(|tools| tools.get("components")).or(tools);
    let tool = |tool: &Value| {
        let tool = At::new(tool, "");
        let version = tool.text("version").map(|version| format!(" {version}"));
        Some(format!("{}{}", tool.text("name")?, version.unwrap_or_default()))
    };
    document.tools = listed
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(tool)
        .collect();
}

struct Reader {
    document: Document,
    by_reference: HashMap<String, usize>,
    /// Of XML the types are those of this program.
    is_json: bool,
}

impl Reader {
    fn read_components(&mut self, value: &Value) -> Result<(), Error> {
        if let Some(root) = value.pointer("/metadata/component").filter(|root| root.is_object()) {
            let root = self.read_component(At::new(root, "/metadata/component"), None)?;
            self.document.root = Some(root);
        }
        self.read_list(value.get("components"), "/components", None)
    }

    /// As deep as JSON may be nested, which its parser limits.
    fn read_list(&mut self, list: Option<&Value>, place: &str, parent: Option<usize>) -> Result<(), Error> {
        for (index, value) in list.and_then(Value::as_array).into_iter().flatten().enumerate() {
            let place = format!("{place}/{index}");
            if value.is_object() {
                self.read_component(At::new(value, &place), parent)?;
            } else {
                let finding = Finding::broken("no-component", &place, "expected an object");
                self.document.find(finding);
            }
        }
        Ok(())
    }

    fn read_component(&mut self, at: At<'_>, parent: Option<usize>) -> Result<usize, Error> {
        at.note_others(TAKEN, &mut self.document.left_out);
        if self.is_json {
            self.document.findings.extend(at.wrong_types(&COMPONENT));
        }
        let licences = at.value.get("licenses");
        self.document.findings.extend(no_licences(licences, &at.place));
        let component = component(&at, parent);
        let reference = component.reference.clone();
        let key = self.document.add(component)?;
        if let Some(reference) = reference {
            if let Some(first) = self.by_reference.get(&reference).copied() {
                // What is said of the reference may be about either.
                self.document.incomplete.extend([first, key]);
                let first = &self.document.components[first].place;
                let detail = format!("reference `{reference}` is that of {first}, too");
                self.document
                    .find(Finding::broken("duplicate-reference", &at.place, detail));
            } else {
                self.by_reference.insert(reference, key);
            }
        }
        self.read_list(
            at.value.get("components"),
            &format!("{}/components", at.place),
            Some(key),
        )?;
        Ok(key)
    }

    fn resolve(&mut self, reference: &Value, place: &str) -> Option<usize> {
        let Some(text) = reference.as_str() else {
            self.document
                .find(Finding::broken("dangling-reference", place, "expected a reference"));
            return None;
        };
        let found = self.by_reference.get(text).copied();
        if found.is_none() && !self.is_elsewhere(text) {
            let detail = format!("no component has reference `{text}`");
            self.document.find(Finding::broken("dangling-reference", place, detail));
        }
        found
    }

    /// Links to other documents (`urn:cdx:`), and to services, which are no components.
    fn is_elsewhere(&self, reference: &str) -> bool {
        reference.starts_with("urn:cdx:") || self.document.left_out.contains("services")
    }

    fn read_needs(&mut self, value: &Value) {
        let list = value
            .get("dependencies")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for (index, entry) in list.enumerate() {
            let place = format!("/dependencies/{index}");
            let from = self.resolve(entry.get("ref").unwrap_or(&Value::Null), &place);
            let mut needs = Vec::new();
            let listed = entry.get("dependsOn").and_then(Value::as_array).into_iter().flatten();
            let mut is_whole = true;
            for (at, reference) in listed.enumerate() {
                let to = self.resolve(reference, &format!("{place}/dependsOn/{at}"));
                is_whole &= to.is_some();
                needs.extend(to);
            }
            let Some(from) = from else { continue };
            if !is_whole {
                self.document.incomplete.insert(from);
            }
            if self.document.needs.contains_key(&from) {
                let detail = "the same component has an entry before";
                self.document
                    .find(Finding::broken("duplicate-dependency", &place, detail));
            }
            self.document.needs.entry(from).or_default().extend(needs);
        }
    }

    fn read_compositions(&mut self, value: &Value) {
        let list = value
            .get("compositions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let mut aggregates: BTreeMap<bool, usize> = BTreeMap::new();
        for (index, entry) in list.enumerate() {
            let aggregate = entry.get("aggregate").and_then(Value::as_str).unwrap_or_default();
            let is_complete = aggregate == "complete";
            *aggregates.entry(is_complete).or_default() += 1;
            for part in ["assemblies", "dependencies"] {
                let listed = entry.get(part).and_then(Value::as_array).into_iter().flatten();
                for (at, reference) in listed.enumerate() {
                    let place = format!("/compositions/{index}/{part}/{at}");
                    let key = self.resolve(reference, &place);
                    if !is_complete {
                        self.document.incomplete.extend(key);
                    }
                }
            }
        }
        self.document.is_complete = aggregates.contains_key(&true) && !aggregates.contains_key(&false);
    }
}

fn component(at: &At<'_>, parent: Option<usize>) -> Component {
    let value = at.value;
    let mut authors = contacts(value.get("authors"));
    authors.extend(at.owned("author"));
    let evidence = value.get("evidence");
    let occurrences = evidence.and_then(|evidence| evidence.get("occurrences"));
    let place = |occurrence: &Value| Some(occurrence.get("location")?.as_str()?.to_owned());
    Component {
        place: at.place.clone(),
        reference: at.owned("bom-ref"),
        kind: at.owned("type").unwrap_or_else(|| "library".to_owned()),
        group: at.owned("group"),
        name: at.owned("name").unwrap_or_default(),
        version: at.owned("version"),
        purl: at.owned("purl"),
        cpe: at.owned("cpe"),
        supplier: value
            .get("supplier")
            .and_then(name_of)
            .or_else(|| at.owned("publisher")),
        authors,
        scope: at.owned("scope"),
        description: at.owned("description"),
        copyright: at.owned("copyright"),
        licences: licences(value.get("licenses")),
        hashes: hashes(value.get("hashes")),
        references: references(value.get("externalReferences")),
        occurrences: occurrences
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(place)
            .collect(),
        properties: properties(value.get("properties")),
        parent,
    }
}

fn properties(list: Option<&Value>) -> Vec<(String, String)> {
    let text = |property: &Map<String, Value>, name: &str| Some(property.get(name)?.as_str()?.to_owned());
    let property = |property: &Value| {
        let property = property.as_object()?;
        Some((text(property, "name")?, text(property, "value").unwrap_or_default()))
    };
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(property)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Licence, Terms};
    use super::*;

    fn document(value: &Value) -> Document {
        Document::read(value.to_string().as_bytes()).unwrap()
    }

    fn codes(document: &Document) -> Vec<(&str, &str)> {
        document
            .findings
            .iter()
            .map(|finding| (finding.code, finding.place.as_str()))
            .collect()
    }

    #[test]
    fn components_inside_of_others_are_components() {
        let document = document(&json!({
            "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 3,
            "metadata": { "component": { "type": "application", "bom-ref": "r", "name": "app",
                "components": [{ "type": "file", "bom-ref": "f", "name": "bin/app" }] } },
            "components": [{ "type": "library", "bom-ref": "a", "name": "a", "pedigree": {} }],
            "dependencies": [{ "ref": "r", "dependsOn": ["a"] }, { "ref": "a" }],
            "vulnerabilities": [],
        }));
        assert_eq!(codes(&document), []);
        assert_eq!(document.version, 3);
        let names: Vec<_> = document
            .components
            .iter()
            .map(|one| (one.name.as_str(), one.parent))
            .collect();
        assert_eq!(names, [("app", None), ("bin/app", Some(0)), ("a", None)]);
        assert_eq!(document.root, Some(0));
        assert_eq!(document.needs[&0].iter().copied().collect::<Vec<_>>(), [2]);
        assert!(document.needs[&2].is_empty());
        let left_out: Vec<_> = document.left_out.iter().map(String::as_str).collect();
        assert_eq!(left_out, ["pedigree", "vulnerabilities"]);
    }

    #[test]
    fn references_that_lead_nowhere_or_to_two_are_found() {
        let document = document(&json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [
                { "type": "library", "bom-ref": "a", "name": "a" }, { "type": "library", "bom-ref": "a", "name": "b" }, 7,
            ],
            "dependencies": [{ "ref": "a", "dependsOn": ["c", "urn:cdx:x/1#y"] }, { "ref": "a" }, {}],
            "compositions": [{ "aggregate": "incomplete", "dependencies": ["a", "d"] }],
        }));
        assert_eq!(
            codes(&document),
            [
                ("duplicate-reference", "/components/1"),
                ("no-component", "/components/2"),
                ("dangling-reference", "/dependencies/0/dependsOn/0"),
                ("duplicate-dependency", "/dependencies/1"),
                ("dangling-reference", "/dependencies/2"),
                ("dangling-reference", "/compositions/0/dependencies/1"),
            ]
        );
        assert!(!document.is_complete);
        assert!(document.incomplete.contains(&0));
    }

    #[test]
    fn licences_are_told_apart_from_names() {
        let document = document(&json!({
            "bomFormat": "CycloneDX", "specVersion": "1.4",
            "components": [{ "type": "library", "name": "a", "licenses": [
                { "expression": "MIT OR Zlib", "acknowledgement": "declared" }, { "license": { "id": "ISC" } },
                { "license": { "name": "Commercial", "acknowledgement": "concluded" } }, { "license": {} }, 1,
            ] }],
        }));
        let licence = |terms, acknowledgement: Option<&str>| Licence {
            terms,
            acknowledgement: acknowledgement.map(str::to_owned),
        };
        assert_eq!(
            document.components[0].licences,
            [
                licence(Terms::Expression("MIT OR Zlib".to_owned()), Some("declared")),
                licence(Terms::Expression("ISC".to_owned()), None),
                licence(Terms::Name("Commercial".to_owned()), Some("concluded")),
            ]
        );
    }

    #[test]
    fn another_version_is_refused_by_name() {
        for (value, found) in [
            (
                json!({ "bomFormat": "CycloneDX", "specVersion": "1.1" }),
                "CycloneDX 1.1",
            ),
            (
                json!({ "bomFormat": "CycloneDX", "specVersion": "2.0" }),
                "CycloneDX 2.0",
            ),
            (json!({ "bomFormat": "CycloneDX" }), "CycloneDX"),
            (json!({ "bomFormat": "Other", "specVersion": "1.6" }), "Other 1.6"),
        ] {
            let found = found.to_owned();
            let error = Document::read(value.to_string().as_bytes()).unwrap_err();
            assert_eq!(error, Error::UnsupportedDocument { found });
        }
    }
}
