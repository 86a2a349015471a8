//! Documents in, one document of all of them out: each component once, each graph below one root.

mod hashes;
mod whole;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cyclonedx::{
    Acknowledgement, Component, ComponentKind, ExternalReference, ForeignProperty, Hash, LicenceChoice, NamedLicence,
    Occurrence, OrganizationalEntity, Phase, ReferenceKind,
};
use crate::document::{self, Document, Licence, Reference};
use crate::inventory::Key;
use crate::{Bom, Error, Gap, Inventory, Metadata, Root, Timestamp, contact, licence, purl};
use whole::{Whole, supplier};

/// A document, and what it is called: a file name.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name, for people.
    pub name: String,
    /// What it says.
    pub document: Document,
}

impl Named {
    /// What it is about.
    fn root(&self) -> Option<&document::Component> {
        self.document.root.map(|root| &self.document.components[root])
    }
}

/// Puts documents together.
///
/// Components with one package URL are one; where two documents say different things of it, the first one counts. Their roots
/// hang on the new root. Where nobody says what that is, it is what all documents are about, if that is one thing, else it is
/// called like all of them, and has a version and a supplier only if all of them have the same. Each component has a reference to the
/// place in the document that it comes from (a BOM-Link), and what was not taken over is a gap.
///
/// # Errors
/// [`Error::NothingToList`] for documents without components.
pub fn merge(documents: &[Named], root: &Root, metadata: &Metadata) -> Result<Bom, Error> {
    let mut inventory = Inventory::default();
    let whole = match root.name {
        Some(_) => None,
        None => Whole::of(documents)?,
    };
    let roots = documents.iter().map(|named| add(&mut inventory, named, whole.as_ref()));
    let roots: Vec<Option<Key>> = roots.collect();
    hashes::keep_agreed(&mut inventory, &roots);
    let phases: BTreeSet<Phase> = documents
        .iter()
        .flat_map(|named| &named.document.phases)
        .filter_map(|phase| word(phase))
        .collect();
    if let Some(name) = &root.name {
        if let Some(same) = inventory.by_purl(&purl::generic(name, root.version.as_deref())?) {
            whole::put_at_top(same, documents, &mut inventory);
            is_named(&mut inventory, same, &roots, metadata);
        }
        let supplier = metadata.supplier.clone().or_else(|| supplier(documents));
        let metadata = metadata.clone();
        let document = inventory.document(root, &Metadata { supplier, ..metadata })?;
        return Ok(document.with_phases(phases));
    }
    match whole {
        Some(whole) => whole.put_above(&roots, &mut inventory),
        None => {
            if let Some(only) = roots.first().copied().flatten() {
                whole::put_at_top(only, documents, &mut inventory);
            }
        }
    }
    Ok(inventory.document(root, metadata)?.with_phases(phases))
}

/// Something in the documents has the name of the new root already: it is the root, and not listed beside it.
fn is_named(inventory: &mut Inventory, same: Key, roots: &[Option<Key>], metadata: &Metadata) {
    for root in roots.iter().flatten() {
        inventory.depends(same, *root);
    }
    if let Some(supplier) = &metadata.supplier {
        inventory.package_mut(same).supplier = Some(supplier.into());
    }
}

/// The latest moment that any of the documents stands for.
#[must_use]
pub fn latest(documents: &[Named]) -> Option<Timestamp> {
    let moments = documents.iter().filter_map(|named| named.document.timestamp.as_deref());
    moments.filter_map(|moment| Timestamp::from_rfc3339(moment).ok()).max()
}

/// Adds everything of a document, and tells what it is about.
fn add(inventory: &mut Inventory, named: &Named, whole: Option<&Whole>) -> Option<Key> {
    let document = &named.document;
    let mut lost = document.left_out.clone();
    let components = document.components.iter().enumerate().map(|(place, component)| {
        let mut converted = converted(component, document, &mut lost);
        if let Some(whole) = whole.filter(|_| document.root == Some(place)) {
            whole.claim(&mut converted, &component.full_name());
        }
        inventory.add(converted)
    });
    let keys: Vec<_> = components.collect();
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
    for gap in broken(named) {
        inventory.gap(gap);
    }
    if !document.is_complete {
        inventory.gap(Gap::new("incomplete", &named.name, "does not say that it is complete"));
    }
    if !lost.is_empty() {
        let names: Vec<String> = lost.into_iter().collect();
        let detail = format!("not taken over: {}", names.join(", "));
        inventory.gap(Gap::new("not-merged", &named.name, detail));
    }
    document.root.map(|root| keys[root])
}

/// What is lost because references lead to nothing or to several components: one gap for each kind.
fn broken(named: &Named) -> impl Iterator<Item = Gap> {
    let kinds = [
        ("dangling-reference", "refer to nothing"),
        ("duplicate-reference", "have the reference of another component"),
        ("no-component", "are no components"),
    ];
    kinds.into_iter().filter_map(|(code, what)| {
        let findings = named.document.findings.iter();
        let count = findings.filter(|finding| finding.code == code).count();
        let detail = format!("{count} of its elements {what}: `attest sbom validate` names them ({code})");
        (count > 0).then(|| Gap::new("damaged", &named.name, detail))
    })
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
    let are_expressions = counting
        .iter()
        .all(|licence| licence::canonical(licence.terms.text()).is_some());
    let text = component.licence_text().filter(|_| are_expressions);
    let text = text.and_then(|text| licence::canonical(&text));
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
mod tests;
