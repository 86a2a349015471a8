//! A sorted document in; out, the same document with short references if it is a large one.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::cyclonedx::{Component, Document};

/// With so few components a document is also read by people, and its references stay `name@version`. A larger one is read by
/// programs, and each reference stands in it four or five times: logs and hosts take only so many bytes.
const MOST_NAMED: usize = 32;

/// Of a thousand components, in one document of thirty two begin alike: the second one gets more digits.
const DIGITS: usize = 6;

/// The root keeps its name. The short reference of a component depends on its name alone, so that documents can be compared line
/// by line.
pub(crate) fn abbreviate(document: &mut Document) {
    if document.components.len() <= MOST_NAMED {
        return;
    }
    let root = document.metadata.component.bom_ref.clone();
    let short = Short::of(document, root.as_deref());
    let parts = document.metadata.component.components.iter_mut();
    parts
        .chain(&mut document.components)
        .for_each(|component| short.rename(component));
    for dependency in &mut document.dependencies {
        short.replace(&mut dependency.reference);
        dependency.depends_on.iter_mut().for_each(|text| short.replace(text));
    }
    for composition in &mut document.compositions {
        let stated = composition.assemblies.iter_mut().chain(&mut composition.dependencies);
        stated.for_each(|text| short.replace(text));
    }
}

/// The short references by the long ones.
struct Short(BTreeMap<String, String>);

impl Short {
    fn of(document: &Document, root: Option<&str>) -> Self {
        let mut long = BTreeSet::new();
        let mut left: Vec<&Component> = document.components.iter().collect();
        left.extend(&document.metadata.component.components);
        while let Some(component) = left.pop() {
            long.extend(component.bom_ref.as_deref());
            left.extend(&component.components);
        }
        Self::new(long.into_iter().filter(|text| Some(*text) != root), root)
    }

    fn new<'a>(long: impl Iterator<Item = &'a str>, root: Option<&str>) -> Self {
        let mut taken: BTreeSet<String> = root.map(str::to_owned).into_iter().collect();
        let mut short = BTreeMap::new();
        for text in long {
            let digits = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).simple().to_string();
            let free = (DIGITS..digits.len())
                .map(|count| &digits[..count])
                .find(|beginning| !taken.contains(*beginning));
            let chosen = free.unwrap_or(text).to_owned();
            taken.insert(chosen.clone());
            short.insert(text.to_owned(), chosen);
        }
        Self(short)
    }

    fn rename(&self, component: &mut Component) {
        component.bom_ref.iter_mut().for_each(|text| self.replace(text));
        // Parts of parts are files of one archive: this goes no deeper than the program that was listed.
        component.components.iter_mut().for_each(|part| self.rename(part));
    }

    fn replace(&self, text: &mut String) {
        if let Some(short) = self.0.get(text) {
            text.clone_from(short);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cyclonedx::ComponentKind;
    use crate::inventory::Inventory;
    use crate::{Metadata, Root};

    /// A project that needs the first of so many packages, each of which needs the next one.
    fn document(count: usize) -> serde_json::Value {
        let mut inventory = Inventory::default();
        let library = |name: String| Component {
            purl: Some(format!("pkg:cargo/{name}@1.0.0")),
            version: Some("1.0.0".to_owned()),
            ..Component::new(ComponentKind::Library, name)
        };
        let app = inventory.add(library("app".to_owned()));
        inventory.project("Cargo.toml", app);
        let mut before = app;
        for number in 0..count {
            let next = inventory.add(library(format!("p{number:03}")));
            inventory.depends(before, next);
            before = next;
        }
        let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
        serde_json::from_slice(&bom.to_json()).unwrap()
    }

    fn texts(value: &serde_json::Value) -> Vec<&str> {
        let items = value.as_array().into_iter().flatten();
        items.map(|item| item.as_str().unwrap()).collect()
    }

    #[test]
    fn few_components_keep_their_names() {
        let document = document(MOST_NAMED);
        assert_eq!(document["components"][0]["bom-ref"], "p000@1.0.0");
        assert_eq!(document["dependencies"][0]["dependsOn"][0], "p000@1.0.0");
    }

    #[test]
    fn many_have_short_references_in_the_order_of_their_names_and_the_root_keeps_its_own() {
        let document = document(MOST_NAMED + 1);
        let components = document["components"].as_array().unwrap();
        let names: Vec<&str> = components.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert!(names.is_sorted());
        let references: Vec<&str> = components.iter().map(|one| one["bom-ref"].as_str().unwrap()).collect();
        assert!(references.iter().all(|text| text.len() == DIGITS), "{references:?}");
        assert_eq!(document["metadata"]["component"]["bom-ref"], "app@1.0.0");
        let listed = document["dependencies"].as_array().unwrap();
        let needs = |reference: &str| texts(&listed.iter().find(|one| one["ref"] == reference).unwrap()["dependsOn"]);
        assert_eq!(needs("app@1.0.0"), [references[0]]);
        for pair in references.windows(2) {
            assert_eq!(needs(pair[0]), [pair[1]]);
        }
        assert_eq!(needs(references[MOST_NAMED]), [""; 0]);
        let complete = [&["app@1.0.0"], references.as_slice()].concat();
        assert_eq!(texts(&document["compositions"][0]["dependencies"]), complete);
    }

    #[test]
    fn one_package_more_changes_no_other_reference() {
        let references = |document: &serde_json::Value| {
            let components = document["components"].as_array().unwrap().iter();
            components
                .map(|one| one["bom-ref"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let (fewer, more) = (document(MOST_NAMED + 1), document(MOST_NAMED + 2));
        assert_eq!(references(&fewer), references(&more)[..=MOST_NAMED]);
    }

    #[test]
    fn what_begins_alike_gets_more_digits() {
        let long: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
        let Short(short) = Short::new(long.iter().map(String::as_str), Some("root"));
        let distinct: BTreeSet<&String> = short.values().collect();
        assert_eq!(distinct.len(), long.len());
        assert!(distinct.iter().any(|text| text.len() > DIGITS));
        assert!(distinct.iter().all(|text| text.len() < DIGITS + 4));
    }
}
