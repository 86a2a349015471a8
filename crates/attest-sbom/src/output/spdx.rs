//! What a document says in, SPDX 2.3 as JSON out.
//!
//! Source: SPDX specification 2.3, chapters 6 (document), 7 (package), 10 (licences) and 11 (relationships).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::document::{Component, Document, Terms};
use crate::licence;

/// The moment of a document that has none: SPDX wants one, and the clock would make each run's different.
const NO_MOMENT: &str = "1970-01-01T00:00:00Z";

const NOBODY_KNOWS: &str = "NOASSERTION";

/// The name space of documents is their serial number below this.
const NAME_SPACE: &str = "https://attest.dev/spdx/";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DocumentWire<'a> {
    #[serde(rename = "SPDXID")]
    id: &'static str,
    spdx_version: &'static str,
    data_license: &'static str,
    name: &'a str,
    document_namespace: String,
    creation_info: CreationWire<'a>,
    packages: Vec<PackageWire<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<ExtractedWire<'a>>,
    relationships: Vec<RelationshipWire<'a>>,
}

#[derive(Serialize)]
struct CreationWire<'a> {
    created: &'a str,
    creators: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PackageWire<'a> {
    #[serde(rename = "SPDXID")]
    id: &'a str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<&'a str>,
    supplier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    originator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_file_name: Option<&'a str>,
    download_location: &'a str,
    files_analyzed: bool,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<ChecksumWire<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    license_concluded: String,
    license_declared: String,
    copyright_text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalWire<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<AnnotationWire<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChecksumWire<'a> {
    algorithm: &'static str,
    checksum_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalWire<'a> {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnnotationWire<'a> {
    annotation_date: &'a str,
    annotation_type: &'static str,
    annotator: String,
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtractedWire<'a> {
    license_id: &'a str,
    name: &'a str,
    extracted_text: &'a str,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct RelationshipWire<'a> {
    spdx_element_id: &'a str,
    relationship_type: &'static str,
    related_spdx_element: &'a str,
}

/// One line for each package and relationship, a line feed at the end.
pub(super) fn write(document: &Document) -> Vec<u8> {
    let ids = identifiers(&document.components);
    let licences = ExtractedLicences::of(document);
    let created = document.timestamp.as_deref().unwrap_or(NO_MOMENT);
    let packages = document.components.iter().zip(&ids);
    let wire = DocumentWire {
        id: "SPDXRef-DOCUMENT",
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        name: document.root().map_or("document", |root| root.name.as_str()),
        document_namespace: name_space(document),
        creation_info: creation(document, created),
        packages: packages
            .map(|(component, id)| package(component, id, created, &licences))
            .collect(),
        has_extracted_licensing_infos: licences.wire(),
        relationships: relationships(document, &ids),
    };
    crate::bom::in_lines(&wire)
}

fn name_space(document: &Document) -> String {
    let serial = document.identity.as_deref().unwrap_or_default();
    format!("{NAME_SPACE}{}", serial.trim_start_matches("urn:uuid:"))
}

fn creation<'a>(document: &Document, created: &'a str) -> CreationWire<'a> {
    let tools = document
        .tools
        .iter()
        .map(|tool| format!("Tool: {}", tool.replace(' ', "-")));
    let authors: BTreeSet<&String> = document.authors.iter().collect();
    let authors = authors.into_iter().map(|author| organization(author));
    let creators = tools.chain(authors).collect();
    CreationWire { created, creators }
}

/// `Organization: Name (mail)`. SPDX has no word for one of whom nobody knows whether it is a person.
fn organization(name: &str) -> String {
    match name.strip_suffix('>').and_then(|name| name.rsplit_once(" <")) {
        Some((name, mail)) => format!("Organization: {name} ({mail})"),
        None => format!("Organization: {name}"),
    }
}

/// `SPDXRef-` and what of a reference may stand there, with a number where two would be one. The order is that of the document.
fn identifiers(components: &[Component]) -> Vec<String> {
    let mut taken = BTreeMap::<String, u32>::new();
    let mut identifier = |component: &Component| {
        let reference = component.reference.as_deref().unwrap_or(&component.name);
        let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let text: String = reference.chars().map(allowed).collect();
        let count = taken.entry(text.clone()).or_default();
        *count += 1;
        match *count {
            1 => format!("SPDXRef-{text}"),
            // No reference ends like this: its own `_` would have become `-`.
            count => format!("SPDXRef-{text}-.{count}"),
        }
    };
    components.iter().map(&mut identifier).collect()
}

fn package<'a>(
    component: &'a Component,
    id: &'a str,
    created: &'a str,
    licences: &ExtractedLicences,
) -> PackageWire<'a> {
    let reference = |kind: &str| component.references.iter().find(|reference| reference.kind == kind);
    let distribution = reference("distribution");
    // A lock file may name a file without saying where it lies.
    let file = distribution.filter(|reference| !reference.url.contains("://"));
    let address = |kind: &str| reference(kind).map(|reference| reference.url.as_str());
    let hashes = match file {
        Some(file) if component.hashes.is_empty() => &file.hashes,
        _ => &component.hashes,
    };
    let nobody_knows = || NOBODY_KNOWS.to_owned();
    let places = component.occurrences.join(", ");
    PackageWire {
        id,
        name: component.full_name(),
        version_info: component.version.as_deref(),
        supplier: component.supplier.as_deref().map_or_else(nobody_knows, organization),
        originator: component.authors.first().map(|author| organization(author)),
        package_file_name: file.map(|file| file.url.as_str()),
        download_location: address("distribution")
            .filter(|_| file.is_none())
            .unwrap_or(NOBODY_KNOWS),
        files_analyzed: false,
        primary_package_purpose: purpose(&component.kind),
        checksums: checksums(hashes),
        homepage: address("website"),
        source_info: (!places.is_empty()).then(|| format!("found in {places}")),
        license_concluded: licences.expression(component, true).unwrap_or_else(nobody_knows),
        license_declared: licences.expression(component, false).unwrap_or_else(nobody_knows),
        copyright_text: component.copyright.as_deref().unwrap_or(NOBODY_KNOWS),
        description: component.description.as_deref(),
        external_refs: external(component),
        annotations: annotations(component, created),
    }
}

fn purpose(kind: &str) -> &'static str {
    match kind {
        "application" => "APPLICATION",
        "framework" | "platform" => "FRAMEWORK",
        "library" => "LIBRARY",
        "container" => "CONTAINER",
        "operating-system" => "OPERATING_SYSTEM",
        "device" => "DEVICE",
        "firmware" => "FIRMWARE",
        "file" => "FILE",
        _ => "OTHER",
    }
}

/// The algorithms that both have, in CycloneDX and in SPDX.
const ALGORITHMS: &[(&str, &str)] = &[
    ("BLAKE2b-256", "BLAKE2b-256"),
    ("BLAKE2b-384", "BLAKE2b-384"),
    ("BLAKE2b-512", "BLAKE2b-512"),
    ("BLAKE3", "BLAKE3"),
    ("MD5", "MD5"),
    ("SHA-1", "SHA1"),
    ("SHA-256", "SHA256"),
    ("SHA-384", "SHA384"),
    ("SHA-512", "SHA512"),
    ("SHA3-256", "SHA3-256"),
    ("SHA3-384", "SHA3-384"),
    ("SHA3-512", "SHA3-512"),
];

fn checksums(hashes: &BTreeMap<String, String>) -> Vec<ChecksumWire<'_>> {
    let known = ALGORITHMS.iter();
    known
        .filter_map(|(name, algorithm)| {
            let checksum_value = hashes.get(*name)?;
            Some(ChecksumWire {
                algorithm,
                checksum_value,
            })
        })
        .collect()
}

fn external(component: &Component) -> Vec<ExternalWire<'_>> {
    let known = [
        ("PACKAGE-MANAGER", "purl", &component.purl),
        ("SECURITY", "cpe23Type", &component.cpe),
    ];
    let wire = known
        .into_iter()
        .filter_map(|(reference_category, reference_type, locator)| {
            let reference_locator = locator.as_deref()?;
            Some(ExternalWire {
                reference_category,
                reference_type,
                reference_locator,
            })
        });
    wire.collect()
}

/// SPDX 2.3 has no properties; each becomes a remark.
fn annotations<'a>(component: &Component, created: &'a str) -> Vec<AnnotationWire<'a>> {
    let annotation = |(name, value): &(String, String)| AnnotationWire {
        annotation_date: created,
        annotation_type: "OTHER",
        annotator: concat!("Tool: attest-", env!("CARGO_PKG_VERSION")).to_owned(),
        comment: format!("{name}={value}"),
    };
    component.properties.iter().map(annotation).collect()
}

/// What stands for the text of a licence of which only the name is known: SPDX wants one.
const NO_TEXT: &str = "The text of this license is not known.";

/// The licences that are in no list, each under a name of this document.
struct ExtractedLicences {
    /// Those that are no SPDX expressions, by their words.
    named: BTreeMap<String, String>,
    /// The `LicenseRef-…` that expressions hold.
    used: BTreeSet<String>,
}

impl ExtractedLicences {
    fn of(document: &Document) -> Self {
        let licences = document.components.iter().flat_map(|component| &component.licences);
        let texts: BTreeSet<&str> = licences.map(|licence| licence.terms.text()).collect();
        let used: BTreeSet<String> = texts
            .iter()
            .copied()
            .filter_map(licence::own_identifiers)
            .flatten()
            .collect();
        let free = (1..)
            .map(|number| format!("LicenseRef-{number}"))
            .filter(|id| !used.contains(id));
        let names = texts
            .into_iter()
            .filter(|text| licence::own_identifiers(text).is_none());
        let named = names.map(str::to_owned).zip(free).collect();
        Self { named, used }
    }

    fn wire(&self) -> Vec<ExtractedWire<'_>> {
        let named = self.named.iter().map(|(text, id)| ExtractedWire {
            license_id: id,
            name: text,
            // The text of the licence itself is not known, and SPDX wants one.
            extracted_text: text,
        });
        let used = self.used.iter().map(|id| ExtractedWire {
            license_id: id,
            name: id,
            extracted_text: NO_TEXT,
        });
        named.chain(used).collect()
    }

    /// All licences that were concluded, or all others, as one expression.
    fn expression(&self, component: &Component, is_concluded: bool) -> Option<String> {
        let licences = component.licences.iter();
        let wanted: Vec<&Terms> = licences
            .filter(|licence| (licence.acknowledgement.as_deref() == Some("concluded")) == is_concluded)
            .map(|licence| &licence.terms)
            .collect();
        let is_joined = |text: &str| wanted.len() > 1 && text.contains(" OR ");
        let texts = wanted.iter().map(|terms| match self.named.get(terms.text()) {
            Some(id) => id.clone(),
            None if is_joined(terms.text()) => format!("({})", licence::in_case_of_list(terms.text())),
            None => licence::in_case_of_list(terms.text()),
        });
        let texts: Vec<String> = texts.collect();
        (!texts.is_empty()).then(|| texts.join(" AND "))
    }
}

fn relationships<'a>(document: &Document, ids: &'a [String]) -> Vec<RelationshipWire<'a>> {
    let wire = |from: &'a str, relationship_type, to: &'a str| RelationshipWire {
        spdx_element_id: from,
        relationship_type,
        related_spdx_element: to,
    };
    let mut found = BTreeSet::new();
    if let Some(root) = document.root {
        found.insert(wire("SPDXRef-DOCUMENT", "DESCRIBES", &ids[root]));
    }
    for (from, needs) in &document.needs {
        let from_id = ids[*from].as_str();
        if needs.is_empty() && !document.incomplete.contains(from) {
            found.insert(wire(from_id, "DEPENDS_ON", "NONE"));
        }
        for to in needs {
            found.insert(match document.components[*to].scope.as_deref() {
                Some("excluded") => wire(&ids[*to], "DEV_DEPENDENCY_OF", from_id),
                Some("optional") => wire(&ids[*to], "OPTIONAL_DEPENDENCY_OF", from_id),
                _ => wire(from_id, "DEPENDS_ON", &ids[*to]),
            });
        }
    }
    for key in &document.incomplete {
        found.insert(wire(&ids[*key], "DEPENDS_ON", NOBODY_KNOWS));
    }
    for (component, id) in document.components.iter().zip(ids) {
        if let Some(parent) = component.parent {
            found.insert(wire(&ids[parent], "CONTAINS", id));
        }
    }
    found.into_iter().collect()
}
